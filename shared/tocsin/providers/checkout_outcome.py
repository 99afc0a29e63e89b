"""What a provider's answer to a checkout call proves, by its HTTP status or the want of one.

Only what certainly made nothing is a failure: the provider was never reached, or turned the call
away at its door. Everything else without a usable answer is in doubt, server errors included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.billing.checkout.attempts import Result
from tocsin.ports.billing.checkout import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

TURNED_AWAY = frozenset({401, 403, 429})
CONFLICT = 409
_SERVER_ERROR = 500
_CLIENT_ERROR = 400

CONNECT_SECONDS = 2.0
READ_SECONDS = 6.0
"""Per call. Both providers in turn, with one more try each, fit in the gateway's 29 seconds."""

BACK_OFF_SECONDS = 0.3
AGAIN = frozenset({"connect", "http_429"})
"""Failures that are tried once more: quick ones that certainly made nothing."""


def by_status(status: int) -> Reply:
    """The reply for an answer that is no success."""
    code = f"http_{status}"
    if status in TURNED_AWAY:
        return Reply(Result.FAILED, code, http_status=status)
    if status == CONFLICT or status >= _SERVER_ERROR or status < _CLIENT_ERROR:
        return Reply(Result.DOUBT, code, http_status=status)
    return Reply(Result.REFUSED, code, http_status=status)


def by_exception(error: BaseException | None) -> Reply:
    """The reply where there was no answer, from the exception of `requests` behind it.

    By name: the SDKs bring `requests`, and nothing else here needs it.
    """
    names = {each.__name__ for each in type(error).__mro__}
    if "ConnectTimeout" in names or _never_connected(error):
        return Reply(Result.FAILED, "connect")
    if "Timeout" in names:
        return Reply(Result.DOUBT, "timeout")
    return Reply(Result.DOUBT, "no_answer")


def unreadable(status: int | None) -> Reply:
    """The reply for a success that is none: its body is not what the API answers."""
    return Reply(Result.DOUBT, "unreadable", http_status=status)


def with_one_more(call: Callable[[], Reply], sleep: Callable[[float], None]) -> Reply:
    """Calls, and once more after a moment where that can help and cannot harm."""
    reply = call()
    if reply.code not in AGAIN:
        return reply
    sleep(BACK_OFF_SECONDS)
    return call()


def _never_connected(error: BaseException | None) -> bool:
    """Whether urllib3 says, somewhere down the chain, that no connection was made."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if type(error).__name__ in {"NewConnectionError", "NameResolutionError"}:
            return True
        reason = getattr(error, "reason", None)
        inner = next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        error = reason if isinstance(reason, BaseException) else inner or error.__cause__
    return False
