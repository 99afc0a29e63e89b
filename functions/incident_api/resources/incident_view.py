"""The incident, its timeline and the board, as the API shows them: shapes in `answers`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.incidents.clocks.owed import owed
from tocsin.incidents.model.parts import UpdateAudience
from tocsin.incidents.queries.updates import wording_for_customers
from tocsin.incidents.timeline.entry import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from functions.incident_api.resources import incident_shapes as a
    from tocsin.incidents.clocks.owed import Owed
    from tocsin.incidents.model.billing import KeptEvidence
    from tocsin.incidents.model.content import Stored
    from tocsin.incidents.model.incident import Incident, Round
    from tocsin.incidents.model.parts import (
        Audience,
        Containment,
        Fix,
        Impact,
        Postmortem,
        Release,
        Waiver,
        Window,
    )
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.incidents.runbook.smoke_tests import SmokeTest
    from tocsin.incidents.timeline.entry import Entry
    from tocsin.ports.incidents import Summary


def incident_view(incident: Incident, policy: Policy) -> a.Incident:
    """The incident at its version."""
    return {
        "id": incident.id,
        "kind": incident.kind,
        "title": incident.title,
        "severity": incident.severity,
        "category": incident.category,
        "state": incident.state,
        "source": incident.source,
        "service": incident.service,
        "environment": incident.environment,
        "opened_at": format_time(incident.opened_at),
        "began_at": moment(incident.began_at),
        "closed_at": moment(incident.closed_at),
        "resolution": incident.resolution,
        "duplicate_of": incident.duplicate_of,
        "restricted": incident.restricted,
        "firing": incident.firing,
        "cycle": incident.cycle,
        "roles": {role: incident.roles[role] for role in sorted(incident.roles)},
        "responders": list(incident.responders),
        "round": round_view(incident.round),
        "impact": _impact(incident.impact),
        "containment": _containment(incident.containment),
        "fix": _fix(incident.fix),
        "release": _release(incident.release),
        "window": _window(incident.window),
        "waivers": [_waiver(code, waiver) for code, waiver in sorted(incident.waivers.items())],
        "communication": _communication(incident, policy),
        "postmortem": _postmortem(incident.postmortem),
        "channels": dict(incident.channels),
        "counts": dict(incident.counts),
        "waiting": list(_waiting(incident)),
        "policy_version": incident.policy_version,
        "correlation_id": incident.correlation_id,
        "version": incident.version,
    }


def timeline_view(incident: Incident, entries: Iterable[Entry], *, limit: int) -> a.Timeline:
    """A page of the timeline; `next` is the `after` of the following page, or null."""
    lines = [_entry(entry) for entry in entries]
    more = len(lines) == limit and lines[-1]["seq"] < incident.version if lines else False
    return {
        "incident": incident.id,
        "version": incident.version,
        "entries": lines,
        "next": lines[-1]["seq"] if more else None,
    }


def content_view(incident: Incident, stored: Stored, text: str) -> a.Content:
    """Content from the archive, and what its entry says of it."""
    return {
        "incident": incident.id,
        "sha256": stored.sha256,
        "size": stored.size,
        "media_type": stored.media_type,
        "text": text,
    }


def smoke_tests_view(incident: Incident, tests: Iterable[SmokeTest]) -> a.SmokeTests:
    """What to ask, and the version of the incident it was asked for."""
    return {
        "incident": incident.id,
        "version": incident.version,
        "policy_version": incident.policy_version,
        "tests": [
            {
                "name": test.id,
                "method": test.method,
                "url": test.url,
                "status": test.status,
                "contains": test.contains,
                "seconds": test.seconds,
            }
            for test in tests
        ],
    }


def board_view(shown: Iterable[Summary], cursor: str | None) -> a.Board:
    """A page of the board; `next` is the `cursor` of the following page, or null."""
    return {"incidents": [_line(summary) for summary in shown], "next": cursor}


def round_view(current: Round | None) -> a.Round | None:
    """The round people are asked in now."""
    if current is None:
        return None
    return {
        "number": current.number,
        "reason": current.reason,
        "started_at": format_time(current.started_at),
        "due_at": format_time(current.due_at),
        "acknowledged_at": moment(current.acknowledged_at),
        "acknowledged_by": current.acknowledged_by,
        "missed_at": moment(current.missed_at),
    }


def moment(at: datetime | None) -> str | None:
    """RFC 3339, or null."""
    return None if at is None else format_time(at)


def _line(summary: Summary) -> a.Line:
    return {
        "id": summary.id,
        "title": summary.title,
        "severity": summary.severity,
        "state": summary.state,
        "category": summary.category,
        "opened_at": format_time(summary.opened_at),
        "restricted": summary.restricted,
    }


def _entry(entry: Entry) -> a.Entry:
    return {
        "v": entry.v,
        "incident": entry.incident,
        "seq": entry.seq,
        "type": entry.type,
        "recorded_at": format_time(entry.recorded_at),
        "occurred_at": format_time(entry.occurred_at),
        "actor_ref": entry.actor_ref,
        "content_hash": entry.content_hash.hex(),
        "hash": entry.hash.hex(),
        "prev_hash": entry.prev_hash.hex(),
        "correlation_id": entry.correlation_id,
        "content": dict(entry.content),
    }


def _impact(impact: Impact | None) -> a.Impact | None:
    if impact is None:
        return None
    return {
        "summary": impact.summary,
        "exposure": impact.exposure,
        "tenants": impact.tenants,
        "users": impact.users,
        "endpoints": list(impact.endpoints),
        "services": list(impact.services),
        "data_categories": list(impact.data_categories),
        "confirmed_by": impact.confirmed_by,
    }


def _containment(found: Containment) -> a.Containment:
    return {
        "actions": [
            {
                "action": name,
                "text": action.text,
                "state": action.state,
                "by": action.by,
                "at": format_time(action.at),
            }
            for name, action in found.actions.items()
        ],
        "observations": [
            {
                "check": check,
                "verdict": seen.verdict,
                "observed_at": format_time(seen.observed_at),
                "by": seen.by,
            }
            for check, seen in found.observations.items()
        ],
        "by_fix": found.fix_contains,
        "verified_at": moment(found.verified_at),
        "verified_by": found.verified_by,
        "effective_at": moment(found.effective_at),
        "lost_at": moment(found.lost_at),
    }


def _fix(fix: Fix) -> a.Fix:
    return {
        "commit": fix.commit,
        "provider": fix.provider,
        "deployed_at": moment(fix.deployed_at),
        "green": {kind: format_time(at) for kind, at in fix.green.items()},
        "fixed_at": moment(fix.fixed_at),
    }


def _release(release: Release | None) -> a.AwaitedRelease | None:
    if release is None:
        return None
    return {
        "release": release.id,
        "cut_at": format_time(release.cut_at),
        "planned_at": moment(release.planned_at),
        "shipped_at": moment(release.shipped_at),
    }


def _window(window: Window | None) -> a.Window | None:
    if window is None:
        return None
    return {"started_at": format_time(window.started_at), "ends_at": format_time(window.ends_at)}


def _waiver(code: str, waiver: Waiver) -> a.Waiver:
    return {
        "criterion": code,
        "asked_by": waiver.asked_by,
        "approved_by": waiver.approved_by,
        "expires_at": format_time(waiver.expires_at),
    }


def _communication(incident: Incident, policy: Policy) -> a.Communication:
    said, waiting = incident.communication, owed(incident, policy)
    wording = wording_for_customers(incident, policy)
    return {
        "internal": _told(UpdateAudience.INTERNAL, said.internal, waiting),
        "to_customers": _told(UpdateAudience.CUSTOMERS, said.to_customers, waiting),
        "customers": said.customers,
        "wording": None if wording is None else wording.text,
    }


def _told(which: UpdateAudience, audience: Audience, waiting: Sequence[Owed]) -> a.Told:
    return {
        "first_at": moment(audience.first_at),
        "final_at": moment(audience.final_at),
        "next_by": moment(audience.next_by),
        "failed": list(audience.failed),
        "owed": [
            {"step": each.step, "due_at": moment(each.due_at)}
            for each in waiting
            if each.audience is which and each.step is not None
        ],
        "withdraw": list(audience.withdraw),
    }


def _postmortem(found: Postmortem | None) -> a.Postmortem | None:
    if found is None:
        return None
    return {
        "url": found.url,
        "actions": found.actions,
        "published_at": format_time(found.published_at),
        "reconciliation": found.reconciliation,
        "report": _report(found.report),
    }


def _report(found: KeptEvidence | None) -> a.KeptReport | None:
    if found is None:
        return None
    return {
        "key": found.key,
        "sha256": found.sha256,
        "size": found.size,
        "media_type": found.media_type,
    }


def _waiting(incident: Incident) -> Iterable[a.Waiting]:
    """What one person has asked for and another one has to agree to."""
    if (lowering := incident.lowering) is not None:
        what = f"lower to {lowering.severity}"
        yield {"what": what, "person": lowering.person, "reason": lowering.reason}
    if (closing := incident.closing) is not None:
        what = f"close as {closing.what.rstrip(':')}"
        yield {"what": what, "person": closing.person, "reason": closing.reason}
    if (lifting := incident.lifting) is not None:
        what = "lift the restriction"
        yield {"what": what, "person": lifting.person, "reason": lifting.reason}
