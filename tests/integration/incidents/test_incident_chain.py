"""Slice A through the deployed handlers: alarm topic, queue, table, stream, topics, inboxes."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tests.harness.worlds.alarms import notification
from tests.integration.incidents.incident_cloud import IncidentCloud
from tocsin.errors import Unavailable
from tocsin.incidents.timeline.entry import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PRIMARY = ["commander-primary", "mitigation-primary"]
BACKUP = ["engineering-lead", "senior-engineer"]
SAMPLES = Path(__file__).parents[3] / "events" / "cloudwatch"


@pytest.fixture(scope="module")
def server() -> Iterator[MotoCloud]:
    with moto_cloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(server: MotoCloud, monkeypatch: pytest.MonkeyPatch) -> IncidentCloud:
    server.reset()
    return IncidentCloud(server, monkeypatch)


def alarm_message(cloud: IncidentCloud, name: str = "api-outage") -> dict[str, Any]:
    """What CloudWatch publishes: the message inside the envelope."""
    message: dict[str, Any] = json.loads(notification(name, cloud.now())["Message"])
    return message


def opened(cloud: IncidentCloud) -> dict[str, Any]:
    """An incident opened by an alarm whose first messages were delivered and read."""
    cloud.raise_alarm(alarm_message(cloud))
    cloud.drain_alarms()
    cloud.deliver_stream()
    cloud.inbox(cloud.pages), cloud.inbox(cloud.stakeholders)
    status, board = cloud.request("GET", "/v1/incidents", person="ana")
    assert status == 200
    (line,) = board["incidents"]
    return dict(line)


def people(messages: list[dict[str, Any]]) -> list[str]:
    return sorted(message["person"] for message in messages)


def test_an_alarm_becomes_one_page_per_responder_and_one_mail(cloud: IncidentCloud) -> None:
    cloud.raise_alarm(alarm_message(cloud))
    cloud.drain_alarms()
    assert cloud.deliver_stream() == {"batchItemFailures": []}
    pages = cloud.inbox(cloud.pages)
    assert people(pages) == PRIMARY
    assert pages[0]["subject"].startswith("[CRITICAL] INC-1 api-outage - ACK by ")
    assert {page["urgency"] for page in pages} == {"page"}
    (mail,) = cloud.inbox(cloud.stakeholders)
    assert "Incident INC-1 | Severity: critical" in mail["text"]
    assert cloud.deliver_stream() == {"batchItemFailures": []}
    assert cloud.inbox(cloud.pages) == cloud.inbox(cloud.stakeholders) == []


def test_after_five_minutes_the_sweep_has_the_backups_paged(cloud: IncidentCloud) -> None:
    incident = opened(cloud)
    assert cloud.sweep()["due"] == 0
    cloud.advance(5)
    report = cloud.sweep()
    assert report["changed"] == [incident["id"]]
    assert cloud.inbox(cloud.pages) == []
    cloud.deliver_stream()
    assert people(cloud.inbox(cloud.pages)) == sorted(PRIMARY + BACKUP)


def test_the_breach_is_recorded_with_its_due_time_by_a_late_sweep(cloud: IncidentCloud) -> None:
    incident = opened(cloud)
    cloud.advance(47)
    cloud.sweep()
    _, timeline = cloud.request("GET", f"/v1/incidents/{incident['id']}/timeline", person="ana")
    (breach,) = [entry for entry in timeline["entries"] if entry["type"] == "clock_breached"]
    due = parse_time(breach["content"]["due_at"])
    assert due - parse_time(incident["opened_at"]) == timedelta(minutes=15)
    late = parse_time(breach["recorded_at"]) - due
    assert timedelta(minutes=31) < late < timedelta(minutes=34)


def test_an_acknowledgement_over_http_stops_the_paging(cloud: IncidentCloud) -> None:
    incident = opened(cloud)
    path = f"/v1/incidents/{incident['id']}/acknowledge"
    key = {"idempotency-key": "ack-1"}
    status, first = cloud.request("POST", path, person="bo", headers=key)
    assert (status, first["state"]) == (200, "acknowledged")
    _, again = cloud.request("POST", path, person="bo", headers=key)
    assert again["version"] == first["version"]
    cloud.deliver_stream()
    told = cloud.inbox(cloud.pages)
    assert (people(told), {each["kind"] for each in told}) == (PRIMARY, {"acknowledged"})
    cloud.advance(20)
    cloud.sweep()
    cloud.deliver_stream()
    assert cloud.inbox(cloud.pages) == []


def test_the_same_wish_to_open_is_one_incident(cloud: IncidentCloud) -> None:
    wish = {"title": "checkout is down", "severity": "high", "category": "operational"}
    key = {"idempotency-key": "open-1"}
    first = cloud.request("POST", "/v1/incidents", wish, person="bo", headers=key)
    again = cloud.request("POST", "/v1/incidents", wish, person="bo", headers=key)
    assert (first[0], again[0]) == (201, 200)
    assert first[1] | {"recorded": []} == again[1], "a repeat writes nothing"
    other = wish | {"severity": "low"}
    status, body = cloud.request("POST", "/v1/incidents", other, person="bo", headers=key)
    assert (status, body["code"]) == (422, "idempotency_key_reused")


def test_poison_goes_to_the_dead_letter_queue_and_its_neighbours_do_not(
    cloud: IncidentCloud,
) -> None:
    cloud.raise_alarm("not an alarm")
    cloud.raise_alarm(alarm_message(cloud))
    cloud.drain_alarms()
    (dead,) = cloud.dead()
    assert json.loads(dead)["Message"] == "not an alarm"
    _, board = cloud.request("GET", "/v1/incidents", person="ana")
    assert len(board["incidents"]) == 1


def test_a_storm_of_one_alarm_is_one_incident(cloud: IncidentCloud) -> None:
    names = ["api-outage", "checkout-all-providers"]
    for number in range(30):
        message = alarm_message(cloud, names[number % 2])
        message["NewStateReason"] = f"datapoint {number}"
        message["StateChangeTime"] = f"2026-09-08T14:00:{number:02d}.000+0000"
        cloud.raise_alarm(message)
    cloud.drain_alarms()
    cloud.deliver_stream()
    _, board = cloud.request("GET", "/v1/incidents", person="ana")
    assert sorted(line["title"] for line in board["incidents"]) == sorted(names)
    assert people(cloud.inbox(cloud.pages)) == sorted(PRIMARY * 2)


def test_a_stream_that_stopped_loses_nothing(cloud: IncidentCloud) -> None:
    cloud.raise_alarm(alarm_message(cloud))
    cloud.drain_alarms()
    cloud.advance(2)
    report = cloud.sweep()
    assert report["redriven"]["sent"] == 3
    assert people(cloud.inbox(cloud.pages)) == PRIMARY
    assert len(cloud.inbox(cloud.stakeholders)) == 1
    cloud.deliver_stream()
    assert cloud.inbox(cloud.pages) == cloud.inbox(cloud.stakeholders) == []


def test_a_topic_that_is_gone_is_tried_again_until_it_is_back(cloud: IncidentCloud) -> None:
    cloud.raise_alarm(alarm_message(cloud))
    cloud.drain_alarms()
    notifier = cloud.handlers["notifier"]
    topic = notifier.SETTINGS.PAGES_TOPIC_ARN
    cloud.sns.delete_topic(TopicArn=topic)
    assert cloud.deliver_stream() == {"batchItemFailures": []}
    assert len(cloud.inbox(cloud.stakeholders)) == 1
    cloud.sns.create_topic(Name=topic.rpartition(":")[2])
    cloud.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=cloud._arn(cloud.pages))
    cloud.advance(2)
    assert cloud.sweep()["redriven"]["sent"] == 2
    assert people(cloud.inbox(cloud.pages)) == PRIMARY


def test_a_direct_alarm_action_and_an_event_open_incidents_too(cloud: IncidentCloud) -> None:
    for sample in ("action-composite.json", "eventbridge-alarm.json"):
        event = json.loads((SAMPLES / sample).read_text())
        assert cloud.invoke("alarm_trigger", event) == {"batchItemFailures": []}
    _, board = cloud.request("GET", "/v1/incidents", person="ana")
    assert len(board["incidents"]) == 2


def test_a_notifier_that_fails_makes_the_sweep_fail(
    cloud: IncidentCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.raise_alarm(alarm_message(cloud))
    cloud.drain_alarms()
    cloud.advance(2)

    def down(_event: Mapping[str, Any], _context: object) -> None:
        raise Unavailable("a function failed")

    monkeypatch.setattr(cloud.handlers["notifier"], "lambda_handler", down)
    with pytest.raises(Unavailable):
        cloud.sweep()


def test_a_table_that_is_gone_fails_loudly_and_brings_every_record_back(
    cloud: IncidentCloud,
) -> None:
    cloud.raise_alarm(alarm_message(cloud))
    (record,) = cloud._receive(cloud.alarm_queue)
    cloud.dynamodb.delete_table(TableName=cloud.cloud.table("incidents"))
    event = {
        "Records": [
            {"messageId": "m-1", "eventSource": "aws:sqs", "body": record["Body"]},
        ]
    }
    assert cloud.invoke("alarm_trigger", event) == {
        "batchItemFailures": [{"itemIdentifier": "m-1"}]
    }
    status, body = cloud.request("GET", "/v1/incidents/INC-0", person="ana")
    assert (status, body["retryable"]) == (503, True)


def test_the_correlation_id_leads_from_the_notification_to_every_message(
    cloud: IncidentCloud,
) -> None:
    cloud.raise_alarm(alarm_message(cloud))
    (queued,) = cloud._receive(cloud.alarm_queue)
    notification_id = json.loads(queued["Body"])["MessageId"]
    cloud.drain_alarms()
    cloud.deliver_stream()
    sent = [item for item in cloud.cloud.items("incidents") if item["SK"]["S"].startswith("OUT#")]
    assert {item["correlation_id"]["S"] for item in sent} == {notification_id}
    assert {item["state"]["S"] for item in sent} == {"sent"}
