"""Metrics from the timeline only, and deadlines whose arithmetic can be followed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.harness.worlds.stories import ANA, BO, COMMANDER, CY, MINUTE, Story, make
from tocsin.errors import MalformedPayload
from tocsin.incidents.commands.closing import Reopen
from tocsin.incidents.commands.containment import LoseContainment
from tocsin.incidents.commands.fix import PauseFix, RecordRelease, ResumeFix
from tocsin.incidents.queries.explain import Explanation, explain
from tocsin.incidents.queries.metrics import metrics
from tocsin.incidents.vocabulary import Attainment, ClockName, Kind, Resolution, Severity

T0 = "09-08 10:00"
HOUR = 3600


def solved() -> Story:
    story = Story()
    story.open(T0, Severity.HIGH, began_at=story.at("09-08 09:40"))
    story.acknowledge("09-08 10:20", BO)
    story.contain("09-08 11:58", verifier=CY)
    story.repair("09-08 16:00")
    story.tell_everybody("09-08 17:00")
    story.close("09-09 16:00")
    return story


class TestMetrics:
    def test_durations_are_read_off_the_timeline(self) -> None:
        found = metrics(solved().entries)

        assert found.detection_lag == 20 * 60
        assert found.time_to_acknowledge == 20 * 60
        assert found.time_to_contain == 2 * HOUR
        assert found.time_to_fix == 6 * HOUR
        assert found.time_to_close == 30 * HOUR
        assert found.resolution is Resolution.RESOLVED

    def test_phase_durations_add_up_to_the_whole(self) -> None:
        found = metrics(solved().entries)

        assert found.phases == {
            "to_acknowledge": 20 * 60,
            "to_contain": 100 * 60,
            "to_fix": 4 * HOUR,
            "to_close": 24 * HOUR,
        }
        assert sum(found.phases.values()) == found.time_to_close

    def test_a_reopened_incident_counts_once_with_its_first_containment_and_last_fix(self) -> None:
        story = solved()
        story.do("09-10 09:00", make(Reopen, ANA, reason="back", severity=Severity.CRITICAL))
        story.acknowledge("09-10 09:20", BO)
        story.contain("09-10 10:00", verifier=CY)
        story.repair("09-10 12:00", commit="better")

        found = metrics(story.entries)

        assert found.reopened == 1
        assert found.time_to_acknowledge == 20 * 60
        assert found.time_to_contain == 2 * HOUR
        assert found.time_to_fix == 50 * HOUR
        assert found.time_to_close is None
        assert [cycle.number for cycle in found.cycles] == [1, 2]
        assert found.cycles[0].attainment[ClockName.ACKNOWLEDGE] is Attainment.MET
        assert found.cycles[1].attainment[ClockName.ACKNOWLEDGE] is Attainment.MISSED

    def test_containment_that_was_lost_does_not_count(self) -> None:
        story = Story().open(T0, Severity.HIGH)
        story.contain("09-08 10:58", verifier=CY)
        story.do("09-08 12:00", make(LoseContainment, ANA, reason="back"))
        assert metrics(story.entries).time_to_contain is None

        story.contain("09-08 13:58", verifier=CY)

        assert metrics(story.entries).time_to_contain == 4 * HOUR

    def test_what_has_not_happened_is_none(self) -> None:
        found = metrics(Story().open(T0, Severity.HIGH).entries)

        assert found.time_to_acknowledge is None
        assert found.phases == {}
        assert found.resolution is None

    @pytest.mark.parametrize(
        ("kind", "counted", "attained"),
        [(Kind.REAL, True, True), (Kind.DRILL, False, False), (Kind.BACKFILLED, True, False)],
    )
    def test_drills_are_in_no_metric_and_backfills_in_counts_only(
        self, kind: Kind, *, counted: bool, attained: bool
    ) -> None:
        story = Story().open(T0, Severity.HIGH, kind=kind, groups=COMMANDER)

        found = metrics(story.entries)

        assert (found.counted, found.attained) == (counted, attained)

    def test_rounds_are_counted(self) -> None:
        story = Story().open(T0, Severity.CRITICAL)
        story.acknowledge("09-08 10:05")
        story.sweep_until("09-08 10:40")

        assert metrics(story.entries).rounds == 2

    def test_nothing_measures_an_empty_timeline(self) -> None:
        with pytest.raises(MalformedPayload):
            metrics([])


class TestExplain:
    def found(self, story: Story) -> dict[ClockName, Explanation]:
        return {each.clock: each for each in explain(story.entries, story.policy)}

    def test_business_days_are_shown_day_by_day(self) -> None:
        story = Story().open("09-04 17:50", Severity.MEDIUM)

        contain = self.found(story)[ClockName.CONTAIN]

        assert [(each.day, each.minutes) for each in contain.stretches] == [
            ("Fri 2026-09-04", 10),
            ("Tue 2026-09-08", 540),
            ("Wed 2026-09-09", 540),
            ("Thu 2026-09-10", 530),
        ]
        assert contain.stretches[-1].used == 3 * 540
        assert contain.counted_due == contain.due_at == story.at("09-10 17:50")
        assert contain.rule == "t0 + target"
        assert contain.zone == "America/New_York"

    def test_elapsed_targets_need_no_stretches(self) -> None:
        story = Story().open(T0, Severity.CRITICAL)

        contain = self.found(story)[ClockName.CONTAIN]

        assert contain.stretches == ()
        assert contain.counted_due == contain.due_at

    def test_a_raise_shows_old_and_new_side_by_side(self) -> None:
        story = Story().open(T0, Severity.HIGH)
        story.severity("09-08 10:30", Severity.CRITICAL)

        (turn,) = self.found(story)[ClockName.CONTAIN].turns

        assert turn.cause == "raised from high to critical"
        assert turn.old_due == story.at("09-09 10:00")
        assert turn.new_due == story.at("09-08 14:00")

    def test_a_pause_is_shown_in_the_time_it_cost(self) -> None:
        story = Story().open(T0, Severity.HIGH)
        pause = make(PauseFix, BO, groups=COMMANDER, minutes=1440, reason="vendor")
        story.do("09-08 16:00", pause)
        story.do("09-09 11:00", make(ResumeFix, BO, groups=COMMANDER))

        fix = self.found(story)[ClockName.FIX]

        assert fix.paused_minutes == 240
        assert fix.counted_due == fix.due_at == story.at("09-11 14:00")
        assert fix.turns[0].cause == "paused for 240 business minutes"

    def test_an_earlier_promise_that_stands_is_said_to(self) -> None:
        story = Story().open(T0, Severity.LOW)
        release = make(
            RecordRelease,
            ANA,
            release="R42",
            regular=True,
            cut_at=story.at("09-09 12:00"),
            planned_at=story.at("09-10 15:00"),
        )
        story.do("09-08 11:00", release)
        assert self.found(story)[ClockName.FIX].rule == "the next regular release cut after t0"

        story.severity("09-09 12:00", Severity.MEDIUM)

        fix = self.found(story)[ClockName.FIX]
        assert fix.rule == "an earlier promise stands: a raise never moves one later"
        assert fix.counted_due == story.at("09-22 10:00")

    def test_an_unscheduled_release_is_said_to_be(self) -> None:
        story = Story().open(T0, Severity.LOW)

        assert self.found(story)[ClockName.FIX].rule == "no release is planned"

    def test_reopening_starts_the_story_of_the_clocks_afresh(self) -> None:
        story = solved()
        story.do("09-10 09:00", make(Reopen, ANA, reason="back"))

        contain = self.found(story)[ClockName.CONTAIN]

        assert contain.turns == ()
        assert contain.started_at == story.at("09-10 09:00")

    def test_stretches_touch_only_working_time(self) -> None:
        story = Story().open("09-05 03:00", Severity.LOW)
        calendar = story.policy.calendar

        for explained in explain(story.entries, story.policy):
            for each in explained.stretches:
                assert calendar.is_open(each.start)
                assert calendar.between(each.start, each.end) == each.minutes * MINUTE
                assert each.end - each.start <= timedelta(hours=9)
