"""How reconciliations and replays get into an incident: told by billing, never by a person.

A person stands for one by name, but the counts are what was compared and not what anybody says.
"""

from tocsin.errors import BadInput, IllegalTransition
from tocsin.incidents import limits
from tocsin.incidents.commands import billing as c
from tocsin.incidents.commands.billing import ExamineCheckouts, RecordReconciliation
from tocsin.incidents.events.billing import (
    CheckoutsExamined,
    ReconciliationRecorded,
    ReplayRecorded,
)
from tocsin.incidents.model.billing import ReplayStanding
from tocsin.incidents.queries.billing import LACKS
from tocsin.incidents.rules.draft import Draft
from tocsin.incidents.rules.fix import settle_fix
from tocsin.incidents.vocabulary import ActorKind, Category

MOST_CLASSES = 12


def record_reconciliation(draft: Draft, command: RecordReconciliation) -> None:
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
            headline=limits.line("headline", command.headline) if command.headline else None,
            summary=limits.body("summary", command.summary) if command.summary else None,
        )
    )
    settle_fix(draft)


def _person(name: str | None) -> str | None:
    return limits.person(name) if name else None


_PROVIDERS = 4


def examine_checkouts(draft: Draft, command: ExamineCheckouts) -> None:
    """Records what an examination counted, proof or not.

    Raises:
        IllegalTransition: the incident is no billing incident, or a person claims the counts.
    """
    draft.require_open()
    if draft.actor.kind is ActorKind.PERSON:
        raise IllegalTransition("checkouts are examined by Tocsin itself: `tocsin billing exit`")
    if draft.incident.category is not Category.OPERATIONAL:
        raise IllegalTransition("only an operational incident has billing criteria")
    counts = (command.sessions, command.workspaces, command.paid, command.volume)
    if min(*counts, command.quiet_minutes) < 0 or set(command.lacks) - LACKS.keys():
        raise BadInput("these are no counts of an examination")
    if len({*draft.incident.billing_exit.checkouts, command.provider}) > _PROVIDERS:
        raise BadInput(f"an incident is about at most {_PROVIDERS} providers")
    draft.add(
        CheckoutsExamined(
            **draft.stamp,
            provider=limits.name("provider", command.provider),
            asked_by=limits.person(command.asked_by),
            since=command.since,
            sessions=command.sessions,
            workspaces=command.workspaces,
            probe=command.probe and limits.shortened(command.probe, limits.LINE),
            paid=command.paid,
            quiet_minutes=command.quiet_minutes,
            volume=command.volume,
            lacks=command.lacks,
        )
    )


def record_replay(draft: Draft, command: c.RecordReplay) -> None:
    """Written down whatever its result; a replay that proves nothing is a fact too.

    Raises:
        BadInput: the window ends before it starts, what is not complete is called proven, or the
            incident has the replays of as many accounts as it takes.
    """
    if command.end <= command.start:
        raise BadInput("the window ends before it starts", field="end")
    if command.proven and command.standing is not ReplayStanding.COMPLETE:
        raise BadInput("only a complete replay proves anything", field="proven")
    provider, account = limits.name("provider", command.provider), command.account
    known = {*draft.incident.replays, f"{provider}#{account}"}
    if len(known) > limits.REPLAYED_ACCOUNTS:
        raise BadInput(f"an incident keeps the replays of {limits.REPLAYED_ACCOUNTS} accounts")
    draft.add(
        ReplayRecorded(
            **draft.stamp,
            replay=limits.name("replay", command.replay),
            kind=command.kind,
            provider=provider,
            account=limits.line("account", account),
            start=command.start,
            end=command.end,
            counts=command.counts,
            proven=command.proven,
            checksums=tuple(limits.line("checksums", each) for each in command.checksums),
            evidence=command.evidence,
            standing=command.standing,
            why=limits.shortened(command.why.strip(), limits.LINE),
        )
    )
    settle_fix(draft)
