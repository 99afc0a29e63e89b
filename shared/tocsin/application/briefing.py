"""The first facts of an incident, with what only stores know: what went out, what was before."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.incidents.events.fold import event_of
from tocsin.incidents.events.opening import Opened
from tocsin.incidents.queries.briefing import Brief, Change, Seen, brief

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.ports.incidents import IncidentStore
    from tocsin.ports.releases import ReleaseStore

LOOK_BACK = timedelta(hours=1)
"""How long before the incident a change is worth a look."""
_CUT_BEFORE = timedelta(days=30)
_PAGES = 10


def brief_of(
    incident: Incident,
    *,
    policy: Policy,
    at: datetime,
    store: IncidentStore,
    releases: ReleaseStore | None,
) -> Brief:
    """The facts as they stand at `at`; `policy` has the people on call in its roster.

    Raises:
        StoreUnavailable: they could not be read.
    """
    return brief(
        incident,
        policy,
        at,
        changes=_changes(incident, releases),
        before=_before(incident, store),
    )


def _changes(incident: Incident, releases: ReleaseStore | None) -> Iterator[Change]:
    """What went out of the service in the hour before it began, and since."""
    if incident.fix.deployed_at is not None:
        yield Change(what=f"deploy of the fix {incident.fix.commit}", at=incident.fix.deployed_at)
    if releases is None or incident.service is None:
        return
    since = min(incident.began_at or incident.opened_at, incident.opened_at) - LOOK_BACK
    cursor: str | None = None
    for _ in range(_PAGES):
        page = releases.page(incident.service, cut_after=since - _CUT_BEFORE, cursor=cursor)
        for each in page.releases:
            if each.shipped_at is not None and each.shipped_at >= since:
                what = f"{each.kind} {each.release} of {each.service}"
                yield Change(what=what, at=each.shipped_at)
        if (cursor := page.cursor) is None:
            return


def _before(incident: Incident, store: IncidentStore) -> Seen | None:
    """The incident the first entry names; of a restricted one no more than that it was."""
    entries = store.entries(incident.id, limit=1)
    opened = event_of(entries[0]) if entries else None
    if not isinstance(opened, Opened) or opened.previous is None:
        return None
    if (found := store.load(opened.previous)) is None:
        return None
    learnt = found.postmortem
    return Seen(
        incident=found.id,
        title="restricted" if found.restricted else found.title,
        resolution=None if found.resolution is None else str(found.resolution),
        closed_at=found.closed_at,
        postmortem=None if learnt is None or found.restricted else learnt.url,
    )
