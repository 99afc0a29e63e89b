"""Updates and the postmortem, as far as closing depends on them (semantics 8).

A promise is kept when a channel accepted the send. Wording that claims containment cannot be sent
before containment is verified, whoever wants it.
"""

from datetime import datetime

from tocsin.errors import BadInput, IllegalTransition
from tocsin.incidents import commands_record as c
from tocsin.incidents import limits
from tocsin.incidents.draft import Draft, reason_of
from tocsin.incidents.events_record import CustomersDecided, PostmortemPublished, UpdateRecorded
from tocsin.incidents.parts import Audience, UpdateAudience
from tocsin.incidents.vocabulary import ActorKind, Kind, Role

CLAIM = "we have contained the issue"


def record_update(draft: Draft, command: c.RecordUpdate) -> None:
    """An update a channel accepted or refused.

    Raises:
        IllegalTransition: it claims containment that is not verified, or a drill tells customers.
    """
    if draft.actor.kind is ActorKind.PERSON:
        draft.responder()
    incident = draft.incident
    to_customers = command.audience is UpdateAudience.CUSTOMERS
    if (command.says_contained or _claims(command.text)) and not incident.contained:
        raise IllegalTransition("containment is not verified: the update must not claim it")
    if to_customers and incident.kind is Kind.DRILL:
        raise IllegalTransition("customers never hear of a drill")
    said = incident.communication
    audience = said.to_customers if to_customers else said.internal
    draft.add(
        UpdateRecorded(
            **draft.stamp,
            update=limits.name("update", command.update),
            audience=command.audience,
            text=limits.body("text", command.text),
            accepted=command.accepted,
            final=command.final,
            next_by=command.next_by,
            kept_promise=_kept(audience, draft.at) if command.accepted else None,
        )
    )


def decide_customers(draft: Draft, command: c.DecideCustomers) -> None:
    """Whether customers are told, by the communications owner or the commander."""
    draft.require(Role.COMMUNICATIONS_OWNER, Role.INCIDENT_COMMANDER)
    if command.tell and draft.incident.kind is Kind.DRILL:
        raise IllegalTransition("customers never hear of a drill")
    reason = command.reason.strip() if command.tell else reason_of(command.reason)
    draft.add(CustomersDecided(**draft.stamp, tell=command.tell, reason=reason))


def publish_postmortem(draft: Draft, command: c.PublishPostmortem) -> None:
    """Needs at least one preventive action, each with an owner and a date."""
    draft.responder()
    if not 0 < len(command.actions) <= limits.PREVENTIVE:
        raise BadInput(f"a postmortem has 1 to {limits.PREVENTIVE} preventive actions")
    draft.add(
        PostmortemPublished(
            **draft.stamp,
            url=limits.line("url", command.url),
            root_cause=limits.body("root_cause", command.root_cause),
            actions=tuple(
                c.Preventive(
                    text=limits.line("action", action.text),
                    owner=limits.person(action.owner),
                    due_at=action.due_at,
                )
                for action in command.actions
            ),
        )
    )


def _claims(text: str) -> bool:
    """Whether the runbook's own wording of containment is in it, whatever the caller says."""
    return CLAIM in " ".join(text.casefold().split())


def _kept(audience: Audience, at: datetime) -> bool | None:
    return None if audience.next_by is None else at <= audience.next_by
