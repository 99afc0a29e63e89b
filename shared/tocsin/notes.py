"""How Tocsin speaks to its operators: log events, metrics, and the port that takes them.

Names are constants because alarms, saved queries and dashboards quote them: a name is part of the
operating interface and is renamed only with the alarm that reads it. Standard library only, so
that the ingest path and the application can use them without paying for Powertools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tocsin.errors import TocsinError

NAMESPACE = "Tocsin"
"""Metrics go to `Tocsin/<stage>`, so that two stages in one account never share a number."""


class Event:
    """What a log line is about: the value of its `message` field."""

    SIGNAL_RECEIVED = "signal.received"
    SIGNAL_REJECTED = "signal.rejected"
    SIGNAL_NOTED = "signal.noted"
    DELIVERY_TAKEN = "delivery.taken"
    DEPLOYMENTS_LOOKED_AT = "deployments.looked_at"
    DEPLOYMENT_UNANSWERED = "deployment.unanswered"
    DEPLOYMENT_GIVEN_UP = "deployment.given_up"
    CONTAINMENT_ORDERED = "containment.ordered"
    CONTAINMENT_STUCK = "containment.stuck"
    INCIDENT_OPENED = "incident.opened"
    INCIDENT_CHANGED = "incident.changed"
    NUMBER_MISSING = "number.missing"
    COMMAND_REPEATED = "command.repeated"
    MESSAGE_SENT = "message.sent"
    MESSAGE_HELD = "message.held"
    MESSAGE_FAILED = "message.failed"
    MESSAGE_UNREADABLE = "message.unreadable"
    ROTAS_UNREAD = "rotas.unread"
    POLICY_UNREAD = "policy.unread"
    POLICY_PUBLISHED = "policy.published"
    AUDIT_DONE = "audit.done"
    AUDIT_FINDING = "audit.finding"
    DEAD_MAN_UNREACHED = "dead_man.unreached"
    MESSAGE_NO_NEWS = "message.no_news"
    MESSAGE_MOOT = "message.moot"
    MESSAGE_REFUSED = "message.refused"
    BUNDLE_SENT = "bundle.sent"
    BUNDLE_FAILED = "bundle.failed"
    BUNDLE_UNSURE = "bundle.unsure"
    INCIDENT_UNREAD = "incident.unread"
    WAY_FAILED = "way.failed"
    PERSON_UNREACHABLE = "person.unreachable"
    LINKS_MISSING = "links.missing"
    LINK_FOLLOWED = "link.followed"
    LINK_REFUSED = "link.refused"
    REPORT_TAKEN = "report.taken"
    REPORT_REFUSED = "report.refused"
    REPORT_CONFIRMED = "report.confirmed"
    BRIEF_MISSING = "brief.missing"
    CONTACT_MESSAGE = "contact.message"
    CONTACT_CHANGED = "contact.changed"
    NUMBERS_VIEWED = "contact.numbers_viewed"
    SWEEP_DONE = "sweep.done"
    SWEEP_BEHIND = "sweep.behind"
    REQUEST_ANSWERED = "request.answered"
    INCIDENT_VIEWED = "incident.viewed"
    INCIDENT_HIDDEN = "incident.hidden"
    REQUEST_REFUSED = "request.refused"
    RECORD_FAILED = "record.failed"
    REDELIVERY_SLOW = "redelivery.slow"
    UNEXPECTED = "unexpected"
    WEBHOOK_ACCEPTED = "webhook.accepted"
    WEBHOOK_DUPLICATE = "webhook.duplicate"
    WEBHOOK_REJECTED = "webhook.rejected"
    WEBHOOK_UNSTORED = "webhook.unstored"
    BILLING_PROJECTED = "billing.projected"
    BILLING_QUARANTINED = "billing.quarantined"
    API_VERSION_SEEN = "billing.version"
    PROVIDER_WATCHED = "provider.watched"
    PROVIDER_PROBED = "provider.probed"
    LOOK_FAILED = "look.failed"
    WAKE_FAILED = "wake.failed"
    REPLAY_DRIVEN = "replay.driven"
    REPLAY_LEFT = "replay.left"
    EVENTS_RESTORED = "events.restored"
    RECONCILIATION_DRIVEN = "reconciliation.driven"
    RECONCILIATION_LEFT = "reconciliation.left"
    CHECKOUT_ATTEMPTED = "checkout.attempted"
    BREAKER_MOVED = "breaker.moved"
    ATTENTION_NEEDED = "attention.needed"
    ATTENTION_TOLD = "attention.told"


class Metric:
    """Counts, one per thing that happened; the unit is always `Count`."""

    SIGNALS_RECEIVED = "SignalsReceived"
    SIGNALS_REJECTED = "SignalsRejected"
    SIGNALS_SET_ASIDE = "SignalsSetAside"
    SIGNALS_MERGED = "SignalsMerged"
    DEPLOYMENTS_UNANSWERED = "DeploymentsUnanswered"
    CONTAINMENT_STUCK = "ContainmentStuck"
    INCIDENTS_OPENED = "IncidentsOpened"
    MESSAGES_SENT = "MessagesSent"
    MESSAGES_FAILED = "MessagesFailed"
    MESSAGES_REFUSED = "MessagesRefused"
    WAYS_FAILED = "WaysFailed"
    PEOPLE_UNREACHABLE = "PeopleUnreachable"
    LINKS_MISSING = "LinksMissing"
    LINKS_REFUSED = "LinksRefused"
    REPORTS_TAKEN = "ReportsTaken"
    REPORTS_REFUSED = "ReportsRefused"
    OUTBOX_REDRIVEN = "OutboxRedriven"
    ROTAS_UNREAD = "RotasUnread"
    POLICIES_UNREAD = "PoliciesUnread"
    AUDITS_CLEAN = "AuditsClean"
    AUDIT_FINDINGS = "AuditFindings"
    ITEMS_DUE = "ItemsDue"
    REQUESTS_REFUSED = "RequestsRefused"
    UNEXPECTED_ERRORS = "UnexpectedErrors"
    WEBHOOKS_ACCEPTED = "WebhooksAccepted"
    WEBHOOKS_DUPLICATE = "WebhooksDuplicate"
    WEBHOOKS_REJECTED = "WebhooksRejected"
    WEBHOOKS_UNSTORED = "WebhooksUnstored"
    BILLING_PROJECTED = "BillingProjected"
    BILLING_PROBLEMS = "BillingProblems"
    BILLING_QUARANTINED = "BillingQuarantined"
    PROVIDER_REQUESTS = "ProviderRequests"
    TERMINAL_LEFT = "TerminalLeft"
    UNKNOWN_STATUS = "UnknownStatus"
    API_VERSION_NEW = "ApiVersionNew"
    LOOKS_FAILED = "LooksFailed"
    EVENTS_RESTORED = "EventsRestored"
    REPLAYS_STALLED = "ReplaysStalled"
    RECONCILIATIONS_STALLED = "ReconciliationsStalled"
    CHECKOUTS_OFFERED = "CheckoutsOffered"
    CHECKOUTS_FAILED = "CheckoutsFailed"
    CHECKOUTS_REFUSED = "CheckoutsRefused"
    CHECKOUTS_TURNED_AWAY = "CheckoutsTurnedAway"
    BREAKERS_OPENED = "BreakersOpened"
    NEAR_TIMEOUT = "NearTimeout"
    NEEDS_ATTENTION = "NeedsAttention"


class Gauge:
    """Measures, the newest or the largest of which counts. Ages are in seconds.

    They are fields of lines and no metrics, which would be billed every hour. Some are causes of
    attention.
    """

    PROJECTION_LAG = "ProjectionLag"
    OLDEST_UNPROJECTED = "OldestUnprojected"
    PROVIDER_SILENCE = "ProviderSilence"
    EVENTS_MISSED = "EventsMissed"
    OUTAGE_WATCH_SILENT = "OutageWatchSilent"
    OLDEST_QUARANTINED = "OldestQuarantined"
    CHECKOUT_TROUBLE = "CheckoutTrouble"
    WEBHOOK_TROUBLE = "WebhookTrouble"
    WEBHOOK_DELAY = "WebhookDelay"
    STATE_DIVERGENCE = "StateDivergence"
    NO_PAYMENT_PATH = "NoPaymentPath"
    CHECKOUT_DOUBLES = "CheckoutDoubles"
    QUEUE_UNTAKEN = "QueueUntaken"
    SIGNALS_UNKNOWN = "SignalsUnknown"


DETAILS = frozenset({"provider", "reason", "code", "kind", "queue", "severity", "source"})
"""What a count may be told apart by, as fields of its line. Its only dimension is the service: as
dimensions, every pair of values would be a metric that costs money."""


class Notes(Protocol):
    """Notes of what happened, and counts of it. Fields are short and hold nothing personal.

    Two writers implement it: `runtime.watch.logging` on Powertools, and `runtime.watch.json_lines`,
    which imports next to nothing, for functions on the path of money. Both write the same JSON.
    """

    def info(self, event: str, **fields: object) -> None: ...

    def warning(self, event: str, **fields: object) -> None: ...

    def refused(self, event: str, error: TocsinError, **fields: object) -> None:
        """An error raised on purpose: its code and its context say it all."""
        ...

    def failed(self, event: str, error: BaseException, **fields: object) -> None:
        """An error that keeps something from being done; one that nobody meant has its stack."""
        ...

    def count(self, metric: str, value: int = 1, **details: str) -> None:
        """Adds `value`, with what it was about, of `DETAILS`."""
        ...

    def gauge(self, measure: str, value: int, **details: str) -> None:
        """Reports a measure, with what it was of."""
        ...
