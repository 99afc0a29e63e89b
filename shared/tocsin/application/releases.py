"""Releases: recorded once for their service, and told to every open incident of it.

A next-release clock waits for the first regular release cut after t0. A release may be known
before the incident is: then the incident is told of it when somebody first acts on it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.application.execute import execute
from tocsin.application.fingerprint import command_hash, request_hash
from tocsin.errors import (
    CommandRepeated,
    ConditionFailed,
    IdempotencyKeyReused,
    IllegalTransition,
)
from tocsin.incidents.clocks import NEXT_RELEASE
from tocsin.incidents.commands_response import RecordRelease
from tocsin.incidents.releases import awaited, check
from tocsin.incidents.timeline import Actor
from tocsin.incidents.vocabulary import ActorKind, ClockName, Kind
from tocsin.ports import CommandRecord

if TYPE_CHECKING:
    from tocsin.incidents.model import Incident
    from tocsin.incidents.releases import Release
    from tocsin.incidents.vocabulary import Group
    from tocsin.ports import Ids, IncidentClock, IncidentStore, PolicySource, ReleaseStore

AT_ONCE = 200
RELEASES = Actor(ActorKind.SYSTEM, "releases")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A release somebody reports. `cursor` goes on telling incidents where an answer stopped."""

    release: Release
    actor: Actor
    groups: frozenset[Group]
    key: str
    correlation_id: str
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The incidents that were told; `cursor` not None: more are open, report again with it."""

    incidents: tuple[Incident, ...]
    repeated: bool
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDesk:
    """The ports that releases take."""

    store: IncidentStore
    releases: ReleaseStore
    policies: PolicySource
    clock: IncidentClock
    ids: Ids

    def report(self, report: Report) -> Recorded:
        """Records the release and tells a page of open incidents of its service.

        Raises:
            IdempotencyKeyReused: the key stood for another release.
            IllegalTransition: the release has shipped, otherwise than is reported now.
            TocsinError: as `releases.check` and `execute`.
        """
        now = self.clock.incident_now()
        check(report.release, person=report.actor.id, groups=report.groups, at=now)
        repeated = self._repeated(report) or not self._write(report)
        page = self.store.board(limit=AT_ONCE, cursor=report.cursor)
        found = (self.store.load(line.id) for line in page.items)
        told = tuple(
            self._tell(incident, report.release, report)
            for incident in found
            if incident is not None and _concerned(incident, report.release)
        )
        return Recorded(incidents=told, repeated=repeated, cursor=page.cursor)

    def follow(self, incident: Incident) -> Incident:
        """Tells an incident that waits for a release of one that was known before it asked."""
        clock = incident.clocks.get(ClockName.FIX)
        waits = clock is not None and clock.running and clock.target == NEXT_RELEASE
        if not waits or incident.service is None or incident.release is not None:
            return incident
        since = incident.cycle_started_at
        cursor: str | None = None
        while True:
            page = self.releases.page(incident.service, cut_after=since, cursor=cursor)
            if (first := awaited(page.releases, since)) is not None:
                return self._tell(incident, first, None)
            if (cursor := page.cursor) is None:
                return incident

    def _repeated(self, report: Report) -> bool:
        """Whether this key has recorded this release before."""
        if not report.key:
            return False
        record = self.store.creation(report.actor.ref, report.key)
        if record is None:
            return False
        if record.request_hash != request_hash(report.release):
            raise IdempotencyKeyReused("this key was used for another request", key=report.key)
        return True

    def _write(self, report: Report) -> bool:
        """Whether it was written now; False if exactly this is recorded already."""
        release = report.release
        known = self.releases.get(release)
        if known == release and not report.key:
            return False
        if known is not None and known.shipped_at is not None and known != release:
            raise IllegalTransition(f"{release.release} has shipped and does not change any more")
        try:
            self.releases.put(release, self._record(report) if report.key else None)
        except CommandRepeated:
            return not self._repeated(report)
        except ConditionFailed:
            if self.releases.get(release) == release:
                return False
            raise
        return True

    def _record(self, report: Report) -> CommandRecord:
        return CommandRecord(
            hash=command_hash(report.actor, report.key),
            request_hash=request_hash(report.release),
            incident=f"{report.release.service}/{report.release.release}",
            version=1,
            recorded_at=self.clock.incident_now(),
            principal=report.actor.ref,
            key=report.key,
        )

    def _tell(self, incident: Incident, release: Release, report: Report | None) -> Incident:
        command = RecordRelease(
            incident_id=incident.id,
            command_id=f"release:{_digest(release, incident)}",
            actor=report.actor if report else RELEASES,
            correlation_id=report.correlation_id if report else incident.correlation_id,
            groups=report.groups if report else frozenset(),
            release=release.release,
            regular=release.regular,
            cut_at=release.cut_at,
            planned_at=release.planned_at,
            shipped_at=release.shipped_at,
            has_fix=incident.fix.commit is not None and incident.fix.commit in release.commits,
        )
        outcome = execute(
            command, store=self.store, policies=self.policies, clock=self.clock, ids=self.ids
        )
        return outcome.incident


def _concerned(incident: Incident, release: Release) -> bool:
    timed = incident.kind is not Kind.BACKFILLED
    return timed and incident.service == release.service


def _digest(release: Release, incident: Incident) -> str:
    """One report of one release in one cycle is one command, however often it is told."""
    wish = f"{request_hash(release)} {incident.cycle} {incident.fix.commit}"
    return hashlib.sha256(wish.encode()).hexdigest()
