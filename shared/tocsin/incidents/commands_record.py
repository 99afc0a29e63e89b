"""Commands that complete the record: checklist, impact, decisions, links, updates, access."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.incidents.commands import Command
from tocsin.incidents.parts import ChannelKind, Exposure, ItemState, LinkPurpose, UpdateAudience
from tocsin.incidents.stored import MediaType, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleItem(Command):
    """A checklist item is done (with `detail` as evidence) or does not apply (`detail` is why)."""

    item: str
    state: ItemState
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordImpact(Command):
    """The blast radius as far as known. `confirm` needs the security owner or the commander."""

    summary: str
    exposure: Exposure = Exposure.NONE
    tenants: int | None = None
    users: int | None = None
    endpoints: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    data_categories: tuple[str, ...] = ()
    confirm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectBeginning(Command):
    """Harm began at another time than was thought. Moves no clock."""

    began_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDecision(Command):
    """What was chosen over what, why, and what it should bring."""

    chosen: str
    rejected: tuple[str, ...]
    why: str
    expected_effect: str
    stored: Stored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEvidence(Command):
    """What was found, as it was found: a log, an answer, a list. Larger than an entry is fine."""

    title: str
    text: str
    media_type: MediaType = MediaType.PLAIN
    stored: Stored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddLink(Command):
    """A link with a purpose."""

    purpose: LinkPurpose
    url: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChannel(Command):
    """Where people talk about it."""

    channel: ChannelKind
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct(Command):
    """Supersedes an earlier entry; the earlier one stays as it was."""

    supersedes: int
    text: str
    stored: Stored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUpdate(Command):
    """An update a channel accepted (`accepted`) or refused. `update` is its id.

    `next_by` is when the next one is promised; None leaves it to the table. `says_contained`
    tells that the wording claims containment. The first one of an audience carries `impact`,
    `mitigation` and `eta` ("unknown" is an answer), the final one `residual`: what is left to do.
    `no_change` is confirmed by a person. `corrects` names a wrong or refused one before it.
    """

    update: str
    audience: UpdateAudience
    text: str
    accepted: bool
    final: bool = False
    next_by: datetime | None = None
    says_contained: bool = False
    impact: str = ""
    mitigation: str = ""
    eta: str = ""
    residual: str = ""
    no_change: bool = False
    corrects: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideCustomers(Command):
    """Whether customers are told; not telling them needs a reason."""

    tell: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preventive:
    """One thing that will be done so that it does not happen again."""

    text: str
    owner: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishPostmortem(Command):
    """The postmortem is out, with preventive work that has owners and due dates."""

    url: str
    root_cause: str
    actions: tuple[Preventive, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyPrevention(Command):
    """A preventive action is done: `check` failed before it and passes since.

    Each evidence is an address where the result can be seen.
    """

    action: str
    check: str
    failed_at: datetime
    failed_evidence: str
    passed_at: datetime
    passed_evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmCriterion(Command):
    """Reports a criterion that is decided outside: met or not (any more), and by what evidence."""

    criterion: str
    met: bool
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restrict(Command):
    """Only role holders, security and persons added may see it from now on."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftRestriction(Command):
    """Everybody may see it again: wanted by both the commander and the security owner."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAccess(Command):
    """Adds a person to a restricted incident, or (`allowed` false) keeps one out."""

    person: str
    allowed: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorize(Command):
    """The commander lets `requester` do one thing outside: `action` with exactly `input`, once.

    `input` holds `name=value` lines; the approval ends after `minutes`.
    """

    action: str
    input: tuple[str, ...]
    requester: str
    reason: str
    minutes: int | None = 60
