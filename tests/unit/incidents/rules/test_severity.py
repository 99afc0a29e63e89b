"""Rows R1 to R6: what raising and lowering do to every promise. t0 is Tue 09-08 10:00."""

from __future__ import annotations

import pytest

from tests.harness.worlds.stories import (
    ANA,
    BO,
    CLOUDWATCH,
    COMMANDER,
    SAM,
    SECURITY,
    VIEWER,
    Story,
    make,
    signal,
)
from tocsin.errors import (
    GroupRequired,
    IllegalTransition,
    MissingReason,
    SecondPersonRequired,
)
from tocsin.incidents.commands.opening import MergeSignals, OpenFromSignals
from tocsin.incidents.commands.severity import ChangeSeverity
from tocsin.incidents.vocabulary import (
    Attainment,
    Category,
    ClockName,
    Group,
    MessageKind,
    Severity,
)

ACK, CONTAIN, FIX = ClockName
T0 = "09-08 10:00"


def told(severity: Severity, **changes: Category) -> Story:
    return Story().open(T0, severity, **changes)


def severity_of(story: Story) -> Severity:
    return story.incident.severity


def recovery(story: Story, name: ClockName) -> str:
    due = story.clock(name).recovery_due
    return "-" if due is None else f"{due.astimezone(story.zone):%m-%d %H:%M}"


def round_due(story: Story) -> str:
    return f"{story.round.due_at.astimezone(story.zone):%m-%d %H:%M}"


def test_r1_an_unacknowledged_high_raised_to_critical_shortens_the_open_round() -> None:
    story = told(Severity.HIGH)
    assert story.facts(ACK) == ("09-08 11:00", Attainment.RUNNING)

    story.severity("09-08 10:30", Severity.CRITICAL)

    assert story.facts(ACK) == ("09-08 10:45", Attainment.RUNNING)
    assert story.facts(CONTAIN) == ("09-08 14:00", Attainment.RUNNING)
    assert story.facts(FIX) == ("09-09 10:00", Attainment.RUNNING)
    assert story.round.number == 1


def test_r2_an_acknowledged_high_raised_late_asks_again_and_is_late_not_missed() -> None:
    story = told(Severity.HIGH)
    story.acknowledge("09-08 10:20")
    story.note("09-08 12:00")
    story.note("09-08 14:00")

    story.severity("09-08 15:00", Severity.CRITICAL)

    assert (story.round.number, round_due(story)) == (2, "09-08 15:15")
    assert story.facts(ACK) == ("09-08 11:00", Attainment.MET)
    assert story.facts(CONTAIN) == ("09-08 14:00", Attainment.LATE_ON_RAISE)
    assert recovery(story, CONTAIN) == "09-08 19:00"
    assert story.facts(FIX) == ("09-09 10:00", Attainment.RUNNING)


def test_r3_a_medium_raised_to_high_on_the_second_day() -> None:
    story = told(Severity.MEDIUM)
    story.acknowledge("09-08 12:00")

    story.severity("09-09 16:00", Severity.HIGH)

    # one business day without a word (Tue 12:00 to Wed 12:00) has opened round 2 before the raise
    assert round_due(story) == "09-09 17:00"
    assert story.facts(CONTAIN) == ("09-09 10:00", Attainment.LATE_ON_RAISE)
    assert recovery(story, CONTAIN) == "09-10 16:00"
    assert story.facts(FIX) == ("09-11 10:00", Attainment.RUNNING)


def test_r3_a_medium_whose_responder_kept_talking_gets_round_two_from_the_raise() -> None:
    story = told(Severity.MEDIUM)
    story.acknowledge("09-08 12:00")
    story.note("09-09 11:00")

    story.severity("09-09 16:00", Severity.HIGH)

    assert (story.round.number, round_due(story)) == (2, "09-09 17:00")


def test_r4_a_critical_lowered_to_medium_and_raised_again_ends_as_one_raise_would() -> None:
    story = told(Severity.CRITICAL)
    story.acknowledge("09-08 10:05")
    for at in ("10:30", "11:00", "11:30"):
        story.note(f"09-08 {at}")

    story.lower("09-08 12:00", Severity.MEDIUM)
    assert story.facts(CONTAIN) == ("09-11 10:00", Attainment.RUNNING)
    assert story.facts(FIX) == ("09-22 10:00", Attainment.RUNNING)

    story.severity("09-08 13:00", Severity.CRITICAL)
    assert story.facts(CONTAIN) == ("09-08 14:00", Attainment.RUNNING)
    assert story.facts(FIX) == ("09-09 10:00", Attainment.RUNNING)


def test_r5_a_breach_recorded_before_the_lowering_stays_missed() -> None:
    story = told(Severity.CRITICAL)
    story.acknowledge("09-08 10:05")
    story.sweep_until("09-08 14:20")

    story.lower("09-08 14:30", Severity.MEDIUM)

    assert story.facts(CONTAIN) == ("09-11 10:00", Attainment.MISSED)
    assert story.clock(CONTAIN).missed_at == story.at("09-08 14:00")


def test_r5_the_working_due_time_still_reminds_those_in_charge() -> None:
    story = told(Severity.CRITICAL)
    story.lower("09-08 14:30", Severity.MEDIUM)
    before = len(story.sent(MessageKind.REMINDER))

    story.sweep_until("09-11 10:01")

    reminded = [target for _, _, target in story.sent(MessageKind.REMINDER)][before:]
    assert "person:engineering-lead" in reminded
    assert story.types().count("deadline_passed") == 1


def test_raising_without_a_word_pages_the_primaries_again_at_once() -> None:
    story = told(Severity.HIGH)
    story.sent()

    events = story.severity("09-08 10:30", Severity.CRITICAL)

    assert [event.type for event in events] == ["severity_changed", "paged"]
    assert story.round.next_step == 1


def test_a_raise_to_medium_asks_nobody_to_acknowledge_again() -> None:
    story = told(Severity.LOW)
    story.acknowledge("09-08 10:20")

    events = story.severity("09-08 11:00", Severity.MEDIUM)

    assert [event.type for event in events] == ["severity_changed"]
    assert story.round.number == 1


def test_a_late_raise_sends_one_page_each_and_no_breach() -> None:
    story = told(Severity.HIGH)
    story.acknowledge("09-08 10:20")
    story.note("09-08 12:00")
    story.note("09-08 14:00")
    before = len(story.outbox)

    story.severity("09-08 15:00", Severity.CRITICAL)

    sent = story.sent()[before:]
    assert {kind for _, kind, _ in sent} == {"page"}
    assert len({target for _, _, target in sent}) == len(sent)


def test_the_recovery_deadline_is_reminded_of_once() -> None:
    story = told(Severity.HIGH)
    story.acknowledge("09-08 10:20")
    story.note("09-08 12:00")
    story.note("09-08 14:00")
    story.severity("09-08 15:00", Severity.CRITICAL)

    story.sweep_until("09-08 23:00")

    assert story.types().count("deadline_passed") == 1
    assert story.clock(CONTAIN).attainment is Attainment.LATE_ON_RAISE


def test_lowering_from_critical_waits_for_the_second_person() -> None:
    story = told(Severity.CRITICAL)

    story.severity("09-08 10:10", Severity.HIGH, BO, COMMANDER)
    assert severity_of(story) is Severity.CRITICAL
    with pytest.raises(SecondPersonRequired):
        story.severity("09-08 10:11", Severity.HIGH, BO, COMMANDER | SECURITY)
    story.severity("09-08 10:12", Severity.HIGH, SAM, SECURITY)

    assert severity_of(story) is Severity.HIGH


def test_the_second_person_has_to_want_the_same_severity() -> None:
    story = told(Severity.CRITICAL)
    story.severity("09-08 10:10", Severity.HIGH, BO, COMMANDER)

    story.severity("09-08 10:12", Severity.LOW, SAM, SECURITY)

    assert severity_of(story) is Severity.CRITICAL


def test_a_security_incident_is_lowered_by_two_whatever_its_severity() -> None:
    story = told(Severity.MEDIUM, category=Category.SECURITY)

    story.severity("09-08 10:10", Severity.LOW, BO, COMMANDER)
    assert severity_of(story) is Severity.MEDIUM
    story.severity("09-08 10:12", Severity.LOW, SAM, SECURITY)

    assert severity_of(story) is Severity.LOW


def test_a_high_production_incident_is_lowered_by_the_commander_alone() -> None:
    story = told(Severity.HIGH)

    story.severity("09-08 10:10", Severity.MEDIUM, BO, COMMANDER)

    assert severity_of(story) is Severity.MEDIUM


@pytest.mark.parametrize("groups", [VIEWER, frozenset(), frozenset({*SECURITY})])
def test_others_do_not_lower_a_high_production_incident(groups: frozenset[Group]) -> None:
    story = told(Severity.HIGH)

    with pytest.raises(GroupRequired):
        story.severity("09-08 10:10", Severity.MEDIUM, BO, groups)


def test_a_lowering_needs_a_reason() -> None:
    story = told(Severity.HIGH)
    command = make(ChangeSeverity, BO, groups=COMMANDER, severity=Severity.LOW, reason="   ")

    with pytest.raises(MissingReason):
        story.do("09-08 10:10", command)


def test_the_severity_it_has_already_is_refused() -> None:
    with pytest.raises(IllegalTransition):
        told(Severity.HIGH).severity("09-08 10:10", Severity.HIGH)


def test_lowering_an_open_round_recounts_it_and_pages_nobody() -> None:
    story = told(Severity.CRITICAL)
    before = len(story.sent(MessageKind.PAGE))

    story.lower("09-08 10:04", Severity.HIGH)

    assert round_due(story) == "09-08 11:00"
    assert len(story.sent(MessageKind.PAGE)) == before
    assert story.round.next_step == 1
    story.sweep_until("09-08 10:15")
    assert story.types()[-1] == "paged"


def test_the_acting_commander_is_whoever_acknowledged() -> None:
    story = told(Severity.HIGH)
    story.acknowledge("09-08 10:10", ANA)

    story.severity("09-08 10:20", Severity.MEDIUM, ANA)

    assert severity_of(story) is Severity.MEDIUM


def test_a_signal_that_newly_asks_for_more_raises() -> None:
    story = Story()
    at = story.at(T0)
    opening = make(OpenFromSignals, CLOUDWATCH, signals=(signal(at),))
    story.do(at, opening)
    assert severity_of(story) is Severity.HIGH
    worse = signal(story.at("09-08 10:05"), rule="total-outage", id="worse")

    story.do("09-08 10:05", make(MergeSignals, CLOUDWATCH, signals=(worse,)))

    assert severity_of(story) is Severity.CRITICAL


def test_a_repeat_of_a_known_signal_does_not_undo_a_lowering() -> None:
    story = Story()
    at = story.at(T0)
    story.do(at, make(OpenFromSignals, CLOUDWATCH, signals=(signal(at),)))
    story.severity("09-08 10:02", Severity.MEDIUM, BO, COMMANDER)
    again = signal(story.at("09-08 10:05"))

    story.do("09-08 10:05", make(MergeSignals, CLOUDWATCH, signals=(again,)))

    assert severity_of(story) is Severity.MEDIUM
