"""One GET to a provider, for the doctor: what came back, or nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import urllib3

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_SECONDS, READ_SECONDS = 3.0, 10.0


class Asking:
    """Asks once, follows nothing, and shows no key in what it raises: it raises nothing."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(
            retries=False, timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
        )

    def __call__(self, url: str, headers: Mapping[str, str]) -> tuple[int, Any] | None:
        """Status and JSON document; the document is None where there is none."""
        try:
            answer = self._pool.request("GET", url, headers=dict(headers), redirect=False)
        except urllib3.exceptions.HTTPError:
            return None
        try:
            return answer.status, json.loads(answer.data)
        except ValueError:
            return answer.status, None
