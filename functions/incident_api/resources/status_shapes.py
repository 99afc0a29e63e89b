"""What the API answers about how far an incident has come: clocks, gate, previews, checklist.

The same promises as in `answers`: a field may be added, never renamed, removed or narrowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from functions.incident_api.resources.incident_shapes import Moment, Round
    from tocsin.incidents.model.parts import ItemState
    from tocsin.incidents.queries.gate import Status
    from tocsin.incidents.vocabulary import Attainment, ClockName, Phase, Resolution, Severity


class CycleResult(TypedDict):
    """How the clocks of one cycle ended, or stand; each result is reported apart."""

    cycle: int
    attainment: dict[ClockName, Attainment]


class Metrics(TypedDict):
    """What the timeline says about how it went; times in whole seconds, null: not yet.

    Times to acknowledge and to contain are of the first cycle, the time to fix runs from the first
    opening to the last fix. A drill is not `counted`, a backfilled record is not `attained`.
    Triage is of a report from outside: from when it was received until it became an incident.
    """

    incident: str
    counted: bool
    attained: bool
    detection_lag: int | None
    time_to_triage: int | None
    triaged: Attainment
    time_to_acknowledge: int | None
    time_to_contain: int | None
    time_to_fix: int | None
    time_to_close: int | None
    phases: dict[str, int]
    reopened: int
    rounds: int
    resolution: Resolution | None
    cycles: list[CycleResult]
    version: int


class Stretch(TypedDict):
    """Working time that counted, on one local day; `used` is the sum so far, in minutes."""

    day: str
    start: Moment
    end: Moment
    minutes: int
    used: int


class Turn(TypedDict):
    """Something that moved the promise."""

    at: Moment
    cause: str
    old_due: Moment | None
    new_due: Moment | None


class Explanation(TypedDict):
    """How a deadline came about: enough to count it again by hand."""

    zone: str
    calendar_version: str
    stretches: list[Stretch]
    paused_minutes: int
    turns: list[Turn]
    counted_due: Moment | None
    rule: str


class Clock(TypedDict):
    """One promise; `explanation` is null unless asked for. `seconds_left` may be negative."""

    clock: ClockName
    target: str
    started_at: Moment
    due_at: Moment | None
    recovery_due: Moment | None
    stopped_at: Moment | None
    missed_at: Moment | None
    paused_until: Moment | None
    attainment: Attainment
    seconds_left: int | None
    explanation: Explanation | None


class Clocks(TypedDict):
    """Every clock of the incident at `now`, which is incident time."""

    incident: str
    severity: Severity
    now: Moment
    clocks: list[Clock]
    round: Round | None
    version: int


class Change(TypedDict):
    """What a change of severity does to one clock."""

    clock: ClockName
    old_target: str
    new_target: str
    old_due: Moment | None
    new_due: Moment | None
    late_on_raise: bool
    recovery_due: Moment | None


class Moved(TypedDict):
    """A due time, before and after."""

    old_due: Moment | None
    new_due: Moment | None


class Preview(TypedDict):
    """What a change of severity would do now; nothing has changed.

    `acknowledge` tells of the round of acknowledgement: of the open one, or of one that the change
    would start (then it has no old due time); null if there would be none.
    """

    incident: str
    old: Severity
    new: Severity
    now: Moment
    acknowledge: Moved | None
    clocks: list[Change]
    version: int


class Criterion(TypedDict):
    """One line of the gate."""

    code: str
    text: str
    status: Status
    evidence: str
    next_step: str
    waivable: bool


class Gate(TypedDict):
    """The closing gate; `open` says that the incident could be closed as resolved now."""

    incident: str
    now: Moment
    open: bool
    criteria: list[Criterion]
    version: int


class Priority(TypedDict):
    """One thing to do next."""

    code: str
    text: str
    due_at: Moment | None


class Item(TypedDict):
    """A checklist item; `state` is null while it is open."""

    item: str
    text: str
    state: ItemState | None
    by: str | None
    at: Moment | None
    late: bool


class PhaseItems(TypedDict):
    """A phase with its items, in order."""

    phase: Phase
    title: str
    due_at: Moment | None
    items: list[Item]


class Checklist(TypedDict):
    """What to do next, at most five, and every phase that applies."""

    incident: str
    now: Moment
    priorities: list[Priority]
    phases: list[PhaseItems]
    version: int


class FinalUpdate(TypedDict):
    """A draft for people to put words to; `lacks` names parts it has none of, of those it needs."""

    incident: str
    text: str
    lacks: list[str]
    version: int
