"""The reconciliations that a schedule starts: one for each of its turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.billing.reconcile.work import HOUR, Cursor, Scope, Tally
from tocsin.errors import BadInput, CommandRepeated
from tocsin.notes import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.billing.reconcile.accounts import Accounts
    from tocsin.notes import Notes
    from tocsin.ports.billing.reconcile import ReconciliationStore

LOOK_BACK = {Scope.RECENT: HOUR, Scope.SAMPLE: 24 * HOUR}
EVERY = {Scope.RECENT: 900, Scope.SAMPLE: 24 * HOUR}
STARTED_BY = "schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Starts reconciliations of what `accounts` says can be compared; `drive` wakes who drives."""

    store: ReconciliationStore
    drive: Callable[[str], None]
    accounts: Callable[[], Accounts]
    now: Callable[[], int]
    notes: Notes

    def start(self, event: Mapping[str, Any]) -> dict[str, str]:
        """One for each turn of the schedule, however often that turn is taken; says which.

        Raises:
            BadInput: no schedule of ours asks so.
        """
        scope, now, accounts = _scope(event), self.now(), self.accounts()
        turn = now - now % EVERY[scope]
        name = f"REC-{scope}-{turn}"
        cursor = Cursor(
            id=name,
            identities=accounts.compared,
            left=accounts.left,
            scope=scope,
            start=now - LOOK_BACK[scope],
            end=now,
            seed=name,
            started_at=now,
            started_by=STARTED_BY,
            tally=Tally(),
        )
        try:
            self.store.create(cursor)
        except CommandRepeated:
            self.notes.info(
                Event.RECONCILIATION_LEFT, reconciliation=name, code=CommandRepeated.code
            )
        self.drive(name)
        return {"reconciliation": name}


def _scope(event: Mapping[str, Any]) -> Scope:
    try:
        scope = Scope(event["scope"])
    except (KeyError, ValueError) as error:
        raise BadInput("a schedule says which `scope` it wants") from error
    if scope not in EVERY:
        raise BadInput(f"{scope} is not done by a schedule")
    return scope
