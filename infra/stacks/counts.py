"""Counts of our own that ring: a table that `monitoring` makes alarms of."""

from __future__ import annotations

# Function, count, alarm, what it says, how many in five minutes.
COUNTS = (
    (
        "webhook_ingest",
        "WebhooksRejected",
        "webhooks-rejected",
        "Webhooks are refused: a secret changed, or somebody is trying.",
        10,
    ),
    (
        "webhook_ingest",
        "WebhooksUnstored",
        "webhooks-unstored",
        "Verified webhooks cannot be stored; the provider is told to come back.",
        1,
    ),
    (
        "billing_projector",
        "BillingQuarantined",
        "billing-quarantined",
        "Billing events or objects were set aside: a subscription may be out of date.",
        1,
    ),
    (
        "billing_projector",
        "BillingProblems",
        "billing-problems",
        "A provider sends what is not understood, or does not answer: projections lean on asking.",
        20,
    ),
    (
        "billing_projector",
        "TerminalLeft",
        "billing-terminal-left",
        "A provider says that an ended subscription runs again.",
        1,
    ),
    (
        "billing_projector",
        "UnknownStatus",
        "billing-unknown-status",
        "A provider uses a word for a status that we do not know; the last known one is kept.",
        1,
    ),
    (
        "billing_projector",
        "ApiVersionNew",
        "billing-api-version-new",
        "Events come in an API version that was never seen before.",
        1,
    ),
    (
        "provider_watch",
        "LooksFailed",
        "provider-watch-blind",
        "A look at the providers fails: silence or lateness would not be noticed.",
        2,
    ),
    (
        "replay_planner",
        "ReplaysStalled",
        "replays-stalled",
        "A replay has given up waiting: what was lost is not all back.",
        1,
    ),
    (
        "notifier",
        "MessagesFailed",
        "messages-failed",
        "Messages to people were not accepted by their channel.",
        1,
    ),
    (
        "notifier",
        "WaysFailed",
        "ways-failed",
        "A way to a person fails: pages reach them by the next one, if there is one.",
        3,
    ),
    (
        "notifier",
        "PeopleUnreachable",
        "people-unreachable",
        "Somebody was to be told and has no confirmed way.",
        1,
    ),
    (
        "auditor",
        "PeopleUnreachable",
        "people-without-ways",
        "Somebody of the roster has fewer than two ways, or none that rings.",
        1,
    ),
    (
        "notifier",
        "LinksMissing",
        "links-missing",
        "Messages leave without their links: the keys or the address of links cannot be read.",
        1,
    ),
    (
        "public_intake",
        "LinksRefused",
        "links-refused",
        "Links are refused: old messages are used, or somebody is trying.",
        30,
    ),
    (
        "alarm_trigger",
        "SignalsRejected",
        "signals-rejected",
        "Something on the alarm topic could not be read as an alarm.",
        1,
    ),
)
