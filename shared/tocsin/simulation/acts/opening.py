"""People at the beginning: who opens, who has it, how bad it is."""

from __future__ import annotations

from datetime import timedelta

from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.commands.people import (
    Acknowledge,
    Answer,
    AssignRole,
    Escalate,
    HandOver,
    Leave,
    Page,
)
from tocsin.incidents.commands.record import AddNote, CorrectBeginning, RecordImpact
from tocsin.incidents.commands.severity import ChangeCategory, ChangeSeverity
from tocsin.incidents.model.parts import (
    Exposure,
)
from tocsin.incidents.vocabulary import Audience, Category, Kind, Role, Severity
from tocsin.simulation.acts.base import MOST, REASON, Picks, asks, one_of
from tocsin.simulation.desk import Desk, colleague, person


def opens(desk: Desk, picks: Picks) -> str | None:
    """Somebody opens an incident; one of twelve is a drill."""
    if len(desk.world.store.ids()) >= MOST:
        return None
    drill = picks[3] % 12 == 0
    severity, category = one_of(Severity, picks[1]), one_of(Category, picks[2])
    name = desk.world.ids.incident_id(drill=drill)
    who = person(picks[0])
    done = desk.ask(
        OpenIncident,
        name,
        who,
        title=f"hidden-{name} is wrong",
        severity=severity,
        category=category,
        kind=Kind.DRILL if drill else Kind.REAL,
        restricted=picks[3] % 7 == 0,
    )
    return f"{who} opens {name}, {severity}, {category}{'' if done else ': not known whether'}"


def acknowledges(desk: Desk, picks: Picks) -> str | None:
    """Somebody has it."""
    return asks(desk, picks, Acknowledge, "acknowledges")


def notes(desk: Desk, picks: Picks) -> str | None:
    """Somebody writes what they see."""
    return asks(desk, picks, AddNote, "writes", text="still looking")


def escalates(desk: Desk, picks: Picks) -> str | None:
    """Somebody calls others by hand."""
    audience = one_of(Audience, picks[2])
    return asks(desk, picks, Escalate, f"calls {audience}", audience=audience, reason=REASON)


def pages(desk: Desk, picks: Picks) -> str | None:
    """Somebody asks for one person by name."""
    whom = colleague(picks[2])
    return asks(desk, picks, Page, f"pages {whom}", person=whom, reason=REASON)


def answers(desk: Desk, picks: Picks) -> str | None:
    """Whoever was asked by hand says yes or no; others say so too."""
    on_it = bool(picks[2] % 2)
    return asks(desk, picks, Answer, f"answers {on_it}", on_it=on_it, reason=REASON)


def assigns(desk: Desk, picks: Picks) -> str | None:
    """A role is given to somebody."""
    role, whom = one_of(list(Role)[:4], picks[2]), colleague(picks[3])
    return asks(desk, picks, AssignRole, f"gives {role} to {whom}", role=role, person=whom)


def hands_over(desk: Desk, picks: Picks) -> str | None:
    """A role is handed over."""
    role, whom = one_of(list(Role)[:4], picks[2]), colleague(picks[3])
    return asks(desk, picks, HandOver, f"hands {role} over to {whom}", role=role, person=whom)


def leaves(desk: Desk, picks: Picks) -> str | None:
    """Somebody gives up their roles."""
    return asks(desk, picks, Leave, "leaves", reason="asleep")


def changes_severity(desk: Desk, picks: Picks) -> str | None:
    """Somebody raises or lowers; others may have to agree."""
    to = one_of(Severity, picks[2])
    return asks(desk, picks, ChangeSeverity, f"says {to}", severity=to, reason=REASON)


def changes_category(desk: Desk, picks: Picks) -> str | None:
    """Somebody says that it is of another kind."""
    to = one_of(Category, picks[2])
    return asks(desk, picks, ChangeCategory, f"says {to}", category=to, reason=REASON)


def records_impact(desk: Desk, picks: Picks) -> str | None:
    """Somebody says who is hit, and whether data may be exposed."""
    seen = one_of([None, *Exposure], picks[2])
    fields = {"summary": "who is hit", "exposure": seen, "reason": REASON}
    return asks(desk, picks, RecordImpact, f"says exposure {seen}", **fields)


def moves_beginning(desk: Desk, picks: Picks) -> str | None:
    """Somebody knows better when harm began."""
    began = desk.world.now - timedelta(minutes=picks[2] % 500)
    return asks(desk, picks, CorrectBeginning, "corrects", began_at=began, reason=REASON)
