"""What was written down: checklist, impact, decisions, links, updates, access."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.commands_record import Preventive
from tocsin.incidents.events import Event
from tocsin.incidents.parts import (
    ChannelKind,
    Exposure,
    ItemState,
    LinkPurpose,
    UpdateAudience,
)
from tocsin.incidents.parts_billing import KeptEvidence
from tocsin.incidents.stored import MediaType, Stored
from tocsin.incidents.vocabulary import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSettled(Event):
    """A checklist item is done or does not apply; late or not."""

    type: ClassVar[str] = "item_settled"

    item: str
    state: ItemState
    person: str
    detail: str
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactRecorded(Event):
    """The blast radius as known now; the newest one counts."""

    type: ClassVar[str] = "impact_recorded"

    summary: str
    exposure: Exposure
    tenants: int | None
    users: int | None
    endpoints: tuple[str, ...]
    services: tuple[str, ...]
    data_categories: tuple[str, ...]
    confirmed_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginningCorrected(Event):
    """Harm began at another time than was thought."""

    type: ClassVar[str] = "beginning_corrected"

    old: datetime | None
    new: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecorded(Event):
    """A decision with its alternatives."""

    type: ClassVar[str] = "decision_recorded"

    chosen: str
    rejected: tuple[str, ...]
    why: str
    expected_effect: str
    stored: Stored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRecorded(Event):
    """What was found; `text` is all of it, or the beginning of what is `stored`."""

    type: ClassVar[str] = "evidence_recorded"

    title: str
    text: str
    media_type: MediaType
    stored: Stored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAdded(Event):
    """A link with a purpose."""

    type: ClassVar[str] = "link_added"

    purpose: LinkPurpose
    url: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRecorded(Event):
    """Where people talk about it."""

    type: ClassVar[str] = "channel_recorded"

    channel: ChannelKind
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected(Event):
    """Supersedes an earlier entry, which stays."""

    type: ClassVar[str] = "corrected"

    supersedes: int
    text: str
    stored: Stored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRecorded(Event):
    """An update was sent, or a channel refused it.

    `lacks` are parts that a billing incident's final one should have had.
    """

    type: ClassVar[str] = "update_recorded"

    update: str
    audience: UpdateAudience
    text: str
    accepted: bool
    final: bool
    next_by: datetime | None
    kept_promise: bool | None
    impact: str = ""
    mitigation: str = ""
    eta: str = ""
    residual: str = ""
    no_change: bool = False
    corrects: str | None = None
    says_contained: bool = False
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateDueSoon(Event):
    """A promised update is due at `due_at`: said once, to `people`."""

    type: ClassVar[str] = "update_due_soon"

    audience: UpdateAudience
    due_at: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateMissed(Event):
    """The update promised for `due_at` was not sent by then."""

    type: ClassVar[str] = "update_missed"

    audience: UpdateAudience
    due_at: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersDecided(Event):
    """Whether customers are told; `next_by` is when they first hear."""

    type: ClassVar[str] = "customers_decided"

    tell: bool
    reason: str
    next_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersProposed(Event):
    """One of the two who decide about customers wants this; nothing is decided yet."""

    type: ClassVar[str] = "customers_proposed"

    tell: bool
    reason: str
    person: str
    part: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmortemPublished(Event):
    """The postmortem of this cycle is out; `names` are the ids of `actions`, in their order.

    Of a provider's outage it refers to the `reconciliation` that was newest then, and to its
    `report` by place and digest.
    """

    type: ClassVar[str] = "postmortem_published"

    url: str
    root_cause: str
    actions: tuple[Preventive, ...]
    names: tuple[str, ...] = ()
    reconciliation: str | None = None
    report: KeptEvidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreventionVerified(Event):
    """A preventive action is done: the check that failed before passes now."""

    type: ClassVar[str] = "prevention_verified"

    action: str
    check: str
    failed_at: datetime
    failed_evidence: str
    passed_at: datetime
    passed_evidence: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreventionOverdue(Event):
    """A preventive action was not done by its date."""

    type: ClassVar[str] = "prevention_overdue"

    action: str
    due_at: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionConfirmed(Event):
    """A criterion that is decided outside was reported met, or not any more."""

    type: ClassVar[str] = "criterion_confirmed"

    criterion: str
    met: bool
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restricted(Event):
    """Hidden from everybody who has no part in it."""

    type: ClassVar[str] = "restricted"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftingProposed(Event):
    """One of the two people a lifting needs agreed."""

    type: ClassVar[str] = "lifting_proposed"

    person: str
    part: Role
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictionLifted(Event):
    """Everybody may see it again."""

    type: ClassVar[str] = "restriction_lifted"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessChanged(Event):
    """A person was let in or kept out."""

    type: ClassVar[str] = "access_changed"

    person: str
    allowed: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActAuthorized(Event):
    """The commander (`person`) lets `requester` do one thing outside the incident, once."""

    type: ClassVar[str] = "act_authorized"

    action: str
    input: tuple[str, ...]
    input_hash: str
    requester: str
    person: str
    reason: str
    expires_at: datetime
