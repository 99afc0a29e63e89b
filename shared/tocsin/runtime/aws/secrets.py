"""A secret document, read from Secrets Manager and kept for five minutes.

Secrets are values that rotate: they are never in the environment and never kept for the life of
an execution environment. Two ages matter and both are constants here:

- `TTL_SECONDS`: how long after a rotation the old document may still be used.
- `REFRESH_INTERVAL_SECONDS`: a failed signature may be a rotation not seen yet, so it may cause
  one early read, but at most one per this interval. Otherwise everybody who sends rubbish could
  make Tocsin call Secrets Manager once per request.

When a read fails and an older document is at hand, the older one is used: an outage of the secret
store must not become an outage of ingest.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Protocol

from tocsin.errors import SecretUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TTL_SECONDS = 300.0
REFRESH_INTERVAL_SECONDS = 60.0
RETRY_SECONDS = 5.0  # after a failed read, the document at hand serves this long


class AwsCall(Protocol):
    """`runtime.aws.http.AwsHttp`, as far as it is used here."""

    def call(self, operation: str, payload: Mapping[str, object]) -> dict[str, Any]: ...


class CachedSecret[T]:
    """One secret holding a JSON object, parsed once per read.

    Args:
        aws: calls of `secretsmanager`.
        name: the secret's name or ARN.
        parse: turns the JSON object into what callers use; may raise `SecretUnavailable`.
        monotonic: seconds that only ever rise.
    """

    def __init__(
        self,
        aws: AwsCall,
        name: str,
        parse: Callable[[Mapping[str, Any]], T],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._aws, self._name, self._parse, self._monotonic = aws, name, parse, monotonic
        self._value: T | None = None
        self._fresh_until = 0.0
        self._last_early_read = float("-inf")

    def get(self) -> T:
        """The document, at most `TTL_SECONDS` old while Secrets Manager answers.

        Raises:
            SecretUnavailable: it cannot be read and none was read before.
        """
        now = self._monotonic()
        if self._value is None or now >= self._fresh_until:
            self._read(now)
        if self._value is None:
            raise SecretUnavailable
        return self._value

    def refreshed(self) -> T | None:
        """The document read anew after a failed signature, or None if that was done lately."""
        now = self._monotonic()
        if now - self._last_early_read < REFRESH_INTERVAL_SECONDS:
            return None
        self._last_early_read = now
        self._read(now)
        return self._value

    def _read(self, now: float) -> None:
        try:
            answer = self._aws.call("GetSecretValue", {"SecretId": self._name})
            self._value = self._parse(_object(answer))
            self._fresh_until = now + TTL_SECONDS
        except SecretUnavailable:
            if self._value is None:
                raise
            self._fresh_until = max(self._fresh_until, now + RETRY_SECONDS)


def _object(answer: Mapping[str, Any]) -> dict[str, Any]:
    try:
        document = json.loads(answer["SecretString"])
    except (KeyError, TypeError, ValueError) as error:
        raise SecretUnavailable("The secret holds no JSON.") from error
    if not isinstance(document, dict):
        raise SecretUnavailable("The secret holds no JSON object.")
    return document
