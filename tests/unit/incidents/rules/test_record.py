"""Checklist, impact, decisions, links, corrections, access: what people write down."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.worlds.stories import (
    ANA,
    BO,
    COMMANDER,
    RESPONDER,
    SAM,
    SECURITY,
    VIEWER,
    Story,
    make,
)
from tocsin.errors import (
    BadInput,
    GroupRequired,
    IllegalTransition,
    MissingReason,
    PayloadTooLarge,
    SecondPersonRequired,
)
from tocsin.incidents import limits
from tocsin.incidents.commands.access import ChangeAccess, LiftRestriction, Restrict
from tocsin.incidents.commands.people import AssignRole
from tocsin.incidents.commands.record import (
    AddLink,
    Correct,
    CorrectBeginning,
    RecordChannel,
    RecordDecision,
    RecordImpact,
    SettleItem,
)
from tocsin.incidents.events.fold import fold
from tocsin.incidents.model.parts import ChannelKind, Exposure, ItemState, LinkPurpose
from tocsin.incidents.queries.access import may_see
from tocsin.incidents.queries.checklist import phases
from tocsin.incidents.queries.priorities import priorities
from tocsin.incidents.vocabulary import Category, ClockName, Phase, Resolution, Role, Severity

T0 = "09-08 10:00"


def told(severity: Severity = Severity.CRITICAL, **changes: Any) -> Story:
    return Story().open(T0, severity, **changes)


def settle(
    story: Story, at: str, item: str, state: ItemState = ItemState.DONE, detail: str = ""
) -> None:
    story.do(at, make(SettleItem, ANA, item=item, state=state, detail=detail))


class TestChecklist:
    @pytest.mark.parametrize(
        ("severity", "phase", "due"),
        [
            (Severity.CRITICAL, Phase.FIRST_15_MINUTES, "09-08 10:15"),
            (Severity.CRITICAL, Phase.FIRST_HOUR, "09-08 11:00"),
            (Severity.CRITICAL, Phase.CONTAINMENT, "09-08 14:00"),
            (Severity.HIGH, Phase.CONTAINMENT, "09-09 10:00"),
            (Severity.MEDIUM, Phase.FIRST_15_MINUTES, "09-09 10:00"),
            (Severity.MEDIUM, Phase.FIRST_HOUR, "09-09 10:00"),
            (Severity.MEDIUM, Phase.CONTAINMENT, "09-11 10:00"),
            (Severity.MEDIUM, Phase.POST_CONTAINMENT, "09-22 10:00"),
        ],
    )
    def test_a_phase_is_due_by_elapsed_time_or_with_its_clock(
        self, severity: Severity, phase: Phase, due: str
    ) -> None:
        story = told(severity)

        views = {view.phase: view for view in phases(story.incident, story.policy, story.at(T0))}

        assert views[phase].due_at == story.at(due)

    def test_billing_phases_are_added_for_billing_incidents_only(self) -> None:
        billing, other = told(category=Category.OPERATIONAL), told()

        def names(story: Story) -> set[Phase]:
            at = story.at(T0)
            return {view.phase for view in phases(story.incident, story.policy, at)}

        assert names(billing) - names(other) == {
            Phase.BILLING_IMMEDIATE,
            Phase.BILLING_CONTAINMENT,
            Phase.BILLING_REPLAY,
        }

    def test_equal_items_stand_once(self) -> None:
        story = told(category=Category.OPERATIONAL)

        views = phases(story.incident, story.policy, story.at(T0))
        texts = [view.item.text for phase in views for view in phase.items]

        assert len(texts) == len(set(texts)) > 20

    def test_an_item_done_in_time_is_not_late_and_one_done_after_is(self) -> None:
        story = told()
        settle(story, "09-08 10:15", "open-channel")
        settle(story, "09-08 10:16", "record-start")

        assert not story.incident.checklist["open-channel"].late
        assert story.incident.checklist["record-start"].late
        assert story.entries[-1].content["late"] is True

    def test_an_open_item_past_its_time_is_shown_late_and_breaches_nothing(self) -> None:
        story = told()
        story.acknowledge("09-08 10:01")

        (first, *_) = phases(story.incident, story.policy, story.at("09-08 10:20"))

        still_open = [view for view in first.items if not view.done]
        assert still_open
        assert all(view.late for view in still_open)
        assert story.clock(ClockName.CONTAIN).missed_at is None

    def test_what_does_not_apply_needs_a_reason(self) -> None:
        story = told()
        with pytest.raises(MissingReason):
            settle(story, "09-08 10:10", "freeze-deployments", ItemState.NOT_APPLICABLE)

        settle(story, "09-08 10:10", "freeze-deployments", ItemState.NOT_APPLICABLE, "no deploys")

        assert story.incident.checklist["freeze-deployments"].by == "ana"

    def test_an_item_of_another_checklist_is_refused(self) -> None:
        for item in ("billing-declare", "nothing-like-it"):
            with pytest.raises(BadInput):
                settle(told(), "09-08 10:10", item)


class TestImpact:
    def record(self, story: Story, at: str, who: Any = ANA, **fields: Any) -> None:
        story.do(at, make(RecordImpact, who, **({"summary": "some tenants"} | fields)))

    def test_it_is_suspected_until_somebody_who_may_confirms_it(self) -> None:
        story = told()
        self.record(story, "09-08 10:10", tenants=3, endpoints=("POST-/checkout",))
        suspected = story.incident.impact
        assert suspected is not None
        assert suspected.confirmed_by is None
        with pytest.raises(GroupRequired):
            self.record(story, "09-08 10:11", confirm=True)

        self.record(story, "09-08 10:12", SAM, groups=SECURITY, confirm=True, tenants=4)

        confirmed = story.incident.impact
        assert confirmed is not None
        assert (confirmed.confirmed_by, confirmed.tenants) == ("sam", 4)

    @pytest.mark.parametrize("exposure", [Exposure.POSSIBLE, Exposure.CONFIRMED])
    def test_possible_exposure_restricts_a_security_incident_at_once(
        self, exposure: Exposure
    ) -> None:
        story = told(category=Category.SECURITY)

        self.record(story, "09-08 10:10", exposure=exposure)

        assert story.incident.restricted

    def test_exposure_restricts_no_other_category(self) -> None:
        story = told()

        self.record(story, "09-08 10:10", exposure=Exposure.POSSIBLE)

        assert not story.incident.restricted

    def test_a_list_has_bounds_and_counts_are_not_negative(self) -> None:
        with pytest.raises(BadInput):
            self.record(told(), "09-08 10:10", users=-1)
        many = tuple(f"svc-{n}" for n in range(limits.NAMED_IN_IMPACT + 1))
        with pytest.raises(BadInput):
            self.record(told(), "09-08 10:10", services=many)


class TestRecords:
    def test_a_decision_keeps_what_was_rejected_and_why(self) -> None:
        story = told()
        decision = make(
            RecordDecision,
            ANA,
            chosen="roll back",
            rejected=("patch forward", "disable checkout"),
            why="fastest and reversible",
            expected_effect="errors below 1 %",
        )

        story.do("09-08 10:20", decision)

        assert story.entries[-1].content["rejected"] == ["patch forward", "disable checkout"]
        assert story.incident.counts["decisions"] == 1

    def test_links_are_counted_by_purpose(self) -> None:
        story = told()
        for purpose in (LinkPurpose.FIX, LinkPurpose.FIX, LinkPurpose.EVIDENCE):
            story.do("09-08 10:20", make(AddLink, ANA, purpose=purpose, url="https://x.test/1"))

        assert story.incident.counts == {"links_fix": 2, "links_evidence": 1}

    @pytest.mark.parametrize("url", ["", "javascript:alert(1)", "ftp://x", "https://x\ny"])
    def test_a_link_is_a_link(self, url: str) -> None:
        with pytest.raises(BadInput):
            told().do("09-08 10:20", make(AddLink, ANA, purpose=LinkPurpose.FIX, url=url))

    def test_the_newest_channel_of_a_kind_counts(self) -> None:
        story = told()
        for address in ("room-1", "room-2"):
            story.do(
                "09-08 10:20",
                make(RecordChannel, ANA, channel=ChannelKind.ROOM, address=address),
            )

        assert story.incident.channels == {ChannelKind.ROOM: "room-2"}

    def test_a_corrected_beginning_moves_no_clock(self) -> None:
        story = told()
        before = story.incident.clocks

        story.do(
            "09-08 10:10",
            make(
                CorrectBeginning,
                ANA,
                began_at=story.at("09-08 07:00"),
                reason="the logs say so",
            ),
        )

        assert story.incident.began_at == story.at("09-08 07:00")
        assert story.incident.clocks == before

    def test_a_correction_names_an_entry_and_leaves_it_as_it_was(self) -> None:
        story = told()
        story.note("09-08 10:10")
        wrong = story.entries[-1]

        story.do("09-08 10:20", make(Correct, ANA, supersedes=wrong.seq, text="it was the db"))

        assert story.entries[wrong.seq - 1] == wrong
        assert story.entries[-1].content["supersedes"] == wrong.seq
        for number in (0, 99):
            with pytest.raises(BadInput):
                story.do("09-08 10:21", make(Correct, ANA, supersedes=number, text="x"))

    def test_everything_written_down_folds_back(self) -> None:
        story = told(category=Category.SECURITY)
        settle(story, "09-08 10:10", "open-channel", detail="room 7")
        story.do("09-08 10:11", make(RecordImpact, ANA, summary="a", users=1))
        story.do("09-08 10:12", make(Restrict, SAM, groups=SECURITY, reason="names in logs"))
        story.repair("09-08 10:13")
        story.tell_everybody("09-08 10:13")
        story.do(
            "09-08 10:14",
            make(ChangeAccess, SAM, groups=SECURITY, person="cy", allowed=True, reason="dba"),
        )

        assert fold(story.entries) == story.incident


class TestAccess:
    def restricted(self) -> Story:
        return told(category=Category.SECURITY, restricted=True)

    def test_only_those_with_a_part_in_it_see_a_restricted_incident(self) -> None:
        story = self.restricted()
        story.do("09-08 10:05", make(AssignRole, ANA, role=Role.MITIGATION_OWNER, person="bo"))

        assert may_see(story.incident, "bo", RESPONDER)
        assert may_see(story.incident, "sam", SECURITY)
        assert not may_see(story.incident, "cy", COMMANDER)
        assert not may_see(story.incident, "cy", VIEWER)

    def test_everybody_sees_an_unrestricted_one(self) -> None:
        assert may_see(told().incident, "cy", VIEWER)

    def test_a_person_can_be_let_in_and_kept_out(self) -> None:
        story = self.restricted()

        def access(at: str, person: str, *, allowed: bool) -> None:
            story.do(
                at,
                make(
                    ChangeAccess,
                    SAM,
                    groups=SECURITY,
                    person=person,
                    allowed=allowed,
                    reason="as agreed",
                ),
            )

        access("09-08 10:10", "cy", allowed=True)
        assert may_see(story.incident, "cy", RESPONDER)
        access("09-08 10:11", "cy", allowed=False)
        access("09-08 10:12", "eve", allowed=False)

        assert not may_see(story.incident, "cy", RESPONDER)
        assert not may_see(story.incident, "eve", SECURITY)
        with pytest.raises(GroupRequired):
            access("09-08 10:13", "sam", allowed=False)

    def test_access_lists_have_bounds(self) -> None:
        story = self.restricted()
        people = [f"p{number}" for number in range(limits.ACCESS + 1)]
        grants = [
            make(ChangeAccess, SAM, groups=SECURITY, person=name, allowed=True, reason="x")
            for name in people
        ]
        for grant in grants[:-1]:
            story.do("09-08 10:10", grant)

        with pytest.raises(PayloadTooLarge):
            story.do("09-08 10:10", grants[-1])

    def test_lifting_takes_commander_and_security_owner(self) -> None:
        story = self.restricted()
        lift = {"reason": "nothing was exposed"}
        with pytest.raises(GroupRequired):
            story.do("09-08 11:00", make(LiftRestriction, ANA, **lift))
        story.do("09-08 11:00", make(LiftRestriction, SAM, groups=SECURITY, **lift))
        with pytest.raises(SecondPersonRequired):
            story.do("09-08 11:01", make(LiftRestriction, SAM, groups=COMMANDER, **lift))
        assert story.incident.restricted

        story.do("09-08 11:02", make(LiftRestriction, BO, groups=COMMANDER, **lift))

        assert not story.incident.restricted

    def test_restricting_twice_and_lifting_nothing_are_refused(self) -> None:
        with pytest.raises(IllegalTransition):
            self.restricted().do(
                "09-08 11:00", make(Restrict, SAM, groups=SECURITY, reason="again")
            )
        with pytest.raises(IllegalTransition):
            told().do("09-08 11:00", make(LiftRestriction, SAM, groups=SECURITY, reason="nothing"))


class TestPriorities:
    def codes(self, story: Story, at: str) -> list[str]:
        return [each.code for each in priorities(story.incident, story.policy, story.at(at))]

    def test_first_somebody_has_to_take_it(self) -> None:
        story = told()

        assert self.codes(story, "09-08 10:01")[:3] == [
            "acknowledge",
            "assign_commander",
            "contain",
        ]

    def test_there_are_at_most_five(self) -> None:
        assert len(self.codes(told(category=Category.OPERATIONAL), "09-08 10:01")) == 5

    def test_once_contained_the_fix_is_next(self) -> None:
        story = told()
        story.acknowledge("09-08 10:05")
        story.contain("09-08 10:30")

        codes = self.codes(story, "09-08 10:40")

        assert "contain" not in codes
        assert "fix" in codes

    def test_a_closed_incident_has_none(self) -> None:
        story = told(Severity.LOW)

        story.close("09-08 11:00", Resolution.FALSE_POSITIVE, reason="a test alarm")

        assert self.codes(story, "09-08 11:01") == []
