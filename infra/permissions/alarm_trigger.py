"""`alarm_trigger` reads alarms from its queue and writes incidents."""

from __future__ import annotations

from infra.permissions.statements import (
    Statement,
    data_key_through_dynamodb,
    keep_freezes,
    key_through_sqs,
    own_logs,
    queue_consumer,
    read_rotas,
    send_failures_to,
    tracing,
)

STATEMENTS = (
    Statement(
        sid="WriteIncidents",
        actions=("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"),
        resources=("table/incidents",),
    ),
    keep_freezes(),
    read_rotas(),
    data_key_through_dynamodb(),
    queue_consumer("alarms"),
    send_failures_to("alarm-trigger-failed"),
    key_through_sqs("alarms"),
    own_logs("alarm_trigger"),
    tracing(),
)
