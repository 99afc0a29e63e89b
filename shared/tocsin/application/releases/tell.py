"""Telling every open incident of a release, however many there are and whatever dies meanwhile.

That a release is still to be told is stored in the transaction that records it, and found again by
the sweep. How far it has come is stored after each page: who is killed in the middle leaves a page
that is told once more, and an incident that was told changes nothing by it (I3).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.application.incidents.fingerprint import request_hash
from tocsin.errors import ConditionFailed, Unavailable
from tocsin.incidents.commands.fix import RecordRelease
from tocsin.incidents.vocabulary import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tocsin.application.incidents.engine import Engine
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.releases import Release, Telling
    from tocsin.incidents.timeline.entry import Actor
    from tocsin.incidents.vocabulary import Group
    from tocsin.ports.releases import TellingStore


AT_ONCE = 200

TELLINGS_AT_ONCE = 10

MOST_LEFT = 100

FIRST_LOOK = timedelta(seconds=30)

"""How long whoever records a release has the first page to itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one look came to: incidents told, and why some could not be."""

    incidents: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """The ports of telling."""

    engine: Engine
    tellings: TellingStore

    def tell_waiting(self, *, has_time: Callable[[], bool]) -> Told:
        """Goes on with every telling that waits, page by page, while there is time.

        Raises:
            StoreUnavailable: the store did not answer; what is left is found again.
        """
        told: list[str] = []
        failed: list[tuple[str, str]] = []
        waiting = self.tellings.waiting(at=self.engine.clock.incident_now(), limit=TELLINGS_AT_ONCE)
        for found in waiting:
            telling: Telling | None = found
            while telling is not None and not telling.done:
                if not has_time():
                    return Told(incidents=tuple(told), failed=tuple(failed), more=True)
                before = len(failed)
                telling = self._page(telling, told, failed)
                if telling is not None and telling.at_end and len(failed) > before:
                    break  # what failed is tried again by the next sweep, not at once
        more = len(waiting) == TELLINGS_AT_ONCE
        return Told(incidents=tuple(told), failed=tuple(failed), more=more)

    def tell(
        self,
        incident: Incident,
        release: Release,
        *,
        actor: Actor,
        groups: frozenset[Group],
        correlation_id: str,
    ) -> Incident:
        """The incident after it was told; one that had been told is as it was."""
        command = RecordRelease(
            incident_id=incident.id,
            command_id=f"release:{_digest(release, incident)}",
            actor=actor,
            correlation_id=correlation_id,
            groups=groups,
            release=release.release,
            regular=release.regular,
            cut_at=release.cut_at,
            planned_at=release.planned_at,
            shipped_at=release.shipped_at,
            has_fix=incident.fix.commit is not None and incident.fix.commit in release.commits,
        )
        return self.engine.execute(command).incident

    def _page(
        self, telling: Telling, told: list[str], failed: list[tuple[str, str]]
    ) -> Telling | None:
        """Tells one page; the telling as it stands then.

        None: somebody else goes on with it, or so many fail that the page is tried again later.
        """
        if telling.at_end:
            names, cursor, at_end = telling.left, None, True
        else:
            page = self.engine.store.board(limit=AT_ONCE, cursor=telling.cursor)
            names, cursor = tuple(line.id for line in page.items), page.cursor
            at_end = cursor is None
        left = list(() if telling.at_end else telling.left)
        for name, why in self._tell_all(names, telling, told):
            left.append(name)
            failed.append((name, why))
        if len(left) > MOST_LEFT:
            return None
        after = replace(
            telling,
            cursor=cursor,
            at_end=at_end,
            left=tuple(dict.fromkeys(left)),
            ver=telling.ver + 1,
        )
        try:
            self.tellings.save(after, expected=telling.ver)
        except ConditionFailed:
            return None
        return after

    def _tell_all(
        self, names: Iterable[str], telling: Telling, told: list[str]
    ) -> Iterable[tuple[str, str]]:
        """Tells each it concerns; one that fails keeps no other from being told."""
        for name in names:
            try:
                incident = self.engine.store.load(name)
                if incident is None or not concerned(incident, telling.release):
                    continue
                self.tell(
                    incident,
                    telling.release,
                    actor=telling.actor,
                    groups=telling.groups,
                    correlation_id=telling.correlation_id,
                )
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this incident's
                yield name, f"{type(error).__name__}: {error}"
            else:
                told.append(name)


def concerned(incident: Incident, release: Release) -> bool:
    """Whether it is an open incident of the release's service that has clocks."""
    timed = incident.kind is not Kind.BACKFILLED
    return incident.open and timed and incident.service == release.service


def _digest(release: Release, incident: Incident) -> str:
    """One report of one release in one cycle is one command, however often it is told."""
    wish = f"{request_hash(release)} {incident.cycle} {incident.fix.commit}"
    return hashlib.sha256(wish.encode()).hexdigest()
