"""The deploy freeze: when it is on, what it holds, what passes, and when it ends (semantics 10)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.stories import ANA, BO, COMMANDER, EVERYTHING, Story, local, make
from tocsin.errors import BadInput, GroupRequired, IllegalTransition, MissingReason, PayloadTooLarge
from tocsin.incidents.commands import freeze as f
from tocsin.incidents.commands.base import Command
from tocsin.incidents.commands.closing import Reopen
from tocsin.incidents.commands.containment import LoseContainment
from tocsin.incidents.commands.record import RecordImpact
from tocsin.incidents.events.fold import fold
from tocsin.incidents.limits import ALLOWED_CHANGES
from tocsin.incidents.model.parts import Exposure, LinkPurpose
from tocsin.incidents.queries.agenda import next_due
from tocsin.incidents.queries.freeze import ChangeKind, changed, freezes
from tocsin.incidents.vocabulary import Category, Kind, MessageKind, Severity

if TYPE_CHECKING:
    from tocsin.errors import TocsinError
    from tocsin.incidents.model.incident import Incident

HOUR = timedelta(hours=1)
T0 = local("09-08 10:00")


def held(story: Story, at: str = "09-08 10:01") -> dict[str, datetime | None]:
    """The services that are frozen, and until when."""
    now = story.at(at)
    return {each.service: each.until for each in freezes(story.incident) if each.holds_at(now)}


def commander[C: Command](cls: type[C], **fields: Any) -> C:
    return make(cls, BO, groups=COMMANDER, **fields)


class TestWhenItIsOn:
    @pytest.mark.parametrize("severity", [Severity.CRITICAL, Severity.HIGH])
    def test_a_critical_or_high_in_production_freezes_its_service_from_t0(
        self, severity: Severity
    ) -> None:
        story = Story().open("09-08 10:00", severity)
        (only,) = freezes(story.incident)
        assert (only.service, only.since, only.until) == ("checkout", T0, None)
        assert held(story, "09-08 10:00") == {"checkout": None}

    @pytest.mark.parametrize(
        ("severity", "changes"),
        [
            (Severity.MEDIUM, {}),
            (Severity.LOW, {}),
            (Severity.CRITICAL, {"environment": "staging"}),
            (Severity.CRITICAL, {"kind": Kind.BACKFILLED, "groups": EVERYTHING}),
        ],
    )
    def test_nothing_else_does(self, severity: Severity, changes: dict[str, Any]) -> None:
        assert freezes(Story().open("09-08 10:00", severity, **changes).incident) == ()

    def test_it_ends_when_containment_is_verified_and_comes_back_when_it_is_lost(self) -> None:
        story = Story().open("09-08 10:00", Severity.HIGH)
        story.contain("09-08 11:00")
        assert freezes(story.incident) == ()
        story.do("09-08 12:00", make(LoseContainment, ANA, reason="it is back"))
        assert held(story, "09-08 12:00") == {"checkout": None}

    def test_a_raise_begins_it_and_a_lowering_ends_it(self) -> None:
        story = Story().open("09-08 10:00", Severity.MEDIUM)
        story.severity("09-08 11:00", Severity.HIGH)
        assert held(story, "09-08 11:00") == {"checkout": None}
        story.lower("09-08 12:00", Severity.MEDIUM)
        assert held(story, "09-08 12:00") == {}

    def test_a_reopened_incident_freezes_again(self) -> None:
        story = Story().open("09-08 10:00", Severity.HIGH)
        story.contain("09-08 11:00")
        story.repair("09-08 12:00")
        story.tell_everybody("09-08 12:00")
        story.close("09-10 12:00")
        assert freezes(story.incident) == ()
        story.do("09-10 13:00", make(Reopen, ANA, reason="it is back"))
        (only,) = freezes(story.incident)
        assert only.since == local("09-10 13:00")

    def test_a_drill_is_only_reported(self) -> None:
        story = Story().open("09-08 10:00", Severity.CRITICAL, kind=Kind.DRILL)
        (only,) = freezes(story.incident)
        assert only.lasts_at(T0)
        assert held(story) == {}

    def test_the_blast_radius_widens_it_and_no_known_service_means_every_one(self) -> None:
        story = Story().open("09-08 10:00", Severity.HIGH, service=None)
        assert held(story) == {"*": None}
        story.do("09-08 10:10", make(RecordImpact, ANA, summary="s", services=("api", "web")))
        assert held(story) == {"api": None, "web": None}

    def test_a_restricted_one_says_so_and_nothing_of_why(self) -> None:
        story = Story().open("09-08 10:00", Severity.HIGH, Category.SECURITY)
        story.do("09-08 10:10", make(RecordImpact, ANA, summary="leak", exposure=Exposure.POSSIBLE))
        (only,) = freezes(story.incident)
        assert only.restricted
        assert "leak" not in repr(only)
        assert story.incident.title not in repr(only)


class TestWhatPasses:
    RISKY = (
        ChangeKind.CODE,
        ChangeKind.INFRASTRUCTURE,
        ChangeKind.SCHEMA,
        ChangeKind.CONFIGURATION,
        ChangeKind.FLAG_ON,
    )
    BILLING = (ChangeKind.PRICES, ChangeKind.PLANS, ChangeKind.ROUTING, ChangeKind.BULK_EDIT)

    def stopped(self, category: Category, **changes: Any) -> set[ChangeKind]:
        story = Story().open("09-08 10:00", Severity.HIGH, category, **changes)
        (only,) = freezes(story.incident)
        return {kind for kind in ChangeKind if only.stops(kind, (), T0)}

    def test_every_production_change_but_turning_a_flag_off_is_stopped(self) -> None:
        assert self.stopped(Category.PRODUCTION) == set(self.RISKY)

    def test_a_billing_incident_stops_prices_plans_routing_and_bulk_edits_too(self) -> None:
        assert self.stopped(Category.OPERATIONAL) == {*self.RISKY, *self.BILLING}

    def test_what_the_commander_lets_through_as_fix_passes_and_nothing_else(self) -> None:
        story = Story().open("09-08 10:00", Severity.CRITICAL)
        allow = {"change": "c0ffee", "purpose": LinkPurpose.FIX, "reason": "the fix"}
        with pytest.raises(GroupRequired):
            story.do("09-08 10:30", make(f.AllowChange, ANA, **allow))
        story.do("09-08 10:30", commander(f.AllowChange, **allow))
        (only,) = freezes(story.incident)
        now = local("09-08 10:31")
        assert not only.stops(ChangeKind.CODE, ("c0ffee",), now)
        assert only.stops(ChangeKind.CODE, ("beef",), now)
        assert only.stops(ChangeKind.CODE, (), now)
        assert story.incident.severity is Severity.CRITICAL

    @pytest.mark.parametrize("purpose", [LinkPurpose.TEST_PLAN, LinkPurpose.EVIDENCE])
    def test_only_containment_and_fix_are_purposes(self, purpose: LinkPurpose) -> None:
        story = Story().open("09-08 10:00", Severity.HIGH)
        with pytest.raises(BadInput):
            story.do(
                "09-08 10:30", commander(f.AllowChange, change="x", purpose=purpose, reason="r")
            )

    def test_there_is_a_bound_on_what_is_let_through(self) -> None:
        story = Story().open("09-08 10:00", Severity.HIGH)
        for number in range(ALLOWED_CHANGES + 1):
            allow = commander(
                f.AllowChange, change=f"c{number}", purpose=LinkPurpose.CONTAINMENT, reason="r"
            )
            if number < ALLOWED_CHANGES:
                story.do("09-08 10:30", allow)
            else:
                with pytest.raises(PayloadTooLarge):
                    story.do("09-08 10:30", allow)


class TestTheCommander:
    def test_holds_it_24_hours_beyond_containment_at_most(self) -> None:
        story = Story().open("09-08 10:00", Severity.HIGH)
        story.do("09-08 10:30", commander(f.ExtendFreeze, minutes=24 * 60, reason="unsure"))
        story.contain("09-08 11:00")  # verified two minutes later
        assert held(story, "09-09 11:01") == {"checkout": local("09-09 11:02")}
        assert held(story, "09-09 11:02") == {}

    @pytest.mark.parametrize("minutes", [0, -5, 24 * 60 + 1])
    def test_not_for_longer_and_not_for_nothing(self, minutes: int) -> None:
        story = Story().open("09-08 10:00", Severity.HIGH)
        with pytest.raises(BadInput):
            story.do("09-08 10:30", commander(f.ExtendFreeze, minutes=minutes, reason="unsure"))

    def test_extensions_do_not_add_up(self) -> None:
        story = Story().open("09-08 10:00", Severity.HIGH)
        story.contain("09-08 11:00")
        story.do("09-08 12:02", commander(f.ExtendFreeze, minutes=23 * 60, reason="unsure"))
        assert held(story, "09-08 12:03") == {"checkout": local("09-09 11:02")}
        with pytest.raises(BadInput):
            story.do("09-08 13:02", commander(f.ExtendFreeze, minutes=23 * 60, reason="unsure"))

    def test_is_warned_an_hour_before_it_ends_once(self) -> None:
        story = Story().open("09-08 10:00", Severity.MEDIUM)
        story.severity("09-08 10:01", Severity.HIGH)
        story.acknowledge("09-08 10:02", BO)
        story.contain("09-08 11:00", verifier=BO)
        story.do("09-08 11:02", commander(f.ExtendFreeze, minutes=6 * 60, reason="unsure"))
        assert next_due(story.incident, story.policy) == local("09-08 16:02")
        story.sweep_until("09-08 20:00")
        warned = [event for event in story.events if event.type == "freeze_ending"]
        assert [(event.at, event.occurred_at) for event in warned] == [
            (local("09-08 16:02"), local("09-08 16:02"))
        ]
        told = [item for item in story.outbox if item.facts.get("matter") == "freeze"]
        assert {(item.kind, item.target) for item in told} == {
            (MessageKind.REMINDER, "person:bo"),
            (MessageKind.REMINDER, "person:engineering-lead"),
        }

    def test_nobody_is_told_of_an_end_that_has_been(self) -> None:
        story = Story().open("09-08 10:00", Severity.HIGH)
        story.contain("09-08 11:00")
        story.do("09-08 11:02", commander(f.ExtendFreeze, minutes=120, reason="unsure"))
        story.tick("09-09 11:00")
        assert "freeze_ending" in story.types()
        assert not [item for item in story.outbox if item.facts.get("matter") == "freeze"]

    def test_lifts_it_with_a_reason_and_losing_containment_puts_it_on_again(self) -> None:
        story = Story().open("09-08 10:00", Severity.CRITICAL)
        with pytest.raises(MissingReason):
            story.do("09-08 10:30", commander(f.LiftFreeze, reason=" "))
        story.do("09-08 10:30", commander(f.LiftFreeze, reason="harm is elsewhere"))
        assert held(story, "09-08 10:30") == {}
        with pytest.raises(IllegalTransition):
            story.do("09-08 10:31", commander(f.LiftFreeze, reason="again"))
        story.contain("09-08 11:00")
        story.do("09-08 12:00", make(LoseContainment, ANA, reason="it is back"))
        assert held(story, "09-08 12:00") == {"checkout": None}

    @pytest.mark.parametrize(
        ("cls", "fields"),
        [
            (f.ExtendFreeze, {"minutes": 60, "reason": "r"}),
            (f.LiftFreeze, {"reason": "r"}),
            (f.AllowChange, {"change": "c", "purpose": LinkPurpose.FIX, "reason": "r"}),
        ],
    )
    def test_decides_alone_and_only_where_there_is_one(
        self, cls: type[Command], fields: dict[str, Any]
    ) -> None:
        story = Story().open("09-08 10:00", Severity.HIGH)
        refused: list[tuple[type[TocsinError], Command, Story]] = [
            (GroupRequired, make(cls, ANA, **fields), story),
            (
                IllegalTransition,
                commander(cls, **fields),
                Story().open("09-08 10:00", Severity.LOW),
            ),
        ]
        for error, command, where in refused:
            with pytest.raises(error):
                where.do("09-08 10:30", command)


class TestWhatIsWrittenDown:
    def steps(self, story: Story) -> list[dict[str, datetime | None]]:
        """After each entry, the rows that are written anew."""
        found, before = [], None
        for number in range(1, len(story.entries) + 1):
            after: Incident = fold(story.entries[:number])
            rows = changed(before, after)
            if rows:
                found.append({row.service: row.until for row in rows})
            before = after
        return found

    def test_a_row_when_it_begins_and_when_it_ends_and_none_in_between(self) -> None:
        story = Story().open("09-08 10:00", Severity.HIGH)
        story.note("09-08 10:10")
        story.contain("09-08 11:00")
        assert self.steps(story) == [{"checkout": None}, {"checkout": local("09-08 11:02")}]

    def test_a_service_that_leaves_the_scope_is_released(self) -> None:
        story = Story().open("09-08 10:00", Severity.HIGH, service=None)
        story.do("09-08 10:10", make(RecordImpact, ANA, summary="s", services=("api",)))
        assert self.steps(story) == [
            {"*": None},
            {"api": None, "*": local("09-08 10:10")},
        ]

    def test_an_extension_that_ran_out_keeps_its_end(self) -> None:
        story = Story().open("09-08 10:00", Severity.HIGH)
        story.contain("09-08 11:00")
        story.do("09-08 11:02", commander(f.ExtendFreeze, minutes=120, reason="unsure"))
        story.lower("09-08 15:00", Severity.MEDIUM)
        assert self.steps(story)[-1] == {"checkout": local("09-08 13:02")}
