"""Listing a provider's events over plain HTTP, one page a call.

Not through the SDK, for its retries would hide from the planner what its own budget and back-off
have to know. The bodies are the account's rendering of the events, which may be another API
version's than the webhooks had: readers judge a shape by what is in it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import urllib3

from tocsin.errors import UNREADABLE, BadInput, ProviderUnavailable, SecretUnavailable
from tocsin.ports.billing.replay import EventPage
from tocsin.providers.bodies.pruning import workspace_in
from tocsin.providers.foreign_json import section
from tocsin.providers.registry import lists_events, module_of, object_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.billing.identity import Identity
    from tocsin.billing.replay.cursor import Slice
    from tocsin.providers.http.one import KeySource

CONNECT_SECONDS = 3.0
READ_SECONDS = 30.0
MAX_PAGE_BYTES = 32 * 1024 * 1024
USER_AGENT = "tocsin-replay"
LISTING = "tocsin.providers.*.listing"


class HttpEventSource:
    """Implements `ports.billing.replay.EventSource`.

    Args:
        keys: the provider keys secret.
        bases: API base URL by provider name.
        read_seconds: how long an answer may pause.
        pool: what sends, where it is not to be connections of its own.
    """

    def __init__(
        self,
        *,
        keys: KeySource,
        bases: Mapping[str, str],
        read_seconds: float = READ_SECONDS,
        pool: urllib3.PoolManager | None = None,
    ) -> None:
        self._keys, self._bases = keys, bases
        self._pool = pool or urllib3.PoolManager(
            maxsize=2,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
        )

    def page(self, identity: Identity, wanted: Slice) -> EventPage:
        try:
            key = self._keys.get().key_for(identity)
        except SecretUnavailable as error:
            raise ProviderUnavailable("the provider keys cannot be read") from error
        if key is None:
            raise BadInput(f"there is no API key for {identity}", field="account")
        url = self._bases[identity.provider].rstrip("/") + listing_of(identity.provider)(wanted)
        authorised = object_reader(identity.provider).headers(key, identity)
        headers = {"User-Agent": USER_AGENT, **authorised}
        try:
            response = self._pool.request("GET", url, headers=headers, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ProviderUnavailable(f"no answer: {type(error).__name__}") from error
        return _read(response)


def listing_of(provider: str) -> Callable[[Slice], str]:
    """The path and query under which this provider lists its events.

    Raises:
        UnknownName: no such provider.
        BadInput: it lists none; its objects have to be asked for one by one.
    """
    if not lists_events(provider):
        raise BadInput(f"{provider} lists no events: rebuild its subscriptions", field="provider")
    return cast("Callable[[Slice], str]", module_of(LISTING, provider).path)


def workspace_of(document: Mapping[str, Any]) -> str | None:
    """Our workspace id in an event: in its object's metadata, or its subscription's."""
    subject = section(document, "data", "object")
    for details in (
        subject,
        section(subject, "subscription_details"),
        section(subject, "parent", "subscription_details"),
    ):
        if workspace := workspace_in(details.get("metadata")):
            return workspace
    return None


def _read(response: urllib3.BaseHTTPResponse) -> EventPage:
    """The page in an answer; anything but a sound list is no answer at all.

    Raises:
        BadInput: the key or the account is refused, which no waiting mends.
        ProviderUnavailable: everything else.
    """
    status = response.status
    if status in {401, 403}:
        raise BadInput(f"the provider refuses the API key (HTTP {status})", field="account")
    if status != 200:  # noqa: PLR2004 - HTTP
        raise ProviderUnavailable(f"HTTP {status}", http_status=status)
    if len(response.data) > MAX_PAGE_BYTES:
        raise ProviderUnavailable("the page is larger than any page of events")
    try:
        found: Any = json.loads(response.data)
        documents, has_more = found["data"], found["has_more"]
    except UNREADABLE as error:
        raise ProviderUnavailable("the answer is no list of events") from error
    if not isinstance(documents, list) or not isinstance(has_more, bool):
        raise ProviderUnavailable("the answer is no list of events")
    if not all(isinstance(each, dict) for each in documents) or (has_more and not documents):
        raise ProviderUnavailable("the answer is no list of events")
    return EventPage(tuple(documents), has_more)
