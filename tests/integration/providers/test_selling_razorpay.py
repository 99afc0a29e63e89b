"""Razorpay's checkout adapter, through the official SDK, against the sandbox's Razorpay."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.cloud.local_cloud import eventually
from tests.integration.providers.test_selling import INTENT, PATIENCE, leg, nap
from tests.integration.sandbox.sandbox_world import World, world
from tocsin.billing.checkout.attempts import Result
from tocsin.billing.checkout.intent import Found
from tocsin.billing.checkout.leg import LegState
from tocsin.local.sandbox.clients import official
from tocsin.local.sandbox.defaults import DEFAULT_API_KEY, RAZORPAY_KEY_ID
from tocsin.providers.razorpay.checkout import RazorpayCheckout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.billing.checkout.leg import Leg


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with world(workers=1) as it:
        yield it


@pytest.fixture
def there(running: World) -> World:
    running.control.reset("selling")
    running.control.run()
    return running


def seller(there: World) -> RazorpayCheckout:
    key = f"{RAZORPAY_KEY_ID}:{DEFAULT_API_KEY}"
    return RazorpayCheckout(key, there.url, read_seconds=PATIENCE, sleep=nap)


def wanted(there: World) -> Leg:
    sdk: Any = official.razorpay_client(there.url, RAZORPAY_KEY_ID, DEFAULT_API_KEY)
    item = {"name": "pro", "amount": 900, "currency": "INR"}
    plan = sdk.plan.create({"period": "monthly", "interval": 1, "item": item})
    return leg("razorpay", plan["id"])


def made(there: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = there.control.truth()["razorpay"]["subscriptions"]
    return found


def test_a_link_is_made_found_cancelled_and_found_again(there: World) -> None:
    one, by = wanted(there), seller(there)
    offered = by.create(INTENT, one)
    assert (offered.result, offered.http_status) == (Result.OFFERED, 200)
    (stored,) = made(there)
    assert (stored["id"], stored["notes"]["leg"]) == (offered.session, one.key)
    assert stored["notes"]["workspace_id"] == "ws_1"
    assert by.find(one, INTENT.id) == Found(offered.session, payable=True)
    assert by.find(replace(one, key="other"), INTENT.id) == Found(None)
    known = replace(one, session=offered.session)
    assert by.expire(known)
    assert made(there)[0]["status"] == "cancelled"
    assert by.find(known, INTENT.id) == Found(offered.session)


def test_an_account_that_lists_nothing_says_so_and_so_does_an_outage(there: World) -> None:
    one, by = wanted(there), seller(there)
    assert by.find(one, INTENT.id) == Found(None, listed=False)
    assert by.create(INTENT, one).result is Result.OFFERED
    late = one.first_sent_at + 3_600
    assert by.find(replace(one, first_sent_at=late), INTENT.id) == Found(None)
    fault = there.control.begin_outage("empty_list", provider="razorpay", path="/v1/subscriptions")
    assert by.find(one, INTENT.id) == Found(None, listed=False)
    there.control.end_outages(fault)


def test_what_was_paid_runs_and_is_never_cancelled_here(there: World) -> None:
    one, by = wanted(there), seller(there)
    session = by.create(INTENT, one).session
    assert session is not None
    there.control.razorpay.authenticate(session)
    known = replace(one, session=session, state=LegState.WITHDRAWING)
    assert not by.expire(known)
    assert made(there)[0]["status"] in {"authenticated", "active"}
    assert by.find(known, INTENT.id) == Found(session, subscription=session)


@pytest.mark.parametrize(
    ("kind", "result", "code", "count"),
    [
        ("error_500", Result.DOUBT, "http_500", 0),
        ("html_502", Result.DOUBT, "http_502", 0),
        ("rate_limited", Result.FAILED, "http_429", 0),
        ("wrong_body", Result.DOUBT, "unreadable", 0),
        ("lose_answer", Result.DOUBT, "no_answer", 1),
        ("answer_late", Result.DOUBT, "timeout", 1),
    ],
)
def test_each_way_to_fail_is_judged_by_what_it_proves(
    there: World, kind: str, result: Result, code: str, count: int
) -> None:
    one, by = wanted(there), seller(there)
    fault = there.control.begin_outage(
        kind, provider="razorpay", path="/v1/subscriptions", method="POST", seconds=PATIENCE * 3
    )
    reply = by.create(INTENT, one)
    assert (reply.result, reply.code) == (result, code)
    there.control.end_outages(fault)
    assert len(eventually(lambda: made(there), lambda found: len(found) >= count)) == count
    again = by.create(INTENT, replace(one, doubted=True))
    assert len(made(there)) == count, "a call in doubt is never made again"
    assert (again.result is Result.OFFERED) is bool(count)
