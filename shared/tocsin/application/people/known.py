"""Whom a command may name: people who are there and can be told.

A role that is given to a name nobody has is nobody's, and no message comes back to say so. Known
are those whom roster, rotations and overrides page, who has a confirmed way, and whoever asks.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from tocsin.application.people.contacts import whom_to_reach
from tocsin.errors import UnknownPerson
from tocsin.incidents.commands.access import Authorize, ChangeAccess
from tocsin.incidents.commands.people import AssignRole, HandOver, Page
from tocsin.incidents.commands.updates import PublishPostmortem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.ports.people import ContactStore, RotaStore

_SHOWN = 20


def named_by(command: Command) -> tuple[str, ...]:
    """Who is to do, to hear or to see something by the command, besides who gives it."""
    match command:
        case AssignRole() | HandOver() | Page():
            named: tuple[str, ...] = (command.person,)
        case ChangeAccess(allowed=True):
            named = (command.person,)
        case Authorize():
            named = (command.requester,)
        case PublishPostmortem():
            named = tuple(action.owner for action in command.actions)
        case _:
            named = ()
    asker = command.actor.id
    return tuple(dict.fromkeys(name.strip() for name in named if name.strip() != asker))


def require_known(
    named: Sequence[str], policy: Policy, contacts: ContactStore, rotas: RotaStore, *, now: datetime
) -> None:
    """Refuses names that belong to nobody, or to somebody whom nothing reaches.

    Raises:
        UnknownPerson: with who is known, those whose names are like it first.
        StoreUnavailable: rotations or ways could not be read.
    """
    known: tuple[str, ...] | None = None
    for name in named:
        if not name:
            continue
        known = whom_to_reach(policy, rotas, now=now) if known is None else known
        if name in known:
            continue
        ways = contacts.ways(name)
        if any(way.confirmed for way in ways):
            continue
        like = get_close_matches(name, known, n=3, cutoff=0.6)
        others = (person for person in sorted(known) if person not in like)
        shown = ", ".join([*like, *others][:_SHOWN])
        why = "has confirmed no way to be reached" if ways else "is nobody here"
        raise UnknownPerson(
            f"{name} {why}: known are {shown}, and who has a confirmed way (tocsin contact add)",
            field="person",
        )
