"""`notifier` claims outbox items, marks them and publishes; it cannot write a timeline."""

from __future__ import annotations

from infra.permissions.statements import (
    Statement,
    data_key_through_dynamodb,
    key_through_sns,
    key_through_sqs,
    own_logs,
    send_failures_to,
    stream_listing,
    stream_of,
    tracing,
)

STATEMENTS = (
    Statement(
        sid="ClaimAndMarkOutbox",
        actions=("dynamodb:GetItem", "dynamodb:UpdateItem"),
        resources=("table/incidents",),
    ),
    Statement(
        sid="Publish",
        actions=("sns:Publish",),
        resources=("topic/pages", "topic/stakeholders"),
    ),
    stream_of("incidents"),
    stream_listing("incidents"),
    send_failures_to("notifier-failed"),
    data_key_through_dynamodb(),
    key_through_sns("messages"),
    key_through_sqs("messages"),
    own_logs("notifier"),
    tracing(),
)
