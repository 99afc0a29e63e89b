"""`sla_check` finds what is due, writes breaches and wakes the notifier; it sends nothing."""

from __future__ import annotations

from infra.permissions.statements import (
    Statement,
    data_key_through_dynamodb,
    keep_freezes,
    key_through_sqs,
    own_logs,
    queue_consumer,
    read_rotas,
    tracing,
)

STATEMENTS = (
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
    Statement(
        sid="WriteIncidents",
        actions=("dynamodb:GetItem", "dynamodb:PutItem"),
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
    key_through_sqs("messages"),
    keep_freezes(),
    read_rotas(),
    data_key_through_dynamodb(),
    own_logs("sla_check"),
    tracing(),
)
