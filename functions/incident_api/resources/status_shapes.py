"""What the API answers about how far an incident has come: clocks, gate, previews, checklist.

The same promises as in `incident_shapes`: a field may be added, never renamed, removed or narrowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from functions.incident_api.resources.incident_shapes import Round
    from tocsin.incidents.model.parts import ItemState
    from tocsin.incidents.queries.explain import Stretch, Turn
    from tocsin.incidents.queries.gate import Standing
    from tocsin.incidents.queries.priorities import Priority
    from tocsin.incidents.vocabulary import Attainment, ClockName, Phase, Resolution, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleResult:
    """How the clocks of one cycle ended, or stand; each result is reported apart."""

    cycle: int
    attainment: Mapping[ClockName, Attainment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """What the timeline says about how it went; times in whole seconds, null: not yet.

    Times to acknowledge and to contain are of the first cycle, the time to fix runs from the first
    opening to the last fix. A drill is not `counted`, a backfilled record is not `attained`.
    Triage is of a report from outside: from when it was received until it became an incident.
    """

    incident: str
    name: str
    counted: bool
    attained: bool
    detection_lag: int | None
    time_to_triage: int | None
    triaged: Attainment
    time_to_acknowledge: int | None
    time_to_contain: int | None
    time_to_fix: int | None
    time_to_close: int | None
    phases: Mapping[str, int]
    reopened: int
    rounds: int
    resolution: Resolution | None
    cycles: tuple[CycleResult, ...]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """How a deadline came about: enough to count it again by hand."""

    zone: str
    calendar_version: str
    stretches: tuple[Stretch, ...]
    paused_minutes: int
    turns: tuple[Turn, ...]
    counted_due: datetime | None
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One promise; `explanation` is null unless asked for. `seconds_left` may be negative.

    It stands still until `paused_until`. `unscheduled`: it waits for a release nobody planned.
    """

    clock: ClockName
    target: str
    started_at: datetime
    due_at: datetime | None
    recovery_due: datetime | None
    stopped_at: datetime | None
    missed_at: datetime | None
    paused_until: datetime | None
    attainment: Attainment
    seconds_left: int | None
    unscheduled: bool
    explanation: Explanation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Every clock of the incident at `now`, which is incident time.

    `beyond_holidays` are clocks due in a year whose holidays the calendar, which ends with
    `holidays_until`, does not know: each of them may move the deadline by a day.
    """

    incident: str
    name: str
    severity: Severity
    now: datetime
    clocks: tuple[Clock, ...]
    beyond_holidays: tuple[ClockName, ...]
    holidays_until: int | None
    round: Round | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockMove:
    """What a change of severity does to one clock."""

    clock: ClockName
    old_target: str
    new_target: str
    old_due: datetime | None
    new_due: datetime | None
    late_on_raise: bool
    recovery_due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A due time, before and after."""

    old_due: datetime | None
    new_due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a change of severity would do now; nothing has changed.

    `acknowledge` tells of the round of acknowledgement: of the open one, or of one that the change
    would start (then it has no old due time); null if there would be none.
    """

    incident: str
    name: str
    old: Severity
    new: Severity
    now: datetime
    acknowledge: Moved | None
    clocks: tuple[ClockMove, ...]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The closing gate; `open` says that the incident could be closed as resolved now."""

    incident: str
    name: str
    now: datetime
    open: bool
    criteria: tuple[Standing, ...]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A checklist item; `state` is null while it is open.

    `shown_by` is the entry that shows it done where no person has settled it; `why` says how.
    """

    item: str
    text: str
    state: ItemState | None
    by: str | None
    at: datetime | None
    late: bool
    shown_by: int | None
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseItems:
    """A phase with its items, in order."""

    phase: Phase
    title: str
    due_at: datetime | None
    unscheduled: bool
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """What to do next, at most five, and every phase that applies."""

    incident: str
    name: str
    now: datetime
    priorities: tuple[Priority, ...]
    phases: tuple[PhaseItems, ...]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalUpdate:
    """A draft for people to put words to; `lacks` names parts it has none of, of those it needs."""

    incident: str
    name: str
    text: str
    lacks: tuple[str, ...]
    version: int
