"""Who does what: giving a role, handing it over, and a line for the record."""

from tocsin.errors import GroupRequired, IllegalTransition
from tocsin.incidents import limits
from tocsin.incidents.commands import AddNote, AssignRole, HandOver
from tocsin.incidents.draft import Draft
from tocsin.incidents.events import NoteAdded, RoleAssigned
from tocsin.incidents.vocabulary import Role


def assign_role(draft: Draft, command: AssignRole) -> None:
    """Any responder fills an empty role or takes one; only its holder or the commander moves it.

    Raises:
        GroupRequired: the role is somebody's and the person may not take it from them.
    """
    draft.require_open()
    person = draft.responder()
    previous = draft.incident.roles.get(command.role)
    may_move = draft.holds(command.role) or draft.holds(Role.INCIDENT_COMMANDER)
    if previous is not None and not may_move:
        raise GroupRequired(f"{person} may not take the {command.role} from {previous}")
    _give(draft, command.role, command.person, briefing="")


def hand_over(draft: Draft, command: HandOver) -> None:
    """The holder passes a role on, with what the next one has to know.

    Raises:
        GroupRequired: somebody else's role.
    """
    draft.require_open()
    person = draft.responder()
    if draft.incident.roles.get(command.role) != person:
        raise GroupRequired(f"{person} does not hold the {command.role}")
    briefing = limits.optional_body("briefing", command.briefing)
    _give(draft, command.role, command.person, briefing=briefing)


def add_note(draft: Draft, command: AddNote) -> None:
    """Free text, also after closing: the story may be completed, never changed."""
    draft.responder()
    draft.add(
        NoteAdded(
            actor=draft.actor,
            at=draft.at,
            occurred_at=draft.occurred_at,
            text=limits.body("text", command.text),
        )
    )


def _give(draft: Draft, role: Role, person: str, *, briefing: str) -> None:
    previous = draft.incident.roles.get(role)
    if previous == person:
        raise IllegalTransition(f"{person} is the {role} already")
    draft.add(
        RoleAssigned(
            actor=draft.actor,
            at=draft.at,
            occurred_at=draft.occurred_at,
            role=role,
            person=limits.person(person),
            previous=previous,
            briefing=briefing,
        )
    )
