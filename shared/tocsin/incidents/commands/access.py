"""Commands about who may see an incident, and who may act on its behalf."""

from dataclasses import dataclass
from typing import ClassVar

from tocsin.incidents.commands.base import Command


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

    grows: ClassVar[bool] = True

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
