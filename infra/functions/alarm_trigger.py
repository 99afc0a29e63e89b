"""`alarm_trigger` reads alarms from its queue and writes incidents."""

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
    send_failures,
)
from infra.waking import ALARM_GONE_RULE, ALARM_STATE_RULE, Patience

if TYPE_CHECKING:
    from infra.constructs.event_sources import EventSources
    from infra.constructs.function import TocsinFunction


_ASYNC_MAX_AGE = 6 * 60 * 60
_RULE = Patience(retries=185, max_age=_ASYNC_MAX_AGE)


def _wake(made: TocsinFunction, sources: EventSources) -> None:
    """A queue for storms; direct alarm actions and state changes for the few."""
    made.acknowledge_no_queue(
        "Its queue has a dead-letter queue; asynchronous failures go to a destination."
    )
    triggers = sources.triggers
    triggers.queue(made, "AlarmsQueueToAlarmTrigger", "alarms", batch=50, concurrency=5, window=2)
    triggers.asynchronous(made, Patience(retries=2, max_age=_ASYNC_MAX_AGE))
    triggers.alarm_actions(made)
    if names := sources.context.alarm_intake.pattern:
        triggers.rule(
            made,
            "AlarmStateChange",
            {
                "source": ["aws.cloudwatch"],
                # The second tells of each time series of an alarm over many.
                "detail-type": [
                    "CloudWatch Alarm State Change",
                    "CloudWatch Alarm Contributor State Change",
                ],
                "detail": {"alarmName": names, "state": {"value": ["ALARM", "OK"]}},
            },
            name=ALARM_STATE_RULE,
            says="Alarms that name no action of ours still open incidents",
            patience=_RULE,
            permit_as="AlarmStateRule",
        )
        triggers.rule(
            made,
            "AlarmGone",
            {
                "source": ["aws.cloudwatch"],
                "detail-type": ["CloudWatch Alarm Configuration Change"],
                "detail": {"alarmName": names, "operation": ["delete"]},
            },
            name=ALARM_GONE_RULE,
            says="A deleted or renamed alarm ends its signal: nothing else would",
            patience=_RULE,
            permit_as="AlarmGoneRule",
        )


FUNCTION = FunctionSpec(
    name="alarm_trigger",
    purpose="Turns alarms into one command per incident key",
    group=INCIDENTS,
    memory=512,
    timeout=30,
    # Five for its queue; the rest for alarms that name it themselves.
    reserved=10,
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
        queue_consumer("alarms"),
        Statement(
            # An alarm that failed is seen again in seconds, not when the queue's patience is over.
            sid="HaveFailedSoon",
            actions=("sqs:ChangeMessageVisibility",),
            resources=("queue/alarms",),
        ),
        send_failures(),
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
