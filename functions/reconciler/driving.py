"""What the reconciler does when it is woken; apart from the handler, so that tests can drive it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.adapters.billing.replay.drive_queue import read_drive
from tocsin.billing.outage.divergence import Comparison
from tocsin.billing.reconcile.work import HOUR, Cursor, Scope, Stage, State, Tally
from tocsin.errors import BadInput, CommandRepeated, TocsinError, VersionConflict
from tocsin.notes import Event, Metric
from tocsin.runtime.batch import failures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tocsin.application.billing.reconcile.drive import Reconciler
    from tocsin.billing.identity import Identity
    from tocsin.notes import Notes
    from tocsin.ports.billing.outage import ComparisonLog

RESERVE_MS = 60_000
"""Kept for the step that is under way: a few workspaces, each asked for at the provider."""

LOOK_BACK = {Scope.RECENT: HOUR, Scope.SAMPLE: 24 * HOUR}
EVERY = {Scope.RECENT: 900, Scope.SAMPLE: 24 * HOUR}
STARTED_BY = "schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """A reconciler, the queue that wakes it, and what follows when it is ready.

    The queue wakes it at once (`drive`), or to `look_again` minutes later.
    `tell` puts the standing into its incident; `compared` is where the outage watch reads it.
    """

    reconciler: Reconciler
    drive: Callable[[str], None]
    look_again: Callable[[str], None]
    tell: Callable[[Cursor], Cursor]
    compared: ComparisonLog
    accounts: Callable[[], Sequence[Identity]]
    now: Callable[[], int]
    notes: Notes

    def handle(self, event: Mapping[str, Any], remaining_ms: Callable[[], int]) -> dict[str, Any]:
        """Drives what messages name; what fails is named in turn. Without messages: a schedule."""
        if "Records" not in event:
            return {"reconciliation": self._start(_scope(event))}
        failed: list[str] = []
        for message in event["Records"]:
            try:
                self._drive(read_drive(message["body"], work="reconciliation"), remaining_ms)
            except Exception as error:  # noqa: BLE001 - the queue keeps the message, and we the reason
                _note_failure(error, self.notes)
                failed.append(str(message["messageId"]))
        return failures(failed)

    def _start(self, scope: Scope) -> str:
        """One for each turn of the schedule, however often that turn is taken."""
        now = self.now()
        turn = now - now % EVERY[scope]
        name = f"REC-{scope}-{turn}"
        cursor = Cursor(
            id=name,
            identities=tuple(self.accounts()),
            scope=scope,
            start=now - LOOK_BACK[scope],
            end=now,
            seed=name,
            started_at=now,
            started_by=STARTED_BY,
            tally=Tally(),
        )
        try:
            self.reconciler.store.create(cursor)
        except CommandRepeated:
            self.notes.info(
                Event.RECONCILIATION_LEFT, reconciliation=name, code=CommandRepeated.code
            )
        self.drive(name)
        return name

    def _drive(self, name: str, remaining_ms: Callable[[], int]) -> None:
        try:
            cursor = self.reconciler.run(name, go_on=lambda: remaining_ms() > RESERVE_MS)
            if cursor.stage is Stage.READY:
                self._compared(cursor)
                cursor = self.tell(cursor)
        except VersionConflict as error:
            self.notes.info(Event.RECONCILIATION_LEFT, reconciliation=name, code=error.code)
            # Whoever wrote last may hold this very message, which is done with now, and may die.
            self.look_again(name)
            return
        self.notes.info(
            Event.RECONCILIATION_DRIVEN,
            reconciliation=name,
            stage=cursor.stage,
            full=cursor.full,
            calls=cursor.calls,
            problem=cursor.problem or None,
        )
        if cursor.stage is Stage.STALLED:
            self.notes.count(Metric.RECONCILIATIONS_STALLED)
        elif not cursor.idle:
            self.drive(name)

    def _compared(self, cursor: Cursor) -> None:
        """Tells the outage watch, account by account, how many differ of how many."""
        store = self.reconciler.store
        compared: Counter[str] = Counter()
        differing: Counter[str] = Counter()
        for each in store.workspaces(cursor.id):
            compared.update(name.rpartition("#")[0] for name in each.subscriptions)
        for one in store.found(cursor.id):
            if one.state is State.OPEN:
                differing[str(one.mismatch.identity)] += 1
        for identity in cursor.identities:
            if total := compared[str(identity)]:
                found = Comparison(self.now(), total, min(total, differing[str(identity)]))
                self.compared.record(identity, found)


def _scope(event: Mapping[str, Any]) -> Scope:
    """What a schedule asks for.

    Raises:
        BadInput: no schedule of ours asks so.
    """
    try:
        scope = Scope(event["scope"])
    except (KeyError, ValueError) as error:
        raise BadInput("a schedule says which `scope` it wants") from error
    if scope not in EVERY:
        raise BadInput(f"{scope} is not done by a schedule")
    return scope


def _note_failure(error: Exception, notes: Notes) -> None:
    code = error.code if isinstance(error, TocsinError) else "bug"
    notes.failed(Event.RECORD_FAILED, error)
    notes.count(Metric.UNEXPECTED_ERRORS, code=code)
