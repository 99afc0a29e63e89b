"""Releases: recorded once for their service, and told to every open incident of it.

A next-release clock waits for the first regular release cut after t0. A release may be known
before the incident is: then the incident is told of it when somebody first acts on it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.application.incidents.fingerprint import command_hash, request_hash
from tocsin.application.releases.tell import AT_ONCE, FIRST_LOOK, Teller, concerned
from tocsin.errors import (
    CommandRepeated,
    ConditionFailed,
    IdempotencyKeyReused,
    IllegalTransition,
)
from tocsin.incidents.clocks.promises import NEXT_RELEASE
from tocsin.incidents.model.releases import ReleaseKind, Telling, awaited, check, completed
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind, ClockName
from tocsin.ports.incidents import CommandRecord

if TYPE_CHECKING:
    from tocsin.application.incidents.engine import Engine
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.releases import Release
    from tocsin.incidents.vocabulary import Group
    from tocsin.ports.releases import KeptReleases

RELEASES = Actor(ActorKind.SYSTEM, "releases")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A release somebody reports. `cursor` goes on telling incidents where an answer stopped.

    Nobody has to go on: the sweep tells those the answer did not reach.
    """

    release: Release
    actor: Actor
    groups: frozenset[Group]
    key: str
    correlation_id: str
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The incidents that were told; `cursor` not None: more are open and are told by the sweep.

    `release` is what is recorded: as reported, with what the report left out and was known.
    """

    release: Release
    incidents: tuple[Incident, ...]
    repeated: bool
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDesk:
    """The ports that releases take."""

    engine: Engine
    releases: KeptReleases

    def report(self, report: Report) -> Recorded:
        """Records the release and tells a page of open incidents of its service.

        What is left out stays as it was told before.
        A flag is recorded to be looked up; no incident waits for one.

        Raises:
            IdempotencyKeyReused: the key stood for another release.
            IllegalTransition: the release has shipped, otherwise than is reported now.
            TocsinError: as `releases.check` and `execute`.
        """
        now = self.engine.clock.incident_now()
        check(report.release, person=report.actor.id, groups=report.groups, at=now)
        release = completed(report.release, self.releases.get(report.release))
        if release.kind is ReleaseKind.FLAG:
            repeated = self._repeated(report) or not self._write(report, release, None)
            return Recorded(release=release, incidents=(), repeated=repeated, cursor=None)
        telling = Telling(
            release=release,
            actor_kind=report.actor.kind,
            actor_id=report.actor.id,
            groups=report.groups,
            correlation_id=report.correlation_id,
            due_at=now + FIRST_LOOK,
        )
        repeated = self._repeated(report) or not self._write(report, release, telling)
        page = self.engine.store.board(limit=AT_ONCE, cursor=report.cursor)
        found = (self.engine.store.load(line.id) for line in page.items)
        told = tuple(
            self._tell(incident, release, report)
            for incident in found
            if incident is not None and concerned(incident, release)
        )
        if not repeated and report.cursor is None:
            self._came_to(telling, page.cursor)
        return Recorded(release=release, incidents=told, repeated=repeated, cursor=page.cursor)

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
        record = self.engine.store.creation(report.actor.ref, report.key)
        if record is None:
            return False
        if record.request_hash != request_hash(report.release):
            raise IdempotencyKeyReused("this key was used for another request", key=report.key)
        return True

    def _came_to(self, telling: Telling, cursor: str | None) -> None:
        """What was told here need not be told by the sweep, unless it has begun already."""
        after = replace(telling, cursor=cursor, at_end=cursor is None, ver=telling.ver + 1)
        with suppress(ConditionFailed):
            self.releases.save(after, expected=telling.ver)

    def _write(self, report: Report, release: Release, telling: Telling | None) -> bool:
        """Whether it was written now; False if exactly this is recorded already."""
        known = self.releases.get(release)
        if known == release and not report.key:
            return False
        if known is not None and known.shipped_at is not None and known != release:
            raise IllegalTransition(f"{release.release} has shipped and does not change any more")
        try:
            self.releases.put(release, self._record(report) if report.key else None, telling)
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
            recorded_at=self.engine.clock.incident_now(),
            principal=report.actor.ref,
            key=report.key,
        )

    def _tell(self, incident: Incident, release: Release, report: Report | None) -> Incident:
        return self._teller.tell(
            incident,
            release,
            actor=report.actor if report else RELEASES,
            groups=report.groups if report else frozenset(),
            correlation_id=report.correlation_id if report else incident.correlation_id,
        )

    @property
    def _teller(self) -> Teller:
        return Teller(engine=self.engine, tellings=self.releases)
