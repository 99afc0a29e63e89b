"""The part of the runbook that says how news and pages reach people, compiled."""

from dataclasses import dataclass

from tocsin.incidents.vocabulary import Category, RoomNews


@dataclass(frozen=True, slots=True)
class ChatRoom:
    """What the team's chat room is told, of incidents of which categories."""

    tells: tuple[RoomNews, ...]
    categories: tuple[Category, ...]
