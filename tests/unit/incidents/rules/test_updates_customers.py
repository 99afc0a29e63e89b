"""When stakeholder communication is completed (semantics 8)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.harness.worlds.closings import told
from tests.harness.worlds.stories import BO, COMMANDER, CY, FINAL_UPDATE, FIRST_UPDATE, Story, make
from tocsin.errors import (
    BadInput,
    IllegalTransition,
    MissingReason,
)
from tocsin.incidents.commands.updates import DecideCustomers, PublishPostmortem
from tocsin.incidents.model.parts import UpdateAudience
from tocsin.incidents.queries.gate import Status
from tocsin.incidents.vocabulary import Kind, Severity
from tocsin.policy.compiled.policies import default


def repaired() -> Story:
    """Fixed already: what follows may be the last that is said."""
    story = told()
    story.repair("09-08 10:15")
    return story


class TestCommunication:
    """What the gate wants of communication; promises and their clocks are in `test_updates`."""

    def decide(self, story: Story, *, tell: bool, reason: str = "") -> None:
        story.do(
            "09-08 10:20",
            make(DecideCustomers, BO, groups=COMMANDER, tell=tell, reason=reason),
        )

    def standing(self, story: Story, at: str) -> Status:
        return story.standing(at)["communication_completed"]

    def test_it_needs_a_decision_and_a_final_update(self) -> None:
        story = repaired()
        story.update("09-08 10:30")
        story.update("09-08 10:50", "u2", **FINAL_UPDATE)
        assert self.standing(story, "09-08 10:51") is Status.UNMET

        story.do(
            "09-08 10:52",
            make(DecideCustomers, BO, groups=COMMANDER, tell=False, reason="no harm"),
        )
        assert self.standing(story, "09-08 11:00") is Status.MET

        story.update("09-08 11:10", "u3")
        assert self.standing(story, "09-08 11:11") is Status.UNMET

    def test_customers_who_are_told_get_a_first_and_a_final_update_too(self) -> None:
        story = repaired()
        self.decide(story, tell=True)
        story.update("09-08 10:30")
        story.update("09-08 10:31", "u2", **FINAL_UPDATE)
        assert self.standing(story, "09-08 10:40") is Status.UNMET

        customers = {"audience": UpdateAudience.CUSTOMERS}
        story.update("09-08 10:50", "c1", **customers, **FIRST_UPDATE)
        assert self.standing(story, "09-08 10:51") is Status.UNMET
        story.update("09-08 10:52", "c2", **customers, **FINAL_UPDATE)

        assert self.standing(story, "09-08 11:00") is Status.MET

    def test_a_refused_send_stays_open_until_it_is_accepted(self) -> None:
        story = repaired()
        self.decide(story, tell=False, reason="no harm")
        story.update("09-08 10:30")
        story.update("09-08 10:31", "u1", **FINAL_UPDATE)
        story.update("09-08 10:40", "u2", accepted=False)
        assert self.standing(story, "09-08 10:50") is Status.UNMET

        story.update("09-08 10:55", "u2", **FINAL_UPDATE)

        assert self.standing(story, "09-08 11:00") is Status.MET

    def test_a_refused_send_is_settled_by_what_corrects_it(self) -> None:
        story = repaired()
        self.decide(story, tell=False, reason="no harm")
        story.update("09-08 10:30")
        story.update("09-08 10:40", "u2", accepted=False)
        story.update("09-08 10:55", "u3", corrects="u2", **FINAL_UPDATE)

        assert self.standing(story, "09-08 11:00") is Status.MET

    def test_a_promise_that_is_overdue_keeps_it_open(self) -> None:
        story = repaired()
        self.decide(story, tell=False, reason="no harm")
        story.update("09-08 10:30")
        story.update("09-08 10:31", "u1", **FINAL_UPDATE)
        story.update("09-08 10:32", "u2", next_by=story.at("09-08 10:40"))
        story.update("09-08 10:33", "u3", final=True, residual="none", accepted=False)
        assert self.standing(story, "09-08 10:41") is Status.UNMET

    def test_not_telling_customers_needs_a_reason(self) -> None:
        with pytest.raises(MissingReason):
            self.decide(told(), tell=False)

    def test_containment_is_not_claimed_before_it_is_verified(self) -> None:
        story = told()
        claim = "We  have CONTAINED the issue and are implementing a permanent fix."
        for fields in ({"says_contained": True}, {"text": claim}):
            with pytest.raises(IllegalTransition):
                story.update("09-08 10:30", **fields)
        story.contain("09-08 11:00", verifier=CY)

        story.update("09-08 11:30", says_contained=True, text=claim)

        assert story.entries[-1].type == "update_recorded"

    def test_nor_in_the_words_of_a_runbook_of_ones_own(self) -> None:
        worded = replace(
            default().templates["customer"],
            text="Wir haben ein Problem in <scope>. Der Fehler ist eingedämmt.",
        )
        templates = {**default().templates, "customer": worded}
        story = Story(replace(default(), templates=templates, chat_room=None))
        story.open("09-08 10:00", Severity.CRITICAL)
        story.acknowledge("09-08 10:05", BO)
        claim = "In Europa: Der Fehler ist eingedämmt, wir beobachten."
        with pytest.raises(IllegalTransition, match="leave out “der fehler ist eingedämmt”"):
            story.update("09-08 10:30", text=claim, **FIRST_UPDATE)
        story.contain("09-08 11:00", verifier=CY)
        story.update("09-08 11:30", text=claim, **FIRST_UPDATE)
        assert story.entries[-1].content["says_contained"] is True

    def test_customers_never_hear_of_a_drill(self) -> None:
        story = told(kind=Kind.DRILL)

        with pytest.raises(IllegalTransition):
            story.update("09-08 10:30", audience=UpdateAudience.CUSTOMERS)

    def test_a_postmortem_has_owned_work(self) -> None:
        story = told()
        empty = make(PublishPostmortem, BO, url="https://example.com", root_cause="x", actions=())

        with pytest.raises(BadInput):
            story.do("09-08 12:00", empty)
