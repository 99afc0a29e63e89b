"""Updates, promised and kept; the postmortem, and the preventive work it lists (semantics 8).

A promise is kept when a channel accepted the send. Wording that claims containment cannot be sent
before containment is verified, whoever wants it.

Preventive work is owned, dated, and done only when a check that failed before passes now. It
outlives its incident: it is watched by the incident's own list of what is due, also after
closing, because work that nobody is reminded of is not done.
"""

from collections.abc import Iterable
from datetime import datetime

from tocsin.errors import BadInput, GroupRequired, IllegalTransition, PayloadTooLarge
from tocsin.incidents import limits
from tocsin.incidents.clocks import cadence
from tocsin.incidents.clocks.asked import allowed, holder, speakers
from tocsin.incidents.commands.updates import (
    DecideCustomers,
    PublishPostmortem,
    RecordUpdate,
    VerifyPrevention,
)
from tocsin.incidents.events.updates import (
    CustomersDecided,
    CustomersProposed,
    PostmortemPublished,
    PreventionOverdue,
    PreventionVerified,
    UpdateDueSoon,
    UpdateMissed,
    UpdateRecorded,
)
from tocsin.incidents.model.parts import Audience, Exposure, Preventive, UpdateAudience
from tocsin.incidents.queries import final_update
from tocsin.incidents.queries.agenda import Due
from tocsin.incidents.queries.prevention import prevention_name
from tocsin.incidents.queries.updates import may_be_final
from tocsin.incidents.rules.draft import CLOCK, Draft, reason_of
from tocsin.incidents.runbook.wording import claim_in
from tocsin.incidents.vocabulary import ActorKind, Category, Kind, Role

_DECIDERS = (Role.COMMUNICATIONS_OWNER, Role.INCIDENT_COMMANDER)


def record_update(draft: Draft, command: RecordUpdate) -> None:
    """An update a channel accepted or refused.

    Raises:
        IllegalTransition: it claims containment that is not verified, tells customers of a drill,
            or is final before there was a first.
        BadInput: the first lacks impact, mitigation or ETA, or the final what is left to do.
        GroupRequired: it promises the next one later than the table, and is not the commander's.
        PersonRequired: nobody confirmed that nothing has changed.
    """
    if draft.actor.kind is ActorKind.PERSON:
        draft.responder()
    incident = draft.incident
    claim = claim_in(command.text, draft.policy.templates.values())
    claims = command.says_contained or claim is not None
    if claims and not incident.contained:
        said_so = f": leave out “{limits.shortened(claim, limits.LINE)}”" if claim else ""
        raise IllegalTransition(
            f"containment is not verified: the update must not claim it{said_so}"
        )
    if command.audience is UpdateAudience.CUSTOMERS:
        if incident.kind is Kind.DRILL:
            raise IllegalTransition("customers never hear of a drill")
        if not incident.communication.customers and not command.corrects:
            raise IllegalTransition("decide first that customers are told: `tocsin customers`")
    said = cadence.said_to(incident, command.audience)
    _check_content(draft, command, first=said.first_at is None)
    draft.add(
        UpdateRecorded(
            **draft.stamp,
            update=limits.name("update", command.update),
            audience=command.audience,
            text=limits.body("text", command.text),
            accepted=command.accepted,
            final=command.final,
            next_by=_promise(draft, command),
            kept_promise=_kept(said, draft.at) if command.accepted else None,
            impact=limits.optional_body("impact", command.impact),
            mitigation=limits.optional_body("mitigation", command.mitigation),
            eta=limits.optional_body("eta", command.eta),
            residual=limits.optional_body("residual", command.residual),
            no_change=command.no_change,
            corrects=limits.name("corrects", command.corrects) if command.corrects else None,
            says_contained=claims,
            lacks=_lacks(draft, command),
            headline=limits.line("headline", command.headline) if command.headline else None,
        )
    )


def decide_customers(draft: Draft, command: DecideCustomers) -> None:
    """Whether customers are told: the communications owner and the commander, who both want it.

    Where nobody is communications owner the commander decides; a person who is both decides alone.
    With confirmed exposure a "no" takes two people whatever is vacant: who is on duty stands in.
    """
    person = _decider(draft)
    if command.tell and draft.incident.kind is Kind.DRILL:
        raise IllegalTransition("customers never hear of a drill")
    reason = limits.optional_reason(command.reason)
    if not command.tell:
        reason = reason_of(reason)
    if not _agreed(draft, person, tell=command.tell):
        draft.add(
            CustomersProposed(
                **draft.stamp,
                tell=command.tell,
                reason=reason,
                person=person,
                part=_parts(draft)[0],
            )
        )
        return
    due = _promised_to_customers(draft) if command.tell and draft.incident.clocks else None
    draft.add(CustomersDecided(**draft.stamp, tell=command.tell, reason=reason, next_by=due))


def _decider(draft: Draft) -> str:
    """The acting person, who is one of the two, or is on duty for a vacant one of their roles."""
    person = draft.responder()
    if not _parts(draft):
        raise GroupRequired(f"{person} is not the {' or '.join(_DECIDERS)}")
    return person


def _parts(draft: Draft) -> list[Role]:
    """The parts the acting person decides by: those they hold, then those they are on duty for."""
    held = [role for role in _DECIDERS if draft.holds(role)]
    on_duty = [
        role
        for role in _DECIDERS
        if role not in held and holder(role, draft.incident, draft.policy) == draft.actor.id
    ]
    return [*held, *on_duty]


def _promised_to_customers(draft: Draft) -> datetime | None:
    """When customers hear, decided now: first, or again after a "no" ended what was promised.

    None leaves a promise that is still in force as it is.
    """
    incident, heard = draft.incident, draft.incident.communication.to_customers
    if heard.first_at is None:
        return cadence.customers_by(incident, draft.policy, draft.at)
    if heard.next_by is not None or heard.final_at is not None:
        return None
    return cadence.next_by(incident, draft.policy, UpdateAudience.CUSTOMERS, draft.at)


def publish_postmortem(draft: Draft, command: PublishPostmortem) -> None:
    """Needs at least one preventive action, each with an owner and a date.

    It refers to the newest reconciliation's report by itself: nobody copies a digest.
    """
    draft.responder()
    if not 0 < len(command.actions) <= limits.PREVENTIVE:
        raise BadInput(f"a postmortem has 1 to {limits.PREVENTIVE} preventive actions")
    actions = tuple(
        Preventive(
            text=limits.line("action", action.text),
            owner=limits.person(action.owner),
            due_at=action.due_at,
        )
        for action in command.actions
    )
    compared = draft.incident.reconciliation
    draft.add(
        PostmortemPublished(
            **draft.stamp,
            url=limits.link("url", command.url),
            root_cause=limits.body("root_cause", command.root_cause),
            actions=actions,
            names=prevention_names(draft, actions),
            reconciliation=compared.id if compared else None,
            report=compared.evidence if compared else None,
        )
    )


def remind_of_update(draft: Draft, due: Due) -> None:
    """The promised update is due soon."""
    said = cadence.said_to(draft.incident, UpdateAudience(due.subject))
    draft.add(
        UpdateDueSoon(
            actor=CLOCK,
            at=draft.at,
            occurred_at=due.at,
            audience=UpdateAudience(due.subject),
            due_at=said.next_by or due.at,
            people=speakers(draft.incident, draft.policy),
        )
    )


def update_missed(draft: Draft, due: Due) -> None:
    """The promised update was not sent in time; the commander sees it."""
    draft.add(
        UpdateMissed(
            actor=CLOCK,
            at=draft.at,
            occurred_at=due.at,
            audience=UpdateAudience(due.subject),
            due_at=due.at,
            people=speakers(draft.incident, draft.policy),
        )
    )


def _check_content(draft: Draft, command: RecordUpdate, *, first: bool) -> None:
    if command.no_change:
        draft.person()
    if command.final and first:
        raise IllegalTransition("the first update is still to be sent")
    by_person = draft.actor.kind is ActorKind.PERSON
    if command.final and by_person and not may_be_final(draft.incident):
        raise IllegalTransition("it is not fixed: send an update, and the final one after the fix")
    if not first:
        _check_final(command)
        return
    if command.no_change:
        raise BadInput("the first update says what is the matter", field="no_change")
    for name in ("impact", "mitigation", "eta"):
        if not getattr(command, name).strip():
            raise BadInput(f"the first update says {name}; 'unknown' is an answer", field=name)


def _check_final(command: RecordUpdate) -> None:
    if command.final and not command.residual.strip():
        raise BadInput("the final update says what is left to do, or 'none'", field="residual")


def _lacks(draft: Draft, command: RecordUpdate) -> tuple[str, ...]:
    """What is already sent is recorded as it is; the gate says what it should have had."""
    internal = command.audience is UpdateAudience.INTERNAL
    if not (command.final and internal and draft.incident.category is Category.OPERATIONAL):
        return ()
    return final_update.lacks(command.text, draft.incident)


def _promise(draft: Draft, command: RecordUpdate) -> datetime | None:
    """When the next one is promised: what the sender says, else what the table wants.

    A closed incident promises none by itself: its clocks do not run.
    """
    if command.final:
        if command.next_by is not None:
            raise BadInput("after the final update none is promised", field="next_by")
        return None
    table = cadence.next_by(draft.incident, draft.policy, command.audience, draft.at)
    if not (draft.incident.clocks and draft.incident.open):
        table = None
    if command.next_by is None:
        return table
    if command.next_by <= draft.at:
        raise BadInput("a promise is about the future", field="next_by")
    if table is not None and command.next_by > table:
        draft.require(Role.INCIDENT_COMMANDER)
    return command.next_by


def _agreed(draft: Draft, person: str, *, tell: bool) -> bool:
    """Whether everybody whose decision it is wants it."""
    parts, impact = _parts(draft), draft.incident.impact
    held = {role for role in parts if draft.holds(role)}
    owner = draft.incident.roles.get(Role.COMMUNICATIONS_OWNER)
    known = set() if impact is None else {impact.exposure, impact.ever}
    alone = held == set(_DECIDERS) or (owner is None and Role.INCIDENT_COMMANDER in held)
    if alone and (tell or Exposure.CONFIRMED not in known):
        return True
    waiting = draft.incident.communication.proposal
    if waiting is None or waiting.what != str(tell) or waiting.person == person:
        return False
    return any(part is not waiting.part for part in parts)


def _kept(audience: Audience, at: datetime) -> bool | None:
    return None if audience.next_by is None else at <= audience.next_by


def prevention_names(draft: Draft, actions: Iterable[Preventive]) -> tuple[str, ...]:
    """The ids of what a postmortem lists.

    Raises:
        PayloadTooLarge: with what earlier ones listed it is more than an incident tracks.
    """
    found = tuple(prevention_name(action.text) for action in actions)
    if len({*draft.incident.prevention, *found}) > limits.PREVENTIVE:
        raise PayloadTooLarge(f"an incident tracks at most {limits.PREVENTIVE} preventive actions")
    return found


def verify_prevention(draft: Draft, command: VerifyPrevention) -> None:
    """It is done: the check that failed before passes now.

    Raises:
        BadInput: there is no such action, or the check passed before it failed.
        IllegalTransition: it is verified already.
    """
    person = draft.responder()
    work = draft.incident.prevention.get(command.action)
    if work is None:
        raise BadInput(f"no preventive action is called {command.action[:80]!r}", field="action")
    if work.done_at is not None:
        raise IllegalTransition(f"{command.action} is done already")
    if not command.failed_at < command.passed_at <= draft.at:
        raise BadInput("the check has to fail first and pass later, and not in the future")
    draft.add(
        PreventionVerified(
            **draft.stamp,
            action=command.action,
            check=limits.line("check", command.check),
            failed_at=command.failed_at,
            failed_evidence=limits.line("failed_evidence", command.failed_evidence),
            passed_at=command.passed_at,
            passed_evidence=limits.line("passed_evidence", command.passed_evidence),
            person=person,
        )
    )


def prevention_overdue(draft: Draft, due: Due) -> None:
    """It was not done by its date: the owner and the commander hear of it, once."""
    work = draft.incident.prevention[due.subject]
    told = (work.owner, draft.incident.commander)
    draft.add(
        PreventionOverdue(
            actor=CLOCK,
            at=draft.at,
            occurred_at=due.at,
            action=due.subject,
            due_at=due.at,
            people=allowed(told, draft.incident),
        )
    )
