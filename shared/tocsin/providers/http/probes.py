"""Asking a provider how it is, over plain HTTP.

What it lists, what it could not deliver, and what it says of itself.

Not through the SDKs, for they hide the status line. A probe reads and never makes anything. Every
failure is an answer: None means that the provider could not say.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import urlencode

import urllib3

from tocsin.providers.registry import module_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.billing.identity import Identity
    from tocsin.billing.outage.signs import Health

CONNECT_SECONDS, READ_SECONDS = 2.0, 5.0
PROBES = "tocsin.providers.*.probes"
_OK, _MOST_BYTES = 200, 5_000_000


class Probes(Protocol):
    """A provider's `probes` module: what of its API says how it is.

    `READS` is a path that any key of ours may read; `ENDPOINTS` lists where it sends webhooks, each
    with its `url` and `status`, and is empty where it cannot be asked.
    """

    READS: str
    ENDPOINTS: str

    def headers(self, key: str) -> dict[str, str]:
        """The headers that authorise a probe."""
        ...

    def look(self, asking: Asking, *, now: int) -> Health: ...


class HttpProbes:
    """Looks at one provider account at a time."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(
            maxsize=2,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )

    def look(self, identity: Identity, base: str, key: str, *, now: int) -> Health:
        """How the provider is; `key` is the account's API key."""
        probes = cast("Probes", module_of(PROBES, identity.provider))
        return probes.look(Asking(self._pool, base, probes.headers(key)), now=now)


@dataclass(frozen=True, slots=True)
class Asking:
    """One account's API, asked for one JSON object at a time; None is no usable answer."""

    pool: urllib3.PoolManager
    base: str
    headers: Mapping[str, str]

    def twice(self, path: str, query: Mapping[str, Any]) -> dict[str, Any] | None:
        """Once more where there was no answer: a single lost request is no sign of an outage."""
        return self.once(path, query) or self.once(path, query)

    def once(self, path: str, query: Mapping[str, Any]) -> dict[str, Any] | None:
        url = f"{self.base.rstrip('/')}{path}?{urlencode(query)}"
        try:
            response = self.pool.request("GET", url, headers=dict(self.headers), redirect=False)
            if response.status != _OK or len(response.data) > _MOST_BYTES:
                return None
            shape = json.loads(response.data)
        except (urllib3.exceptions.HTTPError, OSError, ValueError, RecursionError):
            return None
        return shape if isinstance(shape, dict) else None
