"""The verbs of the API: each reads its fields and becomes one command.

A verb is one function and one line of the table; which person may do what, and when it means
anything, is decided by the incident's own rules and not here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from tocsin.errors import UnknownName
from tocsin.incidents import commands as c
from tocsin.incidents.vocabulary import Audience, Category, Kind, Role, Severity

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from functions.incident_api.fields import Fields
    from tocsin.incidents.timeline import Actor
    from tocsin.incidents.vocabulary import Group


class Envelope(TypedDict):
    """What every command carries, whatever it wants."""

    incident_id: str
    command_id: str
    actor: Actor
    correlation_id: str
    occurred_at: datetime | None
    if_match: int | None
    groups: frozenset[Group]


def open_incident(fields: Fields, envelope: Envelope, kind: Kind) -> c.Command:
    """Opens an incident; the envelope already carries its new id."""
    return c.OpenIncident(
        **envelope,
        title=fields.text("title"),
        severity=fields.word("severity", Severity),
        category=fields.word("category", Category),
        kind=kind,
        service=fields.optional_text("service"),
        environment=fields.text("environment", "production"),
        detail=fields.text("detail", ""),
        began_at=fields.moment("began_at"),
        received_at=fields.moment("received_at"),
        restricted=fields.flag("restricted"),
    )


def command(verb: str, fields: Fields, envelope: Envelope) -> c.Command:
    """The command of a verb.

    Raises:
        UnknownName: there is no such verb.
        BadInput: a field is missing or is not what it must be.
    """
    if (build := _VERBS.get(verb)) is None:
        known = ", ".join(_VERBS)
        raise UnknownName(f"no command is called {verb[:32]!r}; known: {known}", kind="command")
    return build(fields, envelope)


def _acknowledge(fields: Fields, envelope: Envelope) -> c.Command:
    return c.Acknowledge(**envelope, round=fields.number("round"))


def _severity(fields: Fields, envelope: Envelope) -> c.Command:
    return c.ChangeSeverity(
        **envelope, severity=fields.word("severity", Severity), reason=fields.text("reason", "")
    )


def _category(fields: Fields, envelope: Envelope) -> c.Command:
    return c.ChangeCategory(
        **envelope, category=fields.word("category", Category), reason=fields.text("reason", "")
    )


def _note(fields: Fields, envelope: Envelope) -> c.Command:
    return c.AddNote(**envelope, text=fields.text("text"))


def _assign(fields: Fields, envelope: Envelope) -> c.Command:
    return c.AssignRole(**envelope, role=fields.word("role", Role), person=fields.text("person"))


def _handover(fields: Fields, envelope: Envelope) -> c.Command:
    return c.HandOver(
        **envelope,
        role=fields.word("role", Role),
        person=fields.text("person"),
        briefing=fields.text("briefing", ""),
    )


def _escalate(fields: Fields, envelope: Envelope) -> c.Command:
    return c.Escalate(
        **envelope,
        audience=fields.word("audience", Audience),
        reason=fields.text("reason", ""),
    )


_VERBS: dict[str, Callable[[Fields, Envelope], c.Command]] = {
    "acknowledge": _acknowledge,
    "severity": _severity,
    "category": _category,
    "note": _note,
    "assign": _assign,
    "handover": _handover,
    "escalate": _escalate,
}
