"""Calling another function: its answer, or an error that says it did not happen."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tocsin.errors import Unavailable
from tocsin.runtime.aws import invoke
from tocsin.runtime.aws.invoke import FunctionCaller

if TYPE_CHECKING:
    from mypy_boto3_lambda.client import LambdaClient


class Lambda:
    """Answers `invoke` with what it was told, or raises it."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        self.calls: list[dict[str, Any]] = []
        self._answer = answer

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.calls.append(request)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def answered(body: object, **more: str) -> dict[str, Any]:
    return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(body).encode()), **more}


def call(function: Lambda) -> dict[str, Any]:
    client = cast("LambdaClient", function)
    return FunctionCaller("tocsin-local-notifier", client=client)({"redrive": []})


def test_the_answer_of_the_function_is_the_answer() -> None:
    function = Lambda(answered({"sent": 3}))
    assert call(function) == {"sent": 3}
    (request,) = function.calls
    assert request["FunctionName"] == "tocsin-local-notifier"
    assert json.loads(request["Payload"]) == {"redrive": []}
    assert "InvocationType" not in request, "an asynchronous call has no answer"


@pytest.mark.parametrize(
    "answer",
    [
        answered({"errorMessage": "boom"}, FunctionError="Unhandled"),
        ClientError({"Error": {"Code": "TooManyRequestsException", "Message": ""}}, "Invoke"),
        ReadTimeoutError(endpoint_url="https://lambda"),
    ],
    ids=["failed", "throttled", "silent"],
)
def test_a_function_that_did_not_do_its_work_is_an_error(
    answer: dict[str, Any] | Exception,
) -> None:
    function = Lambda(answer)
    with pytest.raises(Unavailable) as raised:
        call(function)
    assert raised.value.context["function"] == "tocsin-local-notifier"
    assert len(function.calls) == 1


def test_the_client_waits_longer_than_the_function_may_run_and_calls_once() -> None:
    config: Any = invoke._client().meta.config
    assert config.read_timeout > 40
    assert config.retries["total_max_attempts"] == 1
