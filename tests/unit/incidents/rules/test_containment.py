"""Containment in three parts, by somebody else, and lost again (semantics 5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.worlds.stories import (
    ANA,
    BO,
    CLOUDWATCH,
    EVERYTHING,
    MINUTE,
    SAM,
    SECURITY,
    Story,
    make,
    signal,
)
from tocsin.errors import BadInput, GroupRequired, IllegalTransition, MissingReason, NotVerifiable
from tocsin.incidents.commands.containment import (
    FinishAction,
    LoseContainment,
    NameFixAsContainment,
    Observe,
    PlanAction,
    UndoAction,
    VerifyContainment,
    WithdrawAction,
)
from tocsin.incidents.commands.opening import MergeSignals, OpenFromSignals
from tocsin.incidents.model.parts import Check, Verdict
from tocsin.incidents.queries.containment import missing_for_verification
from tocsin.incidents.vocabulary import (
    Attainment,
    Category,
    ClockName,
    MessageKind,
    Severity,
    State,
)

T0 = "09-08 10:00"
CONTAIN = ClockName.CONTAIN


def told(severity: Severity = Severity.CRITICAL, **changes: Any) -> Story:
    story = Story().open(T0, severity, **changes)
    story.acknowledge("09-08 10:05")
    return story


def planned(story: Story, name: str = "rollback") -> None:
    story.do("09-08 10:10", make(PlanAction, ANA, action=name, text="roll back"))


def verify(story: Story, at: str, who: Any = BO, **fields: Any) -> None:
    story.do(at, make(VerifyContainment, who, **fields))


def test_verified_containment_stops_the_clock_at_its_entry_and_is_never_backdated() -> None:
    story = told()
    planned(story)
    story.do("09-08 10:20", make(FinishAction, ANA, action="rollback"))
    story.look("09-08 10:25")

    verify(story, "09-08 11:00", effective_at=story.at("09-08 10:20"))

    assert story.clock(CONTAIN).stopped_at == story.at("09-08 11:00")
    assert story.incident.containment.effective_at == story.at("09-08 10:20")
    assert story.facts(CONTAIN) == ("09-08 14:00", Attainment.MET)
    assert story.incident.state is State.CONTAINED


def test_critical_lost_at_12_00_keeps_its_due_time_and_verified_13_30_is_met() -> None:
    story = told()
    story.contain("09-08 10:58")
    assert story.clock(CONTAIN).stopped_at == story.at("09-08 11:00")
    story.do("09-08 12:00", make(LoseContainment, ANA, reason="errors are back"))
    assert story.facts(CONTAIN) == ("09-08 14:00", Attainment.RUNNING)
    assert story.incident.state is State.ACKNOWLEDGED

    story.contain("09-08 13:28")

    assert story.facts(CONTAIN) == ("09-08 14:00", Attainment.MET)


def test_critical_lost_at_12_00_verified_14_30_is_missed_at_14_00() -> None:
    story = told()
    story.contain("09-08 10:58")
    story.do("09-08 12:00", make(LoseContainment, ANA, reason="errors are back"))

    story.contain("09-08 14:28")

    assert story.facts(CONTAIN)[1] is Attainment.MISSED
    assert story.clock(CONTAIN).missed_at == story.at("09-08 14:00")


def test_every_part_is_missing_at_first() -> None:
    story = told()
    planned(story)

    assert missing_for_verification(story.incident) == (
        "actions_settled",
        "action_done",
        "logs",
        "smoke_test",
        "targeted_check",
    )
    with pytest.raises(NotVerifiable):
        verify(story, "09-08 10:30")


def test_withdrawing_everything_contains_nothing() -> None:
    story = told()
    planned(story)
    story.do("09-08 10:20", make(WithdrawAction, ANA, action="rollback", reason="too risky"))
    story.look("09-08 10:25")

    assert missing_for_verification(story.incident) == ("action_done",)


def test_withdrawing_needs_a_reason() -> None:
    story = told()
    planned(story)

    with pytest.raises(MissingReason):
        story.do("09-08 10:20", make(WithdrawAction, ANA, action="rollback", reason=" "))


def test_a_look_from_before_the_last_action_proves_nothing() -> None:
    story = told()
    planned(story)
    story.look("09-08 10:15")
    story.do("09-08 10:20", make(FinishAction, ANA, action="rollback"))

    assert missing_for_verification(story.incident) == ("logs", "smoke_test", "targeted_check")


def test_a_look_at_the_very_moment_of_the_action_proves_nothing_either() -> None:
    story = told()
    planned(story)
    story.do("09-08 10:20", make(FinishAction, ANA, action="rollback"))
    story.look("09-08 10:20")

    assert len(missing_for_verification(story.incident)) == 3


def test_a_look_claimed_for_before_the_loss_proves_nothing() -> None:
    story = told()
    story.contain("09-08 10:58")
    story.do("09-08 12:00", make(LoseContainment, ANA, reason="errors are back"))
    early = make(
        Observe,
        ANA,
        check=Check.LOGS,
        verdict=Verdict.PASSED,
        detail="log search",
        occurred_at=story.at("09-08 11:30"),
    )
    story.do("09-08 12:05", early)

    assert "logs" in missing_for_verification(story.incident)


def test_a_failed_look_keeps_it_open_until_one_passes() -> None:
    story = told()
    planned(story)
    story.do("09-08 10:20", make(FinishAction, ANA, action="rollback"))
    story.look("09-08 10:25", Verdict.FAILED)
    assert len(missing_for_verification(story.incident)) == 3

    story.look("09-08 10:30", Verdict.NOT_APPLICABLE)

    assert missing_for_verification(story.incident) == ()


def test_a_look_says_what_was_looked_at() -> None:
    story = told()
    command = make(Observe, ANA, check=Check.LOGS, verdict=Verdict.PASSED, detail="")

    with pytest.raises(BadInput):
        story.do("09-08 10:25", command)


def test_a_firing_signal_keeps_it_open() -> None:
    story = Story()
    at = story.at(T0)
    story.do(at, make(OpenFromSignals, CLOUDWATCH, signals=(signal(at),)))
    planned(story)
    story.do("09-08 10:20", make(FinishAction, ANA, action="rollback"))
    story.look("09-08 10:25")
    assert missing_for_verification(story.incident) == ("signals_clear",)

    clear = signal(story.at("09-08 10:26"), firing=False)
    story.do("09-08 10:26", make(MergeSignals, CLOUDWATCH, signals=(clear,)))

    assert missing_for_verification(story.incident) == ()


@pytest.mark.parametrize("severity", [Severity.CRITICAL, Severity.HIGH])
def test_who_executed_a_critical_or_high_does_not_verify_it(severity: Severity) -> None:
    story = told(severity)
    planned(story)
    story.do("09-08 10:20", make(FinishAction, ANA, action="rollback"))
    story.look("09-08 10:25")

    with pytest.raises(GroupRequired):
        verify(story, "09-08 10:30", ANA, groups=EVERYTHING)
    verify(story, "09-08 10:30", BO)


@pytest.mark.parametrize("severity", [Severity.MEDIUM, Severity.LOW])
def test_who_executed_a_medium_or_low_may_verify_it(severity: Severity) -> None:
    story = told(severity)

    story.contain("09-08 10:20", by=ANA, verifier=ANA)

    assert story.incident.contained


def test_a_security_incident_is_verified_by_the_security_owner() -> None:
    story = told(Severity.MEDIUM, category=Category.SECURITY)
    planned(story)
    story.do("09-08 10:20", make(FinishAction, ANA, action="rollback"))
    story.look("09-08 10:25")

    with pytest.raises(GroupRequired):
        verify(story, "09-08 10:30", BO)
    verify(story, "09-08 10:30", SAM, groups=SECURITY)


def test_the_fix_can_be_named_as_containment_once_it_is_deployed() -> None:
    story = told()
    story.do("09-08 10:10", make(NameFixAsContainment, ANA, reason="nothing to roll back"))
    story.look("09-08 10:15")
    assert missing_for_verification(story.incident) == ("fix_deployed",)

    story.repair("09-08 10:30")
    assert missing_for_verification(story.incident) == ("logs", "smoke_test", "targeted_check")
    story.look("09-08 10:31")
    verify(story, "09-08 10:32")

    assert story.incident.state is State.MONITORING


def test_an_undone_action_makes_earlier_looks_worthless() -> None:
    story = told()
    story.do("09-08 10:10", make(PlanAction, ANA, action="a", text="one"))
    story.do("09-08 10:10", make(PlanAction, ANA, action="b", text="two"))
    story.do("09-08 10:11", make(FinishAction, ANA, action="a"))
    story.do("09-08 10:12", make(FinishAction, ANA, action="b"))
    story.look("09-08 10:15")

    story.do("09-08 10:20", make(UndoAction, ANA, action="b", reason="made it worse"))

    assert missing_for_verification(story.incident) == ("logs", "smoke_test", "targeted_check")


def test_an_action_goes_one_way() -> None:
    story = told()
    planned(story)
    story.do("09-08 10:20", make(FinishAction, ANA, action="rollback"))

    with pytest.raises(IllegalTransition):
        story.do("09-08 10:21", make(FinishAction, ANA, action="rollback"))
    with pytest.raises(IllegalTransition):
        planned(story)
    with pytest.raises(BadInput):
        story.do("09-08 10:21", make(FinishAction, ANA, action="unknown"))


def test_verifying_an_unacknowledged_incident_acknowledges_first_as_the_same_person() -> None:
    story = Story().open(T0, Severity.MEDIUM)
    story.do("09-08 10:10", make(PlanAction, ANA, action="a", text="one"))

    events = story.do("09-08 10:11", make(FinishAction, ANA, action="a"))

    assert [event.type for event in events] == ["acknowledged", "action_changed"]
    assert story.round.acknowledged_by == "ana"


def test_a_signal_firing_for_ten_minutes_loses_containment_and_pages() -> None:
    story = Story()
    at = story.at(T0)
    story.do(at, make(OpenFromSignals, CLOUDWATCH, signals=(signal(at),)))
    clear = signal(story.at("09-08 10:08"), firing=False)
    story.do("09-08 10:08", make(MergeSignals, CLOUDWATCH, signals=(clear,)))
    story.contain("09-08 10:09")
    again = signal(story.at("09-08 10:30"))
    story.do("09-08 10:30", make(MergeSignals, CLOUDWATCH, signals=(again,)))
    pages = len(story.sent(MessageKind.PAGE))

    assert story.tick("09-08 10:40") == ()
    story.tick(story.at("09-08 10:40") + MINUTE / 60)

    assert not story.incident.contained
    lost = next(entry for entry in story.entries if entry.type == "containment_lost")
    assert lost.occurred_at == story.at("09-08 10:40")
    assert len(story.sent(MessageKind.PAGE)) == pages + 2


def test_losing_what_is_not_verified_means_nothing() -> None:
    with pytest.raises(IllegalTransition):
        told().do("09-08 10:20", make(LoseContainment, ANA, reason="back"))


def test_after_a_loss_silence_counts_from_the_loss() -> None:
    story = told()
    story.contain("09-08 10:10")
    story.do("09-08 18:00", make(LoseContainment, ANA, reason="back"))

    assert (story.round.reason, story.round.acknowledged_by) == ("containment_lost", "ana")
    story.sweep_until("09-08 18:29")
    assert story.round.number == 2
    story.sweep_until("09-08 18:31")

    assert (story.round.number, story.round.reason) == (3, "timeout")


def test_contained_late_stays_missed() -> None:
    story = told()

    story.contain("09-08 14:10")

    assert story.facts(CONTAIN)[1] is Attainment.MISSED
    assert story.clock(CONTAIN).stopped_at == story.at("09-08 14:12")
