"""`sla_check` finds what is due, writes breaches and wakes the notifier; it sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.bundle.groups import INCIDENTS
from infra.spec import Cause, FunctionSpec
from infra.statements import (
    Statement,
    count_incidents,
    data_key_through_dynamodb,
    keep_freezes,
    key_through_sqs,
    queue_consumer,
    read_rotas,
    write_incidents,
)

if TYPE_CHECKING:
    from infra.constructs.event_sources import EventSources
    from infra.constructs.function import TocsinFunction


def _wake(made: TocsinFunction, sources: EventSources) -> None:
    """Once a minute, never late: the next sweep does what a lost one did not."""
    reason = (
        "A lost sweep holds nothing to redrive: the next one, a minute later, does its work;"
        " what it handed on has a dead-letter queue."
    )
    sources.triggers.turns(made, reason)
    sources.schedules.wake(made, "EveryMinute", "rate(1 minute)", says="Wakes the sweep")
    sources.triggers.queue(made, "DueQueueToSlaCheck", "due", batch=4, concurrency=3)


FUNCTION = FunctionSpec(
    name="sla_check",
    purpose="Acts on what is due: breaches, escalation, unsent messages",
    group=INCIDENTS,
    memory=512,
    # Under a minute, so that a slow sweep ends before the next one starts.
    timeout=55,
    # Its queue may take three of them: two are left for the schedule and for people.
    reserved=5,
    incident_clock=True,
    statements=(
        Statement(
            sid="FindDue",
            actions=("dynamodb:Query",),
            resources=("table/incidents/index/due", "table/operations/index/due"),
        ),
        Statement(
            sid="ReadBoard",
            actions=("dynamodb:Query",),
            resources=("table/incidents/index/list",),
        ),
        write_incidents(),
        Statement(
            # Whether a signal that was held back has been seen, what is open of its parts, what its
            # key has said before; and what no rule knew in a week.
            sid="LetSignalsThrough",
            actions=("dynamodb:BatchGetItem", "dynamodb:Query"),
            resources=("table/incidents",),
        ),
        Statement(
            sid="RedriveOutbox",
            actions=("lambda:InvokeFunction",),
            resources=("function/notifier",),
        ),
        Statement(
            sid="HandOnWhatIsDue",
            actions=("sqs:SendMessage",),
            resources=("queue/due",),
        ),
        queue_consumer("due"),
        key_through_sqs(),
        keep_freezes(),
        read_rotas(),
        count_incidents(),
        data_key_through_dynamodb(),
    ),
    woken_by=_wake,
    causes=(
        Cause(
            "signals-unknown",
            "SignalsUnknown",
            "Signals of the last week no rule of the runbook knows: `tocsin signals unknown`.",
            gauge=True,
        ),
    ),
)
