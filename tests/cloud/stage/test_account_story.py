"""The story that a sandbox account is asked, told to the local cloud."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import urllib3

from tocsin.cli import main
from tocsin.local.machine.places import STATE_VARIABLE
from tools.account import Stage, message, story, told

if TYPE_CHECKING:
    import pytest

    from tests.harness.cloud.local_cloud import Deployed


def stage_of(
    stage: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Stage:
    monkeypatch.setenv(STATE_VARIABLE, str(stage.cloud.places.state))
    topic, api = stage.outputs["alarm_topic_arn"], stage.outputs["api_url"]

    def say(*words: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = main.run([*words, "--json", "--as", "ana"])
        return code, json.loads(capsys.readouterr().out or "null")

    def alarm(state: str) -> None:
        stage.clients.sns.publish(TopicArn=topic, Message=json.dumps(message(state, topic)))

    def post(path: str, body: bytes) -> int:
        return int(urllib3.request("POST", f"{api}{path}", body=body, retries=False).status)

    return Stage(say, alarm, post)


def test_every_claim_holds_on_the_deployed_stage(
    stage: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = list(story(stage_of(stage, capsys, monkeypatch)))
    assert [claim for claim, held in claims if not held] == []
    assert len(claims) == 8


def test_a_claim_that_does_not_hold_is_shown_and_makes_it_red(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert told(iter([("one", True), ("another", False)])) == 1
    assert capsys.readouterr().out.splitlines() == ["  held  one", "BROKEN  another"]
    assert told(iter([("one", True)])) == 0
