"""Asking a provider for one subscription, over plain HTTP.

Not through the SDKs: what the projector must know they hide. The status code tells an outage from
an absence; `Date`, `Age` and the time it took tell how old the answer may be. Every failure is an
answer too, and none is raised: what to do about it is the projector's to decide.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import urllib3

from tocsin.billing.event import GivenBack
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ordering import Answer, Verdict
from tocsin.errors import UNREADABLE, SecretUnavailable, UnreadableShape
from tocsin.ports.billing.projection import Refunded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from tocsin.billing.projection.paid import Paid
    from tocsin.ports.billing.projection import ObjectReader
    from tocsin.ports.time import WallClock

    class KeySource(Protocol):
        """`runtime.aws.secrets.CachedSecret` over the provider keys secret."""

        def get(self) -> ProviderKeys: ...


_OK = 200
_NO_SUCH = frozenset({400, 404, 410})
_STEPS = 3
_PAGES = 20
MAX_ANSWER_BYTES = 1_000_000
CONNECT_SECONDS = 2.0
READ_SECONDS = 8.0
USER_AGENT = "tocsin-billing-projector"


@dataclass(frozen=True, slots=True)
class ProviderKeys:
    """API keys by (provider, account, mode)."""

    by_identity: Mapping[tuple[str, str, str], str] = field(repr=False)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> ProviderKeys:
        """From the secret: `{"<provider>/<name>": {"account", "mode", "api_key"}}`.

        Raises:
            SecretUnavailable: an entry cannot be read.
        """
        try:
            return cls(
                {
                    (name.partition("/")[0], entry["account"], entry["mode"]): entry[
                        "api_key"
                    ].strip()
                    for name, entry in document.items()
                    if "/" in name
                }
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise SecretUnavailable("The provider keys cannot be read.") from error

    @property
    def identities(self) -> tuple[Identity, ...]:
        """Every account and mode there is a key for."""
        return tuple(Identity(*parts) for parts in sorted(self.by_identity))

    def key_for(self, identity: Identity) -> str | None:
        """The key of the identity's own account, also for its connected ones; None: no such."""
        own_account = identity.account.partition("/")[0]
        return self.by_identity.get((identity.provider, own_account, identity.mode)) or None


class HttpProviderClient:
    """Implements `ports.billing.projection.ProviderClient` for every provider with an API base.

    Args:
        keys: the provider keys secret.
        bases: API base URL by provider name.
        reader: a provider's `objects` module by name.
        clock: the real time, for shapes that depend on it.
        monotonic: seconds that only ever rise.
        read_seconds: how long an answer may pause.
        pool: what sends, where it is not to be connections of its own.
    """

    def __init__(
        self,
        *,
        keys: KeySource,
        bases: Mapping[str, str],
        reader: Callable[[str], ObjectReader],
        clock: WallClock,
        monotonic: Callable[[], float] = time.monotonic,
        read_seconds: float = READ_SECONDS,
        pool: urllib3.PoolManager | None = None,
    ) -> None:
        self._keys, self._bases, self._reader = keys, bases, reader
        self._clock, self._monotonic = clock, monotonic
        self._pool = pool or urllib3.PoolManager(
            maxsize=4,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
        )

    def fetch(self, identity: Identity, subscription: str) -> Answer:
        """Asks once, now."""
        reader = self._reader(identity.provider)
        try:
            key = self._keys.get().key_for(identity)
        except SecretUnavailable:
            return Answer(Verdict.FAILED, detail="provider keys unavailable")
        if key is None:
            return Answer(Verdict.FAILED, detail=f"no key for {identity}")
        url = self._bases[identity.provider].rstrip("/") + reader.path(subscription)
        headers = {"User-Agent": USER_AGENT, **reader.headers(key, identity)}
        started = self._monotonic()
        try:
            response = self._pool.request("GET", url, headers=headers, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return Answer(Verdict.FAILED, detail=type(error).__name__)
        shape = self._whole(identity, reader, _object(response.data))
        elapsed = self._monotonic() - started
        if shape is None and response.status == _OK:
            return Answer(Verdict.FAILED, http_status=_OK, detail="no object, or a part of one")
        return self._judge(response, shape, reader, subscription, elapsed)

    def _whole(
        self, identity: Identity, reader: ObjectReader, shape: dict[str, Any] | None
    ) -> dict[str, Any] | None:
        """The object with all that its answer left out; None where that cannot be had."""
        for _ in range(_PAGES):
            if shape is None or (path := reader.rest(shape)) is None:
                return shape
            answer = self._get(identity, reader, path)
            if answer is None or answer[0] != _OK:
                return None
            try:
                shape = reader.joined(shape, answer[1])
            except UNREADABLE:
                return None
        return None

    def paid(self, identity: Identity, subscription: str) -> Paid | None:
        """Implements `ports.billing.projection.InvoiceSource`, as does `given_back`."""
        reader = self._reader(identity.provider)
        answer = self._get(identity, reader, reader.invoices_path(subscription))
        if answer is None or answer[0] != _OK:
            return None
        try:
            return reader.paid_in(answer[1])
        except UNREADABLE:
            return None

    def given_back(self, identity: Identity, given_back: GivenBack) -> Refunded | None:
        """From what a refund names to the subscription its invoice was for: three steps at most."""
        reader = self._reader(identity.provider)
        for _ in range(_STEPS):
            if (path := reader.trace(given_back)) is None:
                return Refunded()
            answer = self._get(identity, reader, path)
            if answer is None:
                return None
            status, shape = answer
            if status != _OK:
                return Refunded() if status in _NO_SUCH else None
            found = reader.traced(given_back, shape)
            if not isinstance(found, GivenBack):
                return found
            given_back = found
        return Refunded()

    def _get(
        self, identity: Identity, reader: ObjectReader, path: str
    ) -> tuple[int, dict[str, Any]] | None:
        """Status and object of an answer; None where there is none."""
        try:
            key = self._keys.get().key_for(identity)
        except SecretUnavailable:
            return None
        if key is None:
            return None
        url = self._bases[identity.provider].rstrip("/") + path
        headers = {"User-Agent": USER_AGENT, **reader.headers(key, identity)}
        try:
            response = self._pool.request("GET", url, headers=headers, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError):
            return None
        shape = _object(response.data)
        return None if shape is None else (response.status, shape)

    def _judge(
        self,
        response: urllib3.BaseHTTPResponse,
        shape: dict[str, Any] | None,
        reader: ObjectReader,
        subscription: str,
        elapsed: float,
    ) -> Answer:
        status = response.status
        found_none = shape == {} and status == _OK
        if found_none or reader.is_gone(status, shape or {}):
            return Answer(Verdict.MISSING, http_status=status)
        if shape is None or status != _OK:
            return Answer(Verdict.FAILED, http_status=status, detail=f"HTTP {status}")
        if shape.get("id") != subscription:
            # Whoever is in trouble answers anything: that says nothing of what was asked about.
            detail = "the answer is not about this subscription"
            return Answer(Verdict.FAILED, http_status=status, detail=detail)
        date = _date(response.headers.get("Date"))
        as_of = date or int(self._clock.wall_now().timestamp())
        try:
            found = reader.subscription(shape, as_of=as_of)
        except UnreadableShape as error:
            return Answer(Verdict.UNREADABLE, http_status=status, detail=error.detail)
        aged = "Age" in response.headers
        return Answer(Verdict.FOUND, found, date, aged, elapsed, status)


def _object(data: bytes) -> dict[str, Any] | None:
    """The JSON object; `{}` for no content at all; None for what is no JSON object."""
    if len(data) > MAX_ANSWER_BYTES:
        return None
    try:
        shape = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        return None
    return shape if isinstance(shape, dict) else None


def _date(header: str | None) -> int | None:
    """Epoch seconds of an HTTP date, which is always UTC; None where it cannot be read."""
    if header is None:
        return None
    try:
        return int(parsedate_to_datetime(header).timestamp())
    except (TypeError, ValueError, OverflowError):
        return None
