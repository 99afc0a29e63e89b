"""Listing a provider's subscriptions: the sandbox's truth, and every way to get no page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.fakes.scripted_http import Reply, scripted
from tests.integration.sandbox.sandbox_world import START, World, world
from tocsin.billing.identity import Identity
from tocsin.errors import BadInput, ProviderUnavailable
from tocsin.local.sandbox.defaults import DEFAULT_API_KEY
from tocsin.providers.http.one import ProviderKeys
from tocsin.providers.http.subscriptions import HttpSubscriptionSource

if TYPE_CHECKING:
    from collections.abc import Iterator

STRIPE = Identity("stripe", "acct_local", "test")
RAZORPAY = Identity("razorpay", "acct_local", "test")


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with world(workers=1) as it:
        yield it


class Keys:
    """The provider keys secret, as a value."""

    def get(self) -> ProviderKeys:
        entry = {"account": "acct_local", "mode": "test", "api_key": DEFAULT_API_KEY}
        return ProviderKeys.read({"stripe/default": entry, "razorpay/default": entry})


def source(url: str) -> HttpSubscriptionSource:
    bases = {"stripe": url, "razorpay": url}
    return HttpSubscriptionSource(keys=Keys(), bases=bases, now=lambda: START)


def test_all_there_are_also_those_that_ended(
    running: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.providers.stripe.subscriptions.PAGE", 10)
    running.control.reset("test")
    running.control.freeze(START)
    running.control.tell(seed=3, start=START - 86_400, until=START, events=600, customers=130)
    truth = {each["id"]: each["status"] for each in running.control.truth()["subscriptions"]}
    listing, got, after = source(running.url), dict[str, str](), None
    pages = 0
    while True:
        page = listing.page(STRIPE, after)
        got |= {each.id: each.raw_status for each in page.subscriptions}
        pages, after = pages + 1, page.next
        if after is None:
            break
    assert got == truth
    assert pages > 1
    assert "canceled" in got.values()


@pytest.mark.parametrize("identity", [STRIPE, RAZORPAY], ids=lambda each: each.provider)
@pytest.mark.parametrize(
    "reply",
    [
        Reply(503, b"<html>busy</html>"),
        Reply(429, b"{}"),
        Reply(200, b"<html>all is well</html>"),
        Reply(200, b"[]"),
        Reply(200, json.dumps({"data": {}, "has_more": False, "items": {}}).encode()),
        Reply(200, json.dumps({"data": [1], "has_more": False, "items": [1]}).encode()),
        Reply(then="reset"),
    ],
    ids=lambda reply: f"{reply.status}-{reply.then}-{len(reply.body)}",
)
def test_whatever_is_no_page_is_asked_for_again_later(identity: Identity, reply: Reply) -> None:
    with scripted(reply) as server, pytest.raises(ProviderUnavailable):
        source(server.url).page(identity, None)


def test_a_page_that_promises_more_than_it_shows_is_none() -> None:
    body = json.dumps({"data": [], "has_more": True}).encode()
    with scripted(Reply(body=body)) as server, pytest.raises(ProviderUnavailable):
        source(server.url).page(STRIPE, None)


def test_a_connected_account_is_listed_with_the_platforms_key_and_by_its_name() -> None:
    """docs.stripe.com/connect/authentication: the header `Stripe-Account`."""
    shop = Identity("stripe", "acct_local/acct_shop", "test")
    body = json.dumps({"data": [], "has_more": False}).encode()
    with scripted(Reply(body=body)) as server:
        source(server.url).page(shop, None)
    (seen,) = server.seen
    assert seen.headers["stripe-account"] == "acct_shop"
    assert seen.headers["authorization"] == f"Bearer {DEFAULT_API_KEY}"


def test_one_whose_items_are_cut_in_the_list_is_named_to_be_asked_for() -> None:
    """docs.stripe.com/api/subscription_items/list: a nested list holds ten and says `has_more`."""
    end = START + 86_400
    item = {"id": "si_1", "price": {"id": "p"}, "current_period_end": end}
    one = {"id": "sub_1", "status": "active", "metadata": {}}
    whole = one | {"items": {"data": [item], "has_more": False}}
    cut = one | {"id": "sub_2", "items": {"data": [item] * 10, "has_more": True}}
    body = json.dumps({"data": [whole, cut], "has_more": False}).encode()
    with scripted(Reply(body=body)) as server:
        page = source(server.url).page(STRIPE, None)
    assert [each.id for each in page.subscriptions] == ["sub_1"]
    assert page.unreadable == ("sub_2",)


def test_a_refused_key_is_no_outage() -> None:
    with scripted(Reply(401, b"{}")) as server, pytest.raises(BadInput, match="refuses"):
        source(server.url).page(STRIPE, None)


def test_razorpay_is_walked_by_counting_and_what_cannot_be_read_is_named() -> None:
    shape: dict[str, Any] = {"entity": "subscription", "id": "sub_x"}
    body = json.dumps({"entity": "collection", "items": [shape] * 100}).encode()
    with scripted(Reply(body=body)) as server:
        page = source(server.url).page(RAZORPAY, "200")
    (seen,) = server.seen
    assert seen.path == "/v1/subscriptions?count=100&skip=200"
    assert page.next == "300"
    assert page.subscriptions == ()
    assert page.unreadable == ("sub_x",) * 100
