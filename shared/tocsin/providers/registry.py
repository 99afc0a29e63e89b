"""Where each of `billing.provider` is: a folder of its name, in it a module for each use."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from tocsin.billing.provider import PROVIDERS as KNOWN
from tocsin.errors import UnknownName, UnknownRegistration
from tocsin.registry import Entry, Registry

if TYPE_CHECKING:
    from types import ModuleType

    from tocsin.billing.provider import Provider
    from tocsin.ports.billing.projection import ObjectReader, WebhookReader


WEBHOOK = "tocsin.providers.*.webhook"
OBJECTS = "tocsin.providers.*.objects"
"""What a provider's folder holds: what verifies and reads deliveries (hot path), and what reads the
objects of a GET. A pattern is quoted whole where its modules are used, for the bundles go by that;
so whoever lists, looks or sells quotes it there."""


@dataclass(frozen=True, slots=True)
class Registered(Entry):
    """`module` is the provider's `webhook`; `facts` are what is known of it."""

    facts: Provider


def place(pattern: str, provider: str) -> str:
    """The dotted name of the module of that provider."""
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
    return cast("ObjectReader", module_of(OBJECTS, provider))


def lists_events(provider: str) -> bool:
    """Whether a window of its events can be listed; if not, its objects have to be asked for.

    Raises:
        UnknownName: no such provider.
    """
    return PROVIDERS.entry(provider).facts.lists_events


def module_of(pattern: str, provider: str) -> ModuleType:
    """The module itself, imported now if it was not before.

    Raises:
        UnknownName: no such provider.
    """
    return import_module(place(pattern, PROVIDERS.entry(provider).name))
