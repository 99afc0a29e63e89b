"""What the outage watch asks of the world: providers over HTTP, and the hosted status page.

Probes are held against the sandbox, which is as bad as the providers; what no provider can be made
to say, a scripted server says.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from functions.outage_watch.accounts import Accounts
from tests.harness.fakes.scripted_http import Reply, json_reply, scripted
from tests.integration.sandbox.sandbox_world import START, World, world
from tocsin.billing.identity import Identity
from tocsin.billing.outage.signs import Health
from tocsin.errors import SecretUnavailable, SendFailed
from tocsin.local.sandbox.defaults import DEFAULT_API_KEY, RAZORPAY_KEY_ID
from tocsin.providers.http.probes import HttpProbes
from tocsin.providers.selling import SalesDocument

if TYPE_CHECKING:
    from collections.abc import Iterator

STRIPE = Identity("stripe", "acct_1", "test")
RAZORPAY = Identity("razorpay", "acc_1", "test")
RAZORPAY_KEY = f"{RAZORPAY_KEY_ID}:{DEFAULT_API_KEY}"
STATUS = {"level": "degraded", "text": "Some payments are affected"}


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with world(workers=1) as it:
        yield it


@pytest.fixture
def one(running: World) -> World:
    running.control.reset("probes")
    running.control.freeze(START)
    return running


def stripe(one: World, now: int) -> Health:
    return HttpProbes().look(STRIPE, one.url, DEFAULT_API_KEY, now=now)


def razorpay(one: World) -> Health:
    return HttpProbes().look(RAZORPAY, one.url, RAZORPAY_KEY, now=START)


class TestStripe:
    """Four questions; one that is not answered leaves only its own part unknown."""

    def test_a_quiet_account_is_well(self, one: World) -> None:
        assert stripe(one, START) == Health(
            reachable=True, listed=(), events=0, undelivered=0, disabled=False, downtime=None
        )

    def test_what_is_listed_is_told_with_its_times(self, one: World) -> None:
        one.listen()
        one.subscribe()
        one.control.drain()
        found = stripe(one, START + 600)
        made = [event["created"] for event in one.control.events()]
        assert sorted(found.listed or ()) == made
        assert (found.events, found.undelivered) == (len(made), 0)
        assert stripe(one, START + 200).events == 0, "what is under way is not counted"

    def test_what_no_endpoint_took_is_undelivered(self, one: World) -> None:
        one.receiver.answer = lambda _seen: 500
        try:
            one.listen(max_attempts=1)
            one.subscribe()
            one.control.drain()
            found = stripe(one, START + 600)
        finally:
            one.receiver.answer = lambda _seen: 200
        assert found.undelivered == found.events != 0

    @pytest.mark.parametrize(
        "kind", ["error_503", "html_502", "wrong_body", "refuse", "rate_limited"]
    )
    def test_a_list_that_is_none_means_that_it_cannot_be_reached(
        self, one: World, kind: str
    ) -> None:
        one.control.begin_outage(kind, provider="stripe", path="/v1/events")
        assert stripe(one, START) == Health(reachable=False)

    @pytest.mark.parametrize(("lost", "reachable"), [(1, True), (2, False)])
    def test_a_single_lost_request_is_no_sign_of_an_outage(
        self, one: World, lost: int, *, reachable: bool
    ) -> None:
        one.control.begin_outage("refuse", path="/v1/events", count=lost)
        assert stripe(one, START).reachable is reachable
        one.control.end_outages()
        one.control.begin_outage("error_500", path="/v1/payments", count=lost)
        assert razorpay(one).reachable is reachable

    def test_one_answer_missing_is_one_thing_unknown(self, one: World) -> None:
        one.control.begin_outage("error_500", provider="stripe", path="/v1/webhook_endpoints")
        found = stripe(one, START)
        assert (found.reachable, found.disabled, found.events) == (True, None, 0)

    def test_a_wrong_key_and_nobody_there(self, one: World) -> None:
        assert not HttpProbes().look(STRIPE, one.url, "sk_wrong", now=START).reachable
        nobody = HttpProbes().look(STRIPE, "http://127.0.0.1:9", DEFAULT_API_KEY, now=START)
        assert nobody == Health(reachable=False)

    @pytest.mark.parametrize("status", ["enabled", "disabled"])
    def test_a_disabled_endpoint_is_seen(self, status: str) -> None:
        listed = json_reply({"object": "list", "data": []})
        endpoints = json_reply({"object": "list", "data": [{"status": status}]})
        with scripted(listed, listed, listed, endpoints) as server:
            found = HttpProbes().look(STRIPE, server.url, "sk", now=START)
        assert found.disabled is (status == "disabled")


class TestRazorpay:
    """It lists no events; what it says of itself is read."""

    def test_well(self, one: World) -> None:
        assert razorpay(one) == Health(reachable=True, downtime=False)

    @pytest.mark.parametrize(
        ("severity", "down"), [("high", True), ("medium", False), ("low", False)]
    )
    def test_a_downtime_counts_while_it_lasts_and_is_bad(
        self, one: World, severity: str, *, down: bool
    ) -> None:
        began = one.control.razorpay.begin_downtime(severity=severity)
        assert razorpay(one).downtime is down
        one.control.razorpay.change_downtime(began)
        assert razorpay(one).downtime is False

    def test_down(self, one: World) -> None:
        one.control.begin_outage("html_502", provider="razorpay")
        assert razorpay(one) == Health(reachable=False)


@dataclass
class Document:
    """The secret, read."""

    hook: str | None

    def get(self) -> SalesDocument:
        return SalesDocument.read({"status_webhook": self.hook} if self.hook else {})


class TestStatusPage:
    """A hosted page is told by a post, and what it says to that is believed."""

    def test_none_is_named(self) -> None:
        Accounts(Document(None), {}).announce(STATUS)

    def test_it_is_told_in_json(self) -> None:
        with scripted(Reply(204, b"")) as server:
            Accounts(Document(f"{server.url}/hook"), {}).announce(STATUS)
            (seen,) = server.seen
        assert (seen.method, seen.path) == ("POST", "/hook")
        assert seen.headers["content-type"] == "application/json"
        assert json.loads(seen.body) == STATUS

    @pytest.mark.parametrize(
        "reply", [Reply(500), Reply(302, headers={"location": "/x"}), Reply(then="reset")]
    )
    def test_what_it_did_not_take_is_a_failure(self, reply: Reply) -> None:
        with scripted(reply) as server, pytest.raises(SendFailed):
            Accounts(Document(server.url), {}).announce(STATUS)
        assert len(server.seen) == 1, "a redirect is not followed"

    def test_an_account_without_a_key_is_not_looked_at(self) -> None:
        with pytest.raises(SecretUnavailable):
            Accounts(Document(None), {}).look(STRIPE, now=START)
