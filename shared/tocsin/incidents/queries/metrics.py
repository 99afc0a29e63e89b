"""What a timeline says about how it went: computed from entries only, never kept (semantics 9).

Durations are whole seconds. Time to acknowledge and to contain are of the first cycle, time to fix
runs from the first t0 to the last fix, because that is how long somebody had to live with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.incidents.events.base import Event
from tocsin.incidents.events.closing import Closed, Reopened
from tocsin.incidents.events.containment import ContainmentLost, ContainmentVerified
from tocsin.incidents.events.fix import Fixed
from tocsin.incidents.events.fold import event_of, fold
from tocsin.incidents.events.opening import Opened
from tocsin.incidents.events.people import Acknowledged
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.timeline.entry import Entry
from tocsin.incidents.vocabulary import Attainment, ClockName, Kind, Resolution

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """How the clocks of one cycle ended, or stand."""

    number: int
    attainment: Mapping[ClockName, Attainment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """None stands for "has not happened"; drills are in no statistics, backfills in counts only.

    Triage is of a report from outside, from when it was received until it became an incident.
    """

    counted: bool
    attained: bool
    detection_lag: int | None
    time_to_triage: int | None
    triaged: Attainment
    time_to_acknowledge: int | None
    time_to_contain: int | None
    time_to_fix: int | None
    time_to_close: int | None
    reopened: int
    rounds: int
    resolution: Resolution | None
    phases: Mapping[str, int]
    cycles: tuple[Cycle, ...]


@dataclass
class _Reading:
    """What was seen while going through the events once."""

    triage: timedelta | None = None
    triaged: Attainment = Attainment.NOT_APPLICABLE
    acknowledged_at: datetime | None = None
    contained_at: datetime | None = None
    fixed_at: datetime | None = None
    closed_at: datetime | None = None
    reopened: int = 0
    rounds: int = 1


def metrics(entries: Iterable[Entry]) -> Metrics:
    """The metrics of a whole timeline.

    Raises:
        MalformedPayload: it does not fold.
    """
    timeline = list(entries)
    incident = fold(timeline)
    seen = _Reading()
    for entry in timeline:
        _read(seen, event_of(entry))
    t0 = incident.opened_at
    backfilled = incident.kind is Kind.BACKFILLED
    return Metrics(
        counted=incident.kind is not Kind.DRILL,
        attained=incident.kind is Kind.REAL,
        detection_lag=_seconds(incident.began_at, t0),
        time_to_triage=None if seen.triage is None else seen.triage // _SECOND,
        triaged=seen.triaged,
        time_to_acknowledge=None if backfilled else _seconds(t0, seen.acknowledged_at),
        time_to_contain=_seconds(t0, seen.contained_at),
        time_to_fix=_seconds(t0, seen.fixed_at),
        time_to_close=_seconds(t0, seen.closed_at),
        reopened=seen.reopened,
        rounds=seen.rounds,
        resolution=incident.resolution,
        phases=_phases(t0, seen),
        cycles=_cycles(incident),
    )


def _read(seen: _Reading, event: Event) -> None:
    match event:
        case Opened() if event.triage_due is not None:
            seen.triage = event.at - event.opened_at
            late = event.at > event.triage_due
            seen.triaged = Attainment.MISSED if late else Attainment.MET
        case Acknowledged() if seen.acknowledged_at is None and seen.reopened == 0:
            seen.acknowledged_at = event.at
        case ContainmentVerified() if seen.reopened == 0:
            seen.contained_at = event.at
        case ContainmentLost() if seen.reopened == 0:
            seen.contained_at = None
        case Fixed():
            seen.fixed_at = event.at
        case Closed():
            seen.closed_at = event.at
        case Reopened():
            seen.reopened += 1
            seen.closed_at = None
        case _:
            seen.rounds += event.type == "round_started"


def _phases(t0: datetime, seen: _Reading) -> dict[str, int]:
    """Seconds spent on the way, stretch by stretch, as far as it has been gone."""
    marks = [
        ("to_acknowledge", seen.acknowledged_at),
        ("to_contain", seen.contained_at),
        ("to_fix", seen.fixed_at),
        ("to_close", seen.closed_at),
    ]
    found: dict[str, int] = {}
    since = t0
    for name, moment in marks:
        if moment is None:
            continue
        found[name] = max(0, (moment - since) // _SECOND)
        since = max(since, moment)
    return found


def attainment(incident: Incident) -> dict[ClockName, Attainment]:
    """How each clock stands, or ended; a backfilled record has none that could be kept."""
    if incident.kind is Kind.BACKFILLED:
        return dict.fromkeys(ClockName, Attainment.NOT_APPLICABLE)
    found = {name: clock.attainment for name, clock in incident.clocks.items()}
    return found if incident.open else _ended(found)


def _ended(found: Mapping[ClockName, Attainment]) -> dict[ClockName, Attainment]:
    """A clock that still ran when its cycle ended was not asked to be kept."""
    gone = {Attainment.RUNNING: Attainment.NOT_APPLICABLE}
    return {name: gone.get(result, result) for name, result in found.items()}


def _cycles(incident: Incident) -> tuple[Cycle, ...]:
    past = [
        Cycle(number=cycle.cycle, attainment=_ended(cycle.attainment)) for cycle in incident.past
    ]
    return (*past, Cycle(number=incident.cycle, attainment=attainment(incident)))


def _seconds(start: datetime | None, end: datetime | None) -> int | None:
    return None if start is None or end is None else (end - start) // _SECOND
