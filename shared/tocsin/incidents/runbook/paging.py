"""The part of the runbook that says how news and pages reach people, compiled."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tocsin.incidents.runbook.targets import Target
from tocsin.incidents.vocabulary import Audience, Category, Role, RoomNews, WayKind

type Ways = tuple[WayKind, ...]

PAGE_WAYS: Ways = (WayKind.SMS, WayKind.WEBHOOK, WayKind.CHAT, WayKind.MAIL)

QUIET_WAYS: Ways = (WayKind.MAIL, WayKind.CHAT)

"""What every policy said before it could be said: pages ring, all else does not."""


@dataclass(frozen=True, slots=True)
class ChatRoom:
    """What the team's chat room is told, of incidents of which categories."""

    tells: tuple[RoomNews, ...]
    categories: tuple[Category, ...]


@dataclass(frozen=True, slots=True)
class PageStep:
    """Whom to page, this many minutes after a round started, while nobody acknowledged."""

    after_minutes: int
    audiences: tuple[Audience, ...]


@dataclass(frozen=True, slots=True)
class PageRepeat:
    """After the last step: page its audiences again, `times` times (None: for ever)."""

    every_minutes: int
    times: int | None


@dataclass(frozen=True, slots=True)
class Escalation:
    """The paging ladder of one severity (semantics 3).

    With `pages` false only mail is sent, at opening and, to the backup, at the due time. A person's
    ways are tried in the order of `ways` for a page, of `quiet_ways` for what must not ring.
    """

    pages: bool
    steps: tuple[PageStep, ...]
    repeats: tuple[PageRepeat, ...]
    acknowledge_timeout: Target | None
    ways: Ways = PAGE_WAYS
    quiet_ways: Ways = QUIET_WAYS


@dataclass(frozen=True, slots=True)
class RolePolicy:
    """One row of the roles table."""

    role: Role
    title: str
    responsibility: str
    backup_title: str


@dataclass(frozen=True, slots=True)
class Roster:
    """Who holds what: person ids, never names or addresses.

    `primary`, `backup` and `deputies`, who come after them in order, are per role; where rotations
    are kept they say who it is at an instant, and a role without a primary has nobody on call.
    `paged` lists the roles paged first for each category.
    """

    primary: Mapping[Role, str]
    backup: Mapping[Role, str]
    engineering_lead: str
    paged: Mapping[Category, tuple[Role, ...]]
    deputies: Mapping[Role, tuple[str, ...]] = field(default_factory=dict)
