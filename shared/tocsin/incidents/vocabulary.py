"""The words of the runbook as closed sets; every other room takes them from here."""

from enum import StrEnum


class Severity(StrEnum):
    """How bad it is. Selects clocks, paging, cadence and monitoring window, never the category."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 is the worst, so that `a.rank < b.rank` reads "a is more severe than b"."""
        return list(Severity).index(self)


class Category(StrEnum):
    """What kind it is. Selects checklists, exit criteria and audience, never the severity."""

    SECURITY = "security"
    PRODUCTION = "production"
    OPERATIONAL = "operational"


class Kind(StrEnum):
    """Fixed at opening: drills and backfilled records never mix with real incidents."""

    REAL = "real"
    DRILL = "drill"
    BACKFILLED = "backfilled"


class State(StrEnum):
    """Where an incident is on its way to closure."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CONTAINED = "contained"
    FIXED = "fixed"
    MONITORING = "monitoring"
    CLOSED = "closed"


class Resolution(StrEnum):
    """Why an incident is closed."""

    RESOLVED = "resolved"
    FALSE_POSITIVE = "false_positive"
    DUPLICATE = "duplicate"


class Role(StrEnum):
    """The four roles of the runbook."""

    INCIDENT_COMMANDER = "incident_commander"
    MITIGATION_OWNER = "mitigation_owner"
    COMMUNICATIONS_OWNER = "communications_owner"
    SECURITY_OWNER = "security_owner"


class ClockName(StrEnum):
    """The three promises of a severity."""

    ACKNOWLEDGE = "acknowledge"
    CONTAIN = "contain"
    FIX = "fix"


class Attainment(StrEnum):
    """How a clock ended, or that it has not. Reported apart, never merged."""

    MET = "met"
    MISSED = "missed"
    LATE_ON_RAISE = "late_on_raise"
    RUNNING = "running"
    NOT_APPLICABLE = "not_applicable"


class Phase(StrEnum):
    """The checklist chapters of the runbook; the billing ones are added for billing incidents."""

    FIRST_15_MINUTES = "0-15m"
    FIRST_HOUR = "15-60m"
    CONTAINMENT = "containment"
    POST_CONTAINMENT = "post-containment"
    BILLING_IMMEDIATE = "billing-0-30m"
    BILLING_CONTAINMENT = "billing-30-120m"
    BILLING_REPLAY = "billing-replay"


class Group(StrEnum):
    """What a signed-in person may do, from least to most; security is beside commander."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    COMMANDER = "commander"
    SECURITY = "security"


BECOME_COMMANDER = (
    "commanders sign in under the deployment's commander role (its output CommanderRoleArn), or"
    " under a role that the stage's setting gives to that group; in the local cloud:"
    " --as NAME:commander"
)
"""How one comes to be of that group, for whoever is refused for want of it."""


class ActorKind(StrEnum):
    """Who or what caused an entry. Only a person can acknowledge."""

    PERSON = "person"
    RULE = "rule"
    SYSTEM = "system"
    SOURCE = "source"


class Audience(StrEnum):
    """Groups of addressees a paging step or a message names; the roster turns them into people."""

    PRIMARY = "primary"
    BACKUP = "backup"
    ENGINEERING_LEAD = "engineering_lead"
    ALL = "all"
    STAKEHOLDERS = "stakeholders"


class WayKind(StrEnum):
    """How a message gets to a person: text message, mail, mention in chat, signed webhook."""

    SMS = "sms"
    MAIL = "mail"
    CHAT = "chat"
    WEBHOOK = "webhook"


class RoomNews(StrEnum):
    """What a team's chat room can be told of; words of the runbook, so never renamed."""

    OPENED = "opened"
    SEVERITY = "severity"
    ACKNOWLEDGED = "acknowledged"
    HANDOVER = "handover"
    CONTAINED = "contained"
    CONTAINMENT_LOST = "containment_lost"
    UPDATE = "update"
    BREACH = "breach"
    CLOSED = "closed"
    REOPENED = "reopened"


class MessageKind(StrEnum):
    """What a message is about; part of its id `<incident>/<seq>/<kind>`, so never renamed."""

    PAGE = "page"
    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    BREACH = "breach"
    REMINDER = "reminder"
    CHAT = "chat"
    UPDATE = "update"
    RECONCILIATION = "reconciliation"
    CLOSED = "closed"
    REOPENED = "reopened"


BY_HAND = "person"
"""The source of an incident that a person opened."""

RESPONDERS = frozenset({Group.RESPONDER, Group.COMMANDER, Group.SECURITY})
