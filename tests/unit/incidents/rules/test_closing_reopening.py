"""Reopening: a second cycle with clocks of its own (semantics 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.closings import closed, told
from tests.harness.worlds.stories import ANA, BO, CLOUDWATCH, EVERYTHING, Story, make, signal
from tocsin.errors import (
    IllegalTransition,
)
from tocsin.incidents.commands.closing import Close, Reopen, ReopenFromSignals
from tocsin.incidents.commands.containment import VerifyContainment
from tocsin.incidents.commands.fix import PauseFix
from tocsin.incidents.commands.people import Acknowledge
from tocsin.incidents.commands.severity import ChangeSeverity
from tocsin.incidents.queries.gate import Status
from tocsin.incidents.vocabulary import (
    Attainment,
    ClockName,
    MessageKind,
    Resolution,
    Severity,
    State,
)

if TYPE_CHECKING:
    from tocsin.incidents.commands.base import Command


class TestReopening:
    def reopen(self, story: Story, at: str, **fields: Any) -> None:
        story.do(at, make(Reopen, ANA, **({"reason": "it is back"} | fields)))

    def test_reopened_wednesday_09_00_as_critical_is_due_09_15_and_13_00(self) -> None:
        story = closed()

        self.reopen(story, "09-16 09:00", severity=Severity.CRITICAL)

        assert story.facts(ClockName.ACKNOWLEDGE)[0] == "09-16 09:15"
        assert story.facts(ClockName.CONTAIN)[0] == "09-16 13:00"
        assert story.incident.state is State.OPEN
        assert story.incident.cycle == 2

    def test_the_first_cycle_keeps_its_results(self) -> None:
        story = closed()

        self.reopen(story, "09-16 09:00")

        assert dict(story.incident.past[0].attainment) == dict.fromkeys(ClockName, Attainment.MET)
        assert story.clock(ClockName.FIX).attainment is Attainment.RUNNING

    def test_waivers_evidence_and_postmortem_are_void(self) -> None:
        story = closed()

        self.reopen(story, "09-16 09:00")

        assert set(story.standing("09-16 09:01").values()) == {Status.UNMET, Status.MET}
        unmet = [
            code for code, status in story.standing("09-16 09:01").items() if status is Status.UNMET
        ]
        assert len(unmet) == 4

    def test_people_are_paged_from_the_first_rung(self) -> None:
        story = closed()
        before = len(story.sent(MessageKind.PAGE))

        self.reopen(story, "09-16 09:00")
        story.tick("09-16 09:15")

        assert len(story.sent(MessageKind.PAGE)) == before + 4

    def test_a_signal_within_seven_days_reopens(self) -> None:
        story = closed()
        again = signal(story.at("09-19 12:00"))

        story.do("09-19 12:00", make(ReopenFromSignals, CLOUDWATCH, signals=(again,)))

        assert story.incident.open
        assert story.incident.firing

    def test_a_signal_later_does_not(self) -> None:
        story = closed()
        late = signal(story.at("09-19 12:01"))

        with pytest.raises(IllegalTransition):
            story.do("09-19 12:01", make(ReopenFromSignals, CLOUDWATCH, signals=(late,)))

    def test_a_clear_reopens_nothing(self) -> None:
        story = closed()
        clear = signal(story.at("09-13 12:00"), firing=False)

        with pytest.raises(IllegalTransition):
            story.do("09-13 12:00", make(ReopenFromSignals, CLOUDWATCH, signals=(clear,)))

    def test_a_duplicate_goes_on_elsewhere(self) -> None:
        story = told(Severity.LOW)
        story.close("09-08 11:00", Resolution.DUPLICATE, reason="same", duplicate_of="INC-1")

        with pytest.raises(IllegalTransition):
            self.reopen(story, "09-08 12:00")

    def test_what_is_open_is_not_reopened(self) -> None:
        with pytest.raises(IllegalTransition):
            self.reopen(told(), "09-08 12:00")

    def test_a_closed_incident_waits_for_nothing(self) -> None:
        story = closed()

        assert story.tick("09-30 12:00") == ()
        assert story.tick("12-30 12:00") == ()

    @pytest.mark.parametrize(
        "command",
        [
            make(Acknowledge, ANA),
            make(ChangeSeverity, ANA, severity=Severity.CRITICAL),
            make(PauseFix, BO, groups=EVERYTHING, minutes=5, reason="x"),
            make(VerifyContainment, ANA),
            make(Close, BO, resolution=Resolution.RESOLVED),
        ],
        ids=lambda command: type(command).__name__,
    )
    def test_a_closed_incident_refuses_what_means_nothing_any_more(self, command: Command) -> None:
        with pytest.raises(IllegalTransition):
            closed().do("09-13 12:00", command)
