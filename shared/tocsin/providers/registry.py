"""Where each of `billing.provider` is: a folder of its name, in it a module for each use."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from tocsin.billing.provider import PROVIDERS as KNOWN
from tocsin.errors import BadInput, UnknownName, UnknownRegistration
from tocsin.registry import Entry, Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tocsin.billing.provider import Provider
    from tocsin.billing.replay.cursor import Slice
    from tocsin.ports.billing.projection import ObjectReader, SubscriptionListing, WebhookReader


WEBHOOK = "tocsin.providers.*.webhook"
OBJECTS = "tocsin.providers.*.objects"
SUBSCRIPTIONS = "tocsin.providers.*.subscriptions"
LISTING = "tocsin.providers.*.listing"
"""What a provider's folder holds: what verifies and reads deliveries (hot path), what reads the
objects of a GET, and where it lists its subscriptions and, if it does, its events."""


@dataclass(frozen=True, slots=True)
class Registered(Entry):
    """`module` is the provider's `webhook`; `facts` are what is known of it."""

    facts: Provider


def place(pattern: str, provider: str) -> str:
    """The module of that provider. `pattern` is quoted whole where it is used, for the bundles."""
    return pattern.replace("*", provider)


PROVIDERS = Registry(
    "billing provider",
    *(Registered(name, place(WEBHOOK, name), facts) for name, facts in KNOWN.items()),
)


def webhook_reader(provider: str) -> WebhookReader:
    """What verifies and reads this provider's deliveries.

    Raises:
        UnknownRegistration: no such provider; to a sender that is the same as no such endpoint.
    """
    try:
        return cast("WebhookReader", PROVIDERS.module(provider))
    except UnknownName as error:
        raise UnknownRegistration from error


def object_reader(provider: str) -> ObjectReader:
    """What reads this provider's objects and knows where to ask for them.

    Raises:
        UnknownName: no such provider.
    """
    return cast("ObjectReader", _module(OBJECTS, provider))


def subscription_listing(provider: str) -> SubscriptionListing:
    """Where this provider lists its subscriptions, and how to read a page of them.

    Raises:
        UnknownName: no such provider.
    """
    return cast("SubscriptionListing", _module(SUBSCRIPTIONS, provider))


def lists_events(provider: str) -> bool:
    """Whether a window of its events can be listed; if not, its objects have to be asked for.

    Raises:
        UnknownName: no such provider.
    """
    return PROVIDERS.entry(provider).facts.lists_events


def event_listing(provider: str) -> Callable[[Slice], str]:
    """The path and query under which this provider lists its events.

    Raises:
        UnknownName: no such provider.
        BadInput: it lists none; its objects have to be asked for one by one.
    """
    if not lists_events(provider):
        raise BadInput(f"{provider} lists no events: rebuild its subscriptions", field="provider")
    return cast("Callable[[Slice], str]", _module(LISTING, provider).path)


def _module(pattern: str, provider: str) -> ModuleType:
    return import_module(place(pattern, PROVIDERS.entry(provider).name))
