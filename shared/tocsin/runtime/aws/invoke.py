"""Calling another function and waiting for its answer.

Only the sweep does this: it hands unsent messages to the notifier and reports what became of
them, so that a sweep whose messages did not leave is a sweep that failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.errors import Unavailable
from tocsin.runtime.aws.http import AwsHttp, Patience, from_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CONNECT = 1.0
_LONGEST = 45.0
_TO_ANSWER = 1.5
"""Seconds kept back for saying that no answer came."""


class FunctionCaller:
    """One function, called synchronously, for as long as the caller itself may still run.

    `remaining` tells that in seconds: who is ended while it waits answers nobody. It is not
    retried here, for the caller knows whether a second call is worth its time.
    """

    def __init__(
        self, function: str, *, remaining: Callable[[], float], aws: AwsHttp | None = None
    ) -> None:
        self._function = function
        self._remaining = remaining
        self._aws = aws

    def __call__(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """What the function returned.

        Raises:
            Unavailable: it could not be called, it failed, or it did not answer in time. Whether
                it acts all the same is not known then.
        """
        read = min(_LONGEST, self._remaining() - _CONNECT - _TO_ANSWER)
        if read <= 0:
            raise Unavailable("no time is left to call a function", function=self._function)
        patience = Patience(connect=_CONNECT, read=read, attempts=1)
        aws = self._aws or from_environment("lambda", patience=patience)
        try:
            answer = aws.call("Invoke", {"FunctionName": self._function, "Payload": dict(payload)})
        except Unavailable as error:
            raise Unavailable("a function could not be called", function=self._function) from error
        if answer.get("FunctionError"):
            raise Unavailable("a function failed", function=self._function)
        result: dict[str, Any] = answer["Payload"]
        return result
