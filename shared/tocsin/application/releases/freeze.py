"""May this be deployed now? The answer to a pipeline, a person or the pull request check.

The items are written in the transaction of the command that freezes or unfreezes, so an answer is
never behind the incident. Everything after that is arithmetic on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.errors import Unavailable
from tocsin.incidents.queries.freeze import EVERY_SERVICE, ChangeKind, stopped_by

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.queries.freeze import ServiceFreeze
    from tocsin.ports.releases import FreezeStore


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeAnswer:
    """`frozen`: something holds the service. `allowed`: this change may go out nevertheless.

    `held` is what holds it now, drills excluded; `stopped_by` the part of it that stops the
    change. `drills` would hold it if they were real. Of a restricted freeze nobody outside is
    told the incident. `over` are those of the last month that have ended, the latest first. Not
    `known`, it could not be read, and `allowed` is what the runbook says of that.
    """

    service: str | None
    at: datetime
    frozen: bool
    allowed: bool
    known: bool
    fails_closed: bool
    held: tuple[ServiceFreeze, ...]
    stopped_by: tuple[ServiceFreeze, ...]
    drills: tuple[ServiceFreeze, ...]
    over: tuple[ServiceFreeze, ...]


def ask_freeze(
    freezes: FreezeStore,
    *,
    service: str | None,
    at: datetime,
    change: ChangeKind = ChangeKind.CODE,
    names: tuple[str, ...] = (),
    fails_closed: bool = False,
) -> FreezeAnswer:
    """What holds a service (None: any) at `at`, incident time, and whether a change may go out.

    `names` are what the change may have been let through as: a commit, a pull request, a flag.
    Where freezes cannot be read, changes wait if it `fails_closed`, and go out if not.
    """
    try:
        found = freezes.all() if service is None else _of(service, freezes)
        known = True
    except Unavailable:
        found, known = (), False
    lasting = tuple(held for held in found if held.lasts_at(at))
    held = tuple(each for each in lasting if each.holds_at(at))
    stopping = stopped_by(held, change, names, at)
    over = [each for each in found if not each.lasts_at(at)]
    return FreezeAnswer(
        service=service,
        at=at,
        frozen=bool(held),
        allowed=not stopping if known else not fails_closed,
        known=known,
        fails_closed=fails_closed,
        held=held,
        stopped_by=stopping,
        drills=tuple(each for each in lasting if each not in held),
        over=tuple(sorted(over, key=lambda each: each.until or each.since, reverse=True)),
    )


def _of(service: str, freezes: FreezeStore) -> tuple[ServiceFreeze, ...]:
    """An incident that does not know its service holds every one."""
    own = () if service == EVERY_SERVICE else freezes.of(service)
    return (*own, *freezes.of(EVERY_SERVICE))
