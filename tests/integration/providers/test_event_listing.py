"""Listing a provider's events: the sandbox's truth, page by page, and every way to get no page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.fakes.scripted_http import Reply, scripted
from tests.integration.sandbox.sandbox_world import START, World, world
from tocsin.billing.identity import Identity
from tocsin.billing.replay.cursor import Slice
from tocsin.errors import BadInput, ProviderUnavailable
from tocsin.local.sandbox.defaults import DEFAULT_API_KEY
from tocsin.providers.http.events import HttpEventSource
from tocsin.providers.http.one import ProviderKeys

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with world(workers=1) as it:
        yield it


@pytest.fixture
def one(running: World) -> World:
    running.control.reset("test")
    return running


IDENTITY = Identity("stripe", "acct_local", "test")


class Keys:
    """The provider keys secret, as a value."""

    def __init__(self, key: str = DEFAULT_API_KEY) -> None:
        entry = {"account": IDENTITY.account, "mode": IDENTITY.mode, "api_key": key}
        self.keys = ProviderKeys.read({"stripe/default": entry, "razorpay/default": entry})

    def get(self) -> ProviderKeys:
        return self.keys


def source(url: str, *, key: str = DEFAULT_API_KEY) -> HttpEventSource:
    bases = {"stripe": url, "razorpay": url}
    return HttpEventSource(keys=Keys(key), bases=bases, read_seconds=0.3)


def test_pages_hold_what_the_provider_made_in_the_window_newest_first(one: World) -> None:
    one.control.freeze(START)
    one.control.tell(seed=1, start=START - 600, until=START, events=250)
    every = [event["id"] for event in one.control.events()]
    listing = source(one.url)
    got: list[str] = []
    after: str | None = None
    while True:
        page = listing.page(IDENTITY, Slice(START - 600, START + 1, after))
        got += [str(each["id"]) for each in page.documents]
        if not page.has_more:
            break
        after = got[-1]
    assert sorted(got) == sorted(every)
    older, newer = Slice(START - 600, START - 300, None), Slice(START - 300, START + 1, None)
    halves = [listing.page(IDENTITY, each).documents for each in (older, newer)]
    assert all(each["created"] < START - 300 for each in halves[0])
    assert all(each["created"] >= START - 300 for each in halves[1])


def test_a_refused_key_is_no_outage(one: World) -> None:
    with pytest.raises(BadInput, match="refuses the API key"):
        source(one.url, key="sk_wrong").page(IDENTITY, Slice(START, START + 1, None))


def test_an_account_without_a_key_is_told(one: World) -> None:
    with pytest.raises(BadInput, match="no API key"):
        source(one.url).page(Identity("stripe", "acct_9", "live"), Slice(START, START + 1, None))


def test_a_provider_that_lists_nothing_is_told() -> None:
    with pytest.raises(BadInput, match="rebuild"):
        source("http://127.0.0.1:9").page(
            Identity("razorpay", "acct_local", "test"), Slice(START, START + 1, None)
        )


@pytest.mark.parametrize(
    "reply",
    [
        Reply(503, b"<html>busy</html>"),
        Reply(502, b"<html>bad gateway</html>"),
        Reply(429, b"{}", {"Stripe-Rate-Limited-Reason": "endpoint-rate"}),
        Reply(200, b"<html>all is well</html>"),
        Reply(200, b"[]"),
        Reply(200, json.dumps({"data": {}, "has_more": False}).encode()),
        Reply(200, json.dumps({"data": [1], "has_more": False}).encode()),
        # A page that promises more and holds nothing would be asked for for ever.
        Reply(200, json.dumps({"data": [], "has_more": True}).encode()),
        Reply(301, b"{}", {"Location": "http://127.0.0.1:9/"}),
        Reply(then="reset"),
        Reply(then="hang"),
        Reply(body=b'{"data": [], "has_more": false}', then="cut"),
    ],
    ids=lambda reply: f"{reply.status}-{reply.then}-{len(reply.body)}",
)
def test_whatever_is_no_page_is_asked_for_again_later(reply: Reply) -> None:
    with scripted(reply) as server, pytest.raises(ProviderUnavailable):
        source(server.url).page(IDENTITY, Slice(START, START + 1, None))


def test_a_connected_account_is_asked_for_by_name() -> None:
    page: dict[str, Any] = {"data": [], "has_more": False}
    with scripted(Reply(body=json.dumps(page).encode())) as server:
        identity = Identity("stripe", "acct_local/acct_7", "test")
        source(server.url).page(identity, Slice(5, 9, "evt_1"))
    (seen,) = server.seen
    assert seen.headers["stripe-account"] == "acct_7"
    assert seen.path == (
        "/v1/events?created%5Bgte%5D=5&created%5Blt%5D=9&limit=100&starting_after=evt_1"
    )
