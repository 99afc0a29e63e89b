"""The first five minutes, as the API shows them to one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.incident_api.resources.read import etag
from tocsin.application.incidents.first_minutes import FirstMinutes, first_minutes
from tocsin.incidents.timeline.entry import format_time
from tocsin.runtime.web.http import answer

if TYPE_CHECKING:
    from datetime import datetime

    from functions.incident_api import answers_first as shape
    from functions.incident_api.call import Call
    from tocsin.incidents.queries.briefing import Brief
    from tocsin.runtime.web.http import Response


def first(call: Call) -> Response:
    """What the person who was woken has to know."""
    found, application = call.incident(), call.application
    seen = first_minutes(
        found,
        person=call.caller.person,
        policy=application.policies.version(found.policy_version),
        at=call.now,
        store=application.store,
        releases=application.releases,
    )
    return answer(200, _view(seen), headers=etag(found))


def _view(seen: FirstMinutes) -> shape.FirstMinutes:
    incident, customers = seen.incident, seen.incident.communication
    return {
        "id": incident.id,
        "now": format_time(seen.at),
        "title": incident.title,
        "kind": incident.kind,
        "severity": incident.severity,
        "state": incident.state,
        "detail": seen.detail,
        "service": incident.service,
        "environment": incident.environment,
        "opened_at": format_time(incident.opened_at),
        "firing": incident.firing,
        "mine": seen.mine,
        "acknowledged_by": incident.round.acknowledged_by if incident.round else None,
        "asked": [
            {
                "person": one.person,
                "last_at": format_time(one.at),
                "times": one.times,
                "acknowledged": one.acknowledged,
            }
            for one in seen.asked
        ],
        "nobody_on_call": [*seen.gaps],
        "roles": [
            {
                "role": one.role,
                "holder": one.holder,
                "on_call": one.on_call,
                "backup": one.backup,
            }
            for one in seen.posts
        ],
        "clocks": [
            {
                "clock": one.clock,
                "due_at": format_time(one.due_at),
                "minutes_left": one.minutes_left,
            }
            for one in seen.countdown
        ],
        "do_next": [one.text for one in seen.next],
        "phase": _phase(seen),
        "containment_choices": [*seen.choices],
        "customers": {
            "told": customers.customers,
            "first_at": _optional(customers.to_customers.first_at),
            "next_by": _optional(customers.to_customers.next_by),
        },
        "changes": _changes(seen),
        "before": _before(seen),
        "brief": _brief(seen.brief, _before(seen)),
    }


def _phase(seen: FirstMinutes) -> shape.PhaseNow | None:
    if (phase := seen.phase) is None:
        return None
    return {
        "title": phase.title,
        "due_at": _optional(phase.due_at),
        "items": [
            {"code": view.item.id, "text": view.item.text, "done": view.settled is not None}
            for view in phase.items
        ],
    }


def _changes(seen: FirstMinutes) -> list[shape.RecentChange]:
    found: list[shape.RecentChange] = [
        {"what": one.what, "at": format_time(one.at)}
        for one in seen.brief.changes
        if one.at != seen.incident.fix.deployed_at
    ]
    for deploy in seen.deploys:
        what = f"deploy of {deploy.commit}: {deploy.conclusion}"
        found.append({"what": what, "at": format_time(deploy.at)})
    return sorted(found, key=lambda change: change["at"])


def _before(seen: FirstMinutes) -> shape.SeenBefore | None:
    if (before := seen.brief.before) is None:
        return None
    return {
        "incident": before.incident,
        "title": before.title,
        "resolution": before.resolution,
        "closed_at": _optional(before.closed_at),
        "postmortem": before.postmortem,
    }


def _brief(brief: Brief, before: shape.SeenBefore | None) -> shape.Brief:
    return {
        "incident": brief.incident,
        "kind": brief.kind,
        "severity": brief.severity,
        "symptom": brief.symptom,
        "at": format_time(brief.at),
        "zone": brief.zone,
        "ask_by": _optional(brief.ask_by),
        "acknowledged_by": brief.acknowledged_by,
        "on_call": [
            {"role": one.role, "person": one.person, "backup": one.backup} for one in brief.on_call
        ],
        "changes": [{"what": one.what, "at": format_time(one.at)} for one in brief.changes],
        "before": before,
        "next": [*brief.next],
    }


def _optional(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
