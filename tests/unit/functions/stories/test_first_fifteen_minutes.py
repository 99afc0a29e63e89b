"""An alarm, and the people it reaches: exactly these messages, at exactly these times."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.harness.fakes.time import START
from tocsin.incidents.model.outbox import STAKEHOLDERS
from tocsin.incidents.timeline.entry import format_time
from tocsin.incidents.vocabulary import ClockName, State

if TYPE_CHECKING:
    from tests.harness.worlds.world import World
    from tocsin.incidents.model.incident import Incident

PRIMARY = ("commander-primary", "mitigation-primary")
BACKUP = ("engineering-lead", "senior-engineer")
EVERYBODY = (
    *PRIMARY,
    *BACKUP,
    "communications-primary",
    "product-manager",
    "security-primary",
    "security-reviewer",
)


def alarmed(world: World, name: str = "api-outage") -> Incident:
    """A critical production incident whose first messages were read."""
    incident = world.alarm(name)
    assert incident is not None
    world.expect("page", *PRIMARY, at="10:00")
    world.expect("opened", STAKEHOLDERS, at="10:00")
    return incident


def breaches(world: World, incident: Incident) -> list[tuple[str, str, str]]:
    """Clock, due time and time of recording of every recorded breach."""
    return [
        (
            str(entry.content["clock"]),
            str(entry.content["due_at"]),
            format_time(entry.recorded_at),
        )
        for entry in world.timeline(incident)
        if entry.type == "clock_breached"
    ]


def test_an_alarm_pages_each_responder_once_and_mails_stakeholders(world: World) -> None:
    incident = alarmed(world)
    assert (incident.severity, incident.category) == ("critical", "production")
    assert incident.opened_at == START


def test_a_page_says_until_when_to_acknowledge(world: World) -> None:
    incident = world.alarm()
    assert incident is not None
    world.expect("page", *PRIMARY, subject="[CRITICAL] INC-1 api-outage - ACK by 10:15 EDT")
    world.expect("opened", STAKEHOLDERS)


def test_the_same_alarm_again_pages_nobody(world: World) -> None:
    incident = alarmed(world)
    again = world.alarm("api-outage")
    world.jump(1)
    flapping = world.alarm("api-outage")
    assert again is not None
    assert flapping is not None
    assert incident.id == again.id == flapping.id
    assert (again.version, flapping.version) == (incident.version, incident.version + 1)


def test_after_five_minutes_the_backups_are_paged_too(world: World) -> None:
    alarmed(world)
    world.advance(4)
    world.inbox.expect_nothing_more()
    world.advance(1)
    world.expect("page", *PRIMARY, *BACKUP, at="10:05")


def test_nobody_answers_for_fifteen_minutes(world: World) -> None:
    incident = alarmed(world)
    world.advance(15)
    world.expect("page", *PRIMARY, *BACKUP, at="10:05")
    world.expect("page", *PRIMARY, *BACKUP, at="10:10")
    world.expect("page", *EVERYBODY, at="10:15")
    due = format_time(START + timedelta(minutes=15))
    assert breaches(world, incident) == []
    world.advance(1)
    recorded = format_time(START + timedelta(minutes=16))
    assert breaches(world, incident) == [("acknowledge", due, recorded)]


@pytest.mark.parametrize("late_by", [1, 7, 60])
def test_a_breach_has_its_due_time_however_late_the_sweep_is(world: World, late_by: int) -> None:
    incident = alarmed(world)
    world.jump(15 + late_by)
    due = format_time(START + timedelta(minutes=15))
    recorded = format_time(START + timedelta(minutes=15 + late_by))
    assert breaches(world, incident) == [("acknowledge", due, recorded)]
    world.expect("page", *EVERYBODY)


def test_a_jump_of_hours_pages_each_person_once(world: World) -> None:
    alarmed(world)
    world.jump(3 * 60)
    world.expect("page", *EVERYBODY, at="13:00")


def test_an_acknowledgement_stops_the_paging(world: World) -> None:
    incident = alarmed(world)
    world.advance(4)
    world.acknowledge(incident, "mitigation-primary")
    world.advance(24)
    after = world.store.load(incident.id)
    assert after is not None
    assert after.state is State.ACKNOWLEDGED
    assert after.commander == "mitigation-primary"
    assert breaches(world, incident) == []


def test_an_acknowledgement_at_the_due_time_is_in_time(world: World) -> None:
    incident = alarmed(world)
    world.jump(15, sweep=False)
    world.acknowledge(incident, "commander-primary")
    world.sweep()
    assert breaches(world, incident) == []


def test_a_late_acknowledgement_before_a_late_sweep_records_the_breach_first(
    world: World,
) -> None:
    incident = alarmed(world)
    world.jump(21, sweep=False)
    world.acknowledge(incident, "commander-primary")
    world.sweep()
    due = format_time(START + timedelta(minutes=15))
    at = format_time(START + timedelta(minutes=21))
    assert breaches(world, incident) == [("acknowledge", due, at)]
    types = [entry.type for entry in world.timeline(incident)]
    assert types.index("clock_breached") < types.index("acknowledged")


def test_an_acknowledged_incident_that_is_forgotten_pages_again(world: World) -> None:
    incident = alarmed(world)
    world.acknowledge(incident, "commander-primary")
    world.advance(29)
    world.inbox.expect_nothing_more()
    world.advance(2)
    world.expect("page", *PRIMARY, at="10:31")


def test_a_severity_that_does_not_page_sends_mail(world: World) -> None:
    world.alarm("webhook-backlog")
    opened = world.inbox.all
    assert {received.message.attributes["urgency"] for received in opened} == {"mail"}
    world.expect("opened", *PRIMARY, STAKEHOLDERS)


def test_an_alarm_that_clears_leaves_the_incident_open_for_people(world: World) -> None:
    incident = alarmed(world)
    world.jump(1, sweep=False)
    world.alarm("api-outage", state="OK")
    after = world.store.load(incident.id)
    assert after is not None
    assert (after.open, after.firing) == (True, False)


def test_a_clear_with_nothing_open_opens_nothing(world: World) -> None:
    assert world.alarm("api-outage", state="OK") is None


def test_a_drill_says_so_in_every_message_and_has_its_own_id(world: World) -> None:
    incident = world.alarm("[DRILL] api-outage")
    assert incident is not None
    assert incident.id.startswith("DRL-")
    assert all(received.message.subject.startswith("[DRILL] ") for received in world.inbox.all)
    world.expect("page", *PRIMARY)
    world.expect("opened", STAKEHOLDERS)


def test_a_real_alarm_never_joins_a_drill(world: World) -> None:
    drill = world.alarm("[DRILL] api-outage")
    world.jump(1, sweep=False)
    world.alarm("api-outage")
    ids = {line.id for line in world.application.store.board().items}
    assert drill is not None
    assert {each[:4] for each in ids} == {"DRL-", "INC-"}
    world.expect("page", *PRIMARY, *PRIMARY)
    world.expect("opened", STAKEHOLDERS, STAKEHOLDERS)


def test_the_contain_clock_runs_on_after_the_acknowledgement(world: World) -> None:
    incident = alarmed(world)
    world.acknowledge(incident, "commander-primary")
    after = world.store.load(incident.id)
    assert after is not None
    assert not after.clocks[ClockName.ACKNOWLEDGE].running
    assert after.clocks[ClockName.CONTAIN].due_at == START + timedelta(hours=4)


def test_one_correlation_id_leads_from_the_alarm_to_every_message(world: World) -> None:
    incident = alarmed(world)
    sent = [line for line in world.logged if line["message"] == "message.sent"]
    received = [line for line in world.logged if line["message"] == "signal.received"]
    assert {line["correlation_id"] for line in sent} == {incident.correlation_id}
    assert [line["signal_correlation_id"] for line in received] == [incident.correlation_id]


def test_nobody_is_named_in_the_log(world: World) -> None:
    alarmed(world)
    world.advance(5)
    world.expect("page", *PRIMARY, *BACKUP)
    for person in EVERYBODY:
        assert person not in world.log.getvalue()
