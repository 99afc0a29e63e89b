"""May this be deployed now? The answer to a pipeline, a person or the pull request check.

The items are written in the transaction of the command that freezes or unfreezes, so an answer is
never behind the incident. Everything after that is arithmetic on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    told the incident.
    """

    service: str | None
    at: datetime
    frozen: bool
    allowed: bool
    held: tuple[ServiceFreeze, ...]
    stopped_by: tuple[ServiceFreeze, ...]
    drills: tuple[ServiceFreeze, ...]


def ask_freeze(
    freezes: FreezeStore,
    *,
    service: str | None,
    at: datetime,
    change: ChangeKind = ChangeKind.CODE,
    name: str | None = None,
) -> FreezeAnswer:
    """What holds a service (None: any) at `at`, incident time, and whether a change may go out.

    `name` is what the change was let through as: a commit, a pull request, a flag.
    """
    found = freezes.all() if service is None else _of(service, freezes)
    lasting = tuple(held for held in found if held.lasts_at(at))
    held = tuple(each for each in lasting if each.holds_at(at))
    stopping = stopped_by(held, change, name, at)
    return FreezeAnswer(
        service=service,
        at=at,
        frozen=bool(held),
        allowed=not stopping,
        held=held,
        stopped_by=stopping,
        drills=tuple(each for each in lasting if each not in held),
    )


def _of(service: str, freezes: FreezeStore) -> tuple[ServiceFreeze, ...]:
    """An incident that does not know its service holds every one."""
    own = () if service == EVERY_SERVICE else freezes.of(service)
    return (*own, *freezes.of(EVERY_SERVICE))
