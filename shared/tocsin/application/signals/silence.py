"""Workflows that have to run every so often: one that stays away is a control that is blind.

Each run holds a firing signal back until the next is overdue: the sweep lets it through, as
anything that is held, unless a later run has put another in its place. A run that comes after all
clears it. Nothing is known of a workflow that has never run since it was named.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.application.incidents.receive import receive
from tocsin.incidents.model.parts import SUCCESS
from tocsin.incidents.model.signals import Signal
from tocsin.incidents.model.work import WorkKind, expected_within
from tocsin.incidents.vocabulary import Severity

if TYPE_CHECKING:
    from tocsin.application.incidents.execute import Ports
    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.model.work import Work

LOOKED = frozenset({SUCCESS, "failure"})
"""How a run ends that has looked; what timed out or could not start has not."""
_MOMENT = timedelta(milliseconds=1)


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
    pointer = ports.store.pointer(again.key)
    return receive([clear], ports) if pointer is not None and pointer.open else []


def _signal(work: Work, path: str) -> Signal:
    return Signal(
        id=f"{work.source}-{work.id}",
        source=work.source,
        rule=f"workflow/silent/{path}",
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
