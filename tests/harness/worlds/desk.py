"""Several incidents in one store, through the engine: who asks for what, when, and what came of it.

Every incident that is read is compared with what its timeline folds to.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.harness.fakes.application import CountingIds, HostileStore, ManualClock, Policies
from tests.harness.worlds.stories import BO, EVERYTHING, GITHUB, INCIDENT, local, make, signal
from tocsin.application.incidents.engine import Engine
from tocsin.errors import StoreUnavailable
from tocsin.incidents.commands.containment import (
    FinishAction,
    Observe,
    PlanAction,
    VerifyContainment,
)
from tocsin.incidents.commands.fix import LinkFix, RecordDeploy, RecordRun
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.events.fold import fold
from tocsin.incidents.model.parts import Check, RunKind, Verdict
from tocsin.incidents.vocabulary import Category, Kind, MessageKind, Role, Severity
from tocsin.policy.compiled.policies import default

if TYPE_CHECKING:
    from datetime import timedelta

    from tocsin.application.incidents.outcome import Outcome, SweepReport
    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.outbox import OutboxItem
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.incidents.timeline.entry import Actor, Entry

T0 = local("09-08 10:00")


def key_of(alarm: str) -> str:
    """The dedup key of an alarm's signals."""
    return f"v1:cloudwatch:{alarm}"


ROTATIONS = tuple(Role)[:4]


def large_team(each: int = 25) -> Policy:
    """Four rotations, each with so many people behind the one on call."""
    plain = replace(default(), chat_room=None)
    deputies = {role: tuple(f"{role}-{n}" for n in range(each)) for role in ROTATIONS}
    return replace(plain, roster=replace(plain.roster, deputies=deputies))


class Desk:
    """The engine over one store in memory; `at` is 10:00 on Tuesday, September 8 until moved."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.store = HostileStore()
        self.clock = ManualClock(T0)
        self.policy = policy or replace(default(), chat_room=None)
        self.policies = Policies([self.policy])
        self.engine = Engine(
            store=self.store,
            policies=self.policies,
            clock=self.clock,
            ids=CountingIds(),
        )
        self._asked = 0

    # What happens

    def alarm(self, name: str = "api-5xx", **changes: Any) -> Incident:
        """The alarm fires (or what `changes` say) now; the incident it belongs to afterwards."""
        (outcome,) = self.engine.receive([signal(self.clock.now, name=name, **changes)])
        return self.load(outcome.incident.id)

    def open(
        self,
        severity: Severity,
        category: Category = Category.PRODUCTION,
        *,
        kind: Kind = Kind.REAL,
        **fields: Any,
    ) -> Incident:
        """Somebody opens an incident."""
        self._asked += 1
        prefix = "DRL" if kind is Kind.DRILL else "INC"
        command = make(
            OpenIncident,
            BO,
            incident_id=f"{prefix}{INCIDENT[3:-4]}{self._asked:04d}",
            command_id=f"open-{self._asked}",
            severity=severity,
            category=category,
            kind=kind,
            groups=EVERYTHING,
            **({"title": "checkout is down"} | fields),
        )
        return self.load(self.engine.execute(command).incident.id)

    def ask(
        self, incident: Incident | str, cls: type[Command], who: Actor = BO, **fields: Any
    ) -> Outcome:
        """Carries out a command of a person of every group, under an id of its own."""
        self._asked += 1
        name = incident if isinstance(incident, str) else incident.id
        envelope = {"incident_id": name, "command_id": f"c-{self._asked}", "groups": EVERYTHING}
        return self.engine.execute(make(cls, who, **(envelope | fields)))

    def contain(self, incident: Incident, by: Actor, verifier: Actor = BO) -> None:
        """One action, three looks a minute later, and verified."""
        action = f"action-{incident.version}"
        self.ask(incident, PlanAction, by, action=action, text="roll back")
        self.ask(incident, FinishAction, by, action=action)
        self.advance(1)
        for check in Check:
            self.ask(incident, Observe, check=check, verdict=Verdict.PASSED, detail="dashboard 7")
        self.ask(incident, VerifyContainment, verifier)

    def repair(self, incident: Incident, commit: str = "c0ffee") -> None:
        """A linked commit with green checks, deployed."""
        self.ask(incident, LinkFix, commit=commit)
        for run in RunKind:
            self.ask(incident, RecordRun, GITHUB, commit=commit, run=run, conclusion="success")
        fields = {"commit": commit, "conclusion": "success", "whole_scope": True}
        self.ask(incident, RecordDeploy, GITHUB, **fields)

    def cut(self, write: int, cls: type[Command], incident: Incident | str, **fields: Any) -> bool:
        """The command, whose process dies right after its `write`th write; whether it got there."""
        start = self.store.commits

        def die(_commit: object) -> None:
            if self.store.commits - start == write:
                self.store.lose_answers = 1
            else:
                self.store.before_commit = die

        self.store.before_commit = die
        try:
            self.ask(incident, cls, **fields)
        except StoreUnavailable:
            return True
        finally:
            self.store.before_commit, self.store.lose_answers = None, 0
        return False

    # Time

    def advance(self, minutes: float) -> None:
        self.clock.advance(minutes * _MINUTE)

    def at(self, text: str) -> None:
        """Goes to a time on New York's clocks."""
        self.clock.now = local(text)

    def sweep(self) -> SweepReport:
        report = self.engine.sweep()
        assert report.failed == {}
        return report

    def run(self, minutes: int) -> None:
        """A punctual sweep every minute."""
        for _ in range(minutes):
            self.advance(1)
            self.sweep()

    # What there is

    def load(self, incident: Incident | str) -> Incident:
        name = incident if isinstance(incident, str) else incident.id
        found = self.store.load(name)
        assert found is not None
        assert fold(self.store.entries(name)) == found
        return found

    def load_folded(self, incident: Incident | str) -> Incident:
        """The incident as its timeline tells it, whatever is stored beside that."""
        name = incident if isinstance(incident, str) else incident.id
        return fold(self.store.entries(name))

    def entries(self, incident: Incident | str, kind: str) -> list[Entry]:
        name = incident if isinstance(incident, str) else incident.id
        return [entry for entry in self.store.entries(name) if entry.type == kind]

    def sent(self, incident: Incident | str, kind: MessageKind) -> list[OutboxItem]:
        name = incident if isinstance(incident, str) else incident.id
        found = self.store.all_outbox()
        return [item for item in found if item.incident == name and item.kind is kind]


_MINUTE: timedelta = local("09-08 10:01") - T0
