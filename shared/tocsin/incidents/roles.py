"""Who does what: giving a role, handing it over, and a line for the record."""

from collections.abc import Iterator

from tocsin.errors import GroupRequired, IllegalTransition, OpenWork
from tocsin.incidents import handover, limits
from tocsin.incidents.commands import AddNote, AssignRole, HandOver, Leave
from tocsin.incidents.draft import Draft, reason_of
from tocsin.incidents.events import Left, NoteAdded, RoleAssigned
from tocsin.incidents.model import Incident
from tocsin.incidents.parts import ActionState
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
    """The holder passes a role on. What the next one has to know is written from the incident.

    Raises:
        GroupRequired: somebody else's role.
    """
    draft.require_open()
    person = draft.responder()
    if draft.incident.roles.get(command.role) != person:
        raise GroupRequired(f"{person} does not hold the {command.role}")
    words = limits.optional_body("briefing", command.briefing)
    briefing = handover.summary(draft.incident, draft.policy, draft.at, words)
    _give(draft, command.role, command.person, briefing=briefing)


def leave(draft: Draft, command: Leave) -> None:
    """Gives up every role the person holds; nobody slips away from open work.

    Raises:
        IllegalTransition: they hold none.
        OpenWork: they are the commander, or something they took on is not done.
    """
    draft.require_open()
    person = draft.responder()
    incident = draft.incident
    held = tuple(role for role, holder in incident.roles.items() if holder == person)
    if not held:
        raise IllegalTransition(f"{person} holds no role")
    if left := [*_open_work(incident, person, held)]:
        raise OpenWork(f"hand over first: {', '.join(left)}", open=", ".join(left))
    draft.add(Left(**draft.stamp, person=person, roles=held, reason=reason_of(command.reason)))


def _open_work(incident: Incident, person: str, held: tuple[Role, ...]) -> Iterator[str]:
    if Role.INCIDENT_COMMANDER in held:
        yield "incident_commander"
    for key, action in incident.containment.actions.items():
        if action.state is ActionState.PLANNED and action.by == person:
            yield f"containment action {key}"
    if Role.MITIGATION_OWNER in held and not incident.contained:
        yield "containment"
    if Role.COMMUNICATIONS_OWNER in held:
        told = incident.communication
        if told.internal.next_by is not None or told.to_customers.next_by is not None:
            yield "a promised update"


def add_note(draft: Draft, command: AddNote) -> None:
    """Free text, also after closing: the story may be completed, never changed."""
    draft.responder()
    draft.add(
        NoteAdded(
            actor=draft.actor,
            at=draft.at,
            occurred_at=draft.occurred_at,
            text=limits.body("text", command.text),
            stored=command.stored,
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
