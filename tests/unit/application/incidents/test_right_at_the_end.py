"""Stories that cross end as they would have one by one, and late ones as those in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.desk import T0, Desk, key_of
from tests.harness.worlds.stories import (
    ANA,
    BO,
    CY,
    FIRST_UPDATE,
    GITHUB,
    SAM,
    local,
    signal,
)
from tocsin.documents.messages import render
from tocsin.incidents.commands.access import ChangeAccess
from tocsin.incidents.commands.closing import Close, Reopen
from tocsin.incidents.commands.fix import LinkFix, PauseFix, RecordDeploy, RecordRelease, RecordRun
from tocsin.incidents.commands.people import Acknowledge
from tocsin.incidents.commands.record import RecordImpact
from tocsin.incidents.commands.relations import Merge, Split
from tocsin.incidents.commands.severity import ChangeCategory, ChangeSeverity
from tocsin.incidents.commands.updates import DecideCustomers, RecordUpdate
from tocsin.incidents.model.incident import RoundReason
from tocsin.incidents.model.parts import Exposure, RunKind, UpdateAudience
from tocsin.incidents.vocabulary import (
    Category,
    ClockName,
    MessageKind,
    Resolution,
    Severity,
)

if TYPE_CHECKING:
    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.model.incident import Incident

MINUTE = timedelta(minutes=1)

type Step = tuple[type[Command], dict[str, Any]]


def clear(desk: Desk, name: str = "api-5xx", **changes: Any) -> None:
    desk.engine.receive([signal(desk.clock.now, name=name, firing=False, **changes)])


def fixed(desk: Desk, name: str = "api-5xx") -> Incident:
    """A high incident that is acknowledged, quiet, contained and fixed; the window runs."""
    incident = desk.alarm(name)
    desk.ask(incident, Acknowledge, BO)
    clear(desk, name)
    desk.contain(incident, ANA)
    desk.advance(1)
    desk.repair(incident)
    return desk.load(incident)


def end(desk: Desk, incident: Incident | str) -> None:
    for who in (BO, CY):
        desk.ask(incident, Close, who, resolution=Resolution.FALSE_POSITIVE, reason="nothing")


class TestFlaps:
    @pytest.mark.parametrize("together", [True, False])
    def test_one_in_a_batch_restarts_the_window_as_one_in_two(self, *, together: bool) -> None:
        desk = Desk()
        incident = fixed(desk)
        assert incident.window is not None
        assert incident.window.ends_at == local("09-09 10:02")
        flap = [
            signal(local("09-08 20:00"), id="a"),
            signal(local("09-08 20:04"), firing=False, id="b"),
        ]
        if together:
            desk.at("09-08 20:04")
            desk.engine.receive(flap)
        else:
            for part in flap:
                desk.clock.now = part.occurred_at
                desk.engine.receive([part])
        window = desk.load(incident).window
        assert window is not None
        assert window.ends_at == local("09-09 20:04")

    def test_an_old_firing_that_comes_late_is_no_flap(self) -> None:
        desk = Desk()
        incident = fixed(desk)
        desk.advance(60)
        desk.engine.receive([signal(T0 - MINUTE, id="old")])
        assert desk.load(incident).window == incident.window


class TestWhatAKeySaidLast:
    def test_an_ok_from_before_a_merge_counts_after_it(self) -> None:
        desk = Desk()
        target = desk.alarm("api-5xx")
        desk.clock.now = local("09-08 10:05")
        other = desk.alarm("queue-age")
        desk.clock.now = local("09-08 10:10") + timedelta(seconds=20)
        for who in (BO, CY):
            desk.ask(target, Merge, who, other=other.id, reason="one cause")
        assert desk.load(target).signals[key_of("queue-age")].firing
        late = signal(local("09-08 10:10"), name="queue-age", firing=False)
        desk.engine.receive([late])
        assert not desk.load(target).signals[key_of("queue-age")].firing

    def test_an_ok_from_before_a_split_counts_after_it(self) -> None:
        desk = Desk()
        whole = desk.alarm("api-5xx")
        desk.clock.now = local("09-08 10:10") + timedelta(seconds=20)
        fields: dict[str, Any] = {
            "title": "b",
            "reason": "another cause",
            "keys": (key_of("api-5xx"),),
        }
        part = desk.ask(whole, Split, **fields).incident
        assert part.signals[key_of("api-5xx")].firing
        desk.engine.receive([signal(local("09-08 10:10"), firing=False)])
        assert not desk.load(part).signals[key_of("api-5xx")].firing

    def test_a_clear_while_it_was_closed_counts_at_reopening(self) -> None:
        desk = Desk()
        incident = desk.alarm("api-outage")
        end(desk, incident)
        desk.advance(5)
        clear(desk, "api-outage")
        assert not desk.load(incident).open
        desk.advance(60)
        desk.ask(incident, Reopen, ANA, reason="it was real")
        assert not desk.load(incident).firing
        desk.contain(incident, ANA)
        assert desk.load(incident).contained

    def test_an_ok_that_overtook_its_alarm_is_heard_after_it(self) -> None:
        desk = Desk()
        desk.advance(6)
        clear(desk, "api-outage")
        incident = desk.alarm("api-outage", occurred_at=T0)
        assert incident.severity is Severity.CRITICAL
        assert desk.sent(incident, MessageKind.PAGE)
        assert not incident.firing

    def test_an_ok_of_long_ago_clears_no_new_alarm(self) -> None:
        desk = Desk()
        clear(desk)
        desk.advance(60)
        assert desk.alarm("api-5xx").firing

    def test_one_closed_long_ago_is_reopened_without_a_key_that_a_newer_one_has(self) -> None:
        desk = Desk()
        old = desk.alarm("api-5xx")
        end(desk, old)
        desk.advance(8 * 24 * 60)
        new = desk.alarm("api-5xx")
        assert new.id != old.id
        desk.ask(old, Reopen, ANA, reason="it was real")
        assert desk.load(old).open
        assert desk.load(old).signals == {}
        desk.advance(1)
        assert desk.alarm("api-5xx").id == new.id


class TestReopenedByAWorseSignal:
    def test_it_is_reopened_and_then_raised_and_people_are_paged_once(self) -> None:
        desk = Desk()
        incident = desk.alarm("api-5xx")
        end(desk, incident)
        outage = desk.alarm("api-outage")
        assert outage.severity is Severity.CRITICAL
        end(desk, outage)
        desk.advance(60)
        worse = replace(signal(desk.clock.now, name="api-5xx"), rule="api-outage")
        before = len(desk.store.all_outbox())
        (outcome,) = desk.engine.receive([worse])
        types = [entry.type for entry in outcome.entries]
        assert types.index("reopened") < types.index("severity_changed") < types.index("paged")
        assert types.count("paged") == 1
        after = desk.load(incident)
        assert (after.cycle, after.severity) == (2, Severity.CRITICAL)
        assert after.round is not None
        assert after.round.due_at == desk.clock.now + 15 * MINUTE
        told = [item.target for item in desk.store.all_outbox()[before:] if item.kind == "page"]
        assert len(told) == len(set(told)) > 0


class TestRestriction:
    @pytest.mark.parametrize("exposure_first", [True, False])
    def test_possible_exposure_and_security_restrict_in_either_order(
        self, *, exposure_first: bool
    ) -> None:
        desk = Desk()
        incident = desk.open(Severity.HIGH)
        exposure: Step = (RecordImpact, {"summary": "mails", "exposure": Exposure.POSSIBLE})
        category: Step = (ChangeCategory, {"category": Category.SECURITY, "reason": "a leak"})
        steps = [exposure, category] if exposure_first else [category, exposure]
        for cls, fields in steps:
            assert not desk.load(incident).restricted
            desk.ask(incident, cls, **fields)
        assert desk.load(incident).restricted


class TestCustomers:
    def test_the_second_yes_promises_again(self) -> None:
        desk = Desk()
        incident = desk.open(Severity.CRITICAL)
        desk.ask(incident, DecideCustomers, tell=True)
        fields: dict[str, Any] = {
            "audience": UpdateAudience.CUSTOMERS,
            "text": "we look",
            "accepted": True,
        }
        desk.ask(incident, RecordUpdate, update="u1", **fields, **FIRST_UPDATE)
        desk.ask(incident, DecideCustomers, tell=False, reason="nobody is affected")
        assert desk.load(incident).communication.to_customers.next_by is None
        desk.advance(10)
        desk.ask(incident, DecideCustomers, tell=True)
        assert desk.load(incident).communication.to_customers.next_by == T0 + 70 * MINUTE

    def test_a_yes_after_a_yes_moves_nothing(self) -> None:
        desk = Desk()
        incident = desk.open(Severity.CRITICAL)
        desk.ask(incident, DecideCustomers, tell=True)
        fields: dict[str, Any] = {
            "audience": UpdateAudience.CUSTOMERS,
            "text": "we look",
            "accepted": True,
        }
        desk.ask(incident, RecordUpdate, update="u1", **fields, **FIRST_UPDATE)
        desk.advance(10)
        desk.ask(incident, DecideCustomers, tell=True)
        assert desk.load(incident).communication.to_customers.next_by == T0 + 60 * MINUTE


class TestLateSweeps:
    @pytest.mark.parametrize("late", [0, 45, 600])
    def test_containment_lost_to_a_signal_counts_from_ten_minutes_after_it(self, late: int) -> None:
        desk = Desk()
        incident = desk.alarm("api-outage")
        desk.ask(incident, Acknowledge, BO)
        clear(desk, "api-outage")
        desk.contain(incident, ANA)
        fields: dict[str, Any] = {
            "audience": UpdateAudience.INTERNAL,
            "text": "we look",
            "accepted": True,
        }
        desk.ask(incident, RecordUpdate, update="u1", **fields, **FIRST_UPDATE)
        desk.at("09-08 12:00")
        desk.alarm("api-outage")
        if not late:
            desk.run(600)
        while late and desk.clock.now < local("09-08 22:00"):
            desk.advance(late)
            desk.sweep()
        desk.at("09-08 22:00")
        desk.sweep()
        found = desk.load(incident)
        assert found.containment.lost_at == local("09-08 12:10")
        assert found.clocks[ClockName.CONTAIN].missed_at == local("09-08 14:00")
        told = found.communication.internal
        assert (told.next_by, told.missed_at) == (local("09-08 12:40"), local("09-08 12:40"))
        assert found.round is not None
        assert found.round.reason is RoundReason.CONTAINMENT_LOST
        assert found.round.started_at == local("09-08 12:10")
        assert found.round.missed_at == local("09-08 12:25")


class TestFix:
    def test_fixed_during_a_pause_the_pause_ends_first_and_the_due_time_moves(self) -> None:
        desk = Desk()
        incident = desk.open(Severity.HIGH)
        due = incident.clocks[ClockName.FIX].due_at
        assert due == local("09-11 10:00")
        desk.at("09-08 16:00")
        desk.ask(incident, PauseFix, minutes=1_440, reason="waiting")
        desk.at("09-09 11:00")
        desk.repair(incident)
        clock = desk.load(incident).clocks[ClockName.FIX]
        assert (clock.due_at, clock.stopped_at) == (local("09-11 14:00"), desk.clock.now)
        assert clock.pause is None
        types = [entry.type for entry in desk.store.entries(incident.id)]
        assert types.index("fix_resumed") < types.index("fixed")

    def test_checks_and_deploys_from_before_their_commit_was_linked_count(self) -> None:
        desk = Desk()
        incident = desk.open(Severity.HIGH)
        for run in RunKind:
            desk.ask(incident, RecordRun, GITHUB, commit="c0ffee", run=run, conclusion="success")
        fields: dict[str, Any] = {"commit": "c0ffee", "conclusion": "success", "whole_scope": True}
        desk.ask(incident, RecordDeploy, GITHUB, **fields)
        assert not desk.load(incident).fixed
        desk.advance(5)
        desk.ask(incident, LinkFix, commit="another")
        assert not desk.load(incident).fixed
        desk.advance(5)
        desk.ask(incident, LinkFix, commit="c0ffee")
        assert desk.load(incident).fix.fixed_at == desk.clock.now

    def test_what_failed_after_it_was_green_is_not_green(self) -> None:
        desk = Desk()
        incident = desk.open(Severity.HIGH)
        for run, conclusion in (
            (RunKind.QUALITY, "success"),
            (RunKind.SECURITY, "success"),
            (RunKind.SECURITY, "failure"),
        ):
            desk.ask(incident, RecordRun, GITHUB, commit="c0", run=run, conclusion=conclusion)
        fields: dict[str, Any] = {"commit": "c0", "conclusion": "success", "whole_scope": True}
        desk.ask(incident, RecordDeploy, GITHUB, **fields)
        desk.ask(incident, LinkFix, commit="c0")
        assert not desk.load(incident).fixed

    def test_a_deploy_of_the_cycle_before_does_not_count(self) -> None:
        desk = Desk()
        incident = desk.open(Severity.LOW)
        fields: dict[str, Any] = {"commit": "c0ffee", "conclusion": "success", "whole_scope": True}
        desk.ask(incident, RecordDeploy, GITHUB, **fields)
        desk.ask(incident, Close, resolution=Resolution.FALSE_POSITIVE, reason="nothing")
        desk.advance(60)
        desk.ask(incident, Reopen, ANA, reason="it was real")
        desk.ask(incident, LinkFix, commit="c0ffee")
        assert desk.load(incident).fix.deployed_at is None

    def test_a_release_with_the_fix_from_before_the_link_counts(self) -> None:
        desk = Desk()
        incident = desk.open(Severity.LOW)
        desk.advance(60)
        now = desk.clock.now
        fields: dict[str, Any] = {"regular": True, "cut_at": now, "planned_at": None}
        desk.ask(
            incident, RecordRelease, GITHUB, release="R1", shipped_at=now, has_fix=True, **fields
        )
        desk.ask(incident, LinkFix, commit="c0ffee")
        for run in RunKind:
            desk.ask(incident, RecordRun, GITHUB, commit="c0ffee", run=run, conclusion="success")
        assert desk.load(incident).fixed


class TestReleases:
    def test_one_whose_day_is_past_is_listed_weekly(self) -> None:
        desk = Desk()
        incident = desk.open(Severity.LOW)
        fields: dict[str, Any] = {
            "regular": True,
            "cut_at": local("09-09 12:00"),
            "shipped_at": None,
        }
        planned = local("09-10 15:00")
        desk.ask(
            incident,
            RecordRelease,
            GITHUB,
            release="R42",
            planned_at=planned,
            has_fix=False,
            **fields,
        )
        desk.at("09-11 08:00")
        desk.sweep()
        assert desk.entries(incident, "left_unscheduled") == []
        desk.at("09-22 08:00")
        desk.sweep()
        desk.at("09-28 09:00")
        desk.sweep()
        listed = desk.entries(incident, "left_unscheduled")
        assert [entry.occurred_at for entry in listed] == [
            local("09-21 09:00"),
            local("09-28 09:00"),
        ]
        late = [
            item
            for item in desk.sent(incident, MessageKind.REMINDER)
            if item.facts.get("matter") == "unshipped"
        ]
        text = render(late[0], desk.policy).text
        assert "was planned for" in text
        assert "15:00" in text
        shipped = local("09-28 09:30")
        desk.clock.now = shipped
        fields["shipped_at"] = shipped
        desk.ask(
            incident,
            RecordRelease,
            GITHUB,
            release="R42",
            planned_at=planned,
            has_fix=False,
            **fields,
        )
        desk.at("10-06 09:00")
        desk.sweep()
        assert len(desk.entries(incident, "left_unscheduled")) == 2


class TestExcluded:
    def test_they_are_neither_paged_nor_reminded_and_the_next_ones_are(self) -> None:
        desk = Desk()
        incident = desk.alarm("api-outage")
        first = {item.person for item in desk.sent(incident, MessageKind.PAGE)}
        for person in sorted(first):
            desk.ask(incident, ChangeAccess, SAM, person=person, allowed=False, reason="is it")
        before = len(desk.store.all_outbox())
        desk.ask(incident, ChangeSeverity, BO, severity=Severity.HIGH, reason="less")
        desk.ask(incident, ChangeSeverity, SAM, severity=Severity.HIGH, reason="less")
        desk.run(24 * 60)
        later = desk.store.all_outbox()[before:]
        assert later
        assert first.isdisjoint({item.person for item in later if item.personal})

    def test_whoever_comes_next_is_paged_at_once_if_all_of_a_step_are_kept_out(self) -> None:
        desk = Desk()
        incident = desk.open(Severity.MEDIUM)
        roster = desk.policy.roster
        asked = roster.paged[incident.category]
        line = {roster.primary[role] for role in asked} | {roster.backup[role] for role in asked}
        line |= {person for role in asked for person in roster.deputies.get(role, ())}
        for person in sorted(line)[:12]:
            desk.ask(incident, ChangeAccess, SAM, person=person, allowed=False, reason="is it")
        before = len(desk.store.all_outbox())
        desk.ask(incident, ChangeSeverity, CY, severity=Severity.CRITICAL, reason="worse")
        told = desk.store.all_outbox()[before:]
        pages = {item.person for item in told if item.kind is MessageKind.PAGE}
        assert pages
        assert pages.isdisjoint(line)

    def test_they_do_not_see_the_part_after_a_split(self) -> None:
        desk = Desk()
        whole = desk.alarm("api-outage")
        out = desk.sent(whole, MessageKind.PAGE)[0].person
        desk.ask(whole, ChangeAccess, SAM, person=out, allowed=False, reason="is it")
        fields: dict[str, Any] = {
            "title": "b",
            "reason": "another cause",
            "keys": (key_of("api-outage"),),
        }
        part = desk.load(desk.ask(whole, Split, **fields).incident)
        assert part.access.excluded == (out,)
        pages = desk.sent(part, MessageKind.PAGE)
        assert pages
        assert out not in {item.person for item in pages}
