"""What must hold of billing, whatever a provider does: in the end our rows are the truth.

The truth is read in the provider's own words, from what the sandbox has
(docs.stripe.com/api/subscriptions/object), and by nothing of ours.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tocsin.application.billing.access.approvals import Person
from tocsin.application.billing.reconcile.desk import Wish as Comparing
from tocsin.application.billing.replay.desk import Wish as Replaying
from tocsin.billing.checkout.leg import ABSENCE_PROVES, MAY_LIVE
from tocsin.billing.reconcile.work import Scope, Stage, State
from tocsin.billing.replay.cursor import NOTHING_FOUND, Window
from tocsin.simulation.billing.office import IDENTITY
from tocsin.simulation.desk import GROUPS
from tocsin.simulation.fault import Fault

if TYPE_CHECKING:
    from tocsin.billing.subscription import Subscription
    from tocsin.simulation.billing.office import Office

_WEEK = 7 * 86_400
_OVER = 86_400 + 2 * ABSENCE_PROVES
"""Seconds from when a page was made until nobody can pay it any more, whoever's clock is asked."""
_INVOCATIONS = 400
_COMMANDER = Person(name="ana", groups=GROUPS["ana"])


@dataclass(slots=True)
class BillingLaws:
    """Looks at the books of an office; `met` counts what of interest was met."""

    office: Office
    met: Counter[str]
    _proven: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Raises `Fault` for the first law that does not hold."""
        self._nothing_is_set_aside()
        self._what_is_proven()
        self._rows_are_true(but=self.office.books.unsettled())
        self._what_can_be_paid_is_known()

    def _what_can_be_paid_is_known(self, *, for_good: bool = False) -> None:
        """A page that can be paid, and a subscription that runs, belong to a leg that says so.

        Or, until all that it came to is known `for_good`, to one that a list said nothing of and
        that is looked for again by when the page could no longer be paid.
        """
        running: Counter[str] = Counter()
        for page in self.office.shop.pages():
            intent = self.office.shop.intents.load(page.intent)
            legs = {leg.key: leg for leg in intent.legs} if intent else {}
            leg = legs.get(page.leg)
            if leg is not None and leg.state in MAY_LIVE:
                running[page.intent] += page.running
            elif leg is None or for_good or not 0 < leg.look_again_at <= page.made + _OVER:
                state = leg and leg.state
                raise Fault(f"{page.name} of {page.provider} can be paid or runs, its leg: {state}")
            else:
                self.met["pages a list had not"] += 1
        for name, many in running.items():
            intent = self.office.shop.intents.load(name)
            if many > 1 and (intent is None or intent.double is None or intent.settled):
                raise Fault(f"{many} subscriptions run for {name}, and nobody is told")

    def _checkouts_end(self) -> None:
        """Once providers are well all is settled but what only a person may decide."""
        shop, books = self.office.shop, self.office.books
        for wait in (ABSENCE_PROVES + 60, _OVER):
            books.pass_until(books.at + wait)
            for _ in range(3 + len(shop.intents.intents) // 10):
                shop.settle()
                books.pass_until(books.at + 60)
        self._what_can_be_paid_is_known(for_good=True)
        alive = Counter(page.intent for page in shop.pages())
        for intent in shop.intents.intents.values():
            certain = intent.double is not None and intent.double.certain
            # Of who lists nothing at all nobody can say what was not made.
            open_ended = any(leg.provider not in shop.listing for leg in intent.to_settle)
            if not certain and not intent.settled and not open_ended:
                raise Fault(f"{intent.id} is never settled: {[leg.state for leg in intent.legs]}")
            if not certain and alive[intent.id] > 1:
                raise Fault(f"{intent.id} can be paid {alive[intent.id]} times")

    def at_the_end(self) -> None:
        """The provider is well again, and people put right what was lost. Raises `Fault`."""
        books = self.office.books
        books.alone = True
        books.losing_until = books.stripe.failing_until = books.stripe.account.ungenerated = 0
        self.office.shop.razorpay.failing_until = 0
        self._checkouts_end()
        if not books.drained(within=_WEEK):
            raise Fault("billing: something is on its way for a week")
        self._replayed()
        if left := books.missing():
            raise Fault(f"I10: after a replay {sorted(left)} are still missing")
        self._reconciled()
        self._nothing_is_set_aside()
        self._rows_are_true(but=set())

    def _nothing_is_set_aside(self) -> None:
        for poison in self.office.books.quarantine.items.values():
            raise Fault(f"nothing of it was poison: {poison.id}, {poison.reason}: {poison.detail}")

    def _what_is_proven(self) -> None:
        """A replay that says it is proven has left nothing of its window out."""
        for name in self.office.replays.of(IDENTITY, limit=100):
            cursor = self.office.replays.load(name)
            if cursor is None or not cursor.proven or cursor.dry_run or name in self._proven:
                continue
            self._proven.add(name)
            made = self.office.books.stripe.made_between(cursor.window.start, cursor.window.end)
            held = {key.sk for key in self.office.books.ledger.records}
            if left := sorted(made - held):
                raise Fault(f"I9: {name} is proven, and {left} are missing")

    def _rows_are_true(self, *, but: set[str | None]) -> None:
        """Of subscriptions of which all has come that was made."""
        books = self.office.books
        for name, truth in books.stripe.truth().items():
            if name in but:
                continue
            row = books.projection.read(IDENTITY, name)
            ours = _in_ours(row.subscription) if row and row.subscription else None
            if ours != (theirs := _in_its_words(truth)):
                raise Fault(f"I8: {name} is {theirs}, and we hold {ours}")
            self.met["rows seen true"] += 1

    def _replayed(self) -> None:
        """Everything of the life, once more; and a second time, which finds nothing."""
        for again in (False, True):
            now = self.office.now()
            wish = Replaying(
                identity=IDENTITY,
                window=Window(now - 29 * 86_400, now),
                person=_COMMANDER.name,
                groups=_COMMANDER.groups,
                dry_run=False,
                override="the provider says it is well",
            )
            self._end_what_runs()
            cursor, _ = self.office.replay_desk.start(wish)
            for _ in range(_INVOCATIONS):
                done = self.office.drive_replay(cursor.id, steps=100)
                if done is not None and done.ended:
                    break
            else:
                raise Fault(f"{cursor.id} does not end")
            if not done.proven and done.doubt != NOTHING_FOUND:
                raise Fault(f"{cursor.id} ended without proof: {done.doubt or done.problem}")
            if again and done.first.inserted:
                raise Fault(f"I9: a second replay put {done.first.inserted} back")

    def _end_what_runs(self) -> None:
        for name in self.office.replays.of(IDENTITY, limit=100):
            cursor = self.office.replays.load(name)
            if cursor is not None and not cursor.ended:
                self.office.replay_desk.cancel(
                    name,
                    person=_COMMANDER.name,
                    groups=_COMMANDER.groups,
                    reason="another one is started",
                )

    def _reconciled(self) -> None:
        """What no event ever told is found by comparing, and healed; then nothing is left."""
        office = self.office
        office.incidents = _NoIncident()
        desk = office.reconcile_desk()
        for again in (False, True):
            now = office.now()
            wish = Comparing(scope=Scope.FULL, start=now - 86_400, end=now)
            cursor, _ = desk.start(wish, _COMMANDER)
            self._compared(cursor.id)
            found = list(office.reconciliations.found(cursor.id))
            if again and found:
                raise Fault(f"compared again, and found {[each.mismatch for each in found]}")
            if found:
                self.met["mismatches healed"] += len(found)
                desk.heal(cursor.id, (), _COMMANDER)
                self._compared(cursor.id)
                left = [
                    each
                    for each in office.reconciliations.found(cursor.id)
                    if each.state is State.OPEN
                ]
                if left:
                    raise Fault(f"not healed: {left[0].mismatch}: {left[0].note}")
            if not office.books.drained(within=_WEEK):
                raise Fault("billing: something is on its way for a week")

    def _compared(self, name: str) -> None:
        for _ in range(_INVOCATIONS):
            done = self.office.drive_reconciliation(name, steps=100)
            if done is not None and done.stage is Stage.READY:
                return
        raise Fault(f"{name} does not come to an end")


class _NoIncident:
    """No billing incident is open: implements `ports.billing.projection.OpenIncidents`."""

    def billing(self) -> tuple[str, ...]:
        return ()


def _in_its_words(truth: dict[str, Any]) -> dict[str, Any]:
    """A subscription with one item."""
    item = truth["items"]["data"][0]
    end = item["current_period_end"]
    return {
        "status": truth["status"],
        "price": item["price"]["id"],
        "quantity": item["quantity"],
        "current_period_end": end,
        "cancel_at_period_end": truth["cancel_at_period_end"] or truth["cancel_at"] == end,
        "pause_collection": truth["pause_collection"] is not None,
        "workspace": truth["metadata"]["workspace_id"],
    }


def _in_ours(held: Subscription) -> dict[str, Any]:
    return {
        "status": held.raw_status,
        "price": held.plan,
        "quantity": held.quantity,
        "current_period_end": held.period_end,
        "cancel_at_period_end": held.ends_at_period_end,
        "pause_collection": held.collection_paused,
        "workspace": held.workspace,
    }
