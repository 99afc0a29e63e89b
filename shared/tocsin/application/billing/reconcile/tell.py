"""Telling how a reconciliation stands: the outage watch always, its incident once a standing."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tocsin.billing.identity import placed
from tocsin.billing.outage.divergence import Comparison
from tocsin.billing.reconcile.work import Stage, State, stands
from tocsin.errors import BadInput, NotFound
from tocsin.incidents.commands.billing import RecordReconciliation
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind
from tocsin.notes import Event, Metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.application.incidents.outcome import Outcome
    from tocsin.billing.reconcile.work import Cursor, Standing
    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.model.content import Stored
    from tocsin.notes import Notes
    from tocsin.ports.billing.outage import ComparisonLog
    from tocsin.ports.billing.reconcile import ReconciliationStore


ACTOR = Actor(ActorKind.RULE, "reconciler")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Where the report lies, and what stakeholders and finance are told of it.

    They are told when it is first there and when it is signed for.
    """

    report: Stored
    headline: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Writes into incidents. `keep` keeps the report and says where, and what is told of it.

    `compared` is where the outage watch reads how many differ of how many, account by account.
    """

    store: ReconciliationStore
    execute: Callable[[Command], Outcome]
    keep: Callable[[Cursor, Standing], Kept]
    compared: ComparisonLog
    now: Callable[[], int]

    def __call__(self, cursor: Cursor) -> Cursor:
        """The cursor, knowing what was told; unchanged where there is nobody or nothing to tell.

        A crash between telling and writing that down tells the same again under the same id.
        """
        if cursor.stage is not Stage.READY:
            return cursor
        self._compared(cursor)
        if cursor.incident is None or cursor.dry_run:
            return cursor
        standing = (
            cursor.tally.standing
            if cursor.tally is not None
            else stands(self.store.workspaces(cursor.id), self.store.found(cursor.id))
        )
        mark = _mark(cursor, standing)
        if mark == cursor.told:
            return cursor
        kept = self.keep(cursor, standing)
        report, told = kept.report, not cursor.told or cursor.signed_off_by
        try:
            self.execute(
                RecordReconciliation(
                    incident_id=cursor.incident,
                    command_id=f"reconciliation-{cursor.id}-{mark}",
                    actor=ACTOR,
                    correlation_id=cursor.id,
                    reconciliation=cursor.id,
                    started_at=datetime.fromtimestamp(cursor.started_at, UTC),
                    full=cursor.full,
                    workspaces=standing.workspaces,
                    compared=standing.subscriptions,
                    unresolved=standing.unresolved,
                    unknown=standing.unknown,
                    healed=standing.healed,
                    accepted=standing.accepted,
                    signed_off_by=cursor.signed_off_by,
                    healed_by=cursor.heal_by or None,
                    approved_by=cursor.heal_approver or None,
                    report=report.key,
                    evidence=report,
                    headline=kept.headline if told else None,
                    summary=kept.summary if told else None,
                )
            )
        except (BadInput, NotFound) as error:
            return self.store.save(replace(cursor, told=mark, problem=f"not told: {error}"))
        return self.store.save(replace(cursor, told=mark))

    def _compared(self, cursor: Cursor) -> None:
        compared: Counter[str] = Counter()
        differing: Counter[str] = Counter()
        for each in self.store.workspaces(cursor.id):
            compared.update(str(placed(name)[0]) for name in each.subscriptions)
        for one in self.store.found(cursor.id):
            if one.state is State.OPEN:
                differing[str(one.mismatch.identity)] += 1
        for identity in cursor.identities:
            if total := compared[str(identity)]:
                found = Comparison(self.now(), total, min(total, differing[str(identity)]))
                self.compared.record(identity, found)


def _mark(cursor: Cursor, standing: Standing) -> str:
    """The same while there is nothing new to tell."""
    text = f"{standing}|{cursor.full}|{cursor.signed_off_by}|{cursor.signed_off_at}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def note(cursor: Cursor, notes: Notes) -> None:
    """How far it has come, for operators; and a count where it has stalled."""
    notes.info(
        Event.RECONCILIATION_DRIVEN,
        reconciliation=cursor.id,
        stage=cursor.stage,
        full=cursor.full,
        calls=cursor.calls,
        problem=cursor.problem or None,
    )
    if cursor.stage is Stage.STALLED:
        notes.count(Metric.RECONCILIATIONS_STALLED)
