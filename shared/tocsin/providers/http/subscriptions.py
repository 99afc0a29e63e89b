"""Listing a provider's subscriptions over plain HTTP, one page a call, ended ones too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import urllib3

from tocsin.errors import (
    UNREADABLE,
    BadInput,
    ProviderUnavailable,
    SecretUnavailable,
    UnreadableShape,
)
from tocsin.ports.billing.reconcile import SubscriptionPage
from tocsin.providers.registry import module_of, object_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.billing.identity import Identity
    from tocsin.billing.subscription import Subscription
    from tocsin.ports.billing.projection import SubscriptionListing
    from tocsin.providers.http.one import KeySource

CONNECT_SECONDS = 3.0
READ_SECONDS = 30.0
MAX_PAGE_BYTES = 32 * 1024 * 1024
USER_AGENT = "tocsin-reconciler"
SUBSCRIPTIONS = "tocsin.providers.*.subscriptions"
_OK, _REFUSED = 200, frozenset({401, 403})


def listing_of(provider: str) -> SubscriptionListing:
    """Where this provider lists its subscriptions, and how to read a page of them.

    Raises:
        UnknownName: no such provider.
    """
    return cast("SubscriptionListing", module_of(SUBSCRIPTIONS, provider))


class HttpSubscriptionSource:
    """Implements `ports.billing.reconcile.SubscriptionSource`.

    Args:
        keys: the provider keys secret.
        bases: API base URL by provider name.
        now: epoch seconds, for shapes that depend on it.
        pool: what sends, where it is not to be connections of its own.
    """

    def __init__(
        self,
        *,
        keys: KeySource,
        bases: Mapping[str, str],
        now: Callable[[], int],
        pool: urllib3.PoolManager | None = None,
    ) -> None:
        self._keys, self._bases, self._now = keys, bases, now
        self._pool = pool or urllib3.PoolManager(
            maxsize=2,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )

    def page(self, identity: Identity, after: str | None) -> SubscriptionPage:
        try:
            key = self._keys.get().key_for(identity)
        except SecretUnavailable as error:
            raise ProviderUnavailable("the provider keys cannot be read") from error
        if key is None:
            raise BadInput(f"there is no API key for {identity}", field="account")
        listing, reader = listing_of(identity.provider), object_reader(identity.provider)
        url = self._bases[identity.provider].rstrip("/") + listing.path(after)
        headers = {"User-Agent": USER_AGENT, **reader.headers(key, identity)}
        try:
            response = self._pool.request("GET", url, headers=headers, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ProviderUnavailable(f"no answer: {type(error).__name__}") from error
        found, following = _entries(response, identity.provider, after)
        subscriptions: list[Subscription] = []
        unreadable: list[str] = []
        for each in found:
            try:
                subscriptions.append(reader.subscription(each, as_of=self._now()))
            except UnreadableShape:
                unreadable.append(str(each.get("id", "")))
        return SubscriptionPage(tuple(subscriptions), following, tuple(filter(None, unreadable)))


def _entries(
    response: urllib3.BaseHTTPResponse, provider: str, after: str | None
) -> tuple[list[Mapping[str, Any]], str | None]:
    """The objects in an answer; anything but a sound list is no answer at all."""
    if response.status in _REFUSED:
        detail = f"the provider refuses the API key (HTTP {response.status})"
        raise BadInput(detail, field="account")
    if response.status != _OK:
        raise ProviderUnavailable(f"HTTP {response.status}", http_status=response.status)
    if len(response.data) > MAX_PAGE_BYTES:
        raise ProviderUnavailable("the page is larger than any page of subscriptions")
    try:
        found, following = listing_of(provider).entries(json.loads(response.data), after)
    except UNREADABLE as error:
        raise ProviderUnavailable("the answer is no list of subscriptions") from error
    if not all(isinstance(each, dict) for each in found):
        raise ProviderUnavailable("the answer is no list of subscriptions")
    return found, following
