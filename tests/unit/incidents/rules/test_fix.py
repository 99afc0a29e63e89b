"""Fixed by conclusions and deploys, next releases, and pauses (semantics 2 and 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.outage_stories import reconciled
from tests.harness.worlds.stories import ANA, BO, COMMANDER, GITHUB, Story, make
from tocsin.errors import BadInput, GroupRequired, IllegalTransition
from tocsin.incidents.commands.fix import (
    LinkFix,
    NameProviderCause,
    PauseFix,
    RecordDeploy,
    RecordRelease,
    RecordRun,
    ResumeFix,
)
from tocsin.incidents.commands.updates import ConfirmCriterion
from tocsin.incidents.model.parts import RunKind
from tocsin.incidents.vocabulary import Attainment, Category, ClockName, MessageKind, Severity

if TYPE_CHECKING:
    from tocsin.incidents.events.base import Event

T0 = "09-08 10:00"
FIX = ClockName.FIX


def told(severity: Severity = Severity.HIGH, **changes: Any) -> Story:
    return Story().open(T0, severity, **changes)


def run(story: Story, at: str, kind: RunKind, conclusion: str = "success", **fields: Any) -> None:
    values: dict[str, Any] = {"commit": "c0ffee", "run": kind, "conclusion": conclusion}
    story.do(at, make(RecordRun, GITHUB, **(values | fields)))


def deploy(story: Story, at: str, conclusion: str = "success", **fields: Any) -> None:
    values: dict[str, Any] = {"commit": "c0ffee", "conclusion": conclusion, "whole_scope": True}
    story.do(at, make(RecordDeploy, GITHUB, **(values | fields)))


def release(story: Story, at: str, name: str, cut: str, **fields: Any) -> tuple[Event, ...]:
    values = {"release": name, "regular": True, "cut_at": story.at(cut)} | {
        field: story.at(value) if isinstance(value, str) else value
        for field, value in fields.items()
    }
    return story.do(at, make(RecordRelease, GITHUB, **values))


def linked(severity: Severity = Severity.HIGH) -> Story:
    story = told(severity)
    story.do("09-08 11:00", make(LinkFix, ANA, commit="c0ffee", url="https://example.com/pr"))
    return story


class TestConclusions:
    def test_a_link_fixes_nothing(self) -> None:
        assert not linked().incident.fixed

    def test_the_clock_stops_at_the_later_of_deploy_and_checks(self) -> None:
        story = linked()
        deploy(story, "09-08 12:00")
        run(story, "09-08 12:05", RunKind.QUALITY)
        assert not story.incident.fixed

        run(story, "09-08 12:30", RunKind.SECURITY)

        assert story.clock(FIX).stopped_at == story.at("09-08 12:30")
        assert story.facts(FIX)[1] is Attainment.MET

    @pytest.mark.parametrize(
        "conclusion", ["failure", "cancelled", "neutral", "skipped", "SUCCESS"]
    )
    def test_only_success_is_green(self, conclusion: str) -> None:
        story = linked()
        deploy(story, "09-08 12:00")
        run(story, "09-08 12:05", RunKind.QUALITY, conclusion)
        run(story, "09-08 12:06", RunKind.SECURITY)

        assert not story.incident.fixed

    def test_a_check_that_turns_red_again_before_the_deploy_counts(self) -> None:
        story = linked()
        run(story, "09-08 12:05", RunKind.QUALITY)
        run(story, "09-08 12:06", RunKind.SECURITY)
        run(story, "09-08 12:07", RunKind.QUALITY, "failure")

        deploy(story, "09-08 12:10")

        assert not story.incident.fixed

    def test_runs_of_another_commit_prove_nothing(self) -> None:
        story = linked()
        run(story, "09-08 12:05", RunKind.QUALITY, commit="other")
        run(story, "09-08 12:06", RunKind.SECURITY, commit="other")
        deploy(story, "09-08 12:10")

        assert not story.incident.fixed

    @pytest.mark.parametrize("fields", [{"whole_scope": False}, {"conclusion": "failure"}])
    def test_a_deploy_that_failed_or_reached_a_part_is_none(self, fields: dict[str, Any]) -> None:
        story = linked()
        run(story, "09-08 12:05", RunKind.QUALITY)
        run(story, "09-08 12:06", RunKind.SECURITY)
        deploy(story, "09-08 12:10", **fields)

        assert not story.incident.fixed

    def test_linking_another_commit_starts_again(self) -> None:
        story = linked()
        run(story, "09-08 12:05", RunKind.QUALITY)
        run(story, "09-08 12:06", RunKind.SECURITY)
        story.do("09-08 12:07", make(LinkFix, ANA, commit="better"))

        deploy(story, "09-08 12:10", commit="better")

        assert not story.incident.fixed

    def test_a_person_reports_a_run_only_with_where_it_can_be_seen(self) -> None:
        story = linked()
        command = make(RecordRun, ANA, commit="c0ffee", run=RunKind.QUALITY, conclusion="success")

        with pytest.raises(BadInput):
            story.do("09-08 12:00", command)

    def test_a_fix_may_come_before_containment_and_both_clocks_run_on_their_own(self) -> None:
        story = told()
        story.repair("09-08 12:00")

        assert story.incident.fixed
        assert story.clock(ClockName.CONTAIN).running

    def test_a_provider_caused_incident_is_fixed_by_a_completed_replay(self) -> None:
        story = told(category=Category.OPERATIONAL)
        story.do("09-08 11:00", make(NameProviderCause, ANA, provider="stripe"))
        report = make(
            ConfirmCriterion,
            GITHUB,
            criterion="replay_completed",
            met=True,
            evidence="0 mismatches of 300",
        )

        story.do("09-08 15:00", report)
        assert not story.incident.fixed, "nobody has looked yet whether something is wrong"
        reconciled(story, "09-08 16:00", unresolved={"stale": 1})
        assert not story.incident.fixed
        reconciled(story, "09-08 17:00")

        assert story.clock(FIX).stopped_at == story.at("09-08 17:00")

    def test_a_replay_alone_fixes_nothing_a_provider_did_not_cause(self) -> None:
        story = told(category=Category.OPERATIONAL)
        report = make(
            ConfirmCriterion, GITHUB, criterion="replay_completed", met=True, evidence="done"
        )

        story.do("09-08 15:00", report)

        assert not story.incident.fixed


class TestNextRelease:
    def test_r41_cut_before_t0_does_not_count(self) -> None:
        story = told(Severity.LOW)

        release(story, "09-08 16:00", "R41", "09-07 12:00", shipped_at="09-08 16:00")

        assert story.facts(FIX) == ("-", Attainment.RUNNING)

    def test_r42_shipped_thursday_15_00_with_the_fix_is_met(self) -> None:
        story = linked(Severity.LOW)
        run(story, "09-09 10:00", RunKind.QUALITY)
        run(story, "09-09 10:00", RunKind.SECURITY)

        release(story, "09-10 15:00", "R42", "09-09 12:00", shipped_at="09-10 15:00", has_fix=True)

        assert story.facts(FIX) == ("09-10 15:00", Attainment.MET)
        assert story.clock(FIX).stopped_at == story.at("09-10 15:00")

    def test_r42_shipped_thursday_15_00_without_the_fix_is_missed_and_still_open(self) -> None:
        story = linked(Severity.LOW)

        release(story, "09-10 15:00", "R42", "09-09 12:00", shipped_at="09-10 15:00")

        assert story.facts(FIX) == ("09-10 15:00", Attainment.MISSED)
        assert story.clock(FIX).running
        assert story.sent(MessageKind.BREACH)

    def test_a_hotfix_never_breaches(self) -> None:
        story = linked(Severity.LOW)

        release(story, "09-09 09:00", "H1", "09-09 08:00", shipped_at="09-09 09:00", regular=False)

        assert story.facts(FIX) == ("-", Attainment.RUNNING)

    def test_a_hotfix_that_carries_the_fix_meets_it(self) -> None:
        story = linked(Severity.LOW)
        run(story, "09-09 08:30", RunKind.QUALITY)
        run(story, "09-09 08:30", RunKind.SECURITY)

        release(
            story,
            "09-09 09:00",
            "H1",
            "09-09 08:00",
            shipped_at="09-09 09:00",
            regular=False,
            has_fix=True,
        )

        assert story.facts(FIX)[1] is Attainment.MET

    def test_a_planned_release_is_the_due_time_and_no_time_breaches_it(self) -> None:
        story = linked(Severity.LOW)
        release(story, "09-09 09:00", "R42", "09-09 12:00", planned_at="09-10 15:00")
        assert story.facts(FIX)[0] == "09-10 15:00"

        story.sweep_until("09-14 10:00")

        assert story.facts(FIX)[1] is Attainment.RUNNING

    def test_the_first_release_cut_after_t0_is_the_one_that_counts(self) -> None:
        story = linked(Severity.LOW)
        release(story, "09-09 09:00", "R43", "09-16 12:00", planned_at="09-17 15:00")
        release(story, "09-09 09:01", "R42", "09-09 12:00", planned_at="09-10 15:00")
        release(story, "09-09 09:02", "R44", "09-23 12:00", planned_at="09-24 15:00")

        assert story.facts(FIX)[0] == "09-10 15:00"

    def test_a_release_that_has_not_shipped_has_no_shipping_time(self) -> None:
        with pytest.raises(BadInput):
            release(linked(), "09-09 09:00", "R1", "09-09 08:00", shipped_at="09-09 10:00")

    def test_r6_a_low_with_a_planned_release_keeps_it_when_raised_to_medium(self) -> None:
        story = told(Severity.LOW)
        release(story, "09-08 11:00", "R42", "09-09 12:00", planned_at="09-10 15:00")

        story.severity("09-09 12:00", Severity.MEDIUM)

        assert story.facts(FIX) == ("09-10 15:00", Attainment.RUNNING)

    def test_i2_a_release_that_slips_after_the_raise_moves_nothing(self) -> None:
        story = told(Severity.LOW)
        release(story, "09-08 11:00", "R42", "09-09 12:00", planned_at="09-10 15:00")
        story.severity("09-09 12:00", Severity.MEDIUM)

        release(story, "09-09 13:00", "R42", "09-09 12:00", planned_at="09-11 15:00")

        assert story.facts(FIX)[0] == "09-10 15:00"

    def test_lowered_to_low_it_waits_for_the_planned_release(self) -> None:
        story = told(Severity.HIGH)
        release(story, "09-08 11:00", "R42", "09-09 12:00", planned_at="09-10 15:00")

        story.severity("09-08 12:00", Severity.LOW, BO, COMMANDER)

        assert story.facts(FIX) == ("09-10 15:00", Attainment.RUNNING)


class TestPauses:
    def pause(self, story: Story, at: str, minutes: int = 1440, **fields: Any) -> None:
        values: dict[str, Any] = {
            "groups": COMMANDER,
            "minutes": minutes,
            "reason": "waiting for the vendor",
        }
        story.do(at, make(PauseFix, BO, **(values | fields)))

    def resume(self, story: Story, at: str) -> None:
        story.do(at, make(ResumeFix, BO, groups=COMMANDER))

    def test_high_paused_tuesday_16_00_to_wednesday_11_00_is_due_friday_14_00(self) -> None:
        story = told()
        assert story.facts(FIX)[0] == "09-11 10:00"
        self.pause(story, "09-08 16:00")

        self.resume(story, "09-09 11:00")

        assert story.facts(FIX)[0] == "09-11 14:00"

    def test_a_pause_ends_by_itself_after_a_day_at_most(self) -> None:
        story = told()
        self.pause(story, "09-08 16:00", minutes=24 * 60)

        story.tick("09-10 16:00")

        assert story.clock(FIX).pause is None
        assert story.facts(FIX)[0] == "09-14 10:00"

    def test_a_late_sweep_charges_no_more_than_the_pause(self) -> None:
        on_time, late = told(), told()
        for story in (on_time, late):
            self.pause(story, "09-08 16:00", minutes=120)
        on_time.tick("09-08 18:00")
        late.tick("09-09 12:00")
        on_time.tick("09-09 12:00")

        assert late.clock(FIX) == on_time.clock(FIX)

    def test_a_paused_clock_is_not_breached(self) -> None:
        story = told()
        self.pause(story, "09-11 09:30", minutes=24 * 60)

        story.tick("09-11 17:00")

        assert story.clock(FIX).missed_at is None

    def test_a_critical_pays_a_pause_in_elapsed_hours(self) -> None:
        story = told(Severity.CRITICAL)
        self.pause(story, "09-08 16:00")

        self.resume(story, "09-08 20:00")

        assert story.facts(FIX)[0] == "09-09 14:00"

    def test_i2_a_raise_after_a_pause_never_moves_it_later(self) -> None:
        story = told()
        self.pause(story, "09-08 16:00")
        self.resume(story, "09-09 11:00")
        before = story.clock(FIX).due_at

        story.severity("09-09 11:30", Severity.CRITICAL)

        after = story.clock(FIX).due_at
        assert before is not None
        assert after is not None
        assert after <= before
        assert story.facts(FIX)[0] == "09-10 05:00"

    def test_only_the_commander_pauses_with_a_reason_and_within_bounds(self) -> None:
        story = told()

        with pytest.raises(GroupRequired):
            self.pause(story, "09-08 16:00", groups=frozenset())
        with pytest.raises(BadInput):
            self.pause(story, "09-08 16:00", reason="")
        for minutes in (0, -5, 24 * 60 + 1):
            with pytest.raises(BadInput):
                self.pause(story, "09-08 16:00", minutes=minutes)

    def test_nothing_else_pauses(self) -> None:
        story = told(Severity.LOW)

        with pytest.raises(IllegalTransition):
            self.pause(story, "09-08 16:00")
        with pytest.raises(IllegalTransition):
            self.resume(told(), "09-08 16:00")

    def test_paused_twice_is_refused(self) -> None:
        story = told()
        self.pause(story, "09-08 16:00")

        with pytest.raises(IllegalTransition):
            self.pause(story, "09-08 16:10")
