"""Who can say "I have it", what it stops, and when people are asked again (semantics 3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.harness.worlds.stories import (
    ANA,
    BO,
    CLOUDWATCH,
    COMMANDER,
    SECURITY,
    SWEEP,
    VIEWER,
    Story,
    make,
    person,
    signal,
)
from tocsin.errors import (
    BadInput,
    GroupRequired,
    IllegalTransition,
    PersonRequired,
    StaleIfMatch,
    StaleRound,
    UnknownIncident,
)
from tocsin.incidents.commands.opening import MergeSignals, OpenFromSignals
from tocsin.incidents.commands.people import Acknowledge, Answer, AssignRole, HandOver
from tocsin.incidents.commands.record import AddNote
from tocsin.incidents.events.people import Acknowledged
from tocsin.incidents.model.incident import RoundReason
from tocsin.incidents.rules.decide import decide
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import (
    ActorKind,
    Attainment,
    ClockName,
    Group,
    Kind,
    Role,
    Severity,
    State,
)

ACK = ClockName.ACKNOWLEDGE
T0 = "09-08 10:00"


def told(severity: Severity = Severity.CRITICAL) -> Story:
    return Story().open(T0, severity)


def test_the_acknowledger_is_named_and_becomes_acting_commander() -> None:
    story = told()

    story.acknowledge("09-08 10:04", BO)

    assert story.round.acknowledged_by == "bo"
    assert story.incident.commander == "bo"
    assert story.incident.state is State.ACKNOWLEDGED
    assert story.facts(ACK) == ("09-08 10:15", Attainment.MET)


def test_a_commander_who_is_there_stays_commander() -> None:
    story = told()
    story.do("09-08 10:01", make(AssignRole, ANA, role=Role.INCIDENT_COMMANDER, person="cy"))

    story.acknowledge("09-08 10:04", BO)

    assert story.incident.commander == "cy"


def test_acknowledging_at_the_due_time_is_met() -> None:
    story = told()

    story.acknowledge("09-08 10:15")

    assert story.clock(ACK).attainment is Attainment.MET
    assert "clock_breached" not in story.types()


def test_acknowledging_a_moment_later_is_missed_and_says_when_it_was_due() -> None:
    story = told()
    late = story.at("09-08 10:15") + timedelta(milliseconds=1)

    events = story.do(late, make(Acknowledge, ANA))

    assert [event.type for event in events] == ["clock_breached", "acknowledged"]
    assert story.clock(ACK).attainment is Attainment.MISSED
    assert story.clock(ACK).missed_at == story.at("09-08 10:15")


@pytest.mark.parametrize("kind", [ActorKind.RULE, ActorKind.SYSTEM, ActorKind.SOURCE])
def test_no_rule_robot_or_source_acknowledges(kind: ActorKind) -> None:
    story = told()

    with pytest.raises(PersonRequired):
        story.do("09-08 10:01", make(Acknowledge, Actor(kind, "bot")))


@pytest.mark.parametrize("groups", [VIEWER, frozenset()])
def test_no_viewer_acknowledges(groups: frozenset[Group]) -> None:
    story = told()

    with pytest.raises(GroupRequired):
        story.do("09-08 10:01", make(Acknowledge, ANA, groups=groups))


@pytest.mark.parametrize("groups", [COMMANDER, SECURITY])
def test_commanders_and_security_members_acknowledge(groups: frozenset[Group]) -> None:
    story = told()

    story.do("09-08 10:01", make(Acknowledge, BO, groups=groups))

    assert story.round.acknowledged_by == "bo"


def test_a_clear_signal_acknowledges_nothing() -> None:
    story = Story()
    at = story.at(T0)
    story.do(at, make(OpenFromSignals, CLOUDWATCH, signals=(signal(at),)))
    clear = signal(story.at("09-08 10:03"), firing=False)

    story.do("09-08 10:03", make(MergeSignals, CLOUDWATCH, signals=(clear,)))

    assert story.round.open
    assert not story.incident.firing
    assert story.incident.open


def test_a_second_acknowledgement_of_the_same_round_changes_nothing() -> None:
    story = told()
    story.acknowledge("09-08 10:04", ANA)

    assert story.acknowledge("09-08 10:05", BO) == ()
    assert story.round.acknowledged_by == "ana"


def test_a_link_of_an_earlier_round_is_refused() -> None:
    story = told(Severity.HIGH)
    story.acknowledge("09-08 10:10")
    story.severity("09-08 10:30", Severity.CRITICAL)

    with pytest.raises(StaleRound):
        story.do("09-08 10:31", make(Acknowledge, BO, round=1))
    story.do("09-08 10:31", make(Acknowledge, BO, round=2))

    assert story.round.acknowledged_by == "bo"


def test_silence_after_acknowledging_asks_again_from_the_moment_it_timed_out() -> None:
    story = told()
    story.acknowledge("09-08 10:04")

    story.sweep_until("09-08 10:40")

    assert story.round.number == 2
    assert story.round.reason is RoundReason.TIMEOUT
    assert story.round.started_at == story.at("09-08 10:34")
    assert story.round.due_at == story.at("09-08 10:49")
    assert story.clock(ACK).attainment is Attainment.MET


def test_a_note_by_a_person_starts_the_silence_again() -> None:
    story = told()
    story.acknowledge("09-08 10:04")
    story.note("09-08 10:30", BO)

    story.sweep_until("09-08 10:59")

    assert story.round.number == 1


def test_a_note_at_the_last_moment_is_in_time() -> None:
    story = told()
    story.acknowledge("09-08 10:04")

    story.note("09-08 10:34")

    assert story.round.number == 1


def test_a_note_after_the_silence_finds_the_new_round_recorded_first() -> None:
    story = told()
    story.acknowledge("09-08 10:04")

    events = story.note("09-08 10:36")

    assert [event.type for event in events] == ["update_missed", "round_started", "note_added"]
    assert story.round.open


def test_a_later_round_missed_is_recorded_and_leaves_the_first_as_it_was() -> None:
    story = told()
    story.acknowledge("09-08 10:04")

    story.sweep_until("09-08 10:50")

    assert story.round.missed_at == story.at("09-08 10:49")
    assert story.clock(ACK).attainment is Attainment.MET


@pytest.mark.parametrize(
    ("severity", "acknowledged", "asked_again"),
    [
        (Severity.CRITICAL, "09-08 10:05", "09-08 10:35"),
        (Severity.HIGH, "09-08 10:05", "09-08 12:05"),
        (Severity.MEDIUM, "09-08 10:05", "09-09 10:05"),
    ],
)
def test_silence_is_as_long_as_the_severity_allows(
    severity: Severity, acknowledged: str, asked_again: str
) -> None:
    story = told(severity)
    story.acknowledge(acknowledged)

    story.sweep_until("09-09 10:10")

    rounds = [entry for entry in story.entries if entry.type == "round_started"]
    assert rounds[0].occurred_at == story.at(asked_again)


def test_a_low_incident_is_never_asked_about_again() -> None:
    story = told(Severity.LOW)
    story.acknowledge("09-08 10:05")

    story.sweep_until("09-20 10:00")

    assert story.round.number == 1


def test_who_may_look_may_not_write() -> None:
    with pytest.raises(GroupRequired):
        told().do("09-08 10:01", make(AddNote, BO, groups=VIEWER, text="hello"))


def test_a_version_somebody_else_moved_on_from_is_refused() -> None:
    story = told()
    seen = story.incident.version
    story.note("09-08 10:01")

    with pytest.raises(StaleIfMatch):
        story.do("09-08 10:02", make(Acknowledge, BO, if_match=seen))
    story.do("09-08 10:02", make(Acknowledge, BO, if_match=story.incident.version))

    assert not story.round.open


def test_a_claim_about_the_future_is_refused() -> None:
    story = told()

    with pytest.raises(BadInput):
        story.do("09-08 10:01", make(Acknowledge, BO, occurred_at=story.at("09-08 10:02")))


def test_a_late_entry_keeps_its_own_time_apart_and_stops_the_clock_when_recorded() -> None:
    story = told()

    story.do("09-08 10:16", make(Acknowledge, BO, occurred_at=story.at("09-08 10:14")))

    assert story.entries[-1].occurred_at == story.at("09-08 10:14")
    assert story.entries[-1].recorded_at == story.at("09-08 10:16")
    assert story.clock(ACK).attainment is Attainment.MISSED


def test_entry_times_never_go_backwards() -> None:
    story = told()
    story.note("09-08 10:05")

    story.note("09-08 10:03")

    assert story.entries[-1].recorded_at == story.at("09-08 10:05")


def test_an_incident_that_does_not_exist_cannot_be_acknowledged() -> None:
    story = Story()

    with pytest.raises(UnknownIncident):
        decide(None, make(Acknowledge, ANA), story.policy, story.at(T0))


def test_an_incident_that_exists_cannot_be_opened() -> None:
    with pytest.raises(IllegalTransition):
        told().open("09-08 10:01", Severity.LOW)


def test_handing_a_role_over_names_the_one_before() -> None:
    story = told()
    story.acknowledge("09-08 10:04", ANA)

    story.do(
        "09-08 10:30",
        make(HandOver, ANA, role=Role.INCIDENT_COMMANDER, person="cy", briefing="db is slow"),
    )

    assert story.incident.commander == "ana", "until cy takes it"
    story.do("09-08 10:31", make(Answer, person("cy"), on_it=True))

    assert story.incident.commander == "cy"
    assert story.entries[-1].content["previous"] == "ana"


def test_a_role_is_not_taken_from_its_holder() -> None:
    story = told()
    story.acknowledge("09-08 10:04", ANA)
    grab = make(AssignRole, BO, role=Role.INCIDENT_COMMANDER, person="bo")

    with pytest.raises(GroupRequired):
        story.do("09-08 10:30", grab)
    with pytest.raises(GroupRequired):
        story.do("09-08 10:30", make(HandOver, BO, role=Role.INCIDENT_COMMANDER, person="bo"))


def test_a_backfilled_incident_has_no_clocks_and_wakes_nobody() -> None:
    story = Story()

    story.open(T0, Severity.CRITICAL, kind=Kind.BACKFILLED, groups=COMMANDER)

    assert story.incident.clocks == {}
    assert story.outbox == []
    assert story.tick("09-30 10:00") == ()


def test_only_a_commander_backfills() -> None:
    with pytest.raises(GroupRequired):
        Story().open(T0, Severity.CRITICAL, kind=Kind.BACKFILLED)


def test_a_report_counts_from_when_it_was_received() -> None:
    story = Story()

    story.open(T0, Severity.CRITICAL, received_at=story.at("09-08 09:30"))

    assert story.incident.opened_at == story.at("09-08 09:30")
    assert story.facts(ACK)[0] == "09-08 09:45"
    story.tick(T0)
    assert story.clock(ACK).attainment is Attainment.MISSED


def test_a_report_from_the_future_is_refused() -> None:
    story = Story()

    with pytest.raises(BadInput):
        story.open(T0, Severity.CRITICAL, received_at=story.at("09-08 10:01"))


def test_a_tick_is_no_sign_of_a_person() -> None:
    story = told()
    story.acknowledge("09-08 10:04")

    story.tick("09-08 10:20")
    story.sweep_until("09-08 10:40")

    assert story.round.number == 2


def test_acknowledging_twice_through_the_engine_gives_one_entry() -> None:
    story = told()
    story.acknowledge("09-08 10:04")
    story.acknowledge("09-08 10:04")

    assert sum(isinstance(event, Acknowledged) for event in story.events) == 1


def test_the_sweep_itself_never_acknowledges() -> None:
    with pytest.raises(PersonRequired):
        told().do("09-08 10:01", make(Acknowledge, SWEEP))
