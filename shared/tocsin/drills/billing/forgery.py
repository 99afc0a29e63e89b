"""Webhooks nobody should believe, and what a receiver has to say to each."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from tocsin.local.sandbox.delivery.signing import signature_header

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REFUSED: Final[Mapping[str, tuple[int, str]]] = {
    "signed with another secret": (400, "signature_invalid"),
    "one byte altered": (400, "signature_invalid"),
    "no signature": (400, "signature_invalid"),
    "signed ten minutes ago": (400, "timestamp_out_of_tolerance"),
    "signed in ten minutes": (400, "timestamp_out_of_tolerance"),
    "to an endpoint nobody registered": (404, "unknown_registration"),
}
"""Status and problem code by what is wrong."""

_SECONDS = 20.0
_SKEW: Final = {"signed ten minutes ago": -600, "signed in ten minutes": 600}


@dataclass(frozen=True, slots=True)
class Forgery:
    """One attempt; `path` is added to the provider's webhook address."""

    name: str
    event: Mapping[str, Any]
    body: bytes
    headers: Mapping[str, str]
    path: str = ""


def attempts(events: Sequence[Mapping[str, Any]], secret: str, *, run: str) -> list[Forgery]:
    """One of each kind, made from real events under ids that no provider has given."""
    return [
        _forged(name, {**event, "id": f"evt_forged{run}{number}"}, secret)
        for number, (name, event) in enumerate(zip(REFUSED, events, strict=False))
    ]


def send(url: str, forgery: Forgery) -> tuple[int, str]:
    """Status and problem code of the answer.

    Raises:
        OSError: nobody answers.
    """
    split = urlsplit(url + forgery.path)
    connection = http.client.HTTPConnection(split.netloc, timeout=_SECONDS)
    try:
        connection.request("POST", split.path, forgery.body, dict(forgery.headers))
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    try:
        problem = json.loads(text)
    except json.JSONDecodeError:
        return answer.status, ""
    return answer.status, str(problem.get("code", "")) if isinstance(problem, dict) else ""


def _forged(name: str, event: Mapping[str, Any], secret: str) -> Forgery:
    body = json.dumps(event).encode()
    key = f"{secret}x" if name == "signed with another secret" else secret
    at = int(time.time()) + _SKEW.get(name, 0)
    headers = {"content-type": "application/json"}
    if name != "no signature":
        headers["stripe-signature"] = signature_header(body, [key], at=at)
    if name == "one byte altered":
        body = body.replace(b'"livemode": false', b'"livemode":\tfalse', 1)
    path = "/nobody" if name == "to an endpoint nobody registered" else ""
    return Forgery(name, event, body, headers, path)
