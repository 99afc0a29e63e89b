"""How a reconciliation gets into an incident: told by billing, never by a person.

A person stands for it by name, but the counts are what was compared and not what anybody says.
"""

from tocsin.errors import BadInput, IllegalTransition
from tocsin.incidents import fixing, limits
from tocsin.incidents.commands_billing import RecordReconciliation
from tocsin.incidents.draft import Draft
from tocsin.incidents.events_billing import ReconciliationRecorded
from tocsin.incidents.vocabulary import ActorKind

MOST_CLASSES = 12


def record(draft: Draft, command: RecordReconciliation) -> None:
    """Records how it stands.

    Raises:
        BadInput: a person tells it, a count is negative, or nobody can have sent this.
        IllegalTransition: the incident is closed, or a newer reconciliation has been recorded.
    """
    draft.require_open()
    if draft.actor.kind is ActorKind.PERSON:
        raise BadInput("a reconciliation is recorded by what compared: sign it off instead")
    counts = (*command.unresolved.values(), command.unknown, command.healed, command.accepted)
    if min((*counts, command.workspaces, command.compared)) < 0:
        raise BadInput("nothing is counted below zero", field="unresolved")
    if len(command.unresolved) > MOST_CLASSES:
        raise BadInput(f"mismatches have at most {MOST_CLASSES} classes", field="unresolved")
    known = draft.incident.reconciliation
    if known is not None and command.started_at < known.started_at:
        raise IllegalTransition(f"the newer reconciliation {known.id} has been recorded")
    draft.add(
        ReconciliationRecorded(
            **draft.stamp,
            reconciliation=limits.name("reconciliation", command.reconciliation),
            started_at=command.started_at,
            full=command.full,
            workspaces=command.workspaces,
            compared=command.compared,
            unresolved={
                limits.name("class", name): count
                for name, count in sorted(command.unresolved.items())
                if count
            },
            unknown=command.unknown,
            healed=command.healed,
            accepted=command.accepted,
            signed_off_by=_person(command.signed_off_by),
            healed_by=_person(command.healed_by),
            approved_by=_person(command.approved_by),
            report=limits.line("report", command.report) if command.report else "",
            evidence=command.evidence,
        )
    )
    fixing.settle(draft)


def _person(name: str | None) -> str | None:
    return limits.person(name) if name else None
