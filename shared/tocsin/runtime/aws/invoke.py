"""Calling another function and waiting for its answer.

Only the sweep does this: it hands unsent messages to the notifier and reports what became of
them, so that a sweep whose messages did not leave is a sweep that failed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from tocsin.errors import Unavailable
from tocsin.runtime.aws.client import client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_lambda.client import LambdaClient

_CONNECT_SECONDS = 2
_READ_SECONDS = 45


class FunctionCaller:
    """One function, called synchronously; the client is made with the first call.

    It is not retried here: the caller knows whether a second call is worth its time.
    """

    def __init__(self, function: str, *, client: LambdaClient | None = None) -> None:
        self._function = function
        self._client = client

    def __call__(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """What the function returned.

        Raises:
            Unavailable: it could not be called, or it failed.
        """
        if self._client is None:
            self._client = _client()
        try:
            answer = self._client.invoke(
                FunctionName=self._function, Payload=json.dumps(payload).encode()
            )
            body = answer["Payload"].read()
        except (ClientError, BotoCoreError) as error:
            raise Unavailable("a function could not be called", function=self._function) from error
        if answer.get("FunctionError"):
            raise Unavailable("a function failed", function=self._function)
        result: dict[str, Any] = json.loads(body)
        return result


def _client() -> LambdaClient:
    made: LambdaClient = client(
        "lambda", connect_seconds=_CONNECT_SECONDS, read_seconds=_READ_SECONDS, attempts=1
    )
    return made
