"""What a deployed stage does end to end, asked from outside as people and alarms ask it.

    python -m tools.account --file tocsin.toml

For a sandbox account: it opens a real incident there. Every claim is printed with whether it held;
the exit code is 1 when one did not. `tests/cloud/stage/test_account_story.py` tells the same story
to the local cloud.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import urllib3

from tocsin.production.road import Road

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_APPEARS_WITHIN = 120.0
_REFUSED = range(400, 500)


@dataclass(frozen=True, slots=True)
class Stage:
    """What the story needs of a stage.

    `say` types a command and gives its exit code and document; `alarm` publishes one, whose state
    is its argument; `post` sends bytes to a path of the API and gives the status.
    """

    say: Callable[..., tuple[int, Any]]
    alarm: Callable[[str], object]
    post: Callable[[str, bytes], int]
    pause: Callable[[float], None] = time.sleep


def story(stage: Stage) -> Iterator[tuple[str, bool]]:
    """Each claim, and whether it held."""
    yield "an unsigned webhook is refused", stage.post("/webhooks/stripe", b"{}") in _REFUSED
    yield "who is not signed in is refused", stage.post("/v1/incidents", b"{}") in _REFUSED
    stage.alarm("ALARM")
    found = _appears(stage)
    yield "an alarm opens an incident", found is not None
    if found is None:
        return
    incident = str(found["id"])
    yield "it is acknowledged", stage.say("ack", incident)[0] == 0
    code, shown = stage.say("show", incident)
    yield "and somebody has it", code == 0 and shown["state"] != "open"
    yield "its timeline holds", stage.say("timeline", incident)[0] == 0
    yield "the gate names what is missing", stage.say("gate", incident, "--check")[0] == 1
    stage.alarm("OK")
    yield "a note goes on the record", stage.say("note", incident, "a look from outside")[0] == 0


def _appears(stage: Stage) -> Any:
    deadline = time.monotonic() + _APPEARS_WITHIN
    while time.monotonic() < deadline:
        code, board = stage.say("board")
        if code == 0 and board:
            return board[0]
        stage.pause(2)
    return None


def main(arguments: list[str]) -> int:
    """Tells the story to the account that the file names."""
    parser = argparse.ArgumentParser(prog="python -m tools.account", description=__doc__)
    parser.add_argument("--file", type=Path, default=Path("tocsin.toml"))
    asked = parser.parse_args(arguments)
    road = Road.to(asked.file, progress=lambda _: None)
    api = road.api_url()
    if api is None:
        sys.stderr.write("nothing is deployed: run tocsin deploy\n")
        return 1
    topic = road.rollout.outputs(f"{road.deployment.prefix}messaging")["AlarmTopicArn"]

    def say(*words: str) -> tuple[int, Any]:
        program = Path(sys.executable).with_name("tocsin")
        line = [str(program), *words, "--json", "--api-url", api]
        done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
        return done.returncode, json.loads(done.stdout or "null")

    def alarm(state: str) -> None:
        road.account.topics.publish(TopicArn=topic, Message=json.dumps(message(state, topic)))

    def post(path: str, body: bytes) -> int:
        return int(urllib3.request("POST", f"{api}{path}", body=body, retries=False).status)

    return told(story(Stage(say, alarm, post)))


def told(claims: Iterator[tuple[str, bool]]) -> int:
    """Prints each claim; 1 if any did not hold."""
    broken = 0
    for claim, held in claims:
        sys.stdout.write(f"{'held' if held else 'BROKEN':>6}  {claim}\n")
        broken += not held
    return 1 if broken else 0


def message(state: str, topic: str) -> dict[str, Any]:
    """What CloudWatch publishes of an alarm in the topic's account and Region."""
    _, partition, _, region, account, _ = topic.split(":")
    name = "tocsin-story-checkout-5xx"
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000+0000", time.gmtime())
    return {
        "AlarmName": name,
        "AlarmArn": f"arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}",
        "AWSAccountId": account,
        "Region": region,
        "NewStateValue": state,
        "OldStateValue": "OK" if state == "ALARM" else "ALARM",
        "NewStateReason": "the story of an account",
        "StateChangeTime": stamp,
        "Trigger": {"Namespace": "Story", "MetricName": "5xx", "Dimensions": []},
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
