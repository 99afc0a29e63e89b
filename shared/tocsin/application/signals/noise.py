"""Signals that are noise for now: held or suppressed when they are taken in, and looked at again.

What is held back lies in the due index until its reason ends, by itself or by somebody's word;
whoever looks then asks the same questions anew. Reads only what a rule or a window asks for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.incidents.model.maintenance import holding
from tocsin.incidents.model.noise import (
    enough,
    group_of,
    heard,
    last_change,
    leads,
    parents_of,
    unsteady,
)
from tocsin.incidents.model.signals import triage
from tocsin.ports.signals import Unknown, Why

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tocsin.application.incidents.execute import Ports
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.maintenance import Window
    from tocsin.incidents.model.signals import Signal, Triage
    from tocsin.incidents.runbook.policy import Noise, Policy

LOOKED_BACK = 50
"""Traces of a key that are read: what is decided from them lies minutes back."""

LOOK_AGAIN = timedelta(minutes=2)
"""How often it is asked whether a parent still fires."""

TOLD = "-flapping"
"""Ends the id of what an incident is told when one of its signals begins to flap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Why a signal leads to nothing for now; without `until` nothing looks at it again."""

    why: Why
    until: datetime | None = None
    because: str | None = None
    window: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flapping:
    """What is held of a batch because its key is flapping; `begins`: nothing of it was before."""

    held: tuple[Signal, ...]
    verdict: Verdict
    begins: bool


def too_few(
    signal: Signal, batch: Sequence[Signal], judged: Triage, ports: Ports
) -> Verdict | None:
    """Fewer of its key than its rule asks for."""
    if not judged.at_least:
        return None
    past = {one.id: one for one in ports.store.traces(signal.key, limit=LOOKED_BACK)}
    past |= {one.id: heard(one) for one in batch if not one.only_told}
    if enough(past.values(), at_least=judged.at_least, within=judged.within):
        return None
    minutes = judged.within // timedelta(minutes=1)
    return Verdict(why=Why.TOO_FEW, because=f"under {judged.at_least} within {minutes} minutes")


def held_back(
    signal: Signal, judged: Triage, windows: tuple[Window, ...], ports: Ports
) -> Verdict | None:
    """A maintenance window that runs, or a parent that fires."""
    now = ports.clock.incident_now()
    window = holding(windows, signal, judged.service, now)
    if window is not None:
        return Verdict(
            why=Why.MAINTENANCE,
            until=window.ends_at,
            because=f"{window.id} by {window.set_by}: {window.reason}",
            window=window.id,
        )
    for name, rule in zip(parents_of(signal, judged), judged.parents, strict=True):
        if _fires(name, judged, ports):
            because = f"while {rule} fires"
            return Verdict(why=Why.INHIBITED, until=now + LOOK_AGAIN, because=because)
    return None


def _fires(name: str, child: Triage, ports: Ports) -> bool:
    """Whether the incident of a parent fires, and is as bad as what it would hold back."""
    incident = ports.store.lead(name)
    owner = None if incident is None else ports.store.load(incident)
    if owner is None or not owner.open or not owner.firing:
        return False
    return owner.severity.rank <= child.severity.rank


def flapping(
    signals: Sequence[Signal], incident: str, policy: Policy, ports: Ports
) -> Flapping | None:
    """What is to be held of signals of an open incident; what is worse is never held."""
    noise = policy.noise
    news = [signal for signal in signals if not signal.only_told]
    if noise is None or not news or triage(news[-1], policy).unsteady:
        return None
    history = {one.id: one for one in ports.store.traces(news[0].key, limit=LOOKED_BACK)}
    history |= {signal.id: heard(signal) for signal in news}
    shaky = unsteady(history.values(), noise)
    caught = [signal for signal in news if signal.id in shaky]
    if not caught:
        return None
    now = ports.clock.incident_now()
    before = ports.store.held(news[0].key)
    begins = before is None or before.held_for != Why.FLAPPING or before.held_since is None
    since = now if before is None or begins else before.held_since or now
    until = _until(last_change(history.values()), since, noise)
    owner = ports.store.load(incident)
    held = [signal for signal in caught if not _worse(signal, owner, policy)]
    if until <= now or not held:
        return None
    newest = max(held, key=lambda signal: (signal.occurred_at, signal.id))
    kept = replace(newest, held_until=until, held_for=Why.FLAPPING, held_since=since)
    ports.store.hold(kept)
    because = f"{noise.flapping_changes} changes within {noise.flapping_minutes} minutes"
    verdict = Verdict(why=Why.FLAPPING, until=until, because=because)
    return Flapping(held=tuple(held), verdict=verdict, begins=begins)


def _until(changed: datetime, since: datetime, noise: Noise) -> datetime:
    quiet = changed + timedelta(minutes=noise.quiet_minutes)
    return min(quiet, since + timedelta(minutes=noise.flapping_longest_minutes))


def _worse(signal: Signal, owner: Incident | None, policy: Policy) -> bool:
    known = None if owner is None else owner.signal_severity
    if known is None or not signal.firing:
        return False
    return triage(signal, policy).severity.rank < known.rank


def said_to(flaps: Flapping, noise: Noise) -> Signal:
    """What the incident is told when one of its signals begins to flap."""
    first = min(flaps.held, key=lambda signal: (signal.occurred_at, signal.id))
    return replace(
        first,
        id=first.id + TOLD,
        firing=False,
        only_told=True,
        detail=f"flapping: held until it has been quiet for {noise.quiet_minutes} minutes",
        facts={},
    )


def meanwhile(last: Signal, incident: str, ports: Ports) -> list[Signal]:
    """What was held before the last change of a key that flapped, and its incident has not heard.

    As their traces tell it: several changes count as if they had come one by one.
    """
    owner = ports.store.load(incident)
    state = None if owner is None else owner.signals.get(last.key)
    return [
        replace(last, id=one.id, firing=one.firing, occurred_at=one.at, detail="", facts={})
        for one in ports.store.traces(last.key, limit=LOOKED_BACK - 1)
        if one.why == Why.FLAPPING
        and one.at < last.occurred_at
        and (state is None or one.at > state.last_at)
    ]


def joined(signals: Sequence[Signal], policy: Policy, ports: Ports) -> Incident | None:
    """The open incident of the group that signals without one join, if it is young enough."""
    firing = next((signal for signal in signals if signal.firing), None)
    group = None if firing is None else group_of(firing, triage(firing, policy))
    incident = None if group is None else ports.store.lead(group)
    owner = None if incident is None else ports.store.load(incident)
    if owner is None or not owner.open or policy.noise is None:
        return None
    window = timedelta(minutes=policy.noise.grouping_minutes)
    young = ports.clock.incident_now() - owner.cycle_started_at <= window
    return owner if young else None


def lead(signals: Iterable[Signal], incident: str, policy: Policy, ports: Ports) -> None:
    """Lets others find the incident that these have opened, where a rule asks for it."""
    names = {
        name
        for signal in signals
        if signal.firing
        for name in leads(signal, triage(signal, policy))
    }
    for name in sorted(names):
        ports.store.take_lead(name, incident, at=ports.clock.incident_now())


def count_unknown(
    signals: Sequence[Signal], incident: str | None, policy: Policy, ports: Ports, *, batch: str
) -> None:
    """Puts down what no rule knows, for the weekly list."""
    found = [one for one in signals if one.firing and not triage(one, policy).known]
    if not found:
        return
    from tocsin.application.signals.weekly import week_of  # noqa: PLC0415 -- few come so far

    now = ports.clock.incident_now()
    week, told_at = week_of(now, policy)
    ports.store.count_unknown(
        Unknown(
            key=found[0].key,
            source=found[0].source,
            name=found[0].rule,
            count=len(found),
            at=now,
            incident=incident,
        ),
        week=week,
        told_at=told_at,
        batch=batch,
    )
