"""From a stored event to a projection that equals the provider's state, in whatever order.

The decisions are `billing.projection.ordering`'s; here is the traffic around them. One conditional
write is the usual case. A row that stands in the way comes back with the refusal and decides. A
provider that does not answer is asked again later, by one delayed request per subscription, so
that its outage cannot become a storm of ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tocsin.application.billing.projection.given_back import GivingBack
from tocsin.application.billing.projection.outcome import Outcome, Projected
from tocsin.billing.event import EventClass, Problem
from tocsin.billing.projection import learning, ordering
from tocsin.billing.projection.ledger_key import key_of
from tocsin.billing.projection.ordering import Decision, Question, Verdict
from tocsin.billing.projection.paid import ASKED_ABOUT, NOTHING, Paid
from tocsin.billing.projection.quarantine import Poison
from tocsin.billing.projection.refetch import Reason, RefetchRequest
from tocsin.billing.provider import PROVIDERS
from tocsin.billing.subscription import Status
from tocsin.errors import StoreUnavailable

if TYPE_CHECKING:
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Answer, Row
    from tocsin.billing.projection.told import BillingEvent
    from tocsin.ports.billing.projection import (
        InvoiceSource,
        Projection,
        ProviderClient,
        Quarantine,
        RefetchQueue,
    )

MAX_RACES = 3
KEEP_RACES = 20
FIRST_DELAY = 30
LONGEST_DELAY = 900
PENDING_GRACE = 120
"""How long after its time a delayed request still counts as on its way. Seconds."""

EARLY = 15
"""How much before its time a delayed request may be handed over, clocks that differ and all.
Seconds; less than `FIRST_DELAY`."""

MAX_ATTEMPTS = 200
"""About two days of asking. Then a person is told; the projection stays as it is."""


@dataclass(frozen=True, slots=True)
class Projector:
    """Keeps projections right. `confirmed` names the providers whose early answers are checked.

    `invoices` tells what was paid; without it nothing is asked about payment.
    """

    projection: Projection
    client: ProviderClient
    queue: RefetchQueue
    quarantine: Quarantine
    confirmed: frozenset[str] = field(default=frozenset(PROVIDERS))
    invoices: InvoiceSource | None = None

    def project(self, event: BillingEvent, *, now: int) -> Projected:
        """Handles one event; `now` is the wall clock in epoch seconds.

        Raises:
            StoreUnavailable: nothing is known to have been done; try the event again.
            QueueUnavailable: the same.
        """
        if event.event_class is EventClass.GIVEN_BACK:
            back = GivingBack(self.projection, self.invoices, self.queue, self.quarantine)
            return back.take(event, now=now)
        if event.event_class is EventClass.IRRELEVANT or event.subscription is None:
            return Projected(Outcome.IRRELEVANT)
        row: Row | None
        if event.event_class is EventClass.SNAPSHOT and event.invoices is None:
            applied = self.projection.apply(event, now=now)
            if applied.done:
                result = Projected(Outcome.APPLIED, rev_changed=True)
                asked = event.snapshot is not None and event.snapshot.status in ASKED_ABOUT
                return self._paid(event, result, now=now) if asked else result
            row = applied.row
        else:
            row = self.projection.read(event.identity, event.subscription)
        result = self._with_row(event, event.subscription, row, now=now)
        return self._paid(event, result, now=now)

    def _paid(self, event: BillingEvent, result: Projected, *, now: int) -> Projected:
        about, subscription = _second(event, now), event.subscription or ""
        later = RefetchRequest(event.identity, subscription, Reason.FAILED, about, since=now)
        return self._know_paid(later, result, now=now)

    def _know_paid(self, later: RefetchRequest, result: Projected, *, now: int) -> Projected:
        """Asks for the paid invoices where access hangs on them and they are not known.

        Without an answer `later` is sent: it asks again, and has to count what was tried before.
        Done after the row is written, and looked for again whenever the event comes again: a
        process that dies in between leaves nothing undone for good.
        """
        if self.invoices is None or result.outcome in _NO_ROW:
            return result
        row = result.last
        for race in range(MAX_RACES):
            if race or row is None:
                row = self.projection.read(later.identity, later.subscription)
            known = row.subscription if row else None
            if row is None or known is None or not row.paid.has_to_be_asked(known, now=now):
                return result
            if (row.pending_until or 0) > now:
                return result
            told = self.invoices.paid(later.identity, later.subscription)
            result = replace(result, about_payment=result.about_payment + 1)
            if told is None:
                return replace(result, problem=self._later(later, row, now=now).problem)
            told = told.with_(row.paid.asked_about(known, at=now))
            change = learning.learn(row, told)
            if change is None or self.projection.write(later.identity, later.subscription, change):
                changed = change is not None and change.row.rev != row.rev
                return replace(result, rev_changed=result.rev_changed or changed)
        return result

    def _with_row(
        self, event: BillingEvent, subscription: str, row: Row | None, *, now: int
    ) -> Projected:
        requests = 0
        for _ in range(MAX_RACES):
            decision = ordering.decide(event, row, now=now)
            if decision in (Decision.DONE, Decision.STALE):
                learnt = row and learning.learn(row, event.told)
                if not learnt or self.projection.write(event.identity, subscription, learnt):
                    changed = bool(learnt and row and learnt.row.rev != row.rev)
                    last = learnt.row if learnt else row
                    outcome = Outcome(decision.value)
                    return Projected(outcome, requests, changed, problem=event.problem, last=last)
            elif decision is Decision.APPLY:
                change = ordering.apply(event, row)
                if self.projection.write(event.identity, subscription, change):
                    changed = change.row.rev != (row.rev if row else 0)
                    return Projected(Outcome.APPLIED, requests, changed, last=change.row)
            elif row is not None and (row.pending_until or 0) > now:
                touched = learning.touch(row, event.told)
                if self.projection.write(event.identity, subscription, touched):
                    return Projected(Outcome.DEFERRED, requests, problem=event.problem)
            else:
                requests += 1
                question = _question(event, now)
                result = self._ask(
                    event.identity, subscription, row, question, now=now, told=event.told
                )
                if result is not None:
                    return _counted(result, requests, event.problem)
            row = self.projection.read(event.identity, subscription)
        request = RefetchRequest(
            event.identity, subscription, Reason.RACES, _second(event, now), since=now
        )
        later = self._later(request, row, now=now, told=event.told)
        return _counted(later, requests, event.problem)

    def refetch(self, request: RefetchRequest, *, now: int) -> Projected:
        """Handles one delayed request. Raises as `project` does."""
        result = self._refetch(request, now=now)
        first = replace(request, reason=Reason.FAILED, attempt=1, since=now)
        later = request.again(now) if request.reason is Reason.FAILED else first
        return self._know_paid(later, result, now=now)

    def _refetch(self, request: RefetchRequest, *, now: int) -> Projected:
        confirming = request.reason is Reason.CONFIRM
        row: Row | None = None
        for races in range(MAX_RACES):
            row = self.projection.read(request.identity, request.subscription)
            if confirming:
                if row is None or row.confirm_at is None:
                    return Projected(Outcome.DONE, races, last=row)  # it was confirmed meanwhile
                if row.confirm_at > now + PENDING_GRACE:
                    # Newer early answers came since; one check after the last of them is enough.
                    self.queue.send(request, delay=min(row.confirm_at - now, LONGEST_DELAY))
                    return Projected(Outcome.DEFERRED, races)
            elif request.reason in _TRIED_AGAIN and _is_underway(row, now=now):
                return Projected(Outcome.DEFERRED, races, last=row)
            question = Question(about=request.about, confirming=confirming)
            result = self._ask(
                request.identity, request.subscription, row, question, now=now, request=request
            )
            if result is not None:
                return _counted(result, races + 1, None)
        return _counted(self._later(request.again(now), row, now=now), MAX_RACES, None)

    def _ask(
        self,
        identity: Identity,
        subscription: str,
        row: Row | None,
        question: Question,
        *,
        now: int,
        request: RefetchRequest | None = None,
        told: Paid = NOTHING,
    ) -> Projected | None:
        """Asks once and writes the answer; None if somebody else wrote in between."""
        answer = self.client.fetch(identity, subscription)
        if answer.verdict is Verdict.FAILED:
            later = (
                RefetchRequest(identity, subscription, Reason.FAILED, question.about, since=now)
                if request is None
                else request.again(now)
            )
            return self._later(later, row, now=now, told=told)
        if answer.verdict is not Verdict.FOUND:
            self._keep(identity, subscription, told)
            self._set_aside(identity, subscription, answer, question, now=now)
            return Projected(Outcome.QUARANTINED, problem=answer.verdict.value)
        confirm = identity.provider in self.confirmed
        change = ordering.record_answer(row, answer, question, now=now, confirm=confirm, told=told)
        self._confirm(identity, subscription, row, change.row, question, now=now)
        if not self.projection.write(identity, subscription, change):
            return None
        unknown = answer.subscription is not None and answer.subscription.status is Status.UNKNOWN
        return Projected(
            Outcome.FETCHED,
            rev_changed=change.row.rev != (row.rev if row else 0),
            left_terminal=ordering.leaves_terminal(row, answer),
            problem=Problem.UNKNOWN_STATUS if unknown else None,
            last=change.row,
        )

    def _confirm(
        self,
        identity: Identity,
        subscription: str,
        before: Row | None,
        after: Row,
        question: Question,
        *,
        now: int,
    ) -> None:
        """Sends the confirming request before the row says it is on its way, unless one is.

        The one being handled is not on its way any more.
        """
        wish = 0 if before is None or question.confirming else before.confirm_at or 0
        underway = wish + PENDING_GRACE > now
        if after.confirm_at == now + ordering.CONFIRM_DELAY and not underway:
            request = RefetchRequest(identity, subscription, Reason.CONFIRM, question.about)
            self.queue.send(request, delay=ordering.CONFIRM_DELAY)

    def _later(
        self, request: RefetchRequest, row: Row | None, *, now: int, told: Paid = NOTHING
    ) -> Projected:
        """One delayed request for this subscription: sent, then noted on the row.

        Sent first: a note without a request would silence the subscription, a request without a
        note only costs one more question.
        """
        if request.attempt > MAX_ATTEMPTS:
            answer = ordering.Answer(Verdict.FAILED, detail=f"{request.attempt - 1} attempts")
            self._set_aside(
                request.identity, request.subscription, answer, Question(request.about), now=now
            )
            return Projected(Outcome.QUARANTINED, problem=Problem.PROVIDER_UNREACHABLE)
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(request.attempt - 1, 10))
        self.queue.send(request, delay=delay)
        note = learning.await_answer(row, until=now + delay + PENDING_GRACE, told=told)
        if not self.projection.write(request.identity, request.subscription, note):
            self._keep(request.identity, request.subscription, told)
        return Projected(Outcome.DEFERRED, problem=request.reason)

    def _keep(self, identity: Identity, subscription: str, told: Paid) -> None:
        """Keeps what an event tells of payment where nothing else of it is written.

        Raises:
            StoreUnavailable: somebody else wrote each time; the event comes again.
        """
        for _ in range(KEEP_RACES):
            row = self.projection.read(identity, subscription)
            change = None if row is None else learning.learn(row, told)
            if change is None or self.projection.write(identity, subscription, change):
                return
        raise StoreUnavailable(f"{subscription} changes too fast")

    def _set_aside(
        self,
        identity: Identity,
        subscription: str,
        answer: Answer,
        question: Question,
        *,
        now: int,
    ) -> None:
        failed = answer.verdict is Verdict.FAILED
        self.quarantine.put(
            Poison(
                provider=identity.provider,
                id=question.event_id or subscription,
                reason=Problem.PROVIDER_UNREACHABLE if failed else answer.verdict.value,
                detail=answer.detail or f"HTTP {answer.http_status}",
                first_seen=question.about if question.event_id else now - now % 3600,
                ledger_pk=question.ledger_pk,
                identity=str(identity),
                subscription=subscription,
            )
        )


_NO_ROW = frozenset({Outcome.DEFERRED, Outcome.IRRELEVANT, Outcome.QUARANTINED})
_TRIED_AGAIN = frozenset({Reason.FAILED, Reason.RACES})


def _is_underway(row: Row | None, *, now: int) -> bool:
    """Whether a later request was sent: a message that comes twice must not leave two of them."""
    return row is not None and (row.pending_until or 0) > now + PENDING_GRACE + EARLY


def _question(event: BillingEvent, now: int) -> Question:
    pk = key_of(event.identity, event.id, event.created).pk
    return Question(about=_second(event, now), event_id=event.id, ledger_pk=pk)


def _second(event: BillingEvent, now: int) -> int:
    return now if event.created is None else event.created


def _counted(result: Projected, requests: int, problem: str | None) -> Projected:
    return replace(result, requests=requests, problem=result.problem or problem)
