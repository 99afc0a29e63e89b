"""Cold start on the way from an alarm to a telephone: until the first thing has left.

From starting a process to the answer of its first write or publish, per bundle: an alarm in, until
the incident is written; an unsent message in, until it is published; a sweep, until what was due is
written; a request in, until the incident is written. Beside it bare boto3, which makes one client
and writes one item or publishes one message. AWS is moto behind a loopback socket, so a late import
or a client made with the first call counts as it does in Lambda.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest import MonkeyPatch  # noqa: PT013 - the one thing that is needed of it here

from tests.bench.cold_start import lambda_environ
from tests.bench.figures import Figure, ratio, without_warm_up
from tests.harness.cloud.moto_cloud import moto_cloud
from tests.harness.fakes.requests import api_event
from tests.harness.worlds.alarms import notification
from tests.integration.incidents.incident_cloud import IncidentCloud

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.bench.layouts import Layout, Layouts

LIMITS = {"alarm_trigger": 0.9, "sla_check": 0.9, "notifier": 0.9, "incident_api": 0.95}
"""What bare boto3 needs, and less: measured are 0.55 to 0.7 (docs/architecture.md, cold starts)."""
PUT, PUBLISH = "bare boto3 put", "bare boto3 publish"
BESIDE = {"alarm_trigger": PUT, "sla_check": PUT, "notifier": PUBLISH, "incident_api": PUT}

_SECONDS = 60
_CLOCK = "INCIDENT_CLOCK_PARAMETER"
_OURS = """\
import sys, time
sys.path.insert(0, sys.argv[1])
import functions.{name}.handler as handler
import json, os
from tocsin.runtime.aws.http import AwsHttp
_call = AwsHttp.call
def call(self, operation, payload):
    answer = _call(self, operation, payload)
    if operation in ("TransactWriteItems", "Publish"):
        os.write(1, str(time.process_time_ns() / 1e6).encode())
        os._exit(0)
    return answer
AwsHttp.call = call
class Context:
    aws_request_id = "bench"
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:bench"
    def get_remaining_time_in_millis(self):
        return 30_000
sys.exit(f"nothing left: {{handler.lambda_handler(json.loads(sys.stdin.read()), Context())}}")
"""
_BOTO3 = """\
import sys, time
sys.path.insert(0, sys.argv[1])
import boto3, os
{act}
os.write(1, str(time.process_time_ns() / 1e6).encode())
"""
_ACTS = {
    PUT: (
        "boto3.client('dynamodb').put_item(TableName=os.environ['INCIDENTS_TABLE'],"
        " Item={'PK': {'S': 'BENCH'}, 'SK': {'S': 'BENCH'}})"
    ),
    PUBLISH: (
        "boto3.client('sns').publish("
        "TopicArn=os.environ['PAGES_TOPIC_ARN'], Message='ACK by 10:15')"
    ),
}


class Stage:
    """The incident functions' surroundings, and one event for each cold start."""

    def __init__(self, cloud: IncidentCloud) -> None:
        self._cloud = cloud
        self._alarms = 0
        self._unsent: list[dict[str, Any]] = []

    def event(self, function: str) -> Mapping[str, Any]:
        """What wakes the function, and makes one thing leave."""
        match function:
            case "alarm_trigger":
                body = json.dumps(self._alarm())
                record = {"messageId": "m-1", "eventSource": "aws:sqs", "body": body}
                return {"Records": [record]}
            case "notifier":
                if not self._unsent:
                    self._cloud.raise_alarm(json.dumps(self._alarm()))
                    self._cloud.drain_alarms()
                    self._unsent = self._cloud.stream()
                return {"Records": [self._unsent.pop()]}
            case "sla_check":
                self._cloud.advance(-10)  # opened ten minutes ago, so that a page is due now
                self._cloud.raise_alarm(json.dumps(self._alarm()))
                self._cloud.drain_alarms()
                self._cloud.advance(10)
                return {}
            case _:
                opened = {"title": "checkout is down", "severity": "high", "category": "production"}
                self._alarms += 1
                return api_event(
                    "POST",
                    "/v1/incidents",
                    opened,
                    person="ana",
                    stage="production",
                    headers={"idempotency-key": str(self._alarms)},
                )

    def _alarm(self) -> dict[str, Any]:
        self._alarms += 1
        name = f"api-outage-{self._alarms}"
        message: dict[str, Any] = json.loads(notification(name, self._cloud.now())["Message"])
        return message


@contextmanager
def stage() -> Iterator[Stage]:
    """Everything the four functions need, behind a loopback socket."""
    with MonkeyPatch.context() as patch:
        for name, value in lambda_environ("BENCH").items():
            patch.setenv(name, value)
        yield from _surrounded(patch)


def _surrounded(patch: MonkeyPatch) -> Iterator[Stage]:
    with moto_cloud() as cloud:
        cloud.reset()
        yield Stage(IncidentCloud(cloud, patch))


def measure(layouts: Layouts, *, rounds: int) -> Mapping[str, Sequence[float]]:
    """Milliseconds of processor time by contender, one number a round."""
    found: dict[str, list[float]] = defaultdict(list)
    bare = layouts.bare_boto3()
    ours = {name: layouts.function(name) for name in BESIDE}
    with stage() as events:
        for _ in range(rounds + 1):
            for name, act in _ACTS.items():
                found[name].append(_sample(bare, _BOTO3.format(act=act), {}))
            for name, layout in ours.items():
                found[name].append(_sample(layout, _OURS.format(name=name), events.event(name)))
    return without_warm_up(found)


def _sample(layout: Layout, program: str, event: Mapping[str, Any]) -> float:
    python = getattr(sys, "_base_executable", sys.executable)
    done = subprocess.run(
        [python, "-I", "-S", "-B", "-c", program, str(layout.task)],
        env=_as_deployed(),
        input=json.dumps(event),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"nothing left:\n{done.stderr}")
    return float(done.stdout.splitlines()[-1])


def _as_deployed() -> dict[str, str]:
    """The environment without what only stages have whose clock can be moved."""
    kept = {name: value for name, value in os.environ.items() if name != _CLOCK}
    return kept | {"STAGE": "production"}


def figures(series: Mapping[str, Sequence[float]]) -> Iterator[Figure]:
    """How long until something leaves, beside bare boto3 that does as little as can be."""
    for name, other in BESIDE.items():
        measured = ratio(series[name], series[other])
        yield Figure(f"first_leaving.{name}.ratio_boto3", measured, LIMITS[name], f"of {other}")
