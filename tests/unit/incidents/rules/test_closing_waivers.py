"""Waivers: who asks, who approves, for how long, and what is never waived (semantics 9)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.worlds.closings import told, watched
from tests.harness.worlds.stories import (
    ANA,
    BO,
    COMMANDER,
    CY,
    FINAL_UPDATE,
    SAM,
    SECURITY,
    Story,
    make,
)
from tocsin.errors import (
    BadInput,
    GroupRequired,
    IllegalTransition,
    NotAllowed,
    SecondPersonRequired,
)
from tocsin.incidents.commands.closing import ApproveWaiver, AskWaiver
from tocsin.incidents.commands.people import AssignRole
from tocsin.incidents.commands.updates import DecideCustomers
from tocsin.incidents.queries.gate import Status
from tocsin.incidents.vocabulary import (
    Category,
    Role,
    Severity,
)


class TestWaivers:
    CODE = "postmortem_published"

    def ask(self, story: Story, at: str, who: Any = BO, code: str = CODE, days: int = 7) -> None:
        command = make(
            AskWaiver, who, groups=COMMANDER, criterion=code, reason="next week", days=days
        )
        story.do(at, command)

    def approve(self, story: Story, at: str, who: Any = CY, **fields: Any) -> None:
        values: dict[str, Any] = {"criterion": self.CODE, "groups": COMMANDER}
        story.do(at, make(ApproveWaiver, who, **(values | fields)))

    def test_two_people_waive_and_it_counts_until_it_ends(self) -> None:
        story = told()
        self.ask(story, "09-08 11:00")
        assert story.standing("09-08 11:01")[self.CODE] is Status.UNMET

        self.approve(story, "09-08 12:00")

        assert story.standing("09-15 11:00")[self.CODE] is Status.WAIVED
        assert story.standing("09-15 11:01")[self.CODE] is Status.UNMET

    def test_who_asked_does_not_approve(self) -> None:
        story = told()
        self.ask(story, "09-08 11:00")

        with pytest.raises(SecondPersonRequired):
            self.approve(story, "09-08 12:00", BO)

    def test_who_owns_the_failing_item_does_not_approve(self) -> None:
        story = told()
        code = "communication_completed"
        story.do("09-08 10:10", make(AssignRole, ANA, role=Role.COMMUNICATIONS_OWNER, person="cy"))
        self.ask(story, "09-08 11:00", code=code)

        with pytest.raises(SecondPersonRequired):
            self.approve(story, "09-08 12:00", CY, criterion=code)
        self.approve(story, "09-08 12:00", SAM, criterion=code)

    def test_a_responder_does_not_approve(self) -> None:
        story = told()
        self.ask(story, "09-08 11:00")

        with pytest.raises(GroupRequired):
            self.approve(story, "09-08 12:00", groups=frozenset())

    def test_in_a_security_incident_the_security_owner_approves(self) -> None:
        story = told(category=Category.SECURITY)
        self.ask(story, "09-08 11:00")

        with pytest.raises(GroupRequired):
            self.approve(story, "09-08 12:00", CY)
        self.approve(story, "09-08 12:00", SAM, groups=SECURITY)

    @pytest.mark.parametrize("code", ["timeline_intact", "containment_verified"])
    def test_some_things_are_never_waived_for_a_critical(self, code: str) -> None:
        with pytest.raises(NotAllowed):
            self.ask(told(Severity.CRITICAL), "09-08 11:00", code=code)

    def test_a_waiver_has_bounds_and_a_criterion(self) -> None:
        story = told()

        for days in (0, 15):
            with pytest.raises(BadInput):
                self.ask(story, "09-08 11:00", days=days)
        with pytest.raises(BadInput):
            self.ask(story, "09-08 11:00", code="nothing_like_it")
        with pytest.raises(IllegalTransition):
            self.approve(story, "09-08 12:00")

    def test_what_is_met_is_not_waived(self) -> None:
        story = told()
        story.repair("09-08 10:29")
        story.tell_everybody("09-08 10:30")

        with pytest.raises(IllegalTransition):
            self.ask(story, "09-08 11:00")

    def waived_and_closed(self) -> Story:
        story = watched()
        story.do("09-08 12:00", make(DecideCustomers, BO, tell=False, reason="no harm"))
        story.update("09-08 12:00")
        story.update("09-08 12:00", "u1", **FINAL_UPDATE)
        self.ask(story, "09-08 12:00")
        self.approve(story, "09-08 12:30")
        story.close("09-10 12:00")
        return story

    def test_a_waiver_that_ran_out_is_told_once_a_day_and_reopens_nothing(self) -> None:
        story = self.waived_and_closed()
        before = len(story.outbox)

        story.sweep_until("09-18 11:00")

        assert story.types()[-3:] == ["waiver_expired"] * 3
        told_to = {target for _, kind, target in story.sent()[before:] if kind == "reminder"}
        assert told_to == {"person:bo", "person:cy", "person:security-primary"}
        assert not story.incident.open

    def test_a_late_sweep_tells_of_it_once(self) -> None:
        story = self.waived_and_closed()

        story.tick("09-30 12:30")

        assert story.types().count("waiver_expired") == 1

    def test_nobody_is_told_once_it_is_met_after_all(self) -> None:
        story = self.waived_and_closed()
        story.tell_everybody("09-11 12:00")

        assert "waiver_expired" not in [event.type for event in story.tick("09-30 12:30")]
