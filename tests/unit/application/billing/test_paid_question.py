"""What is asked of payment is asked within bounds, and a person is told where nobody answers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tocsin.adapters.billing.projection.memory import MemoryProjection, MemoryQuarantine
from tocsin.application.billing.projection.project import MAX_ATTEMPTS, Projector
from tocsin.billing.event import Problem
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ordering import Answer, Verdict
from tocsin.billing.projection.paid import Paid
from tocsin.billing.projection.refetch import LedgerReplay, Reason, RefetchRequest
from tocsin.billing.subscription import Status, Subscription

if TYPE_CHECKING:
    from tocsin.application.billing.projection.outcome import Projected

DAY = 86_400
START = 1_790_000_000
STRIPE = Identity("stripe", "acct_1", "live")
PAST_DUE = Subscription(
    "sub_1", Status.PAST_DUE, "past_due", "team", START + 20 * DAY, period_start=START - 10 * DAY
)


@dataclass
class Provider:
    """Knows the subscription, and may not say what was paid; requests wait for their time."""

    answers: bool = True
    tells_payment: bool = False
    now: int = START
    asked: Counter[str] = field(default_factory=Counter)
    waiting: list[tuple[int, RefetchRequest]] = field(default_factory=list)

    def fetch(self, _identity: Identity, _subscription: str) -> Answer:
        self.asked["subscription"] += 1
        if not self.answers:
            return Answer(Verdict.FAILED, detail="HTTP 503")
        return Answer(Verdict.FOUND, PAST_DUE, self.now, aged=False, elapsed=0.1, http_status=200)

    def paid(self, _identity: Identity, _subscription: str) -> Paid | None:
        self.asked["payment"] += 1
        return Paid() if self.tells_payment else None

    def given_back(self, *_: object) -> None:
        raise AssertionError("nothing was given back")

    def send(self, request: RefetchRequest | LedgerReplay, *, delay: int) -> None:
        assert isinstance(request, RefetchRequest)
        self.waiting.append((self.now + delay, request))


class World:
    def __init__(self) -> None:
        self.provider, self.quarantine = Provider(), MemoryQuarantine()
        self.projector = Projector(
            projection=MemoryProjection(),
            client=self.provider,
            queue=self.provider,
            quarantine=self.quarantine,
            invoices=self.provider,
        )

    def handle(self, request: RefetchRequest) -> Projected:
        return self.projector.refetch(request, now=self.provider.now)

    def run(self, *, days: int) -> Counter[str | None]:
        """Handles what waits, each at its time; the problems that were told."""
        told: Counter[str | None] = Counter()
        end, waiting = self.provider.now + days * DAY, self.provider.waiting
        while waiting and min(at for at, _ in waiting) < end:
            first = min(waiting, key=lambda one: one[0])
            waiting.remove(first)
            self.provider.now = first[0]
            told[self.handle(first[1]).problem] += 1
        return told


@pytest.fixture
def world() -> World:
    return World()


def test_a_question_nobody_answers_ends_and_a_person_is_told(world: World) -> None:
    """A key that reads subscriptions and no invoices never gets an answer."""
    world.handle(RefetchRequest(STRIPE, "sub_1", Reason.ASKED, START))
    told = world.run(days=10)
    assert world.provider.waiting == []
    # A few more, for the answer that came early is confirmed, which asks anew.
    assert MAX_ATTEMPTS < world.provider.asked["payment"] < MAX_ATTEMPTS + 10
    assert told[Problem.PROVIDER_UNREACHABLE] == 1
    assert told[Reason.FAILED] == world.provider.asked["payment"] - 2, "but for first and last"
    (poison,) = world.quarantine.kept("stripe")
    assert poison.reason == Problem.PROVIDER_UNREACHABLE


def test_an_answer_ends_the_questions(world: World) -> None:
    world.handle(RefetchRequest(STRIPE, "sub_1", Reason.ASKED, START))
    world.provider.tells_payment = True
    world.run(days=10)
    assert world.provider.waiting == []
    assert world.provider.asked["payment"] == 2


def test_a_request_handed_over_a_little_early_is_not_lost(world: World) -> None:
    """The clock of the machine that sent it was ahead."""
    world.provider.answers = False
    world.handle(RefetchRequest(STRIPE, "sub_1", Reason.FAILED, START))
    ((due, again),) = world.provider.waiting
    world.provider.now, world.provider.answers = due - 10, True
    world.handle(again)
    assert world.provider.asked["subscription"] == 2


def test_a_message_that_comes_twice_leaves_one_successor(world: World) -> None:
    """Its function was killed after it had sent the next one, and before it had said so."""
    world.provider.answers = False
    request = RefetchRequest(STRIPE, "sub_1", Reason.FAILED, START)
    for _ in range(5):
        world.handle(request)
    assert len(world.provider.waiting) == 1
    assert world.provider.asked["subscription"] == 1
