"""What is noise among signals: pure questions about one signal and what its key has said before.

Nothing here keeps a first firing from anybody: a signal is flapping only where its incident is
open, and the other reasons are somebody's word, in the runbook or in a maintenance window.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from tocsin.incidents.model.signals import Signal, Triage
from tocsin.incidents.runbook.policy import Noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a key has said: one signal that left a trace. `why`: it was set aside, for that."""

    id: str
    at: datetime
    firing: bool
    why: str | None = None


def enough(signals: Iterable[Heard], *, at_least: int, within: timedelta) -> bool:
    """Whether so many of them fire within some such time, in whatever order they came."""
    times = sorted(one.at for one in signals if one.firing)
    last = at_least - 1
    return any(late - early <= within for early, late in zip(times, times[last:], strict=False))


def unsteady(signals: Iterable[Heard], noise: Noise) -> frozenset[str]:
    """The ids of those that came while their key was flapping.

    From the change on that is the third, say, within ten minutes, until the first after which the
    key was quiet for so long. A repeat of what a key said before is no change, and no news.
    """
    ordered = sorted(signals, key=lambda one: (one.at, one.id))
    window, quiet = (timedelta(minutes=n) for n in (noise.flapping_minutes, noise.quiet_minutes))
    found: set[str] = set()
    changes: list[datetime] = []
    state, flapping = False, False
    for one in ordered:
        if flapping and one.at - changes[-1] >= quiet:
            flapping = False
        if one.firing != state:
            state = one.firing
            changes = [*(at for at in changes if one.at - at <= window), one.at]
            flapping = flapping or len(changes) >= noise.flapping_changes
        if flapping:
            found.add(one.id)
    return frozenset(found)


def last_change(signals: Iterable[Heard]) -> datetime:
    """When a key last said something else than before; the first of what is known counts as one.

    Raises:
        ValueError: it has said nothing.
    """
    ordered = sorted(signals, key=lambda one: (one.at, one.id))
    changes = [late.at for early, late in pairwise(ordered) if late.firing != early.firing]
    return max(changes, default=min(one.at for one in ordered))


def heard(signal: Signal) -> Heard:
    """A signal that has just come, among those that have left their traces."""
    return Heard(id=signal.id, at=signal.occurred_at, firing=signal.firing)


def group_of(signal: Signal, found: Triage) -> str | None:
    """What signals have to share to join one incident; None where they do not."""
    if not found.group or not found.service:
        return None
    return _scope(signal, found.rule, found.service)


def parents_of(signal: Signal, found: Triage) -> Sequence[str]:
    """What an incident is known by that holds this signal back while it fires."""
    return [_scope(signal, parent, "*") for parent in found.parents]


def leads(signal: Signal, found: Triage) -> Iterable[str]:
    """What an incident is known by that this signal has opened."""
    if (group := group_of(signal, found)) is not None:
        yield group
    if found.parent:
        yield _scope(signal, found.rule, "*")


def _scope(signal: Signal, rule: str, service: str) -> str:
    return "#".join(("drill" if signal.drill else "real", rule, signal.environment, service))
