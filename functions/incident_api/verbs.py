"""The command a request asks for: its verb's, read from the body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from functions.incident_api.shapes import Envelope, wish
from tocsin.errors import UnknownName
from tocsin.incidents.commands.verbs import STEP, VERBS

if TYPE_CHECKING:
    from tocsin.incidents.commands.base import Command
    from tocsin.runtime.web.fields import Fields


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
    return wish(wanted, given, envelope)
