"""What the page about registrations says is what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tocsin.billing.identity import Registrations
from tocsin.errors import RegistrationMismatch
from tocsin.runtime.aws import secrets

PAGE = (Path(__file__).resolve().parents[3] / "docs/how-to/register-a-webhook.md").read_text()


@pytest.fixture(scope="module")
def registrations() -> Registrations:
    example = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert example
    return Registrations(json.loads(example[1]))


def test_the_example_can_be_read_and_rotates(registrations: Registrations) -> None:
    house = registrations.named("stripe", "default")
    assert house.active_secrets(1_790_000_000) == (b"whsec_new", b"whsec_old")
    assert house.active_secrets(1_790_000_001) == (b"whsec_new",)
    assert registrations.named("stripe", "test").mode == "test"
    assert registrations.hash_key == b"a long random text"


def test_a_connected_account_is_a_key_part_on_a_connect_registration_only(
    registrations: Registrations,
) -> None:
    platform = registrations.named("stripe", "platform")
    assert platform.identify(account="acct_other", live=True).account == (
        "acct_1ExampleHouse/acct_other"
    )
    for endpoint in ("default", "test"):
        with pytest.raises(RegistrationMismatch):
            registrations.named("stripe", endpoint).identify(account="acct_other", live=None)
    assert platform.identify(account="acct_other", live=False).mode == "test"


def test_the_times_are_the_ones_that_hold() -> None:
    assert f"keeps the document for {secrets.TTL_SECONDS:.0f} seconds" in PAGE
    assert f"at most once in {secrets.REFRESH_INTERVAL_SECONDS:.0f} seconds" in PAGE
