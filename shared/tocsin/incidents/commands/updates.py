"""Commands about what people are told: updates, postmortem, and the work that follows."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.incidents.commands.asked import asked
from tocsin.incidents.commands.base import Command
from tocsin.incidents.model.parts import Preventive, UpdateAudience


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUpdate(Command):
    """An update a channel accepted (`accepted`) or refused. `update` is its id.

    `next_by` is when the next one is promised; None leaves it to the table. `says_contained`
    tells that the wording claims containment. The first one of an audience carries `impact`,
    `mitigation` and `eta` ("unknown" is an answer), the final one `residual`: what is left to do.
    `no_change` is confirmed by a person. `corrects` names a wrong or refused one before it.
    `headline` asks for it to be sent to stakeholders, under that subject; without, it was sent.
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
    headline: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideCustomers(Command):
    """Whether customers are told; not telling them needs a reason."""

    tell: bool
    reason: str = asked("Why; needed where they are not told.", default="")


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
