"""Signals that lead to nothing, or not yet: each leaves why, and what it would have done.

What a rule only watches, what nothing is open for, what was overtaken and what its source keeps
quiet. A clear is never among them: it is remembered for the firing it may have overtaken.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.application.signals.noise import Verdict, flapping, held_back, said_to, too_few
from tocsin.incidents import limits
from tocsin.incidents.model.signals import Triage, triage
from tocsin.incidents.runbook.policy import RuleMode
from tocsin.ports.signals import Aside, Why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.application.incidents.execute import Ports
    from tocsin.incidents.model.maintenance import Window
    from tocsin.incidents.model.signals import Signal
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.ports.signals import Intake, Pointer

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
        verdict = Verdict(why=why, until=signal.held_until)
        put_aside(signal, verdict, triage(signal, policy), ports)


def wanted(signals: Sequence[Signal], policy: Policy, ports: Ports, known: Intake) -> list[Signal]:
    """Those of one key that may lead to something now; the others are set aside."""
    pointer = known.pointer
    if pointer is not None and pointer.open:
        return _steady(signals, pointer, policy, ports)
    found = []
    for signal in signals:
        judged = triage(signal, policy)
        if (verdict := _why_not(signal, signals, judged, ports, known.windows)) is None:
            found.append(signal)
            continue
        if signal.withdraws:
            now = ports.clock.incident_now()
            ports.store.let_go(signal.key, until=signal.occurred_at, recorded_at=now)
        if verdict.until is not None:
            ports.store.hold(replace(signal, held_until=verdict.until, held_for=verdict.why))
        put_aside(signal, verdict, judged, ports, pointer=pointer)
    return found


def _steady(
    signals: Sequence[Signal], pointer: Pointer, policy: Policy, ports: Ports
) -> list[Signal]:
    """Without what is held because it changes too often; the incident is told when that begins."""
    flaps = flapping(signals, pointer.incident, policy, ports)
    if flaps is None or policy.noise is None:
        return list(signals)
    for signal in flaps.held:
        put_aside(signal, flaps.verdict, triage(signal, policy), ports, pointer=pointer)
    passed = [signal for signal in signals if signal not in flaps.held]
    return [*passed, said_to(flaps, policy.noise)] if flaps.begins else passed


def _why_not(
    signal: Signal,
    batch: Sequence[Signal],
    judged: Triage,
    ports: Ports,
    windows: tuple[Window, ...],
) -> Verdict | None:
    """Why a signal of a key that nothing is open for leads to nothing."""
    if signal.only_told:
        return Verdict(why=Why.TOLD)
    if not signal.firing:
        return None
    if signal.yields and _overtaken(signal, batch, ports):
        return Verdict(why=Why.OUTRANKED)
    if judged.mode is RuleMode.MONITOR:
        return Verdict(why=Why.MONITORED)
    return too_few(signal, batch, judged, ports) or held_back(signal, judged, windows, ports)


def _overtaken(signal: Signal, batch: Sequence[Signal], ports: Ports) -> bool:
    """Whether its key has cleared since, in this batch or before it."""
    later = [one for one in batch if not one.firing and not one.only_told]
    if any(one.occurred_at > signal.occurred_at for one in later):
        return True
    heard = ports.store.clear_heard(signal.key)
    return heard is not None and heard.occurred_at > signal.occurred_at


def put_aside(
    signal: Signal,
    verdict: Verdict,
    judged: Triage,
    ports: Ports,
    *,
    pointer: Pointer | None = None,
) -> None:
    """Puts down that a signal leads to nothing for now: for people, and as its trace."""
    now = ports.clock.incident_now()
    ports.store.set_aside(
        Aside(
            id=limits.shortened(signal.id, limits.LINE),
            key=signal.key,
            source=signal.source,
            title=limits.shortened(signal.title, limits.LINE),
            firing=signal.firing,
            at=now,
            occurred_at=signal.occurred_at,
            why=verdict.why,
            rule=judged.rule,
            would=_would(signal, judged, ports, pointer),
            until=verdict.until,
            because=verdict.because,
            window=verdict.window,
        )
    )
    ports.store.trace([signal], incident=None, recorded_at=now, why=verdict.why)
    ports.became(verdict.why, 1)


def _would(signal: Signal, judged: Triage, ports: Ports, pointer: Pointer | None) -> str:
    """What it would have done, in words."""
    if pointer is not None and pointer.open:
        return f"be an entry of its incident: it {'fires' if signal.firing else 'clears'}"
    if not signal.firing:
        return "nothing: no incident of it is open"
    until = None if pointer is None else pointer.reopen_until
    if pointer is not None and until is not None and ports.clock.incident_now() <= until:
        return f"reopen the incident it had, {judged.severity} {judged.category}"
    return f"open a {judged.severity} {judged.category} incident"
