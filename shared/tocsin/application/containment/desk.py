"""Containing: one call a step, each of them safe to send twice and to be killed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.application.containment.hands import Hands
from tocsin.containment import asking, guards, runs
from tocsin.containment.registry import Reversal
from tocsin.containment.runs import Purpose, Run, RunState, UndoAsked
from tocsin.containment.states import named
from tocsin.errors import (
    ConditionFailed,
    Conflict,
    IdempotencyKeyReused,
    IllegalTransition,
    NotVerifiable,
    PayloadTooLarge,
    TocsinError,
)
from tocsin.incidents import limits
from tocsin.incidents.rules.draft import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from tocsin.containment.states import Preview
    from tocsin.incidents.vocabulary import Group

AT_ONCE = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """The acting person, as the front door proved them; a session's name is not part of it."""

    person: str
    groups: frozenset[Group]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """An action somebody wants. `command_id` is the caller's key; the same one is the same run."""

    incident: str
    action: str
    inputs: Mapping[str, str]
    reason: str
    command_id: str
    lasts: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What would be done, and how many others would have to agree."""

    run: Run
    preview: Preview


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk(Hands):
    """What people and the sweep ask for."""

    def dry_run(self, who: Who, ask: Ask) -> DryRun:
        """Looks and checks everything, and changes and records nothing.

        Raises:
            UnknownName: no such action. BadInput: its inputs do not read.
            NotAllowed: a guard rail; the message names it.
            Conflict: what has to hold before it does not hold.
            TocsinError: as `Target.look`.
        """
        guards.check_actor(who.groups, who.person)
        action, behaviour, target = self.of(ask.action)
        incident = self.incident_of(ask.incident)
        if not incident.open:
            raise IllegalTransition(f"{incident.name} is closed")
        inputs = behaviour.normal(asking.read_inputs(action, ask.inputs))
        seen = target.look(inputs)
        guards.check_target(behaviour.target(inputs), seen, incident.kind, self.rules)
        behaviour.check(inputs, seen)
        now = self.wall.wall_now()
        preview = behaviour.preview(inputs, seen, now)
        asked = Run(
            id=runs.run_id(incident.id, who.person, ask.command_id),
            incident=incident.id,
            kind=incident.kind,
            severity=incident.severity,
            action=action.name,
            inputs=inputs,
            target=behaviour.target(inputs),
            slot=behaviour.slot(inputs),
            reason=limits.body("reason", reason_of(ask.reason)),
            rules=self.rules.digest,
            asked_by=who.person,
            asked_groups=who.groups,
            asked_at=now,
            approve_by=now + guards.APPROVAL_LASTS,
            seen=seen,
            left_open=preview.left_open,
            rejected=asking.rejected(incident, action),
            others=guards.others_needed(action, incident.severity, inputs, self.rules),
            lasts_seconds=asking.lasting(action, ask.lasts),
        )
        return DryRun(run=asked, preview=preview)

    def plan(self, who: Who, ask: Ask) -> Run:
        """Records the choice; the same request again is the same run.

        Raises:
            IdempotencyKeyReused: the key stood for another action.
            PayloadTooLarge: the incident has as many actions as it takes.
            TocsinError: as `dry_run`.
        """
        known = self.runs.get(ask.incident, runs.run_id(ask.incident, who.person, ask.command_id))
        if known is not None:
            if not self._same(known, ask):
                raise IdempotencyKeyReused("this key was used for another run", key=ask.command_id)
            return self.told(known)
        incident = self.incident_of(ask.incident)
        if len(incident.containment.actions) >= limits.ACTIONS:
            raise PayloadTooLarge(f"an incident plans at most {limits.ACTIONS} actions")
        asked = self.dry_run(who, ask).run
        try:
            self.runs.save(asked)
        except ConditionFailed:
            asked = self.run(asked.incident, asked.id)
        return self.told(asked)

    def _same(self, known: Run, ask: Ask) -> bool:
        """Whether the run is of just this request."""
        if known.action != ask.action or known.reason != ask.reason.strip():
            return False
        action, behaviour = self.meaning(known.action)
        inputs = behaviour.normal(asking.read_inputs(action, ask.inputs))
        lasts = asking.lasting(action, ask.lasts)
        return (known.inputs, known.lasts_seconds) == (inputs, lasts)

    def approve(self, who: Who, incident: str, run: str, *, purpose: Purpose, agreed: str) -> Run:
        """One more person's yes, to just what they were shown.

        Raises:
            TocsinError: as `guards.approved`.
        """
        found = self.run(incident, run)
        given = guards.approved(
            found,
            purpose,
            by=who.person,
            groups=who.groups,
            agreed=agreed,
            rules=self.rules,
            at=self.wall.wall_now(),
        )
        self.runs.save(given)
        return given

    def execute(self, who: Who, incident: str, run: str) -> Run:
        """Carries it out; what is in force already stays as it is.

        Raises:
            ApprovalRequired: somebody else has to agree first.
            Conflict: the target is not what it was when it was asked, or somebody is at it.
            NotAllowed: a guard rail, or IAM.
        """
        guards.check_actor(who.groups, who.person)
        found = self.run(incident, run)
        if found.state in (*runs.IN_FORCE, RunState.UNDONE):
            return self.told(found)
        if found.state is RunState.EXECUTING:
            return self.go_on(found)
        if found.state not in runs.WAITING:
            raise IllegalTransition(f"{run} is {found.state}")
        return self.go_on(self._begin(who, found), mine=True)

    def _begin(self, who: Who, run: Run) -> Run:
        """Every guard rail again, over what is there now; then the run is this caller's."""
        action, behaviour, target = self.of(run.action)
        now = self.wall.wall_now()
        incident = self.incident_of(run.incident)
        if now >= run.approve_by and run.others:
            raise Conflict(f"{run.id} was asked too long ago: ask anew")
        needed = guards.others_needed(action, incident.severity, run.inputs, self.rules)
        needed = max(needed, run.others)
        guards.check_approvals(
            run, Purpose.EXECUTE, needed, by=who.person, rules=self.rules, at=now
        )
        seen = target.look(run.inputs)
        guards.check_target(run.target, seen, incident.kind, self.rules)
        if seen.owned != run.seen.owned:
            self.save(runs.in_conflict(run, seen.owned))
            raise Conflict(
                f"{named(run.target)} has changed since it was asked: was {dict(run.seen.owned)},"
                f" is {dict(seen.owned)}. Look at it, and ask anew",
                run=run.id,
            )
        behaviour.check(run.inputs, seen)
        begun = runs.begun(
            run,
            by=who.person,
            groups=who.groups,
            at=now,
            before=seen,
            wanted=behaviour.wanted(run.inputs, seen, now),
        )
        self.claim(begun, now)
        return begun

    def undo(self, who: Who, incident: str, run: str, *, reason: str) -> Run:
        """Restores what was; what is restored already stays as it is.

        Where that gives something back to whoever did harm, another person has to agree, and
        nothing of the incident may be firing.

        Raises:
            ApprovalRequired: somebody else has to agree; the asking is recorded.
            Conflict: somebody has changed the target since, or what was is gone, or a signal fires.
        """
        guards.check_actor(who.groups, who.person)
        found = self.run(incident, run)
        if found.state is RunState.UNDONE:
            return self.told(found)
        if found.state is RunState.UNDOING:
            return self.go_on(found)
        again = found.state is RunState.CONFLICT and found.executed_at is not None
        if found.state not in runs.IN_FORCE and not again:
            raise IllegalTransition(f"{run} is {found.state}: there is nothing to undo")
        self._may_undo(who, found, reason_of(reason))
        begun = self._begin_undo(self.run(incident, run), who, reason_of(reason))
        return self.go_on(begun, mine=True)

    def _may_undo(self, who: Who, run: Run, reason: str) -> None:
        action, behaviour = self.meaning(run.action)
        if action.reversal is Reversal.IRREVERSIBLE:
            raise IllegalTransition(f"{action.name} cannot be undone")
        now = self.wall.wall_now()
        if not action.reopens or run.before is None or run.executed_at is None:
            return
        harmless = behaviour.harmless_from(run.executed_at, run.before)
        if harmless is not None and now >= harmless:
            return
        if self.incident_of(run.incident).firing:
            raise Conflict(f"a signal is firing, and {action.reopens}: not while it fires")
        asked = run.undo_asked
        if asked is None or asked.rules != self.rules.digest or now >= asked.until:
            run = runs.undo_wished(
                run,
                UndoAsked(
                    by=who.person,
                    at=now,
                    until=now + guards.APPROVAL_LASTS,
                    reason=reason,
                    rules=self.rules.digest,
                ),
            )
            self.runs.save(run)
        guards.check_approvals(
            run, Purpose.UNDO, action.undo_others, by=who.person, rules=self.rules, at=now
        )

    def _begin_undo(self, run: Run, who: Who, reason: str, *, ended: bool = False) -> Run:
        now = self.wall.wall_now()
        return self.save(
            runs.undo_begun(
                run, by=who.person, groups=who.groups, at=now, reason=reason, ended=ended
            )
        )

    def verify(self, who: Who, incident: str, run: str, settled: Mapping[str, str]) -> Run:
        """Looks again: it is in force, and of all that stayed open a person says why it is shut.

        Raises:
            NotVerifiable: something is open that nobody has settled; `missing` names it.
            Conflict: somebody has changed the target.
        """
        guards.check_actor(who.groups, who.person)
        found = self.run(incident, run)
        if found.state is RunState.VERIFIED:
            return self.told(found)
        if found.state is not RunState.EXECUTED:
            raise IllegalTransition(f"{run} is {found.state}: there is nothing to verify")
        _, behaviour, target = self.of(found.action)
        seen = target.look(found.inputs)
        if seen.owned != found.wanted:
            raise self.conflict_of(found, seen.owned)
        now = self.wall.wall_now()
        open_still = behaviour.preview(found.inputs, seen, now).left_open
        missing = [name for name in open_still if not settled.get(name, "").strip()]
        if missing:
            says = "; ".join(f"{name}: {open_still[name]}" for name in missing)
            raise NotVerifiable(
                f"still open: {says}. Look at each, and say in `settled` why it is shut",
                missing=", ".join(missing),
            )
        said = {name: limits.line(name, settled[name]) for name in open_still}
        return self.told(self.save(runs.verified(found, by=who.person, at=now, settled=said)))

    def let_go(self, who: Who, incident: str, run: str, *, reason: str) -> Run:
        """Gives a run up that has not begun, or met another's change: what stands there stays."""
        guards.check_actor(who.groups, who.person)
        found = self.run(incident, run)
        if found.state not in (*runs.WAITING, RunState.CONFLICT):
            raise IllegalTransition(f"{run} is {found.state}: undo it")
        return self.release(runs.failed(found, reason_of(reason)))

    def sweep(
        self, *, limit: int = AT_ONCE, has_time: Callable[[], bool] = lambda: True
    ) -> Mapping[str, str]:
        """Lifts what has ended, finishes what was left in the middle, tells what was not told.

        What stood in the way, by run; the next sweep tries again, except over another's change.
        """
        failed: dict[str, str] = {}
        for run in self.runs.due(at=self.wall.wall_now(), limit=limit):
            if not has_time():
                break
            try:
                self._look_after(run)
            except TocsinError as error:
                failed[run.id] = error.detail
        return failed

    def _look_after(self, run: Run) -> None:
        now = self.wall.wall_now()
        if run.state in runs.BUSY:
            self.go_on(run)
        elif run.expires_at and run.state in runs.IN_FORCE and now >= run.expires_at:
            setter = Who(person=run.executed_by or run.asked_by, groups=run.executed_groups)
            reason = f"it ended by itself, as {setter.person} had set"
            self.go_on(self._begin_undo(run, setter, reason, ended=True), mine=True)
        elif run.state in runs.IN_FORCE and (ahead := runs.warns_at(run)) and now >= ahead:
            self.told(self.save(runs.warned(run, now)))
        else:
            self.told(run)
