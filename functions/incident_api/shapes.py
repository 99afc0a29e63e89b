"""The command a request asks for: its verb's, read from the body by the shapes of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

from tocsin.errors import UnknownName
from tocsin.incidents.commands.verbs import STEP, VERBS
from tocsin.runtime.web.bodies import read

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.timeline.entry import Actor
    from tocsin.incidents.vocabulary import Group
    from tocsin.runtime.web.fields import Fields


class Envelope(TypedDict):
    """What every command carries, whatever it wants."""

    incident_id: str
    command_id: str
    actor: Actor
    correlation_id: str
    occurred_at: datetime | None
    if_match: int | None
    groups: frozenset[Group]


def command(verb: str, given: Fields, envelope: Envelope) -> Command:
    """The command of a verb.

    Raises:
        UnknownName: there is no such verb.
        BadInput: a field is missing, unknown, or is not what it must be.
    """
    if (found := VERBS.get(verb)) is None:
        known = ", ".join(VERBS)
        raise UnknownName(f"no command is called {verb[:32]!r}; known: {known}", kind="command")
    wanted = found.command
    if isinstance(wanted, Mapping):
        wanted = wanted[given.choice(STEP, wanted)]
    return read(wanted, given, **envelope)
