"""A run: one action on one target for one incident, from being asked to being undone.

A run is written before the world is touched and after, each time only over the version that was
read. What it is going to leave behind (`wanted`) is written first, so that whoever finds a run that
was killed between the two knows by one look at the target which of them had happened.
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.containment.states import State, named
from tocsin.errors import Conflict, IllegalTransition
from tocsin.incidents.timeline.entry import Json, canonical_json, format_time
from tocsin.incidents.vocabulary import Group, Kind, Severity

LEASE = timedelta(seconds=60)
"""How long whoever began may still be at it: longer than the function lives, no longer than a sweep
takes to come round."""


WARNED_AHEAD = timedelta(hours=1)
"""What was set for no longer than that ends without a warning: who set it has it in mind."""


class RunState(StrEnum):
    """Where a run is. `undoing` is to `undone` what `executing` is to `executed`."""

    PLANNED = "planned"
    APPROVED = "approved"
    EXECUTING = "executing"
    EXECUTED = "executed"
    VERIFIED = "verified"
    UNDOING = "undoing"
    UNDONE = "undone"
    FAILED = "failed"
    CONFLICT = "conflict"


WAITING = frozenset({RunState.PLANNED, RunState.APPROVED})
IN_FORCE = frozenset({RunState.EXECUTED, RunState.VERIFIED})
BUSY = frozenset({RunState.EXECUTING, RunState.UNDOING})
OVER = frozenset({RunState.UNDONE, RunState.FAILED})


class Purpose(StrEnum):
    """What an approval is for."""

    EXECUTE = "execute"
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One person's yes. `bound` is the hash of all that was agreed to; spent once, then void."""

    purpose: Purpose
    by: str
    at: datetime
    until: datetime
    bound: str
    spent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoAsked:
    """An undo that waits for somebody to agree; `rules` are those it was asked under."""

    by: str
    at: datetime
    until: datetime
    reason: str
    rules: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`rules` is the hash of the rules it was asked under. Times are real ones, not incident time.

    `seen` is the target when it was asked, `before` when it was begun, `wanted` what is left
    behind, `found` what stood there instead. `told` are the steps that the incident knows of.
    `settled` says of what stayed open why it is open no more. `ended`: its undo is the end that
    was set, of which people were warned at `warned_at`.
    """

    id: str
    incident: str
    kind: Kind
    severity: Severity
    action: str
    inputs: Mapping[str, str]
    target: str
    slot: str
    reason: str
    rules: str
    asked_by: str
    asked_groups: frozenset[Group]
    asked_at: datetime
    approve_by: datetime
    seen: State
    left_open: Mapping[str, str]
    rejected: tuple[str, ...]
    others: int
    lasts_seconds: int | None = None
    state: RunState = RunState.PLANNED
    approvals: tuple[Approval, ...] = ()
    decision: int | None = None
    before: State | None = None
    wanted: Mapping[str, str] = field(default_factory=dict)
    busy_until: datetime | None = None
    executed_by: str | None = None
    executed_groups: frozenset[Group] = frozenset()
    executed_at: datetime | None = None
    expires_at: datetime | None = None
    verified_by: str | None = None
    verified_at: datetime | None = None
    settled: Mapping[str, str] = field(default_factory=dict)
    undo_asked: UndoAsked | None = None
    undone_by: str | None = None
    undone_groups: frozenset[Group] = frozenset()
    undone_at: datetime | None = None
    undo_reason: str = ""
    warned_at: datetime | None = None
    ended: bool = False
    found: Mapping[str, str] | None = None
    why: str = ""
    told: tuple[str, ...] = ()
    ver: int = 1


def run_id(incident: str, person: str, command_id: str) -> str:
    """The same for the same request of the same person, so that a repeat finds its run."""
    named = canonical_json({"incident": incident, "person": person, "key": command_id})
    return f"run-{hashlib.sha256(named).hexdigest()[:20]}"


def bound(run: Run, purpose: Purpose) -> str:
    """What a yes is bound to: action, inputs, target, how long, until when, under which rules."""
    asked = run.undo_asked
    if purpose is Purpose.UNDO and asked is None:
        raise IllegalTransition("nobody has asked to undo it")
    undoing = asked if purpose is Purpose.UNDO else None
    said: dict[str, Json] = {
        "purpose": purpose.value,
        "run": run.id,
        "incident": run.incident,
        "action": run.action,
        "inputs": {**run.inputs},
        "target": run.slot,
        "lasts": run.lasts_seconds,
        "until": format_time(undoing.until if undoing else run.approve_by),
        "rules": undoing.rules if undoing else run.rules,
        "by": undoing.by if undoing else run.asked_by,
    }
    return hashlib.sha256(canonical_json(said)).hexdigest()


def same_person(one: str, other: str) -> bool:
    """Whether two names may be one person: another session, case or address is no other person."""
    return _person(one) == _person(other)


def _person(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip().partition("@")[0]


class Next(StrEnum):
    """What a look at the target says of a run that was left in the middle."""

    APPLY = "apply"
    RECORD = "record"
    CONFLICT = "conflict"


def next_step(run: Run, found: Mapping[str, str]) -> Next:
    """Whether the change has still to be made, has been made, or something else stands there."""
    if run.before is None:
        raise IllegalTransition(f"{run.id} has not begun")
    undoing = run.state is RunState.UNDOING
    source = run.wanted if undoing else run.before.owned
    goal = run.before.owned if undoing else run.wanted
    if found == goal:
        return Next.RECORD
    return Next.APPLY if found == source else Next.CONFLICT


def begun(
    run: Run, *, by: str, groups: frozenset[Group], at: datetime, before: State,
    wanted: Mapping[str, str],
) -> Run:  # fmt: skip
    """Claimed for execution; its approvals are spent with it."""
    return replace(
        _spent(run, Purpose.EXECUTE, at),
        state=RunState.EXECUTING,
        executed_by=by,
        executed_groups=groups,
        before=before,
        wanted=wanted,
        busy_until=at + LEASE,
        ver=run.ver + 1,
    )


def executed(run: Run, at: datetime) -> Run:
    """In force; what ends by itself ends so long after now."""
    lasts = None if run.lasts_seconds is None else timedelta(seconds=run.lasts_seconds)
    return replace(
        run,
        state=RunState.EXECUTED,
        executed_at=at,
        expires_at=None if lasts is None else at + lasts,
        busy_until=None,
        ver=run.ver + 1,
    )


def undo_begun(
    run: Run, *, by: str, groups: frozenset[Group], at: datetime, reason: str, ended: bool = False
) -> Run:
    """Claimed for being undone; `ended`: by its own end and nobody's wish."""
    return replace(
        _spent(run, Purpose.UNDO, at),
        state=RunState.UNDOING,
        undone_by=by,
        undone_groups=groups,
        undo_reason=reason,
        ended=ended,
        busy_until=at + LEASE,
        found=None,
        ver=run.ver + 1,
    )


def undone(run: Run, at: datetime) -> Run:
    """What was is restored."""
    return replace(run, state=RunState.UNDONE, undone_at=at, busy_until=None, ver=run.ver + 1)


def in_conflict(run: Run, found: Mapping[str, str]) -> Run:
    """Somebody has changed the target: it is left as it is, and both states are kept."""
    return replace(run, state=RunState.CONFLICT, found=found, busy_until=None, ver=run.ver + 1)


def failed(run: Run, why: str) -> Run:
    """Nothing of it is in force, or what stands there is nobody's business any more."""
    return replace(run, state=RunState.FAILED, why=why, busy_until=None, ver=run.ver + 1)


def verified(run: Run, *, by: str, at: datetime, settled: Mapping[str, str]) -> Run:
    """Looked at again: it is in force, and nothing beside it stayed open."""
    return replace(
        run,
        state=RunState.VERIFIED,
        verified_by=by,
        verified_at=at,
        settled=settled,
        ver=run.ver + 1,
    )


def both_states(run: Run, found: Mapping[str, str]) -> str:
    """What was left there and what stands there now, for the message of a refusal."""
    left = run.wanted if run.executed_at else (run.before or run.seen).owned
    return f"left as {_shown(left)}, found as {_shown(found)}"


def conflict(run: Run, found: Mapping[str, str]) -> Conflict:
    """The refusal that goes with `in_conflict`."""
    return Conflict(
        f"somebody has changed {named(run.target)} since: {both_states(run, found)}. Nothing was"
        " changed: set it to what is right by hand, then let the run go with a reason",
        run=run.id,
    )


def _shown(state: Mapping[str, str]) -> str:
    shown = ", ".join(f"{name} = {value}" for name, value in sorted(state.items()))
    return f"[{shown or 'nothing set'}]"


def _spent(run: Run, purpose: Purpose, at: datetime) -> Run:
    return replace(
        run,
        approvals=tuple(
            replace(each, spent_at=at) if each.purpose is purpose and not each.spent_at else each
            for each in run.approvals
        ),
    )


def owed(run: Run) -> tuple[str, ...]:
    """What of the run the incident is still to be told, in order."""
    steps = ["planned"]
    steps += ["executed"] if run.executed_at else []
    steps += ["verified"] if run.verified_at else []
    steps += ["ending"] if run.warned_at else []
    steps += ["undone"] if run.undone_at else []
    steps += ["conflict"] if run.state is RunState.CONFLICT else []
    steps += ["failed"] if run.state is RunState.FAILED else []
    return tuple(step for step in steps if step not in run.told)


def told(run: Run, steps: tuple[str, ...], decision: int | None) -> Run:
    """The incident has heard of the steps; `decision` is the entry of the choice, once known."""
    known = run.decision if decision is None else decision
    return replace(run, told=(*run.told, *steps), decision=known, ver=run.ver + 1)


def due_at(run: Run) -> datetime | None:
    """When somebody has to look at the run again by themselves; None: never."""
    if run.state in BUSY:
        return run.busy_until
    if owed(run):
        return run.asked_at
    if run.state not in IN_FORCE:
        return None
    return warns_at(run) or run.expires_at


def warns_at(run: Run) -> datetime | None:
    """When people are to hear that it ends; None: they have heard, or it was set for so short."""
    if run.warned_at is not None or run.expires_at is None:
        return None
    lasts = timedelta(seconds=run.lasts_seconds or 0)
    return run.expires_at - WARNED_AHEAD if lasts > WARNED_AHEAD else None


def warned(run: Run, at: datetime) -> Run:
    """People are going to hear that it ends."""
    return replace(run, warned_at=at, ver=run.ver + 1)


def undo_wished(run: Run, asked: UndoAsked) -> Run:
    """Somebody wants it undone; an earlier yes to an undo was to another asking."""
    kept = tuple(each for each in run.approvals if each.purpose is not Purpose.UNDO)
    return replace(run, undo_asked=asked, approvals=kept, ver=run.ver + 1)
