"""The memory and the DynamoDB twin of the checkout stores keep the same promises."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tests.harness.worlds.checkout import POLICY
from tocsin.adapters.billing.checkout.memory import MemoryBreakers, MemoryIntents
from tocsin.adapters.billing.checkout.store import DynamoDbBreakers, DynamoDbIntents
from tocsin.billing.checkout.attempts import Attempt, Result
from tocsin.billing.checkout.breaker import Breaker, Phase
from tocsin.billing.checkout.decision import DoubleDecision, Remedy
from tocsin.billing.checkout.doubles import decide
from tocsin.billing.checkout.intent import Found, Intent, heard, looked_up, sent
from tocsin.billing.checkout.leg import ABSENCE_PROVES, PAGE_LIFE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.ports.billing.checkout import BreakerStore, IntentStore

NOW = 1_790_000_000
KINDS = ["memory", "dynamodb"]
STRIPE, RAZORPAY = POLICY.offers(plan="pro", currency="INR", region="US")
FRESH = Intent(
    id="int_1",
    request_hash="h",
    workspace="ws_1",
    plan="pro",
    currency="INR",
    region="US",
    amount=49_900,
    success_url="https://app.example/ok",
    cancel_url="https://app.example/no",
    created=NOW,
)
ATTEMPT = Attempt(
    at=NOW * 1000 + 7,
    intent="int_1",
    provider="stripe",
    result=Result.DOUBT,
    code="timeout",
    elapsed=5_000,
    workspace="ws_1",
    region="US",
    plan="pro",
    amount=49_900,
    currency="INR",
)


@pytest.fixture(scope="module")
def server() -> Iterator[MotoCloud]:
    with moto_cloud() as running:
        yield running


@pytest.fixture
def cloud(server: MotoCloud) -> MotoCloud:
    server.reset()
    return server


@pytest.fixture(params=KINDS)
def intents(request: pytest.FixtureRequest) -> IntentStore:
    if request.param == "memory":
        return MemoryIntents()
    cloud: MotoCloud = request.getfixturevalue("cloud")
    return DynamoDbIntents(cloud.aws("dynamodb"), cloud.table("operations"))


@pytest.fixture(params=KINDS)
def breakers(request: pytest.FixtureRequest) -> BreakerStore:
    if request.param == "memory":
        return MemoryBreakers()
    cloud: MotoCloud = request.getfixturevalue("cloud")
    return DynamoDbBreakers(cloud.aws("dynamodb"), cloud.table("operations"))


class TestIntents:
    """An intent, its place in the list and its attempt are one write."""

    def test_what_is_written_is_read(self, intents: IntentStore) -> None:
        first = sent(FRESH, STRIPE, now=NOW)
        assert intents.load("int_1") is None
        assert intents.save(first)
        second = heard(first, STRIPE.identity, Result.DOUBT, now=NOW + 5, code="timeout")
        assert intents.save(second, ATTEMPT)
        assert intents.load("int_1") == second
        assert intents.attempts(since=NOW, until=NOW) == (ATTEMPT,)

    def test_a_line_that_changes_no_intent_is_in_the_log(self, intents: IntentStore) -> None:
        skipped = replace(ATTEMPT, result=Result.NOT_TRIED, code="breaker_open")
        intents.note(skipped)
        intents.note(skipped)
        assert set(intents.attempts(since=NOW, until=NOW)) == {skipped}
        assert intents.load(skipped.intent) is None

    def test_only_the_version_before_may_be_replaced(self, intents: IntentStore) -> None:
        first = sent(FRESH, STRIPE, now=NOW)
        assert intents.save(first)
        other = replace(first, region="IN")
        assert not intents.save(other, ATTEMPT)
        assert not intents.save(replace(other, ver=3), ATTEMPT)
        assert intents.load("int_1") == first
        assert intents.attempts(since=NOW - 5, until=NOW + 5) == ()

    def test_the_unsettled_are_listed_oldest_first_and_leave_when_settled(
        self, intents: IntentStore
    ) -> None:
        older = sent(replace(FRESH, id="int_0", created=NOW - 9), STRIPE, now=NOW)
        newer = sent(FRESH, STRIPE, now=NOW)
        assert intents.save(newer)
        assert intents.save(older)
        assert [each.id for each in intents.unsettled()] == ["int_0", "int_1"]
        assert [each.id for each in intents.unsettled(limit=1)] == ["int_0"]
        done = heard(newer, STRIPE.identity, Result.OFFERED, now=NOW, session="s", url="u")
        assert intents.save(done)
        assert intents.unsettled() == (older,)

    def test_the_unsettled_are_read_in_pages_and_none_is_left_out(
        self, intents: IntentStore
    ) -> None:
        """Of one second too, and where the last one known has been settled meanwhile."""
        all_of_them = [
            sent(replace(FRESH, id=f"int_{number}", created=NOW + number // 2), STRIPE, now=NOW)
            for number in range(7)
        ]
        for each in all_of_them:
            assert intents.save(each)
        done = heard(all_of_them[2], STRIPE.identity, Result.OFFERED, now=NOW, session="s", url="u")
        first = intents.unsettled(limit=3)
        assert [each.id for each in first] == ["int_0", "int_1", "int_2"]
        assert intents.save(done)
        second = intents.unsettled(limit=3, after=first[-1].place)
        assert [each.id for each in second] == ["int_3", "int_4", "int_5"]
        assert [each.id for each in intents.unsettled(after=second[-1].place)] == ["int_6"]

    def test_a_key_to_be_looked_for_again_is_listed_when_it_is_due(
        self, intents: IntentStore
    ) -> None:
        """For who asks for it, and for nobody else; and once nothing is left it is gone."""
        doubt = heard(sent(FRESH, STRIPE, now=NOW), STRIPE.identity, Result.DOUBT, now=NOW)
        others = looked_up(doubt, STRIPE.identity, Found(None), now=NOW + ABSENCE_PROVES)
        again = others.look_again_at
        assert again == NOW + 2 * ABSENCE_PROVES
        for each in (sent(FRESH, STRIPE, now=NOW), doubt, others):
            assert intents.save(each)
        assert intents.unsettled() == intents.unsettled(again_by=again - 1) == ()
        assert intents.unsettled(again_by=again) == (others,)
        found = Found("s_1")
        closed = looked_up(others, STRIPE.identity, found, now=again, key=others.legs[0].key)
        assert intents.save(closed)
        assert intents.unsettled(again_by=again + PAGE_LIFE) == ()

    def test_a_double_stays_listed(self, intents: IntentStore) -> None:
        intent = sent(FRESH, STRIPE, now=NOW)
        assert intents.save(intent)
        found, other = Found("c", subscription="sub_1"), Found("s", subscription="sub_2")
        steps: list[Callable[[Intent], Intent]] = [
            lambda each: heard(each, STRIPE.identity, Result.DOUBT, now=NOW),
            lambda each: sent(each, RAZORPAY, now=NOW),
            lambda each: heard(each, RAZORPAY.identity, Result.OFFERED, now=NOW, session="s"),
            lambda each: looked_up(each, STRIPE.identity, found, now=NOW),
            lambda each: looked_up(each, RAZORPAY.identity, other, now=NOW),
        ]
        for step in steps:
            intent = step(intent)
            assert intents.save(intent)
        assert intents.unsettled() == (intent,)
        assert intent.double is not None
        assert (intent.double.certain, intent.double.proposal) == (True, "refund")
        decision = DoubleDecision("razorpay", Remedy.CANCEL, "unpaid", "ana", NOW + 9, "k")
        intent = decide(intent, decision)
        assert intents.save(intent)
        assert intents.unsettled() == (intent,)
        loaded = intents.load("int_1")
        assert loaded is not None
        assert loaded.double is not None
        assert (loaded.double.decision, loaded.double.proposal) == (decision, "cancel")
        assert loaded.double.kept.provider == "razorpay"

    def test_the_log_is_read_by_time_over_hours_and_in_order(self, intents: IntentStore) -> None:
        times = [NOW - 7_200, NOW - 3_600, NOW - 1, NOW, NOW + 1]
        intent = FRESH
        for at in reversed(times):
            intent = replace(intent, ver=intent.ver + 1)
            assert intents.save(intent, replace(ATTEMPT, at=at * 1000 + 999))
        found = intents.attempts(since=NOW - 3_600, until=NOW)
        assert [each.second for each in found] == times[1:4]


class TestBreakers:
    """Nothing stored is closed; a write needs the version before, or nothing at all."""

    def test_absent_is_closed(self, breakers: BreakerStore) -> None:
        assert breakers.load(STRIPE.identity) == Breaker()

    def test_one_of_two_wins(self, breakers: BreakerStore) -> None:
        opened = Breaker(Phase.OPEN, since=NOW, ver=1, openings=1, began_at=NOW)
        assert breakers.save(STRIPE.identity, opened)
        assert not breakers.save(STRIPE.identity, replace(opened, since=NOW + 1))
        assert breakers.load(STRIPE.identity) == opened
        assert breakers.load(RAZORPAY.identity) == Breaker()
        assert breakers.save(STRIPE.identity, replace(opened, phase=Phase.HALF_OPEN, ver=2))

    @pytest.mark.parametrize(
        "poison",
        [
            {"body": {"S": "{"}},
            {"body": {"S": '{"phase":"ajar"}'}, "ver": {"N": "7"}},
            {"body": {"N": "1"}, "ver": {"S": "seven"}},
        ],
    )
    def test_what_cannot_be_read_is_closed_and_is_written_over(
        self, cloud: MotoCloud, poison: dict[str, dict[str, str]]
    ) -> None:
        breakers = DynamoDbBreakers(cloud.aws("dynamodb"), cloud.table("operations"))
        key = {"PK": {"S": f"BRK#{STRIPE.identity}"}, "SK": {"S": "STATE"}}
        request = {"TableName": cloud.table("operations"), "Item": key | poison}
        cloud.aws("dynamodb").call("PutItem", request)
        found = breakers.load(STRIPE.identity)
        assert found.phase is Phase.CLOSED
        opened = Breaker(Phase.OPEN, since=NOW, ver=found.ver + 1, openings=1)
        assert breakers.save(STRIPE.identity, opened)
        assert breakers.load(STRIPE.identity) == opened

    def test_a_lost_state_takes_any_version(self, breakers: BreakerStore) -> None:
        assert breakers.save(STRIPE.identity, Breaker(Phase.OPEN, since=NOW, ver=7))
