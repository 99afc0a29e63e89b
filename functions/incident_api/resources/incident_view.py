"""The incident, its timeline and the board, as the API shows them: shapes in `incident_shapes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.incident_api.resources import incident_shapes as s
from tocsin.incidents.clocks.owed import owed
from tocsin.incidents.model.parts import UpdateAudience
from tocsin.incidents.queries.board import has_it, next_deadline
from tocsin.incidents.queries.fix import unlinked
from tocsin.incidents.queries.freeze import freezes
from tocsin.incidents.queries.updates import wording_for_customers
from tocsin.incidents.queries.waiting import waiting
from tocsin.runtime.web.answers import view_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tocsin.incidents.clocks.owed import Owed
    from tocsin.incidents.model.incident import Incident, Round
    from tocsin.incidents.model.parts import Audience, Containment, Release
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.incidents.timeline.entry import Entry


def incident_view(
    incident: Incident,
    policy: Policy,
    now: datetime,
    *,
    pending: bool = False,
    recorded: Iterable[Entry] = (),
) -> s.Incident:
    """The incident at its version; `pending`: what was asked just now waits for a second person."""
    due = next_deadline(incident, now)
    return view_of(
        s.Incident,
        incident,
        roles={role: incident.roles[role] for role in sorted(incident.roles)},
        round=round_view(incident.round),
        requests=tuple(view_of(s.Request, one) for one in incident.requests or ()),
        containment=_containment(incident.containment),
        unlinked=unlinked(incident),
        release=_release(incident.release),
        waivers=tuple(
            view_of(s.Waiver, waiver, criterion=code)
            for code, waiver in sorted(incident.waivers.items())
        ),
        communication=_communication(incident, policy),
        waiting=tuple(view_of(s.Waiting, one) for one in waiting(incident)),
        pending=pending,
        has_it=has_it(incident),
        next=None if due is None else due.what,
        next_due=None if due is None else due.due_at,
        late=due is not None and due.late,
        frozen=tuple(view_of(s.Frozen, held) for held in freezes(incident) if held.lasts_at(now)),
        recorded=tuple(view_of(s.Recorded, entry) for entry in recorded),
    )


def timeline_view(incident: Incident, entries: Iterable[Entry], *, limit: int) -> s.Timeline:
    """A page of the timeline; `next` is the `after` of the following page, or null."""
    lines = tuple(view_of(s.Entry, entry) for entry in entries)
    more = len(lines) == limit and lines[-1].seq < incident.version if lines else False
    return s.Timeline(
        incident=incident.id,
        version=incident.version,
        entries=lines,
        next=lines[-1].seq if more else None,
    )


def round_view(current: Round | None) -> s.Round | None:
    """The round people are asked in now."""
    return None if current is None else view_of(s.Round, current)


def _containment(found: Containment) -> s.Containment:
    return view_of(
        s.Containment,
        found,
        actions=tuple(
            view_of(s.Action, action, action=name) for name, action in found.actions.items()
        ),
        observations=tuple(
            view_of(s.Observation, seen, check=check) for check, seen in found.observations.items()
        ),
        by_fix=found.fix_contains,
    )


def _release(release: Release | None) -> s.AwaitedRelease | None:
    return None if release is None else view_of(s.AwaitedRelease, release, release=release.id)


def _communication(incident: Incident, policy: Policy) -> s.Communication:
    said, due = incident.communication, owed(incident, policy)
    wording = wording_for_customers(incident, policy)
    return s.Communication(
        internal=_told(UpdateAudience.INTERNAL, said.internal, due),
        to_customers=_told(UpdateAudience.CUSTOMERS, said.to_customers, due),
        customers=said.customers,
        wording=None if wording is None else wording.text,
    )


def _told(which: UpdateAudience, audience: Audience, waiting: Sequence[Owed]) -> s.Told:
    steps = tuple(
        s.OwedUpdate(step=each.step, due_at=each.due_at)
        for each in waiting
        if each.audience is which and each.step is not None
    )
    return view_of(s.Told, audience, owed=steps)
