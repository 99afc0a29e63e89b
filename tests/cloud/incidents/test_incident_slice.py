"""An incident from the alarm to the telephone, through everything that is deployed.

CloudWatch alarm, topic, queue, function, transaction, stream, function, topics, inbox; then the
sweep finds what is due. Nothing is called but what AWS, responders and the clock would call.
"""

from __future__ import annotations

import itertools
import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.credentials import Credentials

from tests.harness.cloud.local_cloud import Deployed, Expectations, eventually
from tocsin.errors import RemoteError
from tocsin.runtime.api_client import ApiClient

if TYPE_CHECKING:
    from collections.abc import Iterator

PRIMARIES = ("commander-primary", "mitigation-primary")
BACKUPS = ("engineering-lead", "senior-engineer")
CRITICAL = "checkout-failing-all-providers"


def pages(*people: str) -> list[tuple[str, str]]:
    return [("page", person) for person in people]


class Alarm:
    """A CloudWatch alarm whose actions are Tocsin's topic."""

    def __init__(self, stage: Deployed, name: str) -> None:
        self.cloudwatch, self.name = stage.clients.cloudwatch, name
        self.changed = 0
        topic = stage.outputs["alarm_topic_arn"]
        self.cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="Shop",
            MetricName="CheckoutFailed",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=[topic],
            OKActions=[topic],
        )

    def goes(self, state: Any) -> None:
        """Changes the state in a second of its own.

        The emulator tells times of change in whole seconds, and two changes of one second to the
        same state are one change.
        """
        now = time.time()
        time.sleep(1 - now % 1 if int(now) == self.changed else 0)
        self.changed = int(time.time())
        self.cloudwatch.set_alarm_state(
            AlarmName=self.name, StateValue=state, StateReason="Threshold crossed: 41 of 50 failed"
        )

    def delete(self) -> None:
        self.cloudwatch.delete_alarms(AlarmNames=[self.name])


@pytest.fixture
def alarm(stage: Deployed) -> Iterator[Alarm]:
    found = Alarm(stage, CRITICAL)
    yield found
    found.delete()


class Responder:
    """A person at the signed API."""

    def __init__(self, stage: Deployed, person: str) -> None:
        self.person = person
        keys = stage.as_person(person)
        self.api = ApiClient(
            stage.outputs["api_url"],
            stage.outputs["region"],
            Credentials(keys.access, keys.secret, keys.token),
        )

    def board(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.get("/v1/incidents")["incidents"]
        return found

    def incident(self) -> str:
        (only,) = self.board()
        return str(only["id"])

    def timeline(self, incident: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.get(f"/v1/incidents/{incident}/timeline")["entries"]
        return found

    def clock(self, incident: str, name: str) -> dict[str, Any]:
        clocks = self.api.get(f"/v1/incidents/{incident}/clocks")["clocks"]
        found: dict[str, Any] = next(one for one in clocks if one["clock"] == name)
        return found


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_an_alarm_pages_each_responder_once_and_mails_stakeholders(
    stage: Deployed, inbox: Expectations, alarm: Alarm
) -> None:
    alarm.goes("ALARM")

    received = inbox.expect(("opened", "stakeholders"), *pages(*PRIMARIES))

    commander = Responder(stage, "commander-primary")
    assert {one.incident for one in received} == {commander.incident()}
    assert {one.severity for one in received} == {"critical"}
    assert len({one.message_id for one in received}) == 3


def test_the_same_alarm_again_joins_the_open_incident_and_pages_nobody(
    stage: Deployed, inbox: Expectations, alarm: Alarm
) -> None:
    """A third change within ten minutes is heard once the alarm has been quiet for ten."""
    alarm.goes("ALARM")
    inbox.expect(("opened", "stakeholders"), *pages(*PRIMARIES))
    commander = Responder(stage, "commander-primary")
    incident = commander.incident()
    commander.api.post(f"/v1/incidents/{incident}/acknowledge", {}, key="k-1")
    inbox.expect(*(("acknowledged", person) for person in PRIMARIES if person != commander.person))

    alarm.goes("OK")
    eventually(
        lambda: commander.api.get(f"/v1/incidents/{incident}"), lambda seen: not seen["firing"]
    )
    alarm.goes("ALARM")
    assert eventually(lambda: "flapping: held" in json.dumps(commander.timeline(incident)))
    assert commander.api.get(f"/v1/incidents/{incident}")["firing"] is False
    stage.advance(timedelta(minutes=11))

    assert commander.api.get(f"/v1/incidents/{incident}")["firing"]
    assert commander.incident() == incident


def test_backups_are_paged_at_five_minutes_and_the_breach_is_recorded_at_fifteen(
    stage: Deployed, inbox: Expectations, alarm: Alarm
) -> None:
    alarm.goes("ALARM")
    inbox.expect(("opened", "stakeholders"), *pages(*PRIMARIES))
    commander = Responder(stage, "commander-primary")
    incident = commander.incident()
    opened = instant(commander.api.get(f"/v1/incidents/{incident}")["opened_at"])

    stage.advance(timedelta(minutes=4))
    inbox.nothing_more()
    stage.advance(timedelta(seconds=61))  # due times are indexed in whole seconds
    inbox.expect(*pages(*PRIMARIES, *BACKUPS))

    stage.advance(timedelta(minutes=10))
    breach = next(one for one in commander.timeline(incident) if one["type"] == "clock_breached")
    assert instant(breach["content"]["due_at"]) == opened + timedelta(minutes=15)
    assert commander.clock(incident, "acknowledge")["attainment"] == "missed"
    inbox.expect(*pages(*everybody(stage, incident)))


def everybody(stage: Deployed, incident: str) -> list[str]:
    """Whom the last paging entry names: every person of the roster at the last step."""
    paged = [one for one in Responder(stage, "x-ray").timeline(incident) if one["type"] == "paged"]
    return list(paged[-1]["content"]["people"])


def test_a_sweep_that_comes_hours_late_records_the_breach_when_it_was_due(
    stage: Deployed, inbox: Expectations, alarm: Alarm
) -> None:
    alarm.goes("ALARM")
    inbox.expect(("opened", "stakeholders"), *pages(*PRIMARIES))
    commander = Responder(stage, "commander-primary")
    incident = commander.incident()
    opened = instant(commander.api.get(f"/v1/incidents/{incident}")["opened_at"])

    stage.advance(timedelta(hours=3))

    # One page each, however many rungs were skipped; and the first update is long overdue.
    overdue = [("reminder", "commander-primary"), ("reminder", "communications-primary")]
    inbox.expect(*pages(*everybody(stage, incident)), *overdue)
    breach = next(one for one in commander.timeline(incident) if one["type"] == "clock_breached")
    assert instant(breach["content"]["due_at"]) == opened + timedelta(minutes=15)
    assert instant(breach["recorded_at"]) > opened + timedelta(hours=2, minutes=59)


def test_acknowledging_stops_the_pages_and_meets_the_clock(
    stage: Deployed, inbox: Expectations, alarm: Alarm
) -> None:
    alarm.goes("ALARM")
    inbox.expect(("opened", "stakeholders"), *pages(*PRIMARIES))
    responder = Responder(stage, "senior-engineer")
    incident = responder.incident()

    shown = responder.api.post(f"/v1/incidents/{incident}/acknowledge", {}, key="k-1")
    again = responder.api.post(f"/v1/incidents/{incident}/acknowledge", {}, key="k-1")
    inbox.expect(*(("acknowledged", person) for person in PRIMARIES))
    stage.advance(timedelta(minutes=20))

    assert shown["round"]["acknowledged_by"] == "senior-engineer"
    assert again["version"] == shown["version"]
    assert responder.clock(incident, "acknowledge")["attainment"] == "met"


def test_the_timeline_of_a_real_incident_is_an_unbroken_chain(
    stage: Deployed, inbox: Expectations, alarm: Alarm
) -> None:
    alarm.goes("ALARM")
    inbox.expect(("opened", "stakeholders"), *pages(*PRIMARIES))
    responder = Responder(stage, "commander-primary")
    incident = responder.incident()
    responder.api.post(f"/v1/incidents/{incident}/note", {"text": "Provider confirms."})

    entries = responder.timeline(incident)

    assert [one["seq"] for one in entries] == list(range(1, len(entries) + 1))
    assert entries[0]["prev_hash"] == "00" * 32
    links = itertools.pairwise(entries)
    assert all(later["prev_hash"] == earlier["hash"] for earlier, later in links)
    assert entries[-1]["actor_ref"].endswith("commander-primary")


def test_the_alarm_can_be_followed_to_the_message_by_one_id(
    stage: Deployed, inbox: Expectations, alarm: Alarm
) -> None:
    alarm.goes("ALARM")
    inbox.expect(("opened", "stakeholders"), *pages(*PRIMARIES))
    commander = Responder(stage, "commander-primary")

    entries = commander.timeline(commander.incident())

    (correlation_id,) = {one["correlation_id"] for one in entries}
    assert correlation_id
    outbox = [one for one in stage.items("incidents") if one["SK"]["S"].startswith("OUT#")]
    assert {one["correlation_id"]["S"] for one in outbox} == {correlation_id}


def test_a_message_that_is_no_alarm_is_kept_as_a_dead_letter_and_opens_nothing(
    stage: Deployed, inbox: Expectations
) -> None:
    stage.clients.sns.publish(
        TopicArn=stage.outputs["alarm_topic_arn"], Message=json.dumps({"hello": "there"})
    )
    failed = stage.outputs["queues"]["alarms"]

    def waiting() -> int:
        found = stage.clients.sqs.get_queue_attributes(
            QueueUrl=failed, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
        )
        return int(found["Attributes"]["ApproximateNumberOfMessagesNotVisible"])

    assert eventually(waiting, lambda seen: seen == 1) == 1
    assert stage.items("incidents") == []
    inbox.nothing_more()
    stage.clients.sqs.purge_queue(QueueUrl=failed)


def test_unsigned_and_foreign_requests_are_refused_at_the_door(stage: Deployed) -> None:
    nobody = ApiClient(
        stage.outputs["api_url"], stage.outputs["region"], Credentials("AKIAUNKNOWN", "x")
    )
    root = ApiClient(stage.outputs["api_url"], stage.outputs["region"], Credentials("test", "test"))

    with pytest.raises(RemoteError) as unknown:
        nobody.get("/v1/incidents")
    with pytest.raises(RemoteError) as no_person:
        root.get("/v1/incidents")

    assert unknown.value.http_status == 403
    assert (no_person.value.http_status, no_person.value.answered) == (403, "not_allowed")


def test_incident_time_is_moved_for_every_function_at_once(
    stage: Deployed, inbox: Expectations, alarm: Alarm
) -> None:
    reading, _ = stage.advance(timedelta(hours=4))

    alarm.goes("ALARM")
    inbox.expect(("opened", "stakeholders"), *pages(*PRIMARIES))
    commander = Responder(stage, "commander-primary")

    opened = instant(commander.board()[0]["opened_at"])
    assert reading.incident <= opened < reading.incident + timedelta(minutes=1)
    assert opened - datetime.now(UTC) > timedelta(hours=3, minutes=58)
