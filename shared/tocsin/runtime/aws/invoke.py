"""Calling another function and waiting for its answer.

Only the sweep does this: it hands unsent messages to the notifier and reports what became of
them, so that a sweep whose messages did not leave is a sweep that failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.errors import Unavailable
from tocsin.runtime.aws.http import AwsHttp, Patience, from_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATIENCE = Patience(connect=2, read=45, attempts=1)


class FunctionCaller:
    """One function, called synchronously; the caller is made with the first call.

    It is not retried here: the caller knows whether a second call is worth its time.
    """

    def __init__(self, function: str, *, aws: AwsHttp | None = None) -> None:
        self._function = function
        self._aws = aws

    def __call__(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """What the function returned.

        Raises:
            Unavailable: it could not be called, or it failed.
        """
        if self._aws is None:
            self._aws = from_environment("lambda", patience=_PATIENCE)
        try:
            answer = self._aws.call(
                "Invoke", {"FunctionName": self._function, "Payload": dict(payload)}
            )
        except Unavailable as error:
            raise Unavailable("a function could not be called", function=self._function) from error
        if answer.get("FunctionError"):
            raise Unavailable("a function failed", function=self._function)
        result: dict[str, Any] = answer["Payload"]
        return result
