"""Signals that lead to nothing, or not yet: each leaves why, and what it would have done.

What a rule only watches, what nothing is open for, what was overtaken and what its source keeps
quiet. A clear is never among them: it is remembered for the firing it may have overtaken.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.incidents import limits
from tocsin.incidents.model.signals import Triage, triage
from tocsin.incidents.runbook.policy import RuleMode
from tocsin.ports.incidents import Aside, Why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.application.incidents.execute import Ports
    from tocsin.incidents.model.signals import Signal
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.ports.incidents import Pointer

OVERHEARD = "-overheard"
"""Ends the id of what nobody sent here on purpose and no rule knows: sent, it is other news."""


def meaningful(signals: Sequence[Signal], policy: Policy) -> list[Signal]:
    """Without those that mean nothing unless a rule names them, and without what was heard twice.

    A signal that no rule knows is worse where somebody sent it here than where it was overheard, so
    the two are told apart; where a rule knows it they are the same news.
    """
    found: list[Signal] = []
    sent = {signal.id for signal in signals if not signal.overheard}
    for signal in signals:
        judged = triage(signal, policy)
        if judged.nothing or (signal.overheard and signal.id in sent):
            continue
        apart = signal.overheard and not judged.known and not signal.suppressed
        found.append(replace(signal, id=signal.id + OVERHEARD) if apart else signal)
    return found


def keep_quiet(signals: Sequence[Signal], policy: Policy, ports: Ports) -> None:
    """Records those that their source keeps quiet, for now or until it lets them through."""
    for signal in signals:
        why = Why.SUPPRESSED if signal.held_until is None else Why.HELD
        _record(signal, why, triage(signal, policy), ports)


def wanted(signals: Sequence[Signal], policy: Policy, ports: Ports) -> list[Signal]:
    """Those of one key that may lead to something now; the others are set aside."""
    doubted = [signal for signal in signals if _may_be_nothing(signal, policy)]
    if not doubted:
        return list(signals)
    pointer = ports.store.pointer(signals[0].key)
    if pointer is not None and pointer.open:
        return list(signals)
    found = []
    for signal in signals:
        judged = triage(signal, policy)
        if (why := _why_not(signal, signals, judged, ports)) is None:
            found.append(signal)
            continue
        if signal.withdraws:
            now = ports.clock.incident_now()
            ports.store.let_go(signal.key, until=signal.occurred_at, recorded_at=now)
        _record(signal, why, judged, ports, pointer=pointer)
    return found


def _may_be_nothing(signal: Signal, policy: Policy) -> bool:
    if signal.only_told:
        return True
    return signal.firing and (signal.yields or triage(signal, policy).mode is RuleMode.MONITOR)


def _why_not(signal: Signal, batch: Sequence[Signal], judged: Triage, ports: Ports) -> Why | None:
    """Why a signal of a key that nothing is open for leads to nothing."""
    if signal.only_told:
        return Why.TOLD
    if signal.firing and signal.yields and _overtaken(signal, batch, ports):
        return Why.OUTRANKED
    if signal.firing and judged.mode is RuleMode.MONITOR:
        return Why.MONITORED
    return None


def _overtaken(signal: Signal, batch: Sequence[Signal], ports: Ports) -> bool:
    """Whether its key has cleared since, in this batch or before it."""
    later = [one for one in batch if not one.firing and not one.only_told]
    if any(one.occurred_at > signal.occurred_at for one in later):
        return True
    heard = ports.store.clear_heard(signal.key)
    return heard is not None and heard.occurred_at > signal.occurred_at


def _record(
    signal: Signal, why: Why, judged: Triage, ports: Ports, *, pointer: Pointer | None = None
) -> None:
    ports.store.set_aside(
        Aside(
            id=limits.shortened(signal.id, limits.LINE),
            key=signal.key,
            source=signal.source,
            title=limits.shortened(signal.title, limits.LINE),
            firing=signal.firing,
            at=ports.clock.incident_now(),
            occurred_at=signal.occurred_at,
            why=why,
            rule=judged.rule,
            would=_would(signal, judged, ports, pointer),
            until=signal.held_until,
        )
    )


def _would(signal: Signal, judged: Triage, ports: Ports, pointer: Pointer | None) -> str:
    """What it would have done, in words."""
    if not signal.firing:
        return "nothing: no incident of it is open"
    until = None if pointer is None else pointer.reopen_until
    if pointer is not None and until is not None and ports.clock.incident_now() <= until:
        return f"reopen the incident it had, {judged.severity} {judged.category}"
    return f"open a {judged.severity} {judged.category} incident"
