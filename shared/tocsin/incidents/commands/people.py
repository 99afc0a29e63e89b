"""Commands about who has it: acknowledging, escalating, roles and hand-over."""

from dataclasses import dataclass

from tocsin.incidents.commands.asked import asked
from tocsin.incidents.commands.base import Command
from tocsin.incidents.vocabulary import Audience, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge(Command):
    """A named person says: I have it. `round` is the round a link was minted for, if any."""

    round: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignRole(Command):
    """Gives a role to a person; the holder before, if any, is named in the record."""

    role: Role
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver(Command):
    """The holder of a role passes it on, with what the next one needs to know.

    Of a critical or high the receiver has to take it first, unless it is passed on `now`.
    """

    role: Role
    person: str
    briefing: str = ""
    now: bool = asked("At once, without waiting until it is taken; needs a reason.", default=False)
    reason: str = asked("Why at once; needed with `now`.", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave(Command):
    """The person gives up every role they hold."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalate(Command):
    """Pages more people now; the paging ladder goes on as it was."""

    audience: Audience
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Command):
    """Asks one person for an answer, at any hour; the paging ladder goes on as it was."""

    person: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Command):
    """Says to whoever asked for the person by hand: on it, or not (`reason` is why)."""

    on_it: bool
    reason: str = asked(
        "Why not; needed where you cannot come. Whoever asked reads it.", default=""
    )
