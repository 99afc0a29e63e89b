"""The billing providers there are. Adding one is a folder, a line here and samples in `events/`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from tocsin.errors import UnknownName, UnknownRegistration
from tocsin.registry import Entry, Registry

if TYPE_CHECKING:
    from tocsin.billing.ports import ObjectReader, WebhookReader


@dataclass(frozen=True, slots=True)
class Provider(Entry):
    """`module` verifies and reads deliveries (hot path); `objects` reads what a GET returns."""

    objects: str


PROVIDERS = Registry(
    "billing provider",
    Provider("stripe", "tocsin.providers.stripe.webhook", "tocsin.providers.stripe.objects"),
    Provider("razorpay", "tocsin.providers.razorpay.webhook", "tocsin.providers.razorpay.objects"),
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
