"""The billing providers there are. Adding one is a folder, a line here and samples in `events/`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from tocsin.errors import BadInput, UnknownName, UnknownRegistration
from tocsin.registry import Entry, Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.billing.replay.cursor import Slice
    from tocsin.ports.billing.projection import ObjectReader, SubscriptionListing, WebhookReader


@dataclass(frozen=True, slots=True)
class Provider(Entry):
    """`module` verifies and reads deliveries (hot path); `objects` reads what a GET returns.

    `subscriptions` lists them. `listing` says where events are listed; empty for a provider that
    lists none.
    """

    objects: str
    subscriptions: str
    api_base: str
    listing: str = ""


PROVIDERS = Registry(
    "billing provider",
    Provider(
        "stripe",
        "tocsin.providers.stripe.webhook",
        "tocsin.providers.stripe.objects",
        "tocsin.providers.stripe.subscriptions",
        api_base="https://api.stripe.com",
        listing="tocsin.providers.stripe.listing",
    ),
    Provider(
        "razorpay",
        "tocsin.providers.razorpay.webhook",
        "tocsin.providers.razorpay.objects",
        "tocsin.providers.razorpay.subscriptions",
        api_base="https://api.razorpay.com",
    ),
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
    return cast("ObjectReader", import_module(PROVIDERS.entry(provider).objects))


def subscription_listing(provider: str) -> SubscriptionListing:
    """Where this provider lists its subscriptions, and how to read a page of them.

    Raises:
        UnknownName: no such provider.
    """
    return cast("SubscriptionListing", import_module(PROVIDERS.entry(provider).subscriptions))


def lists_events(provider: str) -> bool:
    """Whether a window of its events can be listed; if not, its objects have to be asked for.

    Raises:
        UnknownName: no such provider.
    """
    return bool(PROVIDERS.entry(provider).listing)


def event_listing(provider: str) -> Callable[[Slice], str]:
    """The path and query under which this provider lists its events.

    Raises:
        UnknownName: no such provider.
        BadInput: it lists none; its objects have to be asked for one by one.
    """
    if not (module := PROVIDERS.entry(provider).listing):
        raise BadInput(f"{provider} lists no events: rebuild its subscriptions", field="provider")
    return cast("Callable[[Slice], str]", import_module(module).path)
