"""Waking a function without waiting for it: InvocationType Event, answered by 202.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.harness.fakes.scripted_http import Reply, scripted
from tocsin.runtime.aws.http import AwsHttp, Patience
from tocsin.runtime.aws.sigv4 import Credentials
from tocsin.runtime.draining import Wake
from tocsin.runtime.watch.json_lines import NOTES

if TYPE_CHECKING:
    import pytest


def invoking(url: str) -> AwsHttp:
    patience = Patience(connect=1, read=2, attempts=1)
    credentials = Credentials("AKIAEXAMPLE", "secret", "token")
    return AwsHttp(
        "lambda_event",
        endpoint=url,
        region="eu-central-1",
        credentials=credentials,
        patience=patience,
    )


def test_a_wake_does_not_wait_for_what_it_wakes() -> None:
    with scripted(Reply(202)) as server:
        Wake(invoking(server.url), "tocsin-local-replay-planner", NOTES)()
    (seen,) = server.seen
    assert seen.path == "/2015-03-31/functions/tocsin-local-replay-planner/invocations"
    assert seen.headers["x-amz-invocation-type"] == "Event"
    assert json.loads(seen.body) == {}


def test_a_wake_that_fails_is_noted_and_keeps_nobody_from_going_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with scripted(Reply(403, b"{}", {"x-amzn-ErrorType": "AccessDeniedException"})) as server:
        Wake(invoking(server.url), "tocsin-local-replay-planner", NOTES)()
    line = json.loads(capsys.readouterr().out)
    assert (line["message"], line["reason"]) == ("wake.failed", "AccessDeniedException")
