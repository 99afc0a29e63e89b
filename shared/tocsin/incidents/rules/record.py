"""What people write down: evidence, impact, decisions, links, corrections, criteria and more."""

from dataclasses import replace

from tocsin.errors import BadInput
from tocsin.incidents import limits
from tocsin.incidents.commands.record import (
    AddLink,
    Correct,
    CorrectBeginning,
    RecordChannel,
    RecordDecision,
    RecordEvidence,
    RecordImpact,
    SeeLink,
    SettleItem,
)
from tocsin.incidents.commands.updates import ConfirmCriterion
from tocsin.incidents.events.record import (
    BeginningCorrected,
    ChannelRecorded,
    Corrected,
    DecisionRecorded,
    EvidenceRecorded,
    ImpactRecorded,
    ItemSettled,
    LinkAdded,
)
from tocsin.incidents.events.updates import CriterionConfirmed
from tocsin.incidents.model.parts import Exposure, Impact, ItemState
from tocsin.incidents.queries import gate
from tocsin.incidents.queries.billing import COMPUTED, is_provider_outage
from tocsin.incidents.queries.checklist import items_of, phase_due
from tocsin.incidents.rules.access import restrict_if_exposed
from tocsin.incidents.rules.draft import Draft, reason_of
from tocsin.incidents.rules.fix import settle_fix
from tocsin.incidents.vocabulary import ActorKind, Role


def record_impact(draft: Draft, command: RecordImpact) -> None:
    """The blast radius as far as known; possible exposure hides a security incident at once.

    What is left out stays. Confirmed stays what was confirmed: other facts are suspected again.

    Raises:
        GroupRequired: the person may not confirm, or not lower the exposure.
        MissingReason: a lower exposure without one.
    """
    draft.require_open()
    person = draft.responder()
    if command.confirm:
        draft.require(Role.SECURITY_OWNER, Role.INCIDENT_COMMANDER)
    known = draft.incident.impact or Impact(summary="")
    now = _as_known_now(known, command)
    reason = limits.optional_reason(command.reason)
    if now.exposure.rank < known.exposure.rank:
        draft.require(Role.SECURITY_OWNER)
        reason = reason_of(command.reason)
    worst = max(known.ever or known.exposure, now.exposure, key=lambda each: each.rank)
    same = replace(now, summary=known.summary) == known
    confirmed = known.confirmed_by if same else None
    draft.add(
        ImpactRecorded(
            **draft.stamp,
            summary=now.summary,
            exposure=now.exposure,
            tenants=now.tenants,
            users=now.users,
            endpoints=now.endpoints,
            services=now.services,
            data_categories=now.data_categories,
            confirmed_by=person if command.confirm else confirmed,
            ever=None if worst is Exposure.NONE else worst,
            reason=reason or None,
        )
    )
    restrict_if_exposed(draft)


def _as_known_now(known: Impact, command: RecordImpact) -> Impact:
    """What was known, with what the command says of it."""
    named = ("endpoints", "services", "data_categories")
    counts = {name: getattr(command, name) for name in ("tenants", "users")}
    if any(count is not None and count < 0 for count in counts.values()):
        raise BadInput("nobody is affected a negative number of times")
    said = counts | {name: _lines(name, getattr(command, name)) for name in named}
    said |= {"summary": limits.line("summary", command.summary), "exposure": command.exposure}
    return replace(known, **{name: value for name, value in said.items() if value is not None})


def correct_beginning(draft: Draft, command: CorrectBeginning) -> None:
    """Another estimate of when harm began. No clock moves."""
    draft.responder()
    if command.began_at > draft.at:
        raise BadInput("harm cannot have begun in the future")
    draft.add(
        BeginningCorrected(
            **draft.stamp,
            old=draft.incident.began_at,
            new=command.began_at,
            reason=reason_of(command.reason),
        )
    )


def record_decision(draft: Draft, command: RecordDecision) -> None:
    """A decision with what it was chosen over."""
    draft.responder()
    if len(command.rejected) > limits.REJECTED:
        raise BadInput(f"a decision names at most {limits.REJECTED} rejected options")
    draft.add(
        DecisionRecorded(
            **draft.stamp,
            chosen=limits.line("chosen", command.chosen),
            rejected=tuple(limits.line("rejected", option) for option in command.rejected),
            why=limits.body("why", command.why),
            expected_effect=limits.optional_body("expected_effect", command.expected_effect),
            stored=command.stored,
        )
    )


def record_evidence(draft: Draft, command: RecordEvidence) -> None:
    """What was found, also after closing: the story may be completed, never changed."""
    draft.responder()
    draft.add(
        EvidenceRecorded(
            **draft.stamp,
            title=limits.line("title", command.title),
            text=limits.body("text", command.text),
            media_type=command.media_type,
            stored=command.stored,
        )
    )


def add_link(draft: Draft, command: AddLink) -> None:
    """A link with a purpose."""
    draft.responder()
    title = limits.line("title", command.title) if command.title else ""
    draft.add(
        LinkAdded(
            **draft.stamp, purpose=command.purpose, url=limits.link("url", command.url), title=title
        )
    )


def see_link(draft: Draft, command: SeeLink) -> None:
    """What a source told of; its words are shortened where they are long, and kept on one line."""
    printable = "".join(each if each.isprintable() else " " for each in command.title)
    draft.add(
        LinkAdded(
            **draft.stamp,
            purpose=command.purpose,
            url=limits.link("url", command.url),
            title=limits.shortened(" ".join(printable.split()), limits.LINE),
        )
    )


def record_channel(draft: Draft, command: RecordChannel) -> None:
    """Where people talk; the newest of a kind counts."""
    draft.require_open()
    draft.responder()
    draft.add(
        ChannelRecorded(
            **draft.stamp,
            channel=command.channel,
            address=limits.place("address", command.address),
        )
    )


def correct_entry(draft: Draft, command: Correct) -> None:
    """Supersedes an earlier entry.

    Raises:
        BadInput: there is no such entry.
    """
    draft.responder()
    if not 0 < command.supersedes <= draft.incident.version:
        raise BadInput(f"there is no entry {command.supersedes}")
    draft.add(
        Corrected(
            **draft.stamp,
            supersedes=command.supersedes,
            text=limits.body("text", command.text),
            stored=command.stored,
        )
    )


def confirm_criterion(draft: Draft, command: ConfirmCriterion) -> None:
    """Reports a criterion decided outside; a person who does needs evidence like anybody.

    Raises:
        BadInput: no criterion has that code, or the engine decides it by itself, as it does the
            billing criteria of a provider's outage.
    """
    if draft.actor.kind is ActorKind.PERSON:
        draft.responder()
    codes = {criterion.code for criterion in draft.policy.criteria}
    if command.criterion not in codes - gate.SEEN_HERE:
        raise BadInput(f"{command.criterion!r} is not reported from outside")
    computed = command.criterion in COMPUTED
    if computed and is_provider_outage(draft.incident):
        raise BadInput(f"{command.criterion} is judged by facts: `tocsin billing exit` takes them")
    draft.add(
        CriterionConfirmed(
            **draft.stamp,
            criterion=command.criterion,
            met=command.met,
            evidence=limits.body("evidence", command.evidence),
        )
    )
    settle_fix(draft)


def _lines(field: str, values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if values is None:
        return None
    if len(values) > limits.NAMED_IN_IMPACT:
        raise BadInput(f"{field} names at most {limits.NAMED_IN_IMPACT}; the rest is evidence")
    return tuple(limits.name(field, value) for value in values)


def settle_item(draft: Draft, command: SettleItem) -> None:
    """Marks an item done or not applicable; settling it again corrects it.

    Raises:
        BadInput: the item is not on this incident's checklist.
        MissingReason: not applicable without a reason.
    """
    draft.require_open()
    person = draft.responder()
    item = next(
        (each for each in items_of(draft.incident, draft.policy) if each.id == command.item), None
    )
    if item is None:
        raise BadInput(f"no item of this checklist is called {command.item!r}")
    detail = limits.optional_body("detail", command.detail)
    if command.state is ItemState.NOT_APPLICABLE:
        detail = reason_of(detail)
    due = phase_due(draft.incident, draft.policy, item.phase)
    draft.add(
        ItemSettled(
            **draft.stamp,
            item=item.id,
            state=command.state,
            person=person,
            detail=detail,
            late=due is not None and draft.at > due,
        )
    )
