"""The closing gate: each criterion with how it stands, by what, and what to do next.

Pure and complete: it is computed from the incident alone, shown at any time, and the only way to
close as resolved is to have it say so (I6).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.incidents.clocks.owed import Owed, owed
from tocsin.incidents.model.figures import counted
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.model.parts import Audience
from tocsin.incidents.queries.billing import (
    CHECKOUTS,
    REPLAYED,
    checkouts_standing,
    is_provider_outage,
    replay_standing,
)
from tocsin.incidents.queries.updates import may_be_final
from tocsin.incidents.runbook.policy import Criterion, Policy
from tocsin.incidents.timeline.entry import format_time
from tocsin.incidents.vocabulary import Role


class Status(StrEnum):
    """How a criterion stands."""

    MET = "met"
    UNMET = "unmet"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One line of the gate; `evidence` is empty while unmet, `next_step` once met or waived."""

    code: str
    text: str
    status: Status
    evidence: str
    next_step: str
    waivable: bool


@dataclass(frozen=True, slots=True)
class _Finding:
    """What a rule found: evidence of being met, or else the next step."""

    met: bool
    note: str


CONTAINED = "containment_verified"
FIXED = "fix_deployed_and_monitored"
COMMUNICATED = "communication_completed"
POSTMORTEM = "postmortem_published"
INTACT = "timeline_intact"
RESIDUAL = "residual_update_sent"

_OWNERS = {
    CONTAINED: Role.MITIGATION_OWNER,
    FIXED: Role.MITIGATION_OWNER,
    COMMUNICATED: Role.COMMUNICATIONS_OWNER,
    RESIDUAL: Role.COMMUNICATIONS_OWNER,
    POSTMORTEM: Role.INCIDENT_COMMANDER,
}


def gate(
    incident: Incident, policy: Policy, at: datetime, *, verified_head: bytes | None = None
) -> tuple[Standing, ...]:
    """Every criterion that applies. `verified_head` is the head the chain was verified up to."""
    return tuple(
        _standing(criterion, incident, policy, at, verified_head)
        for criterion in policy.criteria
        if applies(criterion, incident, policy, at, verified_head)
    )


def unmet(standings: tuple[Standing, ...]) -> tuple[str, ...]:
    """Codes of what keeps the incident open."""
    return tuple(line.code for line in standings if line.status is Status.UNMET)


def applies(
    criterion: Criterion,
    incident: Incident,
    policy: Policy,
    at: datetime,
    verified_head: bytes | None = None,
) -> bool:
    """For its category now; one of a former category only as far as it was met."""
    wanted = criterion.categories
    if wanted is None or incident.category in wanted:
        return True
    had = any(category in wanted for category in incident.former_categories)
    return had and _find(criterion.code, incident, policy, at, verified_head).met


def is_waivable(criterion: Criterion, incident: Incident) -> bool:
    """Never for the severities the criterion names."""
    return incident.severity not in criterion.never_waived_for


def owner_of(code: str) -> Role:
    """Whose item it is; that person does not approve waiving it."""
    return _OWNERS.get(code, Role.MITIGATION_OWNER)


def is_met(code: str, incident: Incident, policy: Policy, at: datetime) -> bool:
    """Whether one criterion is met, without any waiver."""
    return _find(code, incident, policy, at, None).met


def _standing(
    criterion: Criterion,
    incident: Incident,
    policy: Policy,
    at: datetime,
    verified_head: bytes | None,
) -> Standing:
    found = _find(criterion.code, incident, policy, at, verified_head)
    status = Status.MET if found.met else Status.UNMET
    evidence = found.note if found.met else ""
    waiver = incident.waivers.get(criterion.code)
    if not found.met and waiver is not None and waiver.approved_by and at <= waiver.expires_at:
        status = Status.WAIVED
        evidence = f"waived by {waiver.approved_by} until {format_time(waiver.expires_at)}"
    return Standing(
        code=criterion.code,
        text=criterion.text,
        status=status,
        evidence=evidence,
        next_step=found.note if status is Status.UNMET else "",
        waivable=is_waivable(criterion, incident),
    )


def _find(
    code: str, incident: Incident, policy: Policy, at: datetime, verified_head: bytes | None
) -> _Finding:
    if code == INTACT:
        met = verified_head is not None and verified_head == incident.head
        return _Finding(met, "chain verified" if met else "verify the timeline's chain")
    if code == COMMUNICATED:
        return _communicated(incident, policy, at)
    rule = _RULES.get(code)
    return _confirmed(code, incident) if rule is None else rule(incident, at)


def _contained(incident: Incident, _at: datetime) -> _Finding:
    verified = incident.containment.verified_at
    if verified is None:
        return _Finding(False, "settle every action, observe all three checks, then verify")
    by = incident.containment.verified_by
    return _Finding(True, f"verified by {by} at {format_time(verified)}")


def _fixed(incident: Incident, at: datetime) -> _Finding:
    window = incident.window
    if not incident.fixed:
        return _Finding(False, "deploy the linked fix with its checks green")
    if window is None:
        return _Finding(False, "the monitoring window waits for containment and clear signals")
    if at < window.ends_at:
        return _Finding(False, f"wait for the monitoring window, {format_time(window.ends_at)}")
    return _Finding(True, f"stable from {format_time(window.started_at)}")


def _communicated(incident: Incident, policy: Policy, at: datetime) -> _Finding:
    said = incident.communication
    if said.customers is None:
        return _Finding(False, "decide whether customers are told")
    audiences = [said.internal, said.to_customers] if said.customers else [said.internal]
    if any(audience.failed for audience in (said.internal, said.to_customers)):
        return _Finding(False, "send again what a channel refused")
    if due := [each for each in owed(incident, policy) if each.has_come(at)]:
        return _Finding(False, _owing(due[0]))
    if any(_overdue(audience, at) for audience in audiences):
        return _Finding(False, "send the update that was promised")
    if step := _still_to_send(audiences, incident):
        return _Finding(False, step)
    return _Finding(True, "first and final updates sent, no promise open")


def _still_to_send(audiences: Sequence[Audience], incident: Incident) -> str:
    """The first before the last, and the last only once it can be."""
    if any(audience.first_at is None for audience in audiences):
        return "send the first update: impact, mitigation and ETA"
    if all(audience.final_at is not None for audience in audiences):
        return ""
    if may_be_final(incident):
        return "send the final update: timeline and residual actions"
    return "the final update follows the fix: timeline and residual actions"


def _owing(due: Owed) -> str:
    if due.corrects is not None:
        return f"correct update {due.corrects} to {due.audience}: containment was lost after it"
    return f"send the {due.audience} update that is due with the {due.step}"


def _overdue(audience: Audience, at: datetime) -> bool:
    return audience.next_by is not None and audience.next_by < at


def _residual(incident: Incident, _at: datetime) -> _Finding:
    final = incident.communication.internal.final_at
    if final is None and not may_be_final(incident):
        return _Finding(False, "the final update follows the fix")
    if final is None:
        return _Finding(False, "send stakeholders the timeline and residual actions")
    lacks = incident.communication.internal.final_lacks
    if lacks and is_provider_outage(incident):
        parts = ", ".join(lacks)
        return _Finding(False, f"send a final update with {parts}; see `tocsin billing final`")
    told = incident.communication.internal.final_figures
    later = [str(one) for one in counted(incident) if str(one) not in told]
    if later and is_provider_outage(incident):
        return _Finding(False, f"send the final update again, with {'; '.join(later)}")
    return _Finding(True, "; ".join((f"sent at {format_time(final)}", *told)))


def _checkouts(incident: Incident, _at: datetime) -> _Finding:
    if not is_provider_outage(incident):
        return _confirmed(CHECKOUTS, incident)
    return _Finding(*checkouts_standing(incident))


def _replayed(incident: Incident, _at: datetime) -> _Finding:
    if not is_provider_outage(incident):
        return _confirmed(REPLAYED, incident)
    return _Finding(*replay_standing(incident))


def _postmortem(incident: Incident, _at: datetime) -> _Finding:
    if (published := incident.postmortem) is None:
        return _Finding(False, "publish the postmortem with owned, dated preventive work")
    found = f"{published.url} with {published.actions} preventive actions"
    compared = incident.reconciliation
    if compared is None:
        return _Finding(True, found)
    if (published.reconciliation, published.report) != (compared.id, compared.evidence):
        step = f"publish the postmortem again: the report of {compared.id} is newer than it"
        return _Finding(False, step)
    where = "" if published.report is None else f", sha256 {published.report.sha256}"
    return _Finding(True, f"{found}, and the report of {compared.id}{where}")


def _confirmed(code: str, incident: Incident) -> _Finding:
    if (at := incident.confirmed.get(code)) is None:
        return _Finding(False, "report it met, with evidence")
    return _Finding(True, f"reported at {format_time(at)}")


_RULES: dict[str, Callable[[Incident, datetime], _Finding]] = {
    CONTAINED: _contained,
    FIXED: _fixed,
    RESIDUAL: _residual,
    POSTMORTEM: _postmortem,
    CHECKOUTS: _checkouts,
    REPLAYED: _replayed,
}
SEEN_HERE = frozenset({*_RULES, COMMUNICATED, INTACT}) - {CHECKOUTS, REPLAYED}
"""Criteria this module always decides by itself; nobody reports them from outside."""
