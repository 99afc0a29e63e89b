"""Window, gate and closing, also as what it never was (semantics 9)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.harness.worlds.closings import closed, say, told, watched, window_end
from tests.harness.worlds.stories import ANA, CY, make
from tocsin.errors import (
    BadInput,
    GateUnmet,
    GroupRequired,
    IllegalTransition,
    MissingReason,
    SecondPersonRequired,
)
from tocsin.incidents.commands.closing import AbsorbDuplicate, Close
from tocsin.incidents.commands.containment import FinishAction, PlanAction, UndoAction
from tocsin.incidents.commands.record import RecordImpact
from tocsin.incidents.commands.severity import ChangeCategory
from tocsin.incidents.commands.updates import ConfirmCriterion
from tocsin.incidents.model.parts import Exposure
from tocsin.incidents.queries.gate import Status
from tocsin.incidents.vocabulary import (
    Category,
    ClockName,
    Resolution,
    Severity,
    State,
)


class TestWindow:
    @pytest.mark.parametrize(
        ("severity", "ends"), [(Severity.CRITICAL, "09-11 10:30"), (Severity.HIGH, "09-09 10:30")]
    )
    def test_it_runs_from_the_fix_as_long_as_the_severity_asks(
        self, severity: Severity, ends: str
    ) -> None:
        story = watched(severity)

        assert story.incident.state is State.MONITORING
        assert window_end(story) == ends

    @pytest.mark.parametrize(
        ("severity", "ends"), [(Severity.MEDIUM, "09-09 12:00"), (Severity.LOW, "09-08 16:00")]
    )
    def test_medium_and_low_have_their_own_lengths(self, severity: Severity, ends: str) -> None:
        story = told(severity)
        story.contain("09-08 11:00")
        story.repair("09-08 12:00")

        assert window_end(story) == ends

    def test_high_fixed_signal_20_00_to_20_04_closes_not_before_wednesday_20_04(self) -> None:
        story = watched()
        story.tell_everybody("09-08 12:00")
        say(story, "09-08 20:00", firing=True)
        assert story.incident.state is State.FIXED
        assert story.incident.window is None
        say(story, "09-08 20:04", firing=False)

        with pytest.raises(GateUnmet):
            story.close(story.at("09-09 20:04") - timedelta(milliseconds=1))
        story.close("09-09 20:04")

        assert not story.incident.open

    def test_a_signal_that_stays_longer_than_ten_minutes_loses_containment(self) -> None:
        story = watched()
        say(story, "09-08 20:00", firing=True)

        say(story, "09-08 20:11", firing=False)

        assert not story.incident.contained
        assert story.incident.state is State.ACKNOWLEDGED

    def test_a_fix_before_containment_starts_the_window_at_verification(self) -> None:
        story = told()
        story.repair("09-08 11:00")
        assert story.incident.window is None

        story.contain("09-08 12:58", verifier=CY)

        assert window_end(story) == "09-09 13:00"

    def test_raising_lengthens_a_running_window(self) -> None:
        story = watched()

        story.severity("09-08 11:00", Severity.CRITICAL)

        assert window_end(story) == "09-11 10:30"


class TestGate:
    def test_everything_is_unmet_at_first_with_a_next_step(self) -> None:
        story = told()

        assert set(story.standing("09-08 10:10").items()) == {
            ("containment_verified", Status.UNMET),
            ("fix_deployed_and_monitored", Status.UNMET),
            ("communication_completed", Status.UNMET),
            ("postmortem_published", Status.UNMET),
            ("timeline_intact", Status.MET),
        }

    def test_i6_nothing_closes_while_the_gate_names_something(self) -> None:
        story = watched()

        with pytest.raises(GateUnmet) as refused:
            story.close("09-12 12:00")

        assert refused.value.context["unmet"] == "communication_completed, postmortem_published"
        assert story.incident.open

    def test_i6_a_chain_nobody_verified_keeps_it_open(self) -> None:
        story = watched()
        story.tell_everybody("09-08 12:00")

        for head in (None, b"another head"):
            with pytest.raises(GateUnmet) as refused:
                story.close("09-12 12:00", verified_head=head)
            assert refused.value.context["unmet"] == "timeline_intact"

    def test_a_met_gate_closes_and_the_entry_says_what_was_met(self) -> None:
        story = closed()

        assert story.incident.resolution is Resolution.RESOLVED
        met = story.entries[-1].content["met"]
        assert isinstance(met, list)
        assert len(met) == 5

    def test_a_billing_incident_has_three_more_criteria(self) -> None:
        story = told(category=Category.OPERATIONAL)

        codes = set(story.standing("09-08 10:10"))

        assert {"checkouts_succeed", "replay_completed", "residual_update_sent"} < codes

    def test_a_category_change_adds_criteria_and_removes_none_that_is_met(self) -> None:
        story = told(category=Category.OPERATIONAL)
        report = make(ConfirmCriterion, ANA, criterion="checkouts_succeed", met=True, evidence="ok")
        story.do("09-08 10:10", report)

        story.do(
            "09-08 10:11", make(ChangeCategory, ANA, category=Category.SECURITY, reason="leak")
        )

        standing = story.standing("09-08 10:12")
        assert standing["checkouts_succeed"] is Status.MET
        assert "replay_completed" not in standing

    def test_what_the_engine_sees_for_itself_is_not_reported_from_outside(self) -> None:
        story = told()

        for code in ("containment_verified", "timeline_intact", "nothing_like_it"):
            with pytest.raises(BadInput):
                story.do(
                    "09-08 10:10",
                    make(ConfirmCriterion, ANA, criterion=code, met=True, evidence="trust me"),
                )

    def test_a_criterion_reported_unmet_again_is_unmet(self) -> None:
        story = told(category=Category.OPERATIONAL)
        for at, met in (("09-08 10:10", True), ("09-08 10:20", False)):
            story.do(
                at,
                make(ConfirmCriterion, ANA, criterion="checkouts_succeed", met=met, evidence="x"),
            )

        assert story.standing("09-08 10:30")["checkouts_succeed"] is Status.UNMET

    def test_only_the_commander_closes(self) -> None:
        story = watched()
        story.tell_everybody("09-08 12:00")

        with pytest.raises(GroupRequired):
            story.do(
                "09-12 12:00",
                make(Close, ANA, resolution=Resolution.RESOLVED, verified_head=story.incident.head),
            )


class TestUnreal:
    def test_a_low_false_positive_is_closed_by_one_person_with_a_reason(self) -> None:
        story = told(Severity.LOW)

        story.close("09-08 11:00", Resolution.FALSE_POSITIVE, reason="a test alarm")

        assert story.incident.resolution is Resolution.FALSE_POSITIVE

    def test_a_high_one_takes_two(self) -> None:
        story = told()
        story.close("09-08 11:00", Resolution.FALSE_POSITIVE, reason="a test alarm")
        assert story.incident.open
        with pytest.raises(SecondPersonRequired):
            story.close("09-08 11:01", Resolution.FALSE_POSITIVE, reason="a test alarm")

        second = make(Close, CY, resolution=Resolution.FALSE_POSITIVE, reason="I looked as well")
        story.do("09-08 11:02", second)

        assert not story.incident.open

    def test_the_second_has_to_say_the_same(self) -> None:
        story = told()
        story.close("09-08 11:00", Resolution.FALSE_POSITIVE, reason="a test alarm")
        other = make(
            Close, CY, resolution=Resolution.DUPLICATE, reason="seen", duplicate_of="INC-1"
        )

        story.do("09-08 11:02", other)

        assert story.incident.open

    def test_it_needs_a_reason(self) -> None:
        with pytest.raises(MissingReason):
            told(Severity.LOW).close("09-08 11:00", Resolution.FALSE_POSITIVE)

    @pytest.mark.parametrize("exposure", [Exposure.POSSIBLE, Exposure.CONFIRMED])
    def test_not_after_possible_data_exposure(self, exposure: Exposure) -> None:
        story = told(Severity.LOW)
        story.do("09-08 10:30", make(RecordImpact, ANA, summary="a leak?", exposure=exposure))

        with pytest.raises(IllegalTransition):
            story.close("09-08 11:00", Resolution.FALSE_POSITIVE, reason="nothing there")

    def test_not_after_an_action_that_is_not_undone(self) -> None:
        story = told(Severity.LOW)
        story.do("09-08 10:10", make(PlanAction, ANA, action="a", text="revoke"))
        story.do("09-08 10:11", make(FinishAction, ANA, action="a"))
        with pytest.raises(IllegalTransition):
            story.close("09-08 11:00", Resolution.FALSE_POSITIVE, reason="nothing there")

        story.do("09-08 11:05", make(UndoAction, ANA, action="a", reason="not needed"))
        story.close("09-08 11:10", Resolution.FALSE_POSITIVE, reason="nothing there")

        assert not story.incident.open

    @pytest.mark.parametrize(
        ("resolution", "target"),
        [(Resolution.DUPLICATE, None), (Resolution.FALSE_POSITIVE, "INC-1")],
    )
    def test_only_a_duplicate_names_another(
        self, resolution: Resolution, target: str | None
    ) -> None:
        with pytest.raises(BadInput):
            told(Severity.LOW).close("09-08 11:00", resolution, reason="seen", duplicate_of=target)

    def test_not_its_own_duplicate(self) -> None:
        story = told(Severity.LOW)

        with pytest.raises(BadInput):
            story.close(
                "09-08 11:00",
                Resolution.DUPLICATE,
                reason="seen",
                duplicate_of=story.incident.id,
            )

    def test_an_incident_takes_in_its_duplicates_beginning_and_keys(self) -> None:
        story = told()
        before = story.at("09-08 08:00")

        story.do(
            "09-08 11:00",
            make(
                AbsorbDuplicate,
                ANA,
                duplicate="INC-2",
                began_at=before,
                keys=("v1:cloudwatch:other",),
                firing=("v1:cloudwatch:other",),
            ),
        )

        assert story.incident.began_at == before
        assert story.incident.firing
        assert story.facts(ClockName.FIX)[0] == "09-11 10:00"
