"""`auditor` reads what is stored of incidents and writes no part of one, so it can spoil nothing.

All it may write are pointers of dedup keys: one that says "open" of a closed incident is mended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.bundle.groups import INCIDENTS
from infra.spec import Cause, FunctionSpec
from infra.statements import (
    Statement,
    data_key_through_dynamodb,
)

if TYPE_CHECKING:
    from infra.constructs.event_sources import EventSources
    from infra.constructs.function import TocsinFunction


_REASON = "A lost audit is a missing heartbeat, and the next one looks at the same things."


def _wake(made: TocsinFunction, sources: EventSources) -> None:
    """Once a minute; three minutes without a clean audit ring.

    A rule of EventBridge and not a schedule, a metric of its own and not an invocation count:
    whatever stops or blinds the sweep must not stop or blind what looks after it.
    """
    sources.triggers.turns(made, _REASON)
    sources.triggers.at_rate(
        made,
        "AuditEveryMinute",
        "rate(1 minute)",
        says="Looks whether everything that was due was done",
        reason=_REASON,
    )


FUNCTION = FunctionSpec(
    name="auditor",
    purpose="Looks by another way whether everything that was due was done",
    group=INCIDENTS,
    memory=512,
    timeout=50,
    reserved=2,
    incident_clock=True,
    statements=(
        Statement(
            sid="ReadIncidents",
            actions=("dynamodb:GetItem", "dynamodb:Query"),
            resources=("table/incidents",),
        ),
        Statement(
            sid="MendPointers",
            actions=("dynamodb:UpdateItem",),
            resources=("table/incidents",),
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "KEY#*"}},
        ),
        Statement(
            sid="ReadBoardAndDue",
            actions=("dynamodb:Query",),
            resources=("table/incidents/index/due", "table/incidents/index/list"),
        ),
        Statement(
            # And which runbook an incident goes by.
            sid="SeeWhoHasWays",
            actions=("dynamodb:Query",),
            resources=("table/operations",),
        ),
        data_key_through_dynamodb(),
    ),
    woken_by=_wake,
    causes=(
        Cause(
            "people-without-ways",
            "PeopleUnreachable",
            "Somebody of the roster has fewer than two ways, or none that rings.",
        ),
        Cause(
            "audit-findings",
            "AuditFindings",
            "Something that was due was not done.",
            at_least=3,
        ),
    ),
)
