"""`notifier` claims outbox items, marks them and speaks to people; it cannot write a timeline.

It keeps codes of ways, records of links and what audiences heard; it can write no incident.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.bundle.groups import INCIDENTS
from infra.spec import Cause, FunctionSpec
from infra.statements import (
    Statement,
    data_key_through_dynamodb,
    data_key_through_secrets_manager,
    key_through_sns,
    key_through_sqs,
    send_failures,
    stream_listing,
    stream_of,
)
from infra.waking import Patience

if TYPE_CHECKING:
    from infra.constructs.event_sources import EventSources
    from infra.constructs.function import TocsinFunction


def _wake(made: TocsinFunction, sources: EventSources) -> None:
    """New outbox items only; what is late the sweep hands over directly."""
    made.acknowledge_no_queue("Its stream hands failed batches to a queue of their own.")
    sources.triggers.stream(
        made,
        "IncidentsStreamToNotifier",
        "incidents",
        batch=25,
        parallel=2,
        patience=Patience(retries=5, max_age=60 * 60),
        pattern={
            "eventName": ["INSERT"],
            "dynamodb": {"Keys": {"SK": {"S": [{"prefix": "OUT#"}]}}},
        },
    )


FUNCTION = FunctionSpec(
    name="notifier",
    purpose="Delivers the outbox: pages and stakeholder mail",
    group=INCIDENTS,
    memory=512,
    timeout=40,
    reserved=15,
    incident_clock=True,
    statements=(
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
            # SES asks for a right on the sender's identity, be it the address or its domain, on the
            # recipient's while the account is in the sandbox, and on a configuration set that an
            # identity has by default. What bounds it is who it is sent from.
            # https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html
            sid="SendPersonalMail",
            actions=("ses:SendEmail",),
            resources=("identity/any", "configuration-set/any"),
            conditions={"StringEquals": {"ses:FromAddress": "{mail_from}"}},
        ),
        Statement(
            sid="KnowWaysAndKeepLinks",
            actions=("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
            resources=("table/operations",),
        ),
        Statement(
            sid="CountMailsOutside",
            actions=("dynamodb:UpdateItem",),
            resources=("table/operations",),
            # Questions to people outside are counted there, and nothing else of that table.
            conditions={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "REPORTS"}},
        ),
        Statement(
            sid="ReadDeliveryKeys",
            actions=("secretsmanager:GetSecretValue",),
            resources=("secret/delivery-keys",),
        ),
        stream_of("incidents"),
        stream_listing("incidents"),
        send_failures(),
        data_key_through_dynamodb(),
        data_key_through_secrets_manager(),
        key_through_sns(),
        key_through_sqs(),
    ),
    woken_by=_wake,
    causes=(
        Cause(
            "messages-failed",
            "MessagesFailed",
            "Messages to people were not accepted by their channel.",
        ),
        Cause(
            "messages-refused",
            "MessagesRefused",
            "A message was refused for good by every way, and is not sent again.",
        ),
        Cause(
            "ways-failed",
            "WaysFailed",
            "A way to a person fails: pages reach them by the next one, if there is one.",
            at_least=3,
        ),
        Cause(
            "people-unreachable",
            "PeopleUnreachable",
            "Somebody was to be told and has no confirmed way.",
        ),
        Cause(
            "links-missing",
            "LinksMissing",
            "Messages leave without their links: the keys or the address of links cannot be read.",
        ),
    ),
)
