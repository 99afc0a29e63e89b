"""The part of the runbook that says how news and pages reach people, compiled."""

from dataclasses import dataclass

from tocsin.incidents.vocabulary import Category, RoomNews, WayKind

type Ways = tuple[WayKind, ...]

PAGE_WAYS: Ways = (WayKind.SMS, WayKind.WEBHOOK, WayKind.CHAT, WayKind.MAIL)
QUIET_WAYS: Ways = (WayKind.MAIL, WayKind.CHAT)
"""What every policy said before it could be said: pages ring, all else does not."""


@dataclass(frozen=True, slots=True)
class ChatRoom:
    """What the team's chat room is told, of incidents of which categories."""

    tells: tuple[RoomNews, ...]
    categories: tuple[Category, ...]
