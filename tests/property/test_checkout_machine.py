"""Random lives of checkouts at two failing providers, with crashes: money is never lost sight of.

The adversary chooses how each provider fails, when the store fails, when a breaker's state is
lost, when customers pay (any page that exists, shown or not) and when time passes. After each
step: whatever can be or is paid for belongs to a leg that says so; two running subscriptions of
one intent are listed; who was sent to a page can pay there; a breaker that is open lets nothing
through. Counters prove that the interesting states were reached.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import Phase as HypothesisPhase
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.harness.worlds.checkout import MODES, POLICY, CheckoutWorld
from tocsin.application.billing.checkout.settle import every_unsettled
from tocsin.application.billing.outage.checkout_probes import CheckoutProbes, probe_shut
from tocsin.billing.checkout.attempts import Result
from tocsin.billing.checkout.breaker import Phase
from tocsin.billing.checkout.decision import DoubleDecision, Remedy
from tocsin.billing.checkout.doubles import decide
from tocsin.billing.checkout.leg import ABSENCE_PROVES, ABSENT, MAY_LIVE, PAGE_LIFE, Leg, LegState
from tocsin.errors import TocsinError

REACHED: Counter[str] = Counter()
names = st.sampled_from(["stripe", "razorpay"])
picks = st.integers(min_value=0, max_value=50)


class CheckoutMachine(RuleBasedStateMachine):
    """One world of checkouts."""

    def __init__(self) -> None:
        super().__init__()
        self.world = CheckoutWorld()
        self.keys = 0
        self.reached: tuple[int, str] | None = None

    @rule(again=st.booleans(), pick=picks, region=st.sampled_from(["IN", "US"]))
    def buy(self, *, again: bool, pick: int, region: str) -> None:
        if again and self.keys:
            key = f"k{pick % self.keys}"
        else:
            key, self.keys = f"k{self.keys}", self.keys + 1
        world = self.world
        cooling = {
            name: (breaker.since + breaker.cooling, len(world.providers[name].calls))
            for name, identity in POLICY.accounts.items()
            if (breaker := world.breakers.load(identity)).phase is Phase.OPEN
        }
        before, began = world.breakers.writes, world.now
        try:
            offered = world.buy(key, region=region if not again else self.region(key, region))
            REACHED["failed over"] += offered.failed_over
            session = world.providers[offered.leg.provider].sessions[offered.leg.key]
            assert session.state in {"open", "running"}, "sent to a page that cannot be paid"
        except TocsinError as error:
            REACHED[error.code] += 1
        for name, (until, calls) in cooling.items():
            if began + 10 < until:
                assert len(world.providers[name].calls) == calls, "an open breaker let one through"
                REACHED["held back"] += 1
        assert world.breakers.writes - before <= 4, "a breaker is written on transitions only"

    def region(self, key: str, default: str) -> str:
        for intent in self.world.intents.intents.values():
            if intent.workspace == f"ws_{key}":
                return intent.region
        return default

    @rule(
        modes=st.tuples(st.sampled_from(MODES), st.sampled_from(MODES)),
        count=st.integers(1, 6),
        apart=st.sampled_from([1, 31, 61]),
        again=st.booleans(),
    )
    def many_buy(self, *, modes: tuple[str, str], count: int, apart: int, again: bool) -> None:
        """A rush while the providers are in these moods; perhaps of the same customers again."""
        for provider, mode in zip(self.world.providers.values(), modes, strict=True):
            provider.mode = mode
        for number in range(count):
            self.buy(again=again, pick=number, region="US")
            self.world.pass_time(apart)

    @rule(name=names, mode=st.sampled_from(MODES))
    def fail(self, name: str, mode: str) -> None:
        self.world.providers[name].mode = mode

    @rule(
        name=names,
        readable=st.booleans(),
        lag=st.sampled_from([0, 60, 300, 7_200, 50_000]),
        told=st.booleans(),
    )
    def blind(self, *, name: str, readable: bool, lag: int, told: bool) -> None:
        provider = self.world.providers[name]
        provider.readable, provider.lag, provider.expire_answers = readable, lag, told

    @rule(how=st.sampled_from(["before", "after"]))
    def crash(self, how: str) -> None:
        self.world.intents.crash = how
        REACHED["crash"] += 1

    @rule()
    def asked_again_at_once(self) -> None:
        """The process dies with the call stored as sent, and the customer asks again."""
        self.world.intents.crash = "after"
        self.buy(again=False, pick=0, region="US")
        self.buy(again=True, pick=self.keys - 1, region="US")

    @rule(name=names)
    def lose_breaker(self, name: str) -> None:
        if self.world.breakers.breakers.pop(POLICY.accounts[name], None) is not None:
            REACHED["breaker lost"] += 1

    @rule(name=names, pick=picks)
    def pay(self, name: str, pick: int) -> None:
        payable = [s for s in self.world.providers[name].sessions.values() if s.state == "open"]
        if payable:
            payable[pick % len(payable)].state = "running"

    @rule(looked=st.booleans())
    def pay_twice(self, *, looked: bool) -> None:
        """Somebody pays every page there is for what they want once; perhaps it is seen at once."""
        for intent in self.world.intents.intents.values():
            pages = [
                session
                for provider in self.world.providers.values()
                for session in provider.sessions.values()
                if session.intent == intent.id and session.state == "open"
            ]
            if len(pages) > 1:
                for page in pages:
                    page.state = "running"
                if looked:
                    self.settle()
                return

    @rule(name=names, pick=picks)
    def person_ends(self, name: str, pick: int) -> None:
        doubles = [i.double for i in self.world.intents.intents.values() if i.double]
        for double in doubles:
            for leg in double.others:
                session = self.world.providers[leg.provider].sessions.get(leg.key)
                if double.certain and session and session.state == "running":
                    session.state = "ended"

    @rule(pick=picks)
    def person_decides(self, pick: int) -> None:
        """Whichever is kept, and though nobody carries it out, nothing is lost sight of."""
        for intent in list(self.world.intents.intents.values()):
            if (double := intent.double) is not None:
                legs = (double.kept, *double.others)
                keep = legs[pick % len(legs)].provider
                decision = DoubleDecision(keep, Remedy.REFUND, "why", "ana", pick, str(pick))
                try:
                    self.world.intents.save(decide(intent, decision))
                except TocsinError:
                    return
                REACHED["decided"] += 1

    @rule(key=picks, times=st.integers(1, 4), apart=st.sampled_from([5, 61, ABSENCE_PROVES // 2]))
    def one_customer_retries(self, *, key: int, times: int, apart: int) -> None:
        """In a quiet time, the same wish again and again."""
        if not self.keys:
            return
        for _ in range(times):
            self.world.pass_time(apart)
            self.buy(again=True, pick=key, region="US")
        REACHED["one customer retries"] += times

    @rule(quiet=st.integers(2, 12), waits=st.sampled_from([61, 301, 1_201]))
    def both_ill_and_one_recovers(self, *, quiet: int, waits: int) -> None:
        """Both are shut; then the stand-in is well, and nobody asks it but the watch."""
        for provider in self.world.providers.values():
            provider.mode = "down"
        for _ in range(6):
            self.buy(again=False, pick=0, region="US")
        shut = [name for name in POLICY.accounts if self.world.phase(name) is not Phase.CLOSED]
        REACHED["both ill"] += len(shut) == len(POLICY.accounts)
        self.world.razorpay.mode = "up"
        for _ in range(quiet):
            self.world.pass_time(waits)
            self.watch_asks()
            REACHED["quiet hour"] += 1
        if "razorpay" in shut and self.world.phase("razorpay") is Phase.CLOSED:
            REACHED["stand-in closed by the watch"] += 1

    @rule()
    def watch_asks(self) -> None:
        """One look of the outage watch at who is shut."""
        world = self.world
        probes = CheckoutProbes(world.intents, world, world.clock)
        for identity in POLICY.accounts.values():
            try:
                probe_shut(identity, world.breakers, probes, now=world.now)
            except TocsinError as error:
                REACHED[error.code] += 1

    @rule(name=names, lost=st.booleans())
    def key_lost(self, *, name: str, lost: bool) -> None:
        (self.world.keyless.add if lost else self.world.keyless.discard)(name)
        REACHED["key lost"] += lost

    @rule(name=names, lag=st.sampled_from([1_900, 7_200, 50_000]), paid=st.booleans())
    def a_list_is_hours_behind(self, *, name: str, lag: int, paid: bool) -> None:
        """An answer is lost, the list has others and not this one, and then the customer pays."""
        provider = self.world.providers[name]
        provider.mode, provider.readable, provider.lag = "late", True, lag
        self.buy(again=False, pick=0, region="IN" if name == "razorpay" else "US")
        provider.mode = "up"
        self.world.pass_time(ABSENCE_PROVES + 1)
        self.settle()
        for page in provider.sessions.values() if paid else ():
            if page.state == "open" and self.leg(page.intent, page.key).code == ABSENT:
                page.state = "running"
                REACHED["paid though absent"] += 1

    def leg(self, intent: str, key: str) -> Leg:
        return next(leg for leg in self.world.intents.intents[intent].legs if leg.key == key)

    @rule(count=st.integers(3, 8))
    def the_oldest_wait_for_a_person(self, count: int) -> None:
        """Doubles that are certain and that nobody decides; what is newer is settled past them."""
        world = self.world
        for provider in world.providers.values():
            provider.mode, provider.readable = "up", True
        world.keyless.clear()
        world.stripe.mode = "late"
        for _ in range(count):
            world.breakers.breakers.clear()
            self.buy(again=False, pick=0, region="US")
        for provider in world.providers.values():
            for session in provider.sessions.values():
                session.state = "running" if session.state == "open" else session.state
        world.stripe.mode = "up"
        self.settle()
        REACHED["the oldest undecided"] += count

    @rule(seconds=st.sampled_from([1, 20, 61, 301, ABSENCE_PROVES + 1, 4_000, PAGE_LIFE + 1]))
    def wait(self, seconds: int) -> None:
        self.world.pass_time(seconds)

    @rule()
    def settle(self) -> None:
        try:
            done = self.world.settle(after=self.reached)
        except TocsinError:
            return
        self.reached = done.reached
        REACHED["settled in turns"] += done.looked_at < done.waiting
        REACHED["settled past a failure"] += bool(done.failed) and done.looked_at > len(done.failed)
        REACHED["settled"] += done.settled
        REACHED["certain double"] += any(double.certain for double in done.doubles)
        REACHED["possible double"] += any(not double.certain for double in done.doubles)

    @invariant()
    def everything_payable_is_written_down(self) -> None:
        """By a leg that may live, or by one that a list had not and that is looked for again."""
        for provider in self.world.providers.values():
            for session in provider.sessions.values():
                over = self.world.now >= session.made_at + PAGE_LIFE
                if session.state == "running" or (session.state == "open" and not over):
                    leg = self.leg(session.intent, session.key)
                    latest = leg.last_call + PAGE_LIFE + ABSENCE_PROVES
                    looked_for = 0 < leg.look_again_at <= latest
                    assert leg.state in MAY_LIVE or looked_for, leg
                    REACHED["looked for again"] += leg.state not in MAY_LIVE

    @invariant()
    def two_that_run_are_listed(self) -> None:
        listed = {intent.id for intent in every_unsettled(self.world.intents)}
        for intent in self.world.intents.intents.values():
            running = {each.key for each in self.world.running(intent.id)}
            known = [leg for leg in intent.legs if leg.key in running and leg.state in MAY_LIVE]
            if len(known) > 1:
                REACHED["two run"] += 1
                assert intent.double is not None
                assert intent.id in listed
                assert intent.double.amount == intent.amount * len(intent.double.others)

    @invariant()
    def count(self) -> None:
        for identity in POLICY.accounts.values():
            REACHED[f"breaker {self.world.breakers.load(identity).phase}"] += 1
        for intent in self.world.intents.intents.values():
            for leg in intent.legs:
                REACHED[f"leg {leg.state}"] += 1
                REACHED["new key"] += leg.tries > 1
                REACHED["called absent"] += leg.code == ABSENT
            names = [leg.provider for leg in intent.legs]
            REACHED["asked again beside"] += len(names) > len(set(names))
        for attempt in self.world.intents.log:
            REACHED[f"attempt {attempt.result}"] += 1

    def teardown(self) -> None:
        """Once the providers are well, all is settled but what only a person may decide."""
        for provider in self.world.providers.values():
            provider.mode, provider.readable, provider.lag = "up", True, 0
            provider.expire_answers = True
        self.world.intents.crash = ""
        self.world.keyless.clear()
        for wait in (ABSENCE_PROVES + 60, PAGE_LIFE, 60):
            self.world.pass_time(wait)
            for _ in range(3 + 3 * len(self.world.intents.intents) // 50):
                self.settle()
        for page in self.world.pages():
            assert self.leg(page.intent, page.key).state in MAY_LIVE, page
        for intent in self.world.intents.intents.values():
            alive = [page for page in self.world.pages() if page.intent == intent.id]
            double = intent.double
            assert intent.look_again_at is None, intent
            assert intent.settled or (double is not None and double.certain), intent
            assert len(alive) <= 1 or (double is not None and double.certain), intent


MOVES = (
    "both ill",
    "quiet hour",
    "stand-in closed by the watch",
    "one customer retries",
    "called absent",
    "the oldest undecided",
    "key lost",
)
"""What providers that are odd rather than down come to: a thousand times each at the full size."""

WANTED = (
    *MOVES,
    "looked for again",
    "paid though absent",
    "asked again beside",
    "settled past a failure",
    "failed over",
    "no_payment_path",
    "checkout_in_progress",
    "checkout_completed",
    "held back",
    "crash",
    "breaker lost",
    "settled",
    "certain double",
    "possible double",
    "two run",
    "decided",
    "new key",
    *(f"attempt {result}" for result in Result),
    *(f"breaker {phase}" for phase in Phase),
    *(f"leg {state}" for state in LegState),
)


def run(examples: int, steps: int, at_least: int = 1) -> None:
    REACHED.clear()
    run_state_machine_as_test(
        CheckoutMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[HypothesisPhase.generate, HypothesisPhase.shrink],
        ),
    )
    missing = [name for name in WANTED if REACHED[name] < (at_least if name in MOVES else 1)]
    assert not missing, f"never reached: {missing}; {REACHED}"


def test_no_money_is_lost_sight_of() -> None:
    run(examples=150, steps=40)


@pytest.mark.full
def test_no_money_is_lost_sight_of_in_long_lives() -> None:
    run(examples=1_500, steps=80, at_least=1_000)
