"""Commands that keep what is known: checklist, impact, decisions, evidence, links, corrections."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.commands.asked import asked
from tocsin.incidents.commands.base import Command
from tocsin.incidents.model.content import MediaType, Stored
from tocsin.incidents.model.parts import ChannelKind, Exposure, ItemState, LinkPurpose


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleItem(Command):
    """A checklist item is done (with `detail` as evidence) or does not apply (`detail` is why)."""

    grows: ClassVar[bool] = True

    item: str
    state: ItemState
    detail: str = asked("What shows it; why, where it does not apply.", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordImpact(Command):
    """The blast radius as far as known: what is left out stays as it was.

    `confirm` needs the security owner or the commander; lowering the exposure the security owner,
    and a `reason`.
    """

    grows: ClassVar[bool] = True

    summary: str
    exposure: Exposure | None = None
    tenants: int | None = None
    users: int | None = None
    endpoints: tuple[str, ...] | None = None
    services: tuple[str, ...] | None = None
    data_categories: tuple[str, ...] | None = None
    confirm: bool = False
    reason: str = asked("Why; needed to lower the exposure.", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectBeginning(Command):
    """Harm began at another time than was thought. Moves no clock."""

    began_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDecision(Command):
    """What was chosen over what, why, and what it should bring."""

    large: ClassVar[str] = "why"

    chosen: str
    rejected: tuple[str, ...]
    why: str
    expected_effect: str
    stored: Stored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEvidence(Command):
    """What was found, as it was found: a log, an answer, a list. Larger than an entry is fine."""

    large: ClassVar[str] = "text"

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
class SeeLink(Command):
    """A link that a source told of, recorded as seen: nobody stands for it."""

    purpose: LinkPurpose
    url: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChannel(Command):
    """Where people talk about it."""

    grows: ClassVar[bool] = True

    channel: ChannelKind
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct(Command):
    """Supersedes an earlier entry; the earlier one stays as it was."""

    large: ClassVar[str] = "text"

    supersedes: int
    text: str
    stored: Stored | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNote(Command):
    """A line of free text for the record."""

    large: ClassVar[str] = "text"

    text: str
    stored: Stored | None = None
