"""`security_trigger` reads findings from its queue and writes incidents.

The queue is asked only where a stage has GitHub's webhooks or takes AWS's findings: asking costs.
"""

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
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.constructs.event_sources import EventSources
    from infra.constructs.function import TocsinFunction
    from infra.context import Context

FINDINGS_RULE = "findings"
"""Name of the rule that hands findings of AWS over; the queue lets it in by this name."""


def _wake(made: TocsinFunction, sources: EventSources) -> None:
    """Batches, few at a time: a scan that ends tells of hundreds of findings at once."""
    made.acknowledge_no_queue("Its queue has a dead-letter queue.")
    context = sources.context
    if context.github or context.findings:
        sources.triggers.queue(
            made, "SignalsQueueToSecurityTrigger", "signals", batch=10, concurrency=2, window=2
        )
    if context.findings:
        sources.triggers.to_queue(
            "Findings",
            name=FINDINGS_RULE,
            queue="signals",
            says="Findings of AWS's security services open incidents",
            pattern={
                "source": list(_sources(context)),
                "detail-type": [
                    kind for service in context.findings for kind in service.detail_types
                ],
            },
        )


def _sources(context: Context) -> Iterator[str]:
    """Nobody but AWS sends as `aws.…`: where incidents are rehearsed, there is a second name."""
    for service in context.findings:
        yield service.source
        if context.stage.clock_adjustable:
            yield service.rehearsed


FUNCTION = FunctionSpec(
    name="security_trigger",
    purpose="Turns findings of GitHub and AWS into one command per incident key",
    group=INCIDENTS,
    memory=512,
    timeout=30,
    reserved=2,
    incident_clock=True,
    statements=(
        Statement(
            sid="WriteIncidents",
            # A query is of one key: what it has said before, where it may be flapping.
            actions=(
                "dynamodb:BatchGetItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
            ),
            resources=("table/incidents",),
        ),
        keep_freezes(),
        read_rotas(),
        count_incidents(),
        data_key_through_dynamodb(),
        queue_consumer("signals"),
        key_through_sqs(),
    ),
    woken_by=_wake,
    causes=(
        Cause(
            "signals-rejected",
            "SignalsRejected",
            "Something among alarms or findings could not be read.",
        ),
    ),
)
