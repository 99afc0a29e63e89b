"""Every provider has what its line says, and nothing has a folder without a line."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from tocsin.billing.provider import DEFAULT, PROVIDERS, provider
from tocsin.errors import BadInput, UnknownName, UnknownRegistration
from tocsin.providers import registry
from tocsin.providers.http.events import listing_of
from tocsin.providers.http.probes import PROBES
from tocsin.providers.http.subscriptions import SUBSCRIPTIONS
from tocsin.providers.selling import SELLERS

ROOT = Path(__file__).parents[3]


def test_there_is_a_folder_a_line_and_samples_for_each() -> None:
    folders = {path.parent.name for path in ROOT.glob("shared/tocsin/providers/*/webhook.py")}
    assert folders == set(PROVIDERS) == set(registry.PROVIDERS.names)
    for name in PROVIDERS:
        assert any((ROOT / "events" / name).iterdir())
    assert DEFAULT == "stripe"


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_a_line_says_is_in_the_folder(name: str) -> None:
    for pattern in (registry.WEBHOOK, registry.OBJECTS, SUBSCRIPTIONS, PROBES):
        import_module(registry.place(pattern, name))
    facts = PROVIDERS[name]
    folder = ROOT / "shared/tocsin/providers" / name
    assert (folder / "listing.py").exists() == facts.lists_events
    assert (folder / "checkout.py").exists() == facts.sells == (name in SELLERS)
    assert bool(facts.by_hand) != facts.lists_events, "what is not listed is got back by hand"


def test_who_is_not_known_is_refused_with_those_who_are() -> None:
    with pytest.raises(UnknownName, match="known: stripe, razorpay"):
        provider("paypal")
    with pytest.raises(UnknownRegistration):
        registry.webhook_reader("paypal")
    with pytest.raises(BadInput, match="lists no events"):
        listing_of("razorpay")
