"""Noise on the deployed stage: a maintenance window ended early, and an alarm that flaps."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.credentials import Credentials

from tests.harness.cloud.local_cloud import eventually
from tests.harness.worlds.alarms import notification
from tests.harness.worlds.findings import sample
from tocsin.runtime.api_client import ApiClient

if TYPE_CHECKING:
    from tests.harness.cloud.local_cloud import Deployed

SECOND = timedelta(seconds=1)


def api_of(stage: Deployed) -> ApiClient:
    keys = stage.as_person("sam", "security")
    credentials = Credentials(keys.access, keys.secret, keys.token)
    return ApiClient(stage.outputs["api_url"], stage.outputs["region"], credentials)


def alarm(stage: Deployed, name: str, state: str = "ALARM", *, later: int = 0) -> None:
    at = stage.cloud.clock().read().incident + later * SECOND
    stage.clients.sns.publish(
        TopicArn=stage.outputs["alarm_topic_arn"],
        Message=notification(name, at, state=state)["Message"],
    )


def set_aside(api: ApiClient, why: str) -> list[dict[str, Any]]:
    return [one for one in api.get("/v1/signals")["signals"] if one["why"] == why]


def test_what_a_window_held_is_heard_when_it_is_ended(stage: Deployed) -> None:
    api = api_of(stage)
    asked = {"pattern": "search-*", "minutes": 60, "reason": "new index"}
    made = api.post("/v1/maintenance", asked)
    alarm(stage, "search-unavailable")
    (held,) = eventually(lambda: set_aside(api, "maintenance"))
    assert (held["until"], held["because"]) == (
        made["ends_at"],
        f"{made['id']} by sam: new index",
    )
    assert api.get("/v1/incidents")["incidents"] == []
    assert api.post(f"/v1/maintenance/{made['id']}/end", {})["running"] is False
    stage.advance(timedelta(minutes=1))
    (opened,) = api.get("/v1/incidents")["incidents"]
    assert opened["title"] == "search-unavailable"


def test_an_alarm_that_flaps_is_held_until_it_is_quiet(stage: Deployed) -> None:
    api = api_of(stage)
    alarm(stage, "odd-thing")
    (opened,) = eventually(lambda: api.get("/v1/incidents")["incidents"])
    (unknown,) = eventually(lambda: api.get("/v1/signals/unknown")["signals"])
    assert (unknown["name"], unknown["count"]) == ("odd-thing", 1)
    alarm(stage, "odd-thing", "OK", later=2)
    alarm(stage, "odd-thing", later=4)
    assert eventually(lambda: set_aside(api, "flapping"))
    path = f"/v1/incidents/{opened['id']}"
    stage.advance(timedelta(minutes=11))
    assert eventually(lambda: api.get(path)["firing"]) is True
    told = api.get(f"{path}/timeline")["entries"]
    assert "flapping: held until" in json.dumps(told)


def test_a_finding_that_comes_again_is_an_entry(stage: Deployed) -> None:
    """What its key has said before is asked by the function of findings too."""
    api = api_of(stage)
    queue = stage.clients.sqs.get_queue_url(QueueName="tocsin-local-signals")["QueueUrl"]
    for name in ("finding", "finding-again"):
        body = json.dumps(sample("guardduty", name))
        stage.clients.sqs.send_message(QueueUrl=queue, MessageBody=body)
        (opened,) = eventually(lambda: api.get("/v1/incidents")["incidents"])
    path = f"/v1/incidents/{opened['id']}/timeline"
    assert eventually(
        lambda: sum(one["type"] == "signals_merged" for one in api.get(path)["entries"]) == 2
    )
