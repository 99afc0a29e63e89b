"""`notifier` claims outbox items, marks them and speaks to people; it cannot write a timeline.

It keeps codes of ways, records of links and what audiences heard; it can write no incident.
"""

from __future__ import annotations

from infra.permissions.statements import (
    Statement,
    data_key_through_dynamodb,
    data_key_through_secrets_manager,
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
        # The first entry names what the same key was before; a page says it.
        sid="ReadFirstEntry",
        actions=("dynamodb:Query",),
        resources=("table/incidents",),
    ),
    Statement(
        sid="Publish",
        actions=("sns:Publish",),
        resources=("topic/pages", "topic/stakeholders", "topic/chat"),
    ),
    Statement(
        # A telephone number is no resource: the right is on everything that is not a topic.
        sid="TextTelephones",
        actions=("sns:Publish",),
        resources=("topics/all",),
        all_but=True,
    ),
    Statement(
        sid="SendPersonalMail",
        actions=("ses:SendEmail",),
        resources=("identity/mail",),
    ),
    Statement(
        sid="KnowWaysAndKeepLinks",
        actions=("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
        resources=("table/operations",),
    ),
    Statement(
        sid="ReadDeliveryKeys",
        actions=("secretsmanager:GetSecretValue",),
        resources=("secret/delivery-keys",),
    ),
    stream_of("incidents"),
    stream_listing("incidents"),
    send_failures_to("notifier-failed"),
    data_key_through_dynamodb(),
    data_key_through_secrets_manager(),
    key_through_sns("messages"),
    key_through_sqs("messages"),
    own_logs("notifier"),
    tracing(),
)
