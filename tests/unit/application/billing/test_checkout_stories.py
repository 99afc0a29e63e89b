"""Stories of checkouts at providers that are odd rather than down, each told from its beginning."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.checkout import CheckoutWorld
from tocsin.billing.checkout.attempts import Result
from tocsin.billing.checkout.breaker import Phase
from tocsin.billing.checkout.leg import ABSENCE_PROVES, PAGE_LIFE, LegState
from tocsin.billing.checkout.routing import CheckoutPolicy
from tocsin.billing.errors import CheckoutCompleted, NoPaymentPath
from tocsin.runtime.watch.checkout_notes import Notes
from tocsin.runtime.watch.invocation import watch

if TYPE_CHECKING:
    from tocsin.application.billing.checkout.settle import Settled
    from tocsin.billing.checkout.intent import Intent

ACCOUNTS = {
    "stripe": {"account": "acct_1", "mode": "test"},
    "razorpay": {"account": "acc_1", "mode": "test"},
}


def sold_by(*names: str) -> CheckoutPolicy:
    """A policy whose only plan these sell, the first preferred."""
    ids = {name: f"{name}_1" for name in names}
    return CheckoutPolicy.read(
        {
            "providers": {name: ACCOUNTS[name] for name in names},
            "plans": {"pro": {"INR": {"amount": 49_900, **ids}}},
            "preferences": [{"order": list(names)}],
        }
    )


def turned_away(world: CheckoutWorld, key: str = "k1", **changes: Any) -> dict[str, Any]:
    with pytest.raises(NoPaymentPath) as refused:
        world.buy(key, **changes)
    return {name: why for name, why in refused.value.context.items() if name != "intent"}


class TestAKeyProvenAbsent:
    """After proven absence: a fresh key, and no doubt."""

    @pytest.mark.parametrize("retries", [1, 5])
    def test_one_time_out_at_razorpay_alone_is_served_after_ten_minutes(self, retries: int) -> None:
        """However often it was asked for meanwhile: a search makes nothing, and delays nothing."""
        world = CheckoutWorld(sold_by("razorpay"))
        world.razorpay.mode = "lost"
        assert turned_away(world) == {"razorpay": "timeout"}
        world.razorpay.mode = "up"
        for _ in range(retries):
            world.pass_time(ABSENCE_PROVES // retries - 30)
            assert turned_away(world) == {"razorpay": "not_known_yet"}
            world.pass_time(30)
            world.settle()
        offered = world.buy()
        assert (offered.leg.provider, offered.leg.doubted) == ("razorpay", False)
        (session,) = world.razorpay.sessions.values()
        assert session.key == offered.leg.key
        assert offered.intent.settled

    def test_a_server_error_that_stripe_keeps_for_the_key_is_not_given_for_a_day(self) -> None:
        """docs.stripe.com/api/idempotent_requests: the first answer is kept, a 500 too."""
        world = CheckoutWorld(sold_by("stripe"))
        world.stripe.mode = "error"
        assert turned_away(world) == {"stripe": "http_500"}
        world.stripe.mode = "up"
        for _ in range(3):
            world.pass_time(ABSENCE_PROVES // 3)
            assert turned_away(world) == {"stripe": "replayed"}
        world.settle()
        assert world.buy().leg.provider == "stripe"

    def test_what_was_refused_is_asked_for_with_a_fresh_key_too(self) -> None:
        world = CheckoutWorld(sold_by("stripe"))
        world.stripe.mode = "refuses"
        assert turned_away(world) == {"stripe": "http_400"}
        (refused,) = world.intents.intents.values()
        world.stripe.mode = "up"
        assert world.buy().leg.key != refused.legs[0].key

    def test_what_was_made_after_all_is_found_and_served(self) -> None:
        world = CheckoutWorld(sold_by("razorpay"))
        world.razorpay.mode = "late"
        assert turned_away(world) == {"razorpay": "timeout"}
        world.razorpay.mode = "up"
        world.pass_time(30)
        assert world.buy().leg.session in {s.name for s in world.razorpay.sessions.values()}
        assert len(world.razorpay.sessions) == 1


class TestAListOfNothing:
    """200, and nothing in it: an account that sold nothing, or an outage."""

    @pytest.mark.parametrize("name", ["stripe", "razorpay"])
    def test_it_does_not_prove_that_no_page_was_made(self, name: str) -> None:
        """Found by a simulated life: a page whose answer was lost, and lists that held nothing."""
        world = CheckoutWorld(sold_by(name))
        provider = getattr(world, name)
        provider.mode = "late"
        assert turned_away(world) == {name: "timeout"}
        provider.mode, provider.empty = "up", True
        world.pass_time(2 * PAGE_LIFE)
        world.settle()
        (intent,) = world.intents.intents.values()
        assert intent.legs[0].state is LegState.DOUBT
        (page,) = provider.sessions.values()
        page.state, provider.empty = "running", False
        world.settle()
        (intent,) = world.intents.intents.values()
        assert intent.legs[0].state is LegState.LIVE


class TestAListThatIsBehind:
    """It has the pages of others and not ours: the customer is served, and ours looked for again.

    Neither provider says when its lists are complete (docs.stripe.com/api/checkout/sessions/list,
    razorpay.com/docs/api/payments/subscriptions/fetch-all-subscriptions). A page can be paid for a
    day (`expires_at`, `expire_by`).
    """

    NAMES = pytest.mark.parametrize("name", ["stripe", "razorpay"])

    def missed(self, name: str, *, sold: tuple[str, ...], lag: int) -> CheckoutWorld:
        """An answer is lost, and after ten minutes the list does not have what was made."""
        world = CheckoutWorld(sold_by(*sold))
        provider = world.provider(name)
        provider.mode, provider.lag = "late", lag
        if len(sold) == 1:
            assert turned_away(world) == {name: "timeout"}
        else:
            assert world.buy().leg.provider != name
        provider.mode = "up"
        world.pass_time(ABSENCE_PROVES)
        world.settle()
        return world

    def intent(self, world: CheckoutWorld) -> Intent:
        (intent,) = world.intents.intents.values()
        return intent

    def sweep(self, world: CheckoutWorld, *, seconds: int) -> None:
        """The round of every minute."""
        for _ in range(seconds // 60):
            world.pass_time(60)
            world.settle()

    @NAMES
    def test_nobody_waits_for_it_and_nobody_is_told_of_a_double(self, name: str) -> None:
        other = "razorpay" if name == "stripe" else "stripe"
        world = self.missed(name, sold=(name, other), lag=7_200)
        intent = self.intent(world)
        assert (intent.legs[0].state, intent.legs[0].code) == (LegState.FAILED, "absent")
        assert (intent.settled, intent.double) == (True, None)
        assert world.intents.unsettled() == ()
        assert world.settle().waiting == 0

    @NAMES
    def test_paid_beside_another_it_is_a_double_as_soon_as_the_list_has_it(self, name: str) -> None:
        """Looked for when 10, 20, 40, 80 and 160 minutes old; the list is two hours behind."""
        other = "razorpay" if name == "stripe" else "stripe"
        world = self.missed(name, sold=(name, other), lag=7_200)
        for provider in world.providers.values():
            for page in provider.sessions.values():
                page.state = "running"
        self.sweep(world, seconds=149 * 60)
        assert self.intent(world).double is None
        self.sweep(world, seconds=120)
        double = self.intent(world).double
        assert double is not None
        assert (double.certain, double.proposal) == (True, "refund")
        assert [each.id for each in world.intents.unsettled()] == [self.intent(world).id]

    @NAMES
    def test_unpaid_it_is_closed_as_soon_as_the_list_has_it(self, name: str) -> None:
        other = "razorpay" if name == "stripe" else "stripe"
        world = self.missed(name, sold=(name, other), lag=7_200)
        self.sweep(world, seconds=152 * 60)
        assert [page.state for page in world.provider(name).sessions.values()] == ["expired"]
        assert self.intent(world).look_again_at is None
        assert self.intent(world).settled

    @NAMES
    def test_asked_again_at_the_same_provider_both_keys_are_known(self, name: str) -> None:
        world = self.missed(name, sold=(name,), lag=7_200)
        for page in world.provider(name).sessions.values():
            page.state = "running"
        offered = world.buy()
        assert [leg.key for leg in offered.intent.legs] == [
            offered.leg.key,
            offered.leg.key.partition("~")[0],
        ]
        world.provider(name).sessions[offered.leg.key].state = "running"
        self.sweep(world, seconds=PAGE_LIFE + 2 * ABSENCE_PROVES)
        double = self.intent(world).double
        assert double is not None
        assert double.certain
        assert {double.kept.key, double.others[0].key} == set(world.provider(name).sessions)

    @NAMES
    def test_what_was_never_made_costs_a_few_questions_and_is_forgotten_with_its_page(
        self, name: str
    ) -> None:
        world = CheckoutWorld(sold_by(name))
        provider = world.provider(name)
        provider.mode = "lost"
        turned_away(world)
        provider.mode = "up"
        world.pass_time(ABSENCE_PROVES)
        world.settle()
        assert self.intent(world).look_again_at is not None
        first = self.intent(world).legs[0].key
        offered = world.buy()
        provider.sessions[offered.leg.key].state = "running"
        asked = provider.looks
        self.sweep(world, seconds=PAGE_LIFE - ABSENCE_PROVES)
        assert first in {leg.key for leg in self.intent(world).legs}
        self.sweep(world, seconds=ABSENCE_PROVES + 120)
        assert [leg.key for leg in self.intent(world).legs] == [offered.leg.key]
        assert self.intent(world).look_again_at is None
        assert provider.looks - asked <= 9

    @NAMES
    def test_while_the_provider_cannot_say_it_is_asked_again(self, name: str) -> None:
        """The last look falls into an outage: it is made up for."""
        world = self.missed(name, sold=(name,), lag=7_200)
        provider = world.provider(name)
        for page in provider.sessions.values():
            page.state = "running"
        provider.readable = False
        self.sweep(world, seconds=2 * PAGE_LIFE)
        assert self.intent(world).look_again_at is not None
        provider.readable = True
        self.sweep(world, seconds=60)
        assert self.intent(world).legs[0].state is LegState.LIVE


class TestAKeyAskedAgainAfterItsPagesLife:
    """The provider has forgotten the key: the same call would make a second page."""

    @pytest.mark.parametrize("name", ["stripe", "razorpay"])
    def test_a_page_that_expired_unpaid_is_replaced(self, name: str) -> None:
        world = CheckoutWorld(sold_by(name))
        first = world.buy()
        world.pass_time(PAGE_LIFE + 60)
        again = world.buy()
        assert again.leg.key != first.leg.key
        states = sorted(session.state for session in world.provider(name).sessions.values())
        assert states == ["expired", "open"]

    def test_a_page_that_was_paid_is_not_offered_again(self) -> None:
        world = CheckoutWorld(sold_by("stripe"))
        session = world.stripe.sessions[world.buy().leg.key]
        session.state = "running"
        world.pass_time(PAGE_LIFE + 60)
        with pytest.raises(CheckoutCompleted):
            world.buy()
        assert len(world.stripe.sessions) == 1

    def test_while_it_cannot_be_looked_up_nothing_is_made_anywhere(self) -> None:
        world = CheckoutWorld(sold_by("stripe", "razorpay"))
        world.buy()
        world.pass_time(PAGE_LIFE + 60)
        world.stripe.readable = False
        assert turned_away(world) == {"stripe": "not_known_yet"}
        assert world.razorpay.sessions == {}

    def test_what_was_in_doubt_for_a_day_is_looked_up_and_the_other_serves_meanwhile(self) -> None:
        world = CheckoutWorld(sold_by("stripe", "razorpay"))
        world.stripe.mode = world.razorpay.mode = "lost"
        turned_away(world)
        world.stripe.readable = False
        world.razorpay.mode = world.stripe.mode = "up"
        world.pass_time(PAGE_LIFE + 60)
        assert world.buy().leg.provider == "razorpay"
        calls = len(world.stripe.calls)
        assert calls == 1
        (intent,) = world.intents.intents.values()
        assert intent.legs[0].state is LegState.DOUBT


class TestOneCustomer:
    """Who asks again and again closes the provider for nobody else."""

    @pytest.mark.parametrize("name", ["stripe", "razorpay"])
    @pytest.mark.parametrize("anew", [False, True])
    def test_a_time_out_and_retries_in_quiet_minutes_leave_the_breaker_closed(
        self, name: str, *, anew: bool
    ) -> None:
        """With one key, or with a new one each time, as a shop does that makes one for a click."""
        world = CheckoutWorld(sold_by(name))
        world.provider(name).mode = "lost"
        for number in range(12):
            turned_away(world, f"k{number}" if anew else "k1", workspace="ws_ann")
            world.pass_time(20)
        assert world.phase(name) is Phase.CLOSED
        world.provider(name).mode = "up"
        assert world.buy("other").leg.provider == name

    def test_three_customers_open_it(self) -> None:
        world = CheckoutWorld(sold_by("razorpay"))
        world.razorpay.mode = "lost"
        for number in range(3):
            assert world.phase("razorpay") is Phase.CLOSED
            turned_away(world, f"k{number}")
        assert world.phase("razorpay") is Phase.OPEN


class TestAKeyThatCannotBeRead:
    """A provider without a readable key is as good as down, and nothing was asked of it."""

    def test_the_other_one_serves_and_no_call_is_left_in_doubt(self) -> None:
        world = CheckoutWorld(sold_by("stripe", "razorpay"))
        world.keyless.add("stripe")
        offered = world.buy()
        assert (offered.leg.provider, offered.failed_over) == ("razorpay", True)
        assert [leg.provider for leg in offered.intent.legs] == ["razorpay"]
        assert offered.intent.settled

    def test_alone_it_says_so_and_serves_once_it_has_one(self) -> None:
        world = CheckoutWorld(sold_by("stripe"))
        world.keyless.add("stripe")
        assert turned_away(world) == {"stripe": "no_key"}
        assert [each.result for each in world.intents.log] == [Result.NOT_TRIED]
        world.keyless.clear()
        assert world.buy().leg.provider == "stripe"

    def test_a_page_of_yesterday_cannot_be_looked_up_without_it(self) -> None:
        world = CheckoutWorld(sold_by("stripe", "razorpay"))
        world.buy()
        world.pass_time(PAGE_LIFE + 60)
        world.keyless.add("stripe")
        assert turned_away(world) == {"stripe": "not_known_yet"}


class TestNothingStarves:
    """Who waits for a person, or for a provider, keeps nobody else waiting."""

    def doubles(self, world: CheckoutWorld, count: int) -> None:
        """So many that are certain and that nobody has decided."""
        world.stripe.mode = "late"
        for number in range(count):
            world.buy(f"double{number}", region="US")
            world.breakers.breakers.clear()
            world.pass_time(1)
        for provider in world.providers.values():
            for session in provider.sessions.values():
                session.state = "running"
        world.stripe.mode = "up"

    def rounds(self, world: CheckoutWorld, count: int) -> list[Settled]:
        done: list[Settled] = []
        for _ in range(count):
            after = done[-1].reached if done else None
            done.append(world.settle(after=after))
            world.pass_time(60)
        return done

    def test_sixty_undecided_doubles_keep_no_newer_doubt_from_being_settled(self) -> None:
        world = CheckoutWorld(sold_by("stripe", "razorpay"))
        self.doubles(world, 60)
        self.rounds(world, 3)
        world.stripe.mode = "lost"
        world.buy("newer")
        world.pass_time(ABSENCE_PROVES)
        world.stripe.mode = "up"
        done = self.rounds(world, 2)
        assert [each.looked_at for each in done] == [50, 50]
        assert sum(each.settled for each in done) == 1
        assert [len(each.doubles) for each in done][-1] == 60, "all are counted, looked at or not"
        assert done[-1].waiting in {60, 61}

    def test_one_missing_key_ends_no_run(self) -> None:
        world = CheckoutWorld(sold_by("stripe", "razorpay"))
        world.stripe.mode = "late"
        world.buy("first")
        world.stripe.mode, world.razorpay.mode = "down", "lost"
        turned_away(world, "second")
        world.pass_time(ABSENCE_PROVES)
        world.keyless.add("stripe")
        world.razorpay.mode = "up"
        done = world.settle()
        assert next(iter(done.failed.values())).code == "secret_unavailable"
        assert (done.looked_at, done.settled) == (2, 1)

    def test_a_silent_provider_costs_three_looks_and_the_other_is_looked_at(self) -> None:
        world = CheckoutWorld(sold_by("stripe", "razorpay"))
        world.stripe.mode = "lost"
        for number in range(20):
            world.buy(f"k{number}")
            world.breakers.breakers.clear()
        world.stripe.mode, world.razorpay.mode = "down", "lost"
        turned_away(world, "last")
        world.pass_time(ABSENCE_PROVES)
        world.stripe.readable, world.razorpay.mode = False, "up"
        world.stripe.slow = 8
        before = world.now
        done = world.settle()
        assert done.settled == 1
        assert world.now - before <= 3 * 8

    def test_a_run_ends_in_time_and_the_next_goes_on_behind_it(self) -> None:
        world = CheckoutWorld(sold_by("stripe", "razorpay"))
        world.stripe.mode = "lost"
        for number in range(10):
            world.buy(f"k{number}")
            world.breakers.breakers.clear()
            world.pass_time(1)
        world.pass_time(ABSENCE_PROVES)
        world.stripe.slow = 8
        first, second = self.rounds(world, 2)
        assert (first.looked_at, first.settled) == (4, 4)
        assert (second.looked_at, second.settled) == (4, 4)
        assert second.reached is not None
        assert first.reached is not None
        assert second.reached > first.reached


def test_a_word_that_is_no_failure_is_none() -> None:
    """Asked what became of an earlier call, a provider that cannot say yet has not failed."""
    world = CheckoutWorld(sold_by("razorpay"))
    world.razorpay.mode = "lost"
    turned_away(world)
    world.razorpay.mode = "up"
    for _ in range(5):
        world.pass_time(30)
        turned_away(world)
    assert [each.result for each in world.intents.log] == [Result.DOUBT] + [Result.UNKNOWN] * 5
    assert sum(each.failed for each in world.intents.log) == 1


@pytest.mark.parametrize("result", Result)
def test_every_way_to_end_is_counted_but_a_search(
    result: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    world = CheckoutWorld(sold_by("stripe"))
    world.buy()
    (attempt,) = world.intents.log
    notes = Notes(watch("billing_api", stage="local", level="INFO"))
    notes(replace(attempt, result=result), world.policy().accounts["stripe"])
    assert ("Checkouts" in capsys.readouterr().out) == (result is not Result.UNKNOWN)
