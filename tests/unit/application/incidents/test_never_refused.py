"""Nothing is refused for ever: large teams, late sweeps, and long texts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.desk import T0, Desk, large_team
from tests.harness.worlds.stories import ANA, BO
from tocsin.errors import PayloadTooLarge
from tocsin.incidents.commands.people import Acknowledge, Escalate
from tocsin.incidents.commands.updates import PublishPostmortem
from tocsin.incidents.model.parts import Preventive
from tocsin.incidents.vocabulary import Audience, ClockName, MessageKind, Severity

if TYPE_CHECKING:
    from tocsin.ports.incidents import Commit


def postmortem(desk: Desk, incident: str, works: int) -> None:
    actions = tuple(
        Preventive(text=f"work {n}", owner="cy", due_at=T0 + timedelta(hours=1))
        for n in range(works)
    )
    fields: dict[str, Any] = {"url": "https://example.com/pm", "root_cause": "a missing check"}
    desk.ask(incident, PublishPostmortem, actions=actions, **fields)


class TestALargeTeam:
    @pytest.mark.parametrize("each", [25, 40])
    def test_everybody_is_paged_on_time_and_paging_goes_on_all_day(self, each: int) -> None:
        desk = Desk(large_team(each))
        incident = desk.alarm("api-outage")
        assert incident.severity is Severity.CRITICAL
        desk.run(15)

        paged = desk.entries(incident, "paged")[-1]
        assert paged.occurred_at == T0 + timedelta(minutes=15)
        before = len(desk.sent(incident, MessageKind.PAGE))
        everybody = {item.target for item in desk.sent(incident, MessageKind.PAGE)}
        assert len(everybody) >= 4 * each
        desk.run(1)
        assert desk.load(incident).clocks[ClockName.ACKNOWLEDGE].missed_at == T0 + timedelta(
            minutes=15
        )
        desk.run(4)
        again = desk.sent(incident, MessageKind.PAGE)[before:]
        assert len(again) == len({item.target for item in again}) == len(everybody)

    def test_each_person_is_paged_once_by_a_sweep_that_is_a_day_late(self) -> None:
        desk = Desk(large_team())
        incident = desk.alarm("api-outage")
        before = len(desk.sent(incident, MessageKind.PAGE))
        desk.advance(24 * 60)
        desk.sweep()
        pages = [item.target for item in desk.sent(incident, MessageKind.PAGE)[before:]]
        assert len(pages) == len(set(pages)) >= 100
        assert desk.sweep().changed == ()

    def test_everybody_asked_for_by_hand_is_paged(self) -> None:
        desk = Desk(large_team())
        incident = desk.alarm("api-outage")
        desk.ask(incident, Acknowledge, ANA)
        before = len(desk.sent(incident, MessageKind.PAGE))
        desk.ask(incident, Escalate, ANA, audience=Audience.ALL, reason="need a database person")
        desk.run(1)
        asked = desk.sent(incident, MessageKind.PAGE)[before:]
        assert len(asked) == len({item.target for item in asked}) >= 100
        assert {item.facts["reason"] for item in asked} == {"need a database person"}
        assert {item.facts["by"] for item in asked} == {"ana"}
        assert desk.load(incident).escalating is None

    def test_who_is_left_of_one_call_is_paged_in_the_name_of_who_called(self) -> None:
        desk = Desk(large_team())
        incident = desk.alarm("api-outage")
        desk.ask(incident, Acknowledge, ANA)
        before = len(desk.sent(incident, MessageKind.PAGE))
        for caller, reason in ((ANA, "a database person"), (BO, "a lawyer")):
            desk.ask(incident, Escalate, caller, audience=Audience.ALL, reason=reason)
        desk.run(2)
        asked = desk.sent(incident, MessageKind.PAGE)[before:]
        said = [(item.target, item.facts["by"], item.facts["reason"]) for item in asked]
        for by, reason in (("ana", "a database person"), ("bo", "a lawyer")):
            reached = [target for target, who, why in said if (who, why) == (by, reason)]
            assert len(reached) == len(set(reached)) >= 100
        now = desk.load(incident)
        assert (now.escalating, now.escalating_next) == (None, None)
        assert len(now.requests or ()) <= 40


class TestALateSweep:
    def test_twenty_actions_due_at_once_and_everything_else_are_acted_on(self) -> None:
        desk = Desk(large_team())
        incident = desk.alarm("api-outage")
        postmortem(desk, incident.id, 20)
        desk.advance(48 * 60)
        desk.sweep()
        assert len(desk.entries(incident, "prevention_overdue")) == 20
        assert desk.sweep().changed == ()

    def test_an_acknowledgement_is_never_refused_and_records_the_breach_first(self) -> None:
        desk = Desk(large_team())
        incident = desk.alarm("api-outage")
        postmortem(desk, incident.id, 20)
        desk.advance(3 * 60)
        outcome = desk.ask(incident, Acknowledge, ANA)
        types = [entry.type for entry in outcome.entries]
        assert types.index("clock_breached") < types.index("acknowledged")
        now = desk.load(incident)
        assert now.clocks[ClockName.ACKNOWLEDGE].missed_at == T0 + timedelta(minutes=15)
        assert len(desk.entries(incident, "prevention_overdue")) < 20
        desk.sweep()
        assert len(desk.entries(incident, "prevention_overdue")) == 20


def test_the_memory_store_counts_items_as_the_table_does() -> None:
    desk = Desk()
    incident = desk.alarm("api-outage")
    kept = desk.store.all_outbox()[0]
    held: list[Commit] = []
    desk.store.before_commit = held.append
    desk.ask(incident, Acknowledge, BO)
    (commit,) = held

    many = tuple(replace(kept, seq=900 + n) for n in range(100))
    with pytest.raises(PayloadTooLarge):
        desk.store.commit(replace(commit, outbox=many))
