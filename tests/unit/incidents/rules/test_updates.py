"""'Next update by' is a promise with a clock, for each audience (semantics 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.stories import (
    ANA,
    BO,
    COMMANDER,
    CY,
    EVERYTHING,
    FINAL_UPDATE,
    FIRST_UPDATE,
    SWEEP,
    Story,
    make,
)
from tocsin.errors import (
    BadInput,
    GroupRequired,
    IllegalTransition,
    PersonRequired,
)
from tocsin.incidents.commands.closing import Reopen
from tocsin.incidents.commands.containment import LoseContainment
from tocsin.incidents.commands.people import AssignRole
from tocsin.incidents.commands.updates import DecideCustomers, RecordUpdate
from tocsin.incidents.events.fold import fold
from tocsin.incidents.model.parts import UpdateAudience
from tocsin.incidents.vocabulary import Category, Kind, MessageKind, Role, Severity

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.events.base import Event

INTERNAL, CUSTOMERS = UpdateAudience.INTERNAL, UpdateAudience.CUSTOMERS
T0 = "09-08 10:00"


def due(story: Story, audience: UpdateAudience = INTERNAL) -> str:
    """The promise in force, on the wall."""
    said = story.incident.communication
    moment = said.internal.next_by if audience is INTERNAL else said.to_customers.next_by
    return "-" if moment is None else f"{moment.astimezone(story.zone):%m-%d %H:%M}"


def decided(story: Story, at: str = "09-08 10:05", *, tell: bool = True) -> Story:
    story.do(at, make(DecideCustomers, BO, groups=COMMANDER, tell=tell, reason="they are hit"))
    return story


def about_updates(story: Story) -> list[tuple[str, str, str]]:
    """(matter, audience, target) of every message about an update."""
    return [
        (item.facts["matter"], item.facts["audience"], item.target)
        for item in story.outbox
        if item.facts.get("matter", "").startswith("update")
    ]


class TestTheTable:
    @pytest.mark.parametrize(
        ("severity", "first", "then", "after"),
        [
            (Severity.CRITICAL, "09-08 10:30", "09-08 10:40", "09-08 16:00"),
            (Severity.HIGH, "09-08 11:00", "09-08 12:10", "09-09 12:00"),
            (Severity.MEDIUM, "09-09 10:00", "09-11 10:10", "-"),
            (Severity.LOW, "-", "-", "-"),
        ],
    )
    def test_internal(self, severity: Severity, first: str, then: str, after: str) -> None:
        story = Story().open(T0, severity)
        assert due(story) == first
        story.update("09-08 10:10")
        assert due(story) == then
        story.contain("09-08 11:00")
        story.update("09-08 12:00", "u2")
        assert due(story) == after

    @pytest.mark.parametrize(
        ("severity", "first", "then", "after"),
        [
            (Severity.CRITICAL, "09-08 11:00", "09-08 11:10", "09-09 12:00"),
            (Severity.HIGH, "09-08 14:00", "09-08 14:10", "09-09 12:00"),
            (Severity.MEDIUM, "-", "-", "-"),
            (Severity.LOW, "-", "-", "-"),
        ],
    )
    def test_customers_once_it_is_decided_to_tell_them(
        self, severity: Severity, first: str, then: str, after: str
    ) -> None:
        story = Story().open(T0, severity)
        assert due(story, CUSTOMERS) == "-"
        decided(story)
        assert due(story, CUSTOMERS) == first
        story.update("09-08 10:10", audience=CUSTOMERS, **FIRST_UPDATE)
        assert due(story, CUSTOMERS) == then
        story.contain("09-08 11:00")
        story.update("09-08 12:00", "c2", audience=CUSTOMERS)
        assert due(story, CUSTOMERS) == after

    def test_a_decision_after_the_first_was_due_gives_the_time_again(self) -> None:
        story = decided(Story().open(T0, Severity.CRITICAL), "09-08 11:30")
        assert due(story, CUSTOMERS) == "09-08 12:30"

    def test_a_backfilled_record_promises_nothing(self) -> None:
        story = Story().open(T0, Severity.CRITICAL, kind=Kind.BACKFILLED, groups=EVERYTHING)
        assert due(story) == "-"
        story.update("09-08 10:10")
        assert due(story) == "-"

    def test_the_final_update_promises_none_and_reopening_promises_a_first_again(self) -> None:
        story = Story().open(T0, Severity.HIGH)
        story.contain("09-08 11:00")
        story.repair("09-08 12:00")
        story.tell_everybody("09-08 12:00")
        assert due(story) == "-"
        story.close("09-10 12:00")
        story.do("09-10 13:00", make(Reopen, ANA, reason="it is back", severity=Severity.CRITICAL))
        assert due(story) == "09-10 13:30"


class TestWhenThingsChange:
    def test_a_raise_brings_the_first_update_forward(self) -> None:
        story = Story().open(T0, Severity.HIGH)
        story.severity("09-08 10:10", Severity.CRITICAL)
        assert due(story) == "09-08 10:40"

    def test_a_raise_never_moves_a_promise_later(self) -> None:
        story = Story().open(T0, Severity.HIGH)
        story.severity("09-08 10:50", Severity.CRITICAL)
        assert due(story) == "09-08 11:00"

    def test_a_raise_from_low_promises_what_nobody_had_promised(self) -> None:
        story = Story().open(T0, Severity.LOW)
        story.severity("09-08 12:00", Severity.HIGH)
        assert due(story) == "09-08 13:00"

    def test_a_raise_between_updates_sets_the_new_pace(self) -> None:
        story = decided(Story().open(T0, Severity.HIGH))
        story.update("09-08 10:10")
        story.update("09-08 10:10", "c1", audience=CUSTOMERS, **FIRST_UPDATE)
        story.severity("09-08 11:00", Severity.CRITICAL)
        assert (due(story), due(story, CUSTOMERS)) == ("09-08 11:30", "09-08 12:00")

    def test_a_lowering_gives_a_first_update_its_longer_time_and_keeps_what_was_promised(
        self,
    ) -> None:
        story = Story().open(T0, Severity.CRITICAL)
        story.lower("09-08 10:10", Severity.HIGH)
        assert due(story) == "09-08 11:00"
        story.update("09-08 10:20")
        assert due(story) == "09-08 12:20"
        story.lower("09-08 10:30", Severity.MEDIUM)
        assert due(story) == "09-08 12:20"

    def test_a_missed_first_update_stays_missed_when_it_is_lowered(self) -> None:
        story = Story().open(T0, Severity.CRITICAL)
        story.tick("09-08 10:31")
        story.lower("09-08 10:40", Severity.HIGH)
        assert due(story) == "09-08 10:30"
        story.tick("09-08 11:30")
        assert story.types().count("update_missed") == 1

    def test_lost_containment_brings_the_pace_back(self) -> None:
        story = Story().open(T0, Severity.CRITICAL)
        story.update("09-08 10:10")
        story.contain("09-08 10:20")
        story.update("09-08 10:30", "u2")
        assert due(story) == "09-08 14:30"
        story.do("09-08 11:00", make(LoseContainment, ANA, reason="it is back"))
        assert due(story) == "09-08 11:30"

    def test_telling_customers_no_more_ends_their_promise(self) -> None:
        story = decided(Story().open(T0, Severity.CRITICAL))
        decided(story, "09-08 10:20", tell=False)
        assert due(story, CUSTOMERS) == "-"


class TestTheFirstAndTheFinal:
    @pytest.mark.parametrize("missing", ["impact", "mitigation", "eta"])
    def test_the_first_says_impact_mitigation_and_eta(self, missing: str) -> None:
        story = Story().open(T0, Severity.HIGH)
        left_out: dict[str, Any] = {missing: " "}
        with pytest.raises(BadInput) as refused:
            story.update("09-08 10:10", **left_out)
        assert refused.value.context["field"] == missing
        story.update("09-08 10:10")
        assert story.entries[-1].content["eta"] == "unknown"

    def test_the_final_says_what_is_left_and_is_not_the_first(self) -> None:
        story = Story().open(T0, Severity.HIGH)
        with pytest.raises(IllegalTransition):
            story.update("09-08 10:10", **FINAL_UPDATE)
        story.update("09-08 10:10")
        with pytest.raises(BadInput):
            story.update("09-08 10:20", "u2", final=True)
        with pytest.raises(BadInput):
            story.update("09-08 10:20", "u2", **FINAL_UPDATE, next_by=story.at("09-08 11:00"))

    def test_no_change_counts_when_a_person_confirms_it(self) -> None:
        story = Story().open(T0, Severity.HIGH)
        with pytest.raises(BadInput):
            story.update("09-08 10:10", no_change=True)
        story.update("09-08 10:10")
        fields: dict[str, Any] = {
            "update": "u2",
            "audience": INTERNAL,
            "text": "no change",
            "accepted": True,
            "no_change": True,
        }
        with pytest.raises(PersonRequired):
            story.do("09-08 11:00", make(RecordUpdate, SWEEP, **fields))
        story.do("09-08 11:00", make(RecordUpdate, ANA, **fields))
        assert due(story) == "09-08 13:00"

    def test_a_wrong_one_is_corrected_and_stays(self) -> None:
        story = Story().open(T0, Severity.HIGH)
        story.update("09-08 10:10", "u1")
        story.update("09-08 10:15", "u2", corrects="u1", text="not checkout, search")
        sent = [entry.content for entry in story.entries if entry.type == "update_recorded"]
        assert [content.get("corrects") for content in sent] == [None, "u1"]


class TestPromises:
    def test_later_than_the_table_is_the_commanders_to_promise(self) -> None:
        story = Story().open(T0, Severity.CRITICAL)
        story.update("09-08 10:10")
        later: dict[str, Any] = {"next_by": story.at("09-08 11:30")}
        with pytest.raises(GroupRequired):
            story.update("09-08 10:20", "u2", **later)
        story.update("09-08 10:20", "u2", groups=COMMANDER, **later)
        assert due(story) == "09-08 11:30"

    def test_earlier_is_anybodys_and_the_past_is_nobodys(self) -> None:
        story = Story().open(T0, Severity.CRITICAL)
        story.update("09-08 10:10", next_by=story.at("09-08 10:20"))
        assert due(story) == "09-08 10:20"
        with pytest.raises(BadInput):
            story.update("09-08 10:20", "u2", next_by=story.at("09-08 10:20"))

    def test_it_is_kept_when_the_channel_accepted_and_not_when_it_was_drafted(self) -> None:
        story = Story().open(T0, Severity.CRITICAL)
        story.update("09-08 10:29", accepted=False)
        assert due(story) == "09-08 10:30"
        story.update("09-08 10:30")  # equal is kept
        story.update("09-08 11:01", "u2")
        kept = [entry.content.get("kept_promise") for entry in story.entries]
        assert [each for each in kept if each is not None] == [True, False]

    def test_it_is_reminded_of_once_and_missed_once_where_the_commander_sees_it(self) -> None:
        story = Story().open(T0, Severity.CRITICAL)
        story.acknowledge("09-08 10:02", BO)
        story.do("09-08 10:03", make(AssignRole, BO, role=Role.COMMUNICATIONS_OWNER, person="cy"))
        story.sweep_until("09-08 10:33")
        about = [event for event in story.events if event.type.startswith("update_")]
        assert [(event.type, event.occurred_at) for event in about] == [
            ("update_due_soon", story.at("09-08 10:25")),
            ("update_missed", story.at("09-08 10:30")),
        ]
        people = ("person:cy", "person:bo")
        assert about_updates(story) == [
            (matter, "internal", person)
            for matter in ("update", "update_missed")
            for person in people
        ]
        assert {item.kind for item in story.outbox if "audience" in item.facts} == {
            MessageKind.REMINDER
        }

    def test_a_sweep_that_is_late_records_both_and_tells_only_of_the_miss(self) -> None:
        story = Story().open(T0, Severity.HIGH)
        story.tick("09-08 13:00")
        about = [event.type for event in story.events if event.type.startswith("update_")]
        assert about == ["update_due_soon", "update_missed"]
        assert {matter for matter, _, _ in about_updates(story)} == {"update_missed"}

    def test_a_command_after_the_time_records_the_miss_first_with_its_due_time(self) -> None:
        story = Story().open(T0, Severity.CRITICAL)
        story.acknowledge("09-08 10:05")
        events: list[Event] = [*story.update("09-08 10:31")]
        assert [event.type for event in events] == ["update_missed", "update_recorded"]
        assert events[0].occurred_at == story.at("09-08 10:30")

    def test_who_sends_just_then_is_not_reminded_of_it(self) -> None:
        story = Story().open(T0, Severity.CRITICAL)
        story.update("09-08 10:28")
        story.tick("09-08 10:31")
        assert about_updates(story) == []

    def test_each_audience_has_its_own(self) -> None:
        story = decided(Story().open(T0, Severity.CRITICAL))
        story.update("09-08 10:20", next_by=story.at("09-08 10:50"))
        story.sweep_until("09-08 11:01")
        missed: list[tuple[str, datetime]] = [
            (str(entry.content["audience"]), entry.occurred_at)
            for entry in story.entries
            if entry.type == "update_missed"
        ]
        assert missed == [
            ("internal", story.at("09-08 10:50")),
            ("customers", story.at("09-08 11:00")),
        ]

    def test_what_was_promised_and_missed_folds_back(self) -> None:
        story = decided(Story().open(T0, Severity.CRITICAL))
        story.update("09-08 10:20")
        story.sweep_until("09-08 12:00")
        assert fold(story.entries) == story.incident


class TestWhoDecidesAboutCustomers:
    def story(self) -> Story:
        story = Story().open(T0, Severity.HIGH, Category.SECURITY)
        story.do("09-08 10:01", make(AssignRole, BO, role=Role.COMMUNICATIONS_OWNER, person="cy"))
        return story

    def want(self, story: Story, who: Any, *, tell: bool = True, **fields: Any) -> None:
        story.do("09-08 10:10", make(DecideCustomers, who, tell=tell, reason="why", **fields))

    def test_communications_owner_and_commander_both_want_it(self) -> None:
        story = self.story()
        self.want(story, CY)
        assert story.incident.communication.customers is None
        self.want(story, CY)
        assert story.incident.communication.customers is None, "one person is not two"
        self.want(story, BO, groups=COMMANDER)
        assert story.incident.communication.customers is True

    def test_wanting_different_things_decides_nothing(self) -> None:
        story = self.story()
        self.want(story, CY)
        self.want(story, BO, groups=COMMANDER, tell=False)
        assert story.incident.communication.customers is None
        self.want(story, CY, tell=False)
        assert story.incident.communication.customers is False

    def test_who_is_both_decides_alone_and_so_does_a_commander_without_the_other(self) -> None:
        story = self.story()
        self.want(story, CY, groups=COMMANDER)
        assert story.incident.communication.customers is True
        alone = Story().open(T0, Severity.HIGH)
        self.want(alone, BO, groups=COMMANDER)
        assert alone.incident.communication.customers is True

    def test_nobody_else_does(self) -> None:
        with pytest.raises(GroupRequired):
            self.want(self.story(), ANA)
