"""Listing a provider's objects over plain HTTP, for a provider that lists no events.

Windows are on creation and both of their ends are included, so the last second asked for is the
one before the window's end. Pages are counted from the newest, and what is created behind that end
never shifts them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import urllib3

from tocsin.billing.replay.rebuild import PAGE, SUBSCRIPTIONS
from tocsin.errors import BadInput, ProviderUnavailable, SecretUnavailable
from tocsin.providers.http.events import CONNECT_SECONDS, MAX_PAGE_BYTES, READ_SECONDS, USER_AGENT
from tocsin.providers.registry import object_reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.billing.identity import Identity
    from tocsin.billing.replay.cursor import Window
    from tocsin.providers.http.one import KeySource

_OK = 200


class HttpEntitySource:
    """Implements `ports.billing.replay.EntitySource` for Razorpay's lists.

    Args:
        keys: the provider keys secret.
        bases: API base URL by provider name.
    """

    def __init__(self, *, keys: KeySource, bases: Mapping[str, str]) -> None:
        self._keys, self._bases = keys, bases
        self._pool = urllib3.PoolManager(
            maxsize=2,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )

    def page(
        self, identity: Identity, source: str, window: Window, *, skip: int
    ) -> tuple[Mapping[str, Any], ...]:
        asked = {"to": window.end - 1, "count": PAGE, "skip": skip}
        if source != SUBSCRIPTIONS:
            asked["from"] = window.start
        status, shape = self._ask(identity, f"/v1/{source}?{urlencode(asked)}")
        items = shape.get("items")
        if status != _OK or not isinstance(items, list):
            raise ProviderUnavailable(f"HTTP {status}, and no list", http_status=status)
        if not all(isinstance(each, dict) for each in items) or len(items) > PAGE:
            raise ProviderUnavailable("the answer is no list of objects")
        return tuple(items)

    def invoice(self, identity: Identity, name: str) -> Mapping[str, Any] | None:
        status, shape = self._ask(identity, f"/v1/invoices/{quote(name, safe='')}")
        if object_reader(identity.provider).is_gone(status, shape):
            return None
        if status != _OK or shape.get("id") != name:
            raise ProviderUnavailable(f"HTTP {status}, and no invoice", http_status=status)
        return shape

    def _ask(self, identity: Identity, path: str) -> tuple[int, dict[str, Any]]:
        """Status and object of an answer.

        Raises:
            BadInput: the key or the account is refused, which no waiting mends.
            ProviderUnavailable: no answer, a busy or failing provider, or what is no object.
        """
        try:
            key = self._keys.get().key_for(identity)
        except SecretUnavailable as error:
            raise ProviderUnavailable("the provider keys cannot be read") from error
        if key is None:
            raise BadInput(f"there is no API key for {identity}", field="account")
        url = self._bases[identity.provider].rstrip("/") + path
        authorised = object_reader(identity.provider).headers(key, identity)
        headers = {"User-Agent": USER_AGENT, **authorised}
        try:
            response = self._pool.request("GET", url, headers=headers, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ProviderUnavailable(f"no answer: {type(error).__name__}") from error
        status = response.status
        if status in {401, 403}:
            raise BadInput(f"the provider refuses the API key (HTTP {status})", field="account")
        if len(response.data) > MAX_PAGE_BYTES:
            raise ProviderUnavailable("the page is larger than any page of objects")
        try:
            shape: Any = json.loads(response.data)
        except (ValueError, RecursionError) as error:
            raise ProviderUnavailable(f"HTTP {status}, and no JSON", http_status=status) from error
        if not isinstance(shape, dict):
            raise ProviderUnavailable("the answer is no object", http_status=status)
        return status, shape
