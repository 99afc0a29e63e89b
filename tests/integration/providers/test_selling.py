"""The checkout adapters through the official SDKs: what each failure proves, and cleaning up."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.fakes.razorpay_stub import KEY, RazorpayStub, razorpay_stub
from tests.integration.sandbox.sandbox_world import World, world
from tocsin.billing.checkout.attempts import Result
from tocsin.billing.checkout.intent import Found, Intent
from tocsin.billing.checkout.leg import Leg, LegState
from tocsin.billing.identity import Identity
from tocsin.local.sandbox.defaults import DEFAULT_API_KEY
from tocsin.local.sandbox.stripe.api import Response
from tocsin.providers.razorpay.checkout import RazorpayCheckout
from tocsin.providers.stripe.checkout import StripeCheckout

if TYPE_CHECKING:
    from collections.abc import Iterator

INTENT = Intent(
    id="int_1",
    request_hash="h",
    workspace="ws_1",
    plan="pro",
    currency="USD",
    region="US",
    amount=900,
    success_url="https://app.example/ok",
    cancel_url="https://app.example/no",
    created=int(time.time()),
)
PATIENCE = 1.0
"""Seconds: a good answer comes well within it on a busy machine, too."""


def leg(provider: str, price: str, **changes: Any) -> Leg:
    now = int(time.time())
    base = Leg(Identity(provider, "acct_1", "test"), price, "key_1", LegState.SENT, now)
    return replace(base, first_sent_at=now, **changes)


def nap(_seconds: float) -> None:
    """No test waits for a back-off."""


class TestStripe:
    """Checkout Sessions of the sandbox."""

    @pytest.fixture
    def there(self) -> Iterator[World]:
        with world() as running:
            running.control.run()
            yield running

    def seller(self, there: World) -> StripeCheckout:
        return StripeCheckout(DEFAULT_API_KEY, there.url, read_seconds=PATIENCE, sleep=nap)

    def test_a_session_is_made_once_per_key_found_expired_and_found_again(
        self, there: World
    ) -> None:
        seller, wanted = self.seller(there), leg("stripe", there.price())
        made = seller.create(INTENT, wanted)
        assert made.result is Result.OFFERED
        assert made.session is not None
        assert made.url == f"https://checkout.stripe.com/c/pay/{made.session}"
        assert seller.create(INTENT, wanted) == made
        assert seller.find(wanted, INTENT.id) == Found(made.session, payable=True)
        assert seller.find(replace(wanted, key="other"), INTENT.id) == Found(None)
        known = replace(wanted, session=made.session)
        assert seller.expire(known)
        assert seller.find(known, INTENT.id) == Found(made.session)
        assert not seller.expire(known)

    def test_what_was_paid_runs_and_is_never_ended_here(self, there: World) -> None:
        seller, wanted = self.seller(there), leg("stripe", there.price())
        made = seller.create(INTENT, wanted)
        assert made.session is not None
        paid = there.control.complete_checkout(made.session)
        known = replace(wanted, session=made.session)
        assert not seller.expire(known)
        found = seller.find(wanted, INTENT.id)
        assert found == Found(made.session, subscription=paid["subscription"])
        subscription = there.sdk.v1.subscriptions.retrieve(paid["subscription"])
        assert subscription.status == "active"
        assert subscription.metadata.to_dict()["workspace_id"] == "ws_1"
        there.sdk.v1.subscriptions.cancel(paid["subscription"])
        assert seller.find(known, INTENT.id) == Found(made.session)

    @pytest.mark.parametrize(
        ("kind", "result", "code", "made"),
        [
            ("error_500", Result.DOUBT, "http_500", False),
            ("error_503", Result.DOUBT, "http_503", False),
            ("html_502", Result.DOUBT, "http_502", False),
            ("rate_limited", Result.FAILED, "http_429", False),
            ("wrong_body", Result.DOUBT, "unreadable", False),
            ("empty_list", Result.DOUBT, "unreadable", False),
            ("refuse", Result.DOUBT, "no_answer", False),
            ("lose_answer", Result.DOUBT, "no_answer", True),
            ("answer_late", Result.DOUBT, "timeout", True),
            ("hang", Result.DOUBT, "timeout", False),
        ],
    )
    def test_each_way_to_fail_is_judged_by_what_it_proves(
        self, *, there: World, kind: str, result: Result, code: str, made: bool
    ) -> None:
        seller, wanted = self.seller(there), leg("stripe", there.price())
        outage = there.control.begin_outage(kind, path="/v1/checkout", seconds=PATIENCE * 3)
        reply = seller.create(INTENT, wanted)
        assert (reply.result, reply.code) == (result, code)
        there.control.end_outages(outage)
        found = seller.find(wanted, INTENT.id)
        assert found is not None
        assert (found.session is not None, found.payable) == (made, made)

    def test_slow_just_under_the_time_out_is_a_session(self, there: World) -> None:
        seller, wanted = self.seller(there), leg("stripe", there.price())
        there.control.begin_outage("slow", path="/v1/checkout", seconds=PATIENCE / 3)
        assert seller.create(INTENT, wanted).result is Result.OFFERED

    def test_refused_wrong_key_and_nobody_there(self, there: World) -> None:
        seller = self.seller(there)
        assert seller.create(INTENT, leg("stripe", "price_none")).result is Result.REFUSED
        wrong = replace(seller, api_key="sk_test_wrong")
        assert wrong.create(INTENT, leg("stripe", "p")).code == "http_401"
        nobody = replace(seller, base="http://127.0.0.1:9")
        assert nobody.create(INTENT, leg("stripe", "p")).code == "connect"
        assert nobody.create(INTENT, leg("stripe", "p")).result is Result.FAILED
        assert nobody.find(leg("stripe", "p"), INTENT.id) is None
        assert not nobody.expire(leg("stripe", "p", session="cs_1"))

    def test_an_error_that_is_kept_for_the_key_says_nothing_new_and_a_fresh_key_is_served(
        self, there: World
    ) -> None:
        """docs.stripe.com/api/idempotent_requests: the first answer is saved, a 500 too."""
        seller, wanted = self.seller(there), leg("stripe", there.price())
        assert seller.create(INTENT, wanted).result is Result.OFFERED
        answered = there.sandbox.api.answered
        ((place, (digest, at, kept)),) = [
            (place, each) for place, each in answered.items() if place[1] == wanted.key
        ]
        failed = Response(500, {"error": {"type": "api_error", "message": "x"}}, kept.headers)
        answered[place] = (digest, at, failed)
        again = seller.create(INTENT, wanted)
        assert (again.result, again.code) == (Result.UNKNOWN, "replayed")
        fresh = seller.create(INTENT, replace(wanted, key="key_2"))
        assert fresh.result is Result.OFFERED

    @pytest.mark.parametrize("how", ["html_502", "wrong_body"])
    def test_an_answer_that_is_rubbish_proves_nothing(self, there: World, how: str) -> None:
        """Neither that there is no page, nor that it can be paid no more."""
        seller, wanted = self.seller(there), leg("stripe", there.price())
        session = seller.create(INTENT, wanted).session
        known = replace(wanted, session=session)
        there.control.begin_outage(how, path="/v1/checkout")
        assert seller.find(wanted, INTENT.id) is None
        assert seller.find(known, INTENT.id) is None
        assert not seller.expire(known)

    def test_an_account_that_lists_nothing_says_so_and_so_does_an_outage(
        self, there: World
    ) -> None:
        seller, wanted = self.seller(there), leg("stripe", there.price())
        assert seller.find(wanted, INTENT.id) == Found(None, listed=False)
        assert seller.create(INTENT, wanted).result is Result.OFFERED
        late = int(time.time()) + 3_600
        assert seller.find(replace(wanted, first_sent_at=late), INTENT.id) == Found(None)
        there.control.begin_outage("empty_list", path="/v1/checkout")
        assert seller.find(wanted, INTENT.id) == Found(None, listed=False)


class TestRazorpay:
    """Subscription links."""

    @pytest.fixture
    def there(self) -> Iterator[RazorpayStub]:
        with razorpay_stub() as running:
            yield running

    def seller(self, there: RazorpayStub) -> RazorpayCheckout:
        return RazorpayCheckout(KEY, there.url, read_seconds=PATIENCE, sleep=nap)

    def test_a_link_is_made_found_cancelled_and_found_again(self, there: RazorpayStub) -> None:
        seller, wanted = self.seller(there), leg("razorpay", "plan_1")
        made = seller.create(INTENT, wanted)
        assert (made.result, made.session) == (Result.OFFERED, "sub_1")
        assert made.url == "https://rzp.io/i/sub_1"
        assert there.subscriptions["sub_1"]["notes"] == {
            "workspace_id": "ws_1",
            "intent": "int_1",
            "leg": "key_1",
        }
        assert seller.find(wanted, INTENT.id) == Found("sub_1", payable=True)
        assert seller.find(replace(wanted, key="other"), INTENT.id) == Found(None)
        known = replace(wanted, session="sub_1")
        assert seller.expire(known)
        assert seller.find(known, INTENT.id) == Found("sub_1")

    def test_a_call_in_doubt_is_never_made_again(self, there: RazorpayStub) -> None:
        seller, wanted = self.seller(there), leg("razorpay", "plan_1")
        there.fault = "late"
        assert seller.create(INTENT, wanted).code == "timeout"
        there.fault = ""
        again = seller.create(INTENT, replace(wanted, doubted=True))
        assert (again.result, again.session) == (Result.OFFERED, "sub_1")
        unknown = seller.create(INTENT, replace(wanted, doubted=True, key="key_2"))
        assert (unknown.result, unknown.code) == (Result.UNKNOWN, "not_known_yet")
        assert len(there.subscriptions) == 1

    def test_what_runs_is_never_cancelled_here(self, there: RazorpayStub) -> None:
        seller, wanted = self.seller(there), leg("razorpay", "plan_1", session="sub_1")
        seller.create(INTENT, wanted)
        there.subscriptions["sub_1"]["status"] = "active"
        assert not seller.expire(wanted)
        assert there.subscriptions["sub_1"]["status"] == "active"
        assert seller.find(wanted, INTENT.id) == Found("sub_1", subscription="sub_1")

    def test_a_link_paid_while_it_was_withdrawn_is_reported(self, there: RazorpayStub) -> None:
        seller, wanted = self.seller(there), leg("razorpay", "plan_1", session="sub_1")
        seller.create(INTENT, wanted)
        there.subscriptions["sub_1"] |= {"status": "cancelled", "paid_count": 1}
        withdrawing = replace(wanted, state=LegState.WITHDRAWING)
        assert seller.find(withdrawing, INTENT.id) == Found("sub_1", subscription="sub_1")
        assert seller.find(replace(wanted, state=LegState.LIVE), INTENT.id) == Found("sub_1")

    @pytest.mark.parametrize(
        ("fault", "result", "code", "posts"),
        [
            ("502", Result.DOUBT, "http_502", 1),
            ("500", Result.DOUBT, "http_500", 1),
            ("429", Result.FAILED, "http_429", 2),
            ("401", Result.FAILED, "http_401", 1),
            ("wrong", Result.DOUBT, "unreadable", 1),
            ("list", Result.DOUBT, "unreadable", 1),
            ("lost", Result.DOUBT, "timeout", 1),
        ],
    )
    def test_each_way_to_fail_is_judged_by_the_status_the_sdk_hides(
        self,
        *,
        there: RazorpayStub,
        capsys: pytest.CaptureFixture[str],
        fault: str,
        result: Result,
        code: str,
        posts: int,
    ) -> None:
        there.fault = fault
        reply = self.seller(there).create(INTENT, leg("razorpay", "plan_1"))
        assert (reply.result, reply.code, there.posts) == (result, code, posts)
        assert there.subscriptions == {}
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize("fault", ["wrong", "list", "502"])
    def test_an_answer_that_is_rubbish_proves_nothing(
        self, there: RazorpayStub, fault: str
    ) -> None:
        seller, wanted = self.seller(there), leg("razorpay", "plan_1")
        seller.create(INTENT, wanted)
        there.fault = fault
        assert not seller.expire(replace(wanted, session="sub_1"))
        assert seller.find(wanted, INTENT.id) is None

    def test_nobody_there(self) -> None:
        seller = RazorpayCheckout(KEY, "http://127.0.0.1:9", sleep=nap)
        assert seller.create(INTENT, leg("razorpay", "p")).code == "connect"
        assert seller.find(leg("razorpay", "p"), INTENT.id) is None
        assert not seller.expire(leg("razorpay", "p", session="sub_1"))

    def test_a_longer_list_is_read_to_its_end(self, there: RazorpayStub) -> None:
        seller, wanted = self.seller(there), leg("razorpay", "plan_1")
        for number in range(120):
            there.make({"plan_id": "p", "notes": {"leg": f"k{number}"} if number % 2 else []})
        there.make({"plan_id": "p", "notes": {"leg": "key_1"}})
        assert seller.find(wanted, INTENT.id) == Found("sub_121", payable=True)
