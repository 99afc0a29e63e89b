"""Workflows that have to run every so often: one that stays away is a control that is blind.

Each run holds a firing signal back until the next is overdue: the sweep lets it through, as
anything that is held, unless a later run has put another in its place. A run that comes after all
clears it.

Of what has never run nothing is heard, so the sweep holds such a signal for each pattern that the
runbook in force names, from when it first sees it, a quarter of an hour late at most; the first run
that fits ends it. What nobody expects any more by the time it is due is not missed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.application.incidents.receive import receive
from tocsin.incidents.model.parts import SUCCESS
from tocsin.incidents.model.signals import Signal
from tocsin.incidents.model.work import WorkKind, expected_within, fits, overdue_after
from tocsin.incidents.vocabulary import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tocsin.application.incidents.execute import Ports
    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.model.work import Work

LOOKED = frozenset({SUCCESS, "failure"})
"""How a run ends that has looked; what timed out or could not start has not."""
_SILENT, _EXPECTED = "workflow/silent/", "expected"
_SOURCE = "github"
"""Whose workflows a runbook names: no other source tells of runs."""
_MOMENT = timedelta(milliseconds=1)
LOOK_EVERY = timedelta(minutes=15)
"""How often the runbook is looked at for what it names: no period is shorter than an hour, and the
look takes as many reads as the rest of a sweep in which nothing is due."""


@dataclass(slots=True)
class Awaited:
    """What this process has seen the runbook expect to run, in minutes, and when it looked last."""

    patterns: dict[str, int] = field(default_factory=dict)
    looked_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether it is time to look again; a clock that was moved back is no reason to wait."""
        return self.looked_at is None or not self.looked_at <= now < self.looked_at + LOOK_EVERY


def heard_of(work: Work, ports: Ports) -> list[Outcome]:
    """Expects the workflow anew, if somebody expects it; the end of its silence, if it was.

    Raises:
        SignalsNotReceived: it is to be told again.
    """
    seen = work.seen
    if seen is None or work.kind is not WorkKind.RUN or not work.on_default:
        return []
    within = expected_within(ports.policies.current().work, work.repository, seen.name)
    if within is None or seen.conclusion not in LOOKED:
        return []
    ran = min(seen.at, ports.clock.incident_now())
    again = _signal(work, seen.name)
    clear = replace(again, id=f"{again.id}:ran", firing=False, occurred_at=ran)
    missing = replace(
        again,
        id=f"{again.id}:silent",
        occurred_at=ran + _MOMENT,
        suppressed=True,
        held_until=ran + within,
        detail=f"It last ran {ran:%Y-%m-%d %H:%M} UTC.",
    )
    ports.store.hold(missing)
    patterns = _expected(ports)
    named = (each for each in patterns if fits(each, work.repository, seen.name))
    told = ports.clock.incident_now() + _MOMENT  # whenever it ran: it has
    ends = [_never(pattern, told, work.id, work.source) for pattern in named]
    return [*_heard(clear, ports), *(one for end in ends for one in _heard(end, ports, keep=True))]


def expect(ports: Ports, awaited: Awaited) -> None:
    """Holds back that what the runbook names has never run, of what was not looked at before.

    Raises:
        StoreUnavailable: what was not looked at yet is looked at by the next sweep.
    """
    now = ports.clock.incident_now()
    if not awaited.is_due(now):
        return
    expected, known = _expected(ports), awaited.patterns
    for pattern in known.keys() - expected.keys():
        del known[pattern]
    for pattern, minutes in expected.items():
        if known.get(pattern) != minutes:
            _wait_for(pattern, minutes, ports)
            known[pattern] = minutes
    awaited.looked_at = now


def is_awaited(signal: Signal, ports: Ports) -> bool:
    """Whether the runbook in force still expects what the silence of is due."""
    if not signal.rule.startswith(_SILENT):
        return True
    if (pattern := signal.facts.get(_EXPECTED)) is not None:
        return pattern in _expected(ports)
    repository, path = (signal.facts.get(name, "") for name in ("repository", "workflow"))
    return expected_within(ports.policies.current().work, repository, path) is not None


def _wait_for(pattern: str, minutes: int, ports: Ports) -> None:
    now = ports.clock.incident_now()
    never = _never(pattern, now, f"named-{now:%Y%m%dT%H%M%S}", _SOURCE)
    held = ports.store.held(never.key)
    if held is not None:
        until = held.occurred_at + overdue_after(minutes)
        ports.store.hold(replace(held, held_until=until), again=True)
        return
    if ports.store.clear_heard(never.key) or ports.store.pointer(never.key):
        return  # it has run, or is missed already
    named = f"The runbook names it since {now:%Y-%m-%d %H:%M} UTC, every {minutes} minutes."
    until = now + overdue_after(minutes)
    missing = replace(never, firing=True, suppressed=True, held_until=until, detail=named)
    ports.store.hold(missing)


def _heard(clear: Signal, ports: Ports, *, keep: bool = False) -> list[Outcome]:
    """The end of a silence, told to the incident that it opened."""
    pointer = ports.store.pointer(clear.key)
    if pointer is not None and pointer.open:
        return receive([clear], ports)
    if keep:
        ports.store.hear_clear(clear, recorded_at=ports.clock.incident_now())
    return []


def _expected(ports: Ports) -> Mapping[str, int]:
    rules = ports.policies.current().work
    return {} if rules is None else rules.expected


def _never(pattern: str, at: datetime, name: str, source: str) -> Signal:
    """The end of what is said of a pattern of which nothing ever ran."""
    return Signal(
        id=f"{source}-{name}:{pattern}",
        source=source,
        rule=f"{_SILENT}{pattern}",
        dedup_key=f"silent/{pattern}",
        title=f"{pattern} has not run since the runbook names it",
        firing=False,
        occurred_at=at,
        facts={_EXPECTED: pattern},
        hint=Severity.LOW,
        named_only=True,
    )


def _signal(work: Work, path: str) -> Signal:
    return Signal(
        id=f"{work.source}-{work.id}",
        source=work.source,
        rule=f"{_SILENT}{path}",
        dedup_key=f"{work.whose}/silent/{path}",
        title=f"{work.repository}: {path} has not run",
        firing=True,
        occurred_at=work.at,
        service=work.seen.repository if work.seen is not None else None,
        facts={"repository": work.repository, "workflow": path},
        hint=Severity.LOW,
        named_only=True,
        link=work.url,
    )
