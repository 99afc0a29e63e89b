"""An incident told as a story: commands at times that are values, and what came of them.

A story drives the pure engine the way the application does (decide, seal, evolve, messages), so
a rule of the semantics can be written down as three lines with times in them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tocsin.incidents.commands.base import Command, Tick
from tocsin.incidents.commands.closing import Close
from tocsin.incidents.commands.containment import (
    FinishAction,
    Observe,
    PlanAction,
    VerifyContainment,
)
from tocsin.incidents.commands.fix import LinkFix, RecordDeploy, RecordRun
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.commands.people import Acknowledge
from tocsin.incidents.commands.record import AddNote
from tocsin.incidents.commands.severity import ChangeSeverity
from tocsin.incidents.commands.updates import DecideCustomers, PublishPostmortem, RecordUpdate
from tocsin.incidents.events.fold import seal
from tocsin.incidents.messages.notices import messages
from tocsin.incidents.model.parts import Check, Preventive, RunKind, UpdateAudience, Verdict
from tocsin.incidents.model.signals import Signal
from tocsin.incidents.queries.agenda import next_due
from tocsin.incidents.queries.gate import Status, gate
from tocsin.incidents.rules.decide import decide
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import (
    ActorKind,
    Attainment,
    Category,
    ClockName,
    Group,
    MessageKind,
    Resolution,
    Severity,
)
from tocsin.policy.compiled.policies import default

if TYPE_CHECKING:
    from tocsin.incidents.events.base import Event
    from tocsin.incidents.model.incident import Clock, Incident, Round
    from tocsin.incidents.model.outbox import OutboxItem
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.incidents.timeline.entry import Entry

NEW_YORK = ZoneInfo("America/New_York")
RESPONDER = frozenset({Group.RESPONDER})
COMMANDER = frozenset({Group.COMMANDER})
SECURITY = frozenset({Group.SECURITY})
VIEWER = frozenset({Group.VIEWER})
EVERYTHING = RESPONDER | COMMANDER | SECURITY
MINUTE = timedelta(minutes=1)
FIRST_UPDATE: dict[str, Any] = {
    "impact": "nobody can pay",
    "mitigation": "rolling back",
    "eta": "unknown",
}
FINAL_UPDATE: dict[str, Any] = {"final": True, "residual": "none"}
INCIDENT = "INC-0000000000000000000000TEST"


def person(name: str) -> Actor:
    return Actor(ActorKind.PERSON, name)


ANA, BO, CY, SAM = person("ana"), person("bo"), person("cy"), person("sam")
CLOUDWATCH = Actor(ActorKind.SOURCE, "cloudwatch")
GITHUB = Actor(ActorKind.SOURCE, "github")
SWEEP = Actor(ActorKind.SYSTEM, "sla_check")


def local(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    """UTC of `09-08 10:00` (year 2026) or of a whole ISO text, on a wall clock of the zone."""
    whole = text if text.startswith("20") else f"2026-{text}"
    return datetime.fromisoformat(whole.replace(" ", "T")).replace(tzinfo=zone).astimezone(UTC)


def signal(at: datetime, *, firing: bool = True, name: str = "api-5xx", **changes: Any) -> Signal:
    """A CloudWatch signal of the alarm `name`; its id names alarm, state and time."""
    values: dict[str, Any] = {
        "id": f"{name}-{'firing' if firing else 'clear'}-{at.isoformat()}",
        "source": "cloudwatch",
        "rule": name,
        "dedup_key": name,
        "title": f"{name} is {'firing' if firing else 'ok'}",
        "firing": firing,
        "occurred_at": at,
        "correlation_id": "corr-signal",
    }
    return Signal(**(values | changes))


class Story:
    """One incident and everything that happened to it."""

    def __init__(self, policy: Policy | None = None, zone: ZoneInfo = NEW_YORK) -> None:
        self.policy = policy or replace(default(), chat_room=None)
        self.zone = zone
        self.incident_or_none: Incident | None = None
        self.entries: list[Entry] = []
        self.events: list[Event] = []
        self.outbox: list[OutboxItem] = []

    @property
    def incident(self) -> Incident:
        assert self.incident_or_none is not None
        return self.incident_or_none

    @property
    def round(self) -> Round:
        assert self.incident.round is not None
        return self.incident.round

    def clock(self, name: ClockName) -> Clock:
        return self.incident.clocks[name]

    def at(self, text: str) -> datetime:
        return local(text, self.zone)

    def do(self, at: datetime | str, command: Command) -> tuple[Event, ...]:
        """Decides and applies; the events."""
        now = self.at(at) if isinstance(at, str) else at
        before = self.incident_or_none
        events = decide(before, command, self.policy, now)
        if events:
            count = len(self.entries)
            salts = [(count + index).to_bytes(32) for index in range(len(events))]
            entries, after = seal(
                before,
                events,
                incident_id=command.incident_id,
                salts=salts,
                correlation_id=command.correlation_id,
            )
            self.incident_or_none = after
            self.entries += entries
            self.events += events
            self.outbox += messages(events, after, self.policy, command.correlation_id)
        return events

    def open(
        self,
        at: datetime | str,
        severity: Severity,
        category: Category = Category.PRODUCTION,
        **changes: Any,
    ) -> Story:
        values: dict[str, Any] = {"title": "checkout is down", "service": "checkout"}
        command = make(
            OpenIncident, ANA, severity=severity, category=category, **(values | changes)
        )
        self.do(at, command)
        return self

    def tick(self, at: datetime | str) -> tuple[Event, ...]:
        return self.do(at, make(Tick, SWEEP, groups=frozenset()))

    def sweep_until(self, end: datetime | str) -> None:
        """Ticks at every time the incident asks for, up to `end`, as a punctual sweep would."""
        last = self.at(end) if isinstance(end, str) else end
        while (due := next_due(self.incident, self.policy)) is not None and due <= last:
            self.tick(due)

    def acknowledge(self, at: datetime | str, who: Actor = ANA) -> tuple[Event, ...]:
        return self.do(at, make(Acknowledge, who))

    def note(self, at: datetime | str, who: Actor = ANA) -> tuple[Event, ...]:
        return self.do(at, make(AddNote, who, text="still looking"))

    def severity(
        self,
        at: datetime | str,
        to: Severity,
        who: Actor = ANA,
        groups: frozenset[Group] = RESPONDER,
    ) -> tuple[Event, ...]:
        return self.do(
            at, make(ChangeSeverity, who, groups=groups, severity=to, reason="as seen now")
        )

    def lower(self, at: datetime | str, to: Severity) -> None:
        """Lowers with everybody a lowering may need: the commander, then the security owner."""
        self.severity(at, to, BO, COMMANDER)
        if self.incident.severity is not to:
            self.severity(at, to, SAM, SECURITY)

    def contain(self, at: datetime | str, by: Actor = ANA, verifier: Actor = BO) -> None:
        """Does one action, looks three times a minute later and verifies a minute after that."""
        start = self.at(at) if isinstance(at, str) else at
        number = len(self.incident.containment.actions)
        action = f"action-{number}"
        self.do(start, make(PlanAction, by, action=action, text="roll back"))
        self.do(start, make(FinishAction, by, action=action))
        self.look(start + MINUTE)
        self.do(start + 2 * MINUTE, make(VerifyContainment, verifier, groups=EVERYTHING))

    def look(self, at: datetime | str, verdict: Verdict = Verdict.PASSED) -> None:
        for check in Check:
            self.do(at, make(Observe, ANA, check=check, verdict=verdict, detail="dashboard 7"))

    def repair(self, at: datetime | str, commit: str = "c0ffee") -> None:
        """Links a commit, and reports its checks green and its deploy, all at one time."""
        self.do(at, make(LinkFix, ANA, commit=commit, url="https://example.com/pr/1"))
        for run in RunKind:
            self.do(at, make(RecordRun, GITHUB, commit=commit, run=run, conclusion="success"))
        self.do(
            at,
            make(RecordDeploy, GITHUB, commit=commit, conclusion="success", whole_scope=True),
        )

    def update(self, at: datetime | str, name: str = "u0", **fields: Any) -> tuple[Event, ...]:
        """An internal update that a channel accepted; the first one has what a first one needs."""
        first = self.incident.communication.internal.first_at is None
        values: dict[str, Any] = {
            "audience": UpdateAudience.INTERNAL,
            "text": "what we know",
            "accepted": True,
        }
        values |= FIRST_UPDATE if first else {}
        return self.do(at, make(RecordUpdate, BO, update=name, **(values | fields)))

    def tell_everybody(self, at: datetime | str, *, postmortem: bool = True) -> None:
        """Everything the gate wants besides containment, fix and window."""
        self.do(at, make(DecideCustomers, BO, groups=EVERYTHING, tell=False, reason="no harm"))
        for number, content in enumerate((FIRST_UPDATE, FINAL_UPDATE)):
            self.update(at, f"u{number}", **content)
        if not postmortem:
            return
        now = self.at(at) if isinstance(at, str) else at
        work = Preventive(text="add a test", owner="cy", due_at=now)
        self.do(
            at,
            make(
                PublishPostmortem,
                BO,
                url="https://example.com/pm",
                root_cause="a missing check",
                actions=(work,),
            ),
        )

    def close(
        self, at: datetime | str, resolution: Resolution = Resolution.RESOLVED, **fields: Any
    ) -> tuple[Event, ...]:
        values: dict[str, Any] = {
            "resolution": resolution,
            "verified_head": self.incident.head,
            "groups": EVERYTHING,
        }
        return self.do(at, make(Close, BO, **(values | fields)))

    def standing(self, at: datetime | str) -> dict[str, Status]:
        now = self.at(at) if isinstance(at, str) else at
        head = self.incident.head
        lines = gate(self.incident, self.policy, now, verified_head=head)
        return {line.code: line.status for line in lines}

    def sent(self, kind: MessageKind | None = None) -> list[tuple[int, str, str]]:
        """(seq, kind, target) of every message asked for."""
        return [
            (item.seq, str(item.kind), item.target)
            for item in self.outbox
            if kind in (None, item.kind)
        ]

    def types(self) -> list[str]:
        return [entry.type for entry in self.entries]

    def facts(self, name: ClockName) -> tuple[str, Attainment]:
        """The clock's due time on the wall (`09-08 10:00`, or `-`) and its attainment."""
        clock = self.clock(name)
        due = "-" if clock.due_at is None else f"{clock.due_at.astimezone(self.zone):%m-%d %H:%M}"
        return due, clock.attainment


def make[C: Command](cls: type[C], actor: Actor, **fields: Any) -> C:
    """A command with a plain envelope; ids only matter where a test says so."""
    envelope: dict[str, Any] = {
        "incident_id": INCIDENT,
        "command_id": "",
        "actor": actor,
        "correlation_id": "corr-1",
        "groups": RESPONDER,
    }
    return cls(**(envelope | fields))


def with_calendar(policy: Policy, **changes: Any) -> Policy:
    """The policy with another calendar."""
    return replace(policy, calendar=replace(policy.calendar, **changes))
