"""The proof of a replay: its whole report kept as evidence, and a pointer in its incident.

Kept first and told then, before the replay says that it is complete: whoever dies in between is
followed by one that does both again, and the archive and the timeline know the same thing twice.
One that stalled or was cancelled is told in the same way, with what it had counted by then.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from tocsin.billing.replay.cursor import Stage
from tocsin.billing.replay.rebuild import losses
from tocsin.billing.replay.stops import untold
from tocsin.errors import IdempotencyKeyReused, TocsinError, Unavailable
from tocsin.incidents.commands.billing import RecordReplay
from tocsin.incidents.model.billing import ReplayCounts, ReplayKind, ReplayStanding
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind
from tocsin.notes import Event, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from tocsin.application.incidents.outcome import Outcome
    from tocsin.billing.replay.cursor import Cursor
    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.model.content import Stored
    from tocsin.notes import Notes
    from tocsin.ports.billing.replay import RebuildAudit, ReplayOutcomes, ReplayStore
    from tocsin.ports.evidence import Archive

ACTOR = Actor(ActorKind.RULE, "replay")
_STANDINGS = {
    Stage.COMPLETE: ReplayStanding.COMPLETE,
    Stage.STALLED: ReplayStanding.STALLED,
    Stage.CANCELLED: ReplayStanding.CANCELLED,
}
NAMED = 1_000
"""So many of what was missing or fetched are named one by one; more are counted by type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayTeller:
    """Implements the planner's `tell` over its ports."""

    store: ReplayStore
    outcomes: ReplayOutcomes
    audit: RebuildAudit
    archive: Archive
    execute: Callable[[Command], Outcome]

    def __call__(self, cursor: Cursor) -> str:
        """Tells the replay's incident, if it has one; why that could not be, or an empty text.

        Raises:
            Unavailable: try again; nothing is told twice.
        """
        if cursor.incident is None:
            return ""
        found = self.outcomes.of(cursor.id)
        fetched = self.audit.rows(cursor.id, limit=NAMED) if cursor.first.fetched else []
        report = report_of(cursor, found, self.store) | {"fetched": fetched}
        content = json.dumps(report, sort_keys=True, separators=(",", ":")).encode()
        evidence = self.archive.keep(cursor.incident, content, media_type="application/json")
        try:
            self.execute(_command(cursor, cursor.incident, found, evidence))
        except Unavailable:
            raise
        except IdempotencyKeyReused:
            return ""  # told before, by a driver that died then
        except TocsinError as error:
            return f"not on the record of {cursor.incident}: {error}"
        return ""


def report_of(cursor: Cursor, outcomes: Mapping[str, int], store: ReplayStore) -> dict[str, Any]:
    """All that a replay found and did: the same however often it is made. Times: epoch seconds."""
    types: dict[str, list[int]] = {}
    for page in store.pages(cursor.id):
        if cursor.first_pages and page.number >= cursor.first_pages:
            break
        for name, count in page.types.items():
            types.setdefault(name, [0, 0])[0] += count
        for each in page.missing:
            types.setdefault(each.type, [0, 0])[1] += 1
    return {
        "v": 1,
        "replay": cursor.id,
        "identity": str(cursor.identity),
        "incident": cursor.incident,
        "window": asdict(cursor.window),
        "window_facts": cursor.facts,
        "started_at": cursor.started_at,
        "started_by": cursor.started_by,
        "override": cursor.override,
        "stage": cursor.stage,
        "problem": cursor.problem,
        "doubt": cursor.doubt,
        "passes": cursor.passes,
        "counts": asdict(cursor.first),
        "last_pass": asdict(cursor.last),
        "outcomes": dict(sorted(outcomes.items())),
        "checksums": list(_checksums(cursor)),
        "kind": cursor.kind,
        "lost": [
            {"kind": each.kind, "expected": each.expected, "stored": each.stored, "lost": each.lost}
            for each in losses(cursor)
        ],
        "steps": {step: list(done) for step, done in cursor.steps.items()},
        "proven": cursor.proven,
        "unchanged": cursor.unchanged,
        "types": {
            name: dict(zip(("listed", "missing"), each, strict=True))
            for name, each in sorted(types.items())
        },
        "missing": [asdict(each) for each in islice(_missing(cursor, store), NAMED)],
    }


def _missing(cursor: Cursor, store: ReplayStore) -> Iterator[Any]:
    for page in store.pages(cursor.id):
        yield from page.missing


def _checksums(cursor: Cursor) -> tuple[str, ...]:
    found = (cursor.checksum_before, cursor.checksum_after, cursor.checksum_last)
    return tuple(each or "none" for each in found)


def _command(
    cursor: Cursor, incident: str, outcomes: Mapping[str, int], evidence: Stored
) -> RecordReplay:
    met, identity = cursor.first, cursor.identity
    stop = untold(cursor)
    return RecordReplay(
        incident_id=incident,
        command_id=f"replay-{cursor.id}-{stop}" if stop else f"replay-{cursor.id}",
        actor=ACTOR,
        correlation_id=cursor.id,
        replay=cursor.id,
        kind=ReplayKind(cursor.kind),
        provider=identity.provider,
        account=f"{identity.account}#{identity.mode}",
        start=datetime.fromtimestamp(cursor.window.start, UTC),
        end=datetime.fromtimestamp(cursor.window.end, UTC),
        counts=ReplayCounts(
            listed=met.listed,
            duplicate=met.present + met.arrived,
            inserted=met.inserted,
            unreadable=met.unreadable,
            applied=outcomes.get("applied", 0),
            stale=outcomes.get("stale", 0),
            fetched=met.fetched + outcomes.get("fetched", 0) + outcomes.get("deferred", 0),
            second_pass_inserted=cursor.last.missing,
            missing=met.missing,
        ),
        proven=cursor.proven,
        checksums=_checksums(cursor),
        evidence=evidence,
        standing=_STANDINGS[cursor.stage],
        why=cursor.problem if stop else cursor.doubt,
    )


def note(cursor: Cursor, notes: Notes) -> None:
    """How far it has come, for operators; and a count where it has stalled."""
    provider = cursor.identity.provider
    notes.info(
        Event.REPLAY_DRIVEN,
        replay=cursor.id,
        provider=provider,
        stage=cursor.stage,
        listed=cursor.first.listed,
        missing=cursor.first.missing,
        inserted=cursor.first.inserted,
        calls=cursor.first.calls,
        problem=cursor.problem or None,
    )
    if cursor.stage is Stage.STALLED:
        notes.count(Metric.REPLAYS_STALLED, provider=provider)
