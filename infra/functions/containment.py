"""`containment` acts on what an incident names, in the role of one action at a time.

In its own rights it reads and writes incidents, runs and rules, and assumes those roles; it reaches
no target. `incident_api` alone may call it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.bundle.groups import CONTAINMENT
from infra.spec import Cause, FunctionSpec
from infra.statements import (
    Statement,
    data_key_through_dynamodb,
    write_incidents,
)
from tocsin.containment.registry import ACTIONS

if TYPE_CHECKING:
    from infra.constructs.event_sources import EventSources
    from infra.constructs.function import TocsinFunction


def _wake(made: TocsinFunction, sources: EventSources) -> None:
    """Every minute for what is due, where there is anything to act with."""
    reason = "A lost look holds nothing to redrive: what is due is stored, and due in a minute."
    sources.triggers.turns(made, reason)
    if sources.context.containment:
        sources.triggers.at_rate(
            made,
            "EveryMinuteContainment",
            "rate(1 minute)",
            says="Lifts blocks that have ended, finishes what was left",
            reason=reason,
        )


FUNCTION = FunctionSpec(
    name="containment",
    purpose="Contains what people order, and undoes it",
    group=CONTAINMENT,
    memory=512,
    # Shorter than the lease of a run, so that nobody goes on with what is still being done.
    timeout=50,
    incident_clock=True,
    contains=True,
    statements=(
        write_incidents(),
        Statement(
            sid="KeepRunsAndRules",
            actions=("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
            resources=("table/operations",),
        ),
        Statement(
            sid="FindDue",
            actions=("dynamodb:Query",),
            resources=("table/operations/index/due",),
        ),
        Statement(
            sid="ActInOneRoleAtATime",
            actions=("sts:AssumeRole",),
            resources=tuple(f"role/contain-{name}" for name in ACTIONS.names),
        ),
        data_key_through_dynamodb(),
    ),
    woken_by=_wake,
    causes=(
        Cause(
            "containment-stuck",
            "ContainmentStuck",
            "A block is not lifted, or an action is left in the middle.",
            at_least=3,
        ),
    ),
)
