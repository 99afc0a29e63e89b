"""Razorpay's official SDK, unmodified, against the sandbox: API, failures, and webhooks."""

from __future__ import annotations

import json
import resource
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import razorpay
import requests

from tests.integration.sandbox.sandbox_world import START, World, world
from tocsin.errors import ProviderUnavailable
from tocsin.local.sandbox.clients import official
from tocsin.local.sandbox.defaults import DEFAULT_API_KEY, RAZORPAY_KEY_ID
from tocsin.local.sandbox.razorpay.history import Story, tell
from tocsin.local.sandbox.razorpay.merchant import Merchant
from tocsin.providers.razorpay import objects, webhook

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = 86_400
MONTH = 30 * DAY
BadRequest = razorpay.errors.BadRequestError


class Inbox(ThreadingHTTPServer):
    """Keeps what it is sent; `status` is what it answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.url = f"http://127.0.0.1:{self.server_address[1]}/webhooks/razorpay"

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, body in self.got]

    def verified_by(self, secret: str) -> list[bool]:
        checker = razorpay.Client(auth=("", ""))
        verified = []
        for headers, body in self.got:
            signature = headers["x-razorpay-signature"]
            try:
                checker.utility.verify_webhook_signature(body.decode(), signature, secret)
                verified.append(True)
            except razorpay.errors.SignatureVerificationError:
                verified.append(False)
        return verified


class _Handler(BaseHTTPRequestHandler):
    server: Inbox
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.got.append((headers, body))
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with world(workers=1) as it:
        yield it


@pytest.fixture
def one(running: World) -> World:
    running.control.reset("test")
    running.control.freeze(START)
    return running


@pytest.fixture
def sdk(one: World) -> Any:
    return official.razorpay_client(one.url, RAZORPAY_KEY_ID, DEFAULT_API_KEY)


@pytest.fixture
def inbox(one: World) -> Iterator[Inbox]:
    server = Inbox()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    one.control.put_endpoint(
        "rzp_hook", server.url, ["first"], provider="razorpay", backoff_seconds=0.01, max_attempts=3
    )
    yield server
    server.shutdown()
    server.server_close()


def plan(sdk: Any, amount: int = 99_900, currency: str = "INR") -> str:
    item = {"name": "Team", "amount": amount, "currency": currency}
    return str(sdk.plan.create({"period": "monthly", "interval": 1, "item": item})["id"])


def subscribe(sdk: Any, **more: Any) -> Any:
    given = {"plan_id": plan(sdk), "total_count": 3, "notes": {"workspace_id": "ws-1"}, **more}
    return sdk.subscription.create(given)


def active(one: World, sdk: Any, **more: Any) -> str:
    made = subscribe(sdk, **more)
    one.control.razorpay.authenticate(made["id"])
    return str(made["id"])


def kinds(one: World) -> list[str]:
    return [event["body"]["event"] for event in one.control.razorpay.events()]


def test_a_subscription_link_leads_from_created_to_active_with_invoice_and_payment(
    one: World, sdk: Any
) -> None:
    made = subscribe(sdk)
    assert (made["status"], made["current_end"], made["paid_count"]) == ("created", None, 0)
    assert made["short_url"].startswith("https://rzp.io/")
    one.control.razorpay.authenticate(made["id"])
    now = sdk.subscription.fetch(made["id"])
    assert (now["status"], now["paid_count"], now["remaining_count"]) == ("active", 1, 2)
    assert (now["current_start"], now["current_end"]) == (START, START + MONTH)
    assert not [name for name in now if name.startswith("_")]
    invoices = sdk.invoice.all({"subscription_id": made["id"]})
    assert [found["status"] for found in invoices["items"]] == ["paid"]
    payment = sdk.payment.fetch(invoices["items"][0]["payment_id"])
    assert (payment["amount"], payment["status"]) == (99_900, "captured")
    assert payment["invoice_id"] == invoices["items"][0]["id"]
    assert kinds(one) == [
        "subscription.authenticated",
        "payment.authorized",
        "payment.captured",
        "invoice.paid",
        "subscription.activated",
        "subscription.charged",
    ]


def test_what_the_sdk_reads_the_product_reads_too(one: World, sdk: Any) -> None:
    shape = sdk.subscription.fetch(active(one, sdk))
    read = objects.subscription(shape, as_of=START)
    assert (read.status, read.workspace, read.period_end) == ("active", "ws-1", START + MONTH)


def test_cycles_renew_and_complete_after_the_last(one: World, sdk: Any) -> None:
    made = active(one, sdk)
    one.control.advance(2 * MONTH)
    assert sdk.subscription.fetch(made)["paid_count"] == 3
    one.control.advance(MONTH)
    ended = sdk.subscription.fetch(made)
    assert (ended["status"], ended["ended_at"]) == ("completed", START + 3 * MONTH)
    completed = one.control.razorpay.events()[-1]["body"]
    assert "payment" in completed["payload"]
    assert completed["contains"] == ["subscription"]


def test_failed_charges_are_pending_then_halted_and_a_paid_one_is_active_again(
    one: World, sdk: Any
) -> None:
    made = active(one, sdk)
    assert one.control.razorpay.charge(made, works=False)["status"] == "pending"
    one.control.advance(3 * DAY)
    assert sdk.subscription.fetch(made)["status"] == "halted"
    assert kinds(one).count("payment.failed") == 4
    assert one.control.razorpay.charge(made)["status"] == "active"
    states = [change["to"] for change in one.control.truth()["razorpay"]["states"]]
    assert states == ["authenticated", "active", "pending", "halted", "active"]


def test_pause_resume_and_cancel_do_what_razorpay_does(one: World, sdk: Any) -> None:
    made = active(one, sdk)
    assert sdk.subscription.pause(made, {"pause_at": "now"})["status"] == "paused"
    with pytest.raises(BadRequest, match="can't be paused"):
        sdk.subscription.pause(made)
    assert sdk.subscription.resume(made, {"resume_at": "now"})["status"] == "active"
    assert sdk.subscription.cancel(made, {"cancel_at_cycle_end": 1})["status"] == "active"
    one.control.advance(MONTH)
    assert sdk.subscription.fetch(made)["status"] == "cancelled"
    with pytest.raises(BadRequest, match="not cancellable"):
        sdk.subscription.cancel(made)
    later = subscribe(sdk, start_at=START + 2 * MONTH)
    one.control.razorpay.authenticate(later["id"])
    assert sdk.subscription.fetch(later["id"])["status"] == "authenticated"
    assert sdk.subscription.pause(later["id"])["status"] == "cancelled"
    for event in ("subscription.paused", "subscription.resumed", "subscription.cancelled"):
        assert event in kinds(one)


def test_a_cancelled_or_expired_link_can_not_be_used_and_expiry_is_silent(
    one: World, sdk: Any
) -> None:
    gone = subscribe(sdk)
    sdk.subscription.cancel(gone["id"])
    late = subscribe(sdk, expire_by=START + 60)
    events = len(kinds(one))
    one.control.advance(60)
    assert sdk.subscription.fetch(late["id"])["status"] == "expired"
    assert len(kinds(one)) == events
    for made in (gone, late):
        with pytest.raises(ProviderUnavailable, match="This subscription is"):
            one.control.razorpay.authenticate(made["id"])


def test_there_is_no_idempotency_key_so_a_lost_answer_and_a_retry_make_two(
    one: World, sdk: Any
) -> None:
    given = {"plan_id": plan(sdk), "total_count": 3}
    one.control.begin_outage("lose_answer", provider="razorpay", count=1, method="POST")
    with pytest.raises(requests.exceptions.ConnectionError):
        sdk.subscription.create(given)
    sdk.subscription.create(given)
    both = sdk.subscription.all({"plan_id": given["plan_id"]})
    assert both["count"] == 2
    for made in both["items"]:
        one.control.razorpay.authenticate(made["id"])
    assert {made["status"] for made in sdk.subscription.all()["items"]} == {"active"}


def test_lists_go_by_creation_with_from_to_count_and_skip(one: World, sdk: Any) -> None:
    made = []
    for _ in range(5):
        made.append(subscribe(sdk)["id"])
        one.control.advance(10)
    window = {"from": START + 10, "to": START + 30}
    found = sdk.subscription.all(window)
    assert [item["id"] for item in found["items"]] == made[3:0:-1]
    skipped = sdk.subscription.all({**window, "count": 2, "skip": 2})
    assert (skipped["count"], skipped["items"][0]["id"]) == (1, made[1])
    sdk.subscription.cancel(made[0])  # a change does not bring it into a later window
    assert made[0] not in [item["id"] for item in sdk.subscription.all(window)["items"]]
    with pytest.raises(BadRequest, match="100"):
        sdk.subscription.all({"count": 101})
    one.control.razorpay.authenticate(made[4])
    paid = sdk.payment.all({"from": START + 50, "to": START + 50})
    assert paid["count"] == 1
    assert sdk.payment.all({"to": START + 49})["count"] == 0
    with pytest.raises(BadRequest, match="should not be sent"):
        sdk.invoice.all({"from": START})


def test_a_refund_is_bounded_by_its_payment(one: World, sdk: Any) -> None:
    active(one, sdk)
    payment = sdk.payment.all()["items"][0]["id"]
    part = sdk.payment.refund(payment, {"amount": 900, "notes": {"why": "late"}})
    assert (part["amount"], sdk.payment.fetch(payment)["refund_status"]) == (900, "partial")
    with pytest.raises(BadRequest, match="greater"):
        sdk.payment.refund(payment, {"amount": 99_900})
    sdk.payment.refund(payment)
    assert sdk.payment.fetch(payment)["status"] == "refunded"
    assert sdk.refund.all({"from": START})["count"] == 2
    assert kinds(one).count("refund.processed") == 2


def test_a_payment_link_is_paid_once_or_cancelled(one: World, sdk: Any) -> None:
    link = sdk.payment_link.create({"amount": 500, "currency": "USD", "reference_id": "intent_1"})
    one.control.razorpay.pay_link(link["id"])
    assert sdk.payment_link.fetch(link["id"])["status"] == "paid"
    with pytest.raises(ProviderUnavailable, match="is paid"):
        one.control.razorpay.pay_link(link["id"])
    other = sdk.payment_link.create({"amount": 500})
    assert sdk.payment_link.cancel(other["id"])["status"] == "cancelled"
    found = sdk.payment_link.all({"reference_id": "intent_1"})["payment_links"]
    assert [item["id"] for item in found] == [link["id"]]


def test_downtimes_are_listed_and_announced(one: World, sdk: Any, inbox: Inbox) -> None:
    down = one.control.razorpay.begin_downtime(method="netbanking", severity="medium")
    assert [item["status"] for item in sdk.payment.fetchDownTime()["items"]] == ["started"]
    one.control.razorpay.change_downtime(down, severity="high")
    one.control.advance(60)
    one.control.razorpay.change_downtime(down)
    assert sdk.payment.fetchDownTimeById(down)["end"] == START + 60
    assert one.control.drain() == 0
    assert sorted(body["event"] for body in inbox.bodies()) == [
        "payment.downtime.resolved",
        "payment.downtime.started",
        "payment.downtime.updated",
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"plan_id": "plan_x", "total_count": 1}, "does not exist"),
        ({"total_count": 1}, "plan id field is required"),
        ({"plan_id": "", "total_count": 0}, "does not exist"),
        ({"plan_id": "plan_x", "colour": "red"}, "should not be sent"),
    ],
)
def test_refusals_are_bad_requests_in_razorpays_words(sdk: Any, given: Any, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        sdk.subscription.create(given)
    assert sdk.subscription.all()["count"] == 0


def test_a_wrong_secret_is_a_bad_request_with_status_401(one: World, sdk: Any) -> None:
    stranger = official.razorpay_client(one.url, RAZORPAY_KEY_ID, "wrong")
    with pytest.raises(BadRequest, match="Authentication failed"):
        stranger.subscription.all()
    answer = requests.get(f"{one.url}/razorpay/v1/plans", auth=("rzp_x", "wrong"), timeout=5)
    assert answer.status_code == 401
    unknown = requests.get(
        f"{one.url}/razorpay/v1/subscriptions/sub_x",
        auth=(RAZORPAY_KEY_ID, DEFAULT_API_KEY),
        timeout=5,
    )
    assert unknown.status_code == 400
    del sdk


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("error_500", razorpay.errors.ServerError),
        ("html_502", requests.exceptions.JSONDecodeError),
        ("rate_limited", BadRequest),
        ("refuse", requests.exceptions.ConnectionError),
    ],
)
def test_each_outage_looks_to_the_sdk_as_bad_as_the_real_one(
    one: World, sdk: Any, kind: str, expected: type[Exception]
) -> None:
    one.control.begin_outage(kind, provider="razorpay")
    with pytest.raises(expected):
        sdk.subscription.all()
    one.control.end_outages()
    assert sdk.subscription.all()["count"] == 0


def test_a_lagging_replica_does_not_know_the_last_change(one: World, sdk: Any) -> None:
    made = active(one, sdk)
    one.control.advance(10)
    sdk.subscription.cancel(made)
    one.control.begin_outage("lag", provider="razorpay", seconds=5)
    assert sdk.subscription.fetch(made)["status"] == "active"
    one.control.advance(5)
    assert sdk.subscription.fetch(made)["status"] == "cancelled"


def test_webhooks_carry_their_id_in_a_header_and_razorpays_quirks_in_the_body(
    one: World, sdk: Any, inbox: Inbox
) -> None:
    active(one, sdk, notes=[])
    assert one.control.drain() == 0
    assert inbox.verified_by("first") == [True] * 6
    made = {event["id"]: event["body"] for event in one.control.razorpay.events()}
    assert {headers["x-razorpay-event-id"]: json.loads(body) for headers, body in inbox.got} == made
    by_kind = {body["event"]: body for body in inbox.bodies()}
    assert "account_id" not in by_kind["payment.authorized"]
    assert "created_at" not in by_kind["subscription.activated"]
    assert by_kind["subscription.activated"]["payload"]["created_at"] == START
    assert by_kind["subscription.charged"]["payload"]["subscription"]["entity"]["notes"] == []
    for headers, body in inbox.got:
        webhook.verify(headers, body, secrets=[b"first"], now=START)
        assert webhook.read(headers, body)[0].created == START


def test_retries_keep_the_old_secret_after_a_change_and_the_dashboard_uses_the_new_one(
    one: World, sdk: Any, inbox: Inbox
) -> None:
    inbox.status = 500
    one.control.order("withhold")
    made = active(one, sdk)
    one.control.roll_secret("rzp_hook", "second")
    one.control.lift()
    assert one.control.drain() == 0
    assert set(inbox.verified_by("first")) == {True}
    assert len(inbox.got) == 6 * 3  # every attempt of every event
    inbox.got.clear()
    inbox.status = 200
    assert one.control.razorpay.replay("rzp_hook", objects=[made]) == 3
    assert one.control.drain() == 0
    assert inbox.verified_by("second") == [True] * 3
    subscription = {body["payload"]["subscription"]["entity"]["id"] for body in inbox.bodies()}
    assert subscription == {made}
    assert one.control.razorpay.replay("rzp_hook", objects=[made]) == 0  # now acknowledged
    inbox.got.clear()
    sdk.subscription.pause(made)
    assert one.control.drain() == 0
    assert inbox.verified_by("second") == [True]


def test_a_day_of_failure_disables_the_webhook_and_a_replay_of_the_dashboard_enables_it(
    one: World, sdk: Any, inbox: Inbox
) -> None:
    inbox.status = 500
    made = active(one, sdk)
    assert one.control.drain() == 0
    one.control.advance(DAY)
    sdk.subscription.pause(made)
    assert one.control.drain() == 0
    assert [hook["active"] for hook in sdk.webhook.all()["items"]] == [False]
    inbox.status = 200
    inbox.got.clear()
    sdk.subscription.resume(made)
    assert one.control.drain() == 0
    assert inbox.got == []
    missing = {entry["event"]: entry["why"] for entry in one.control.undelivered()}
    assert set(missing) == {event["id"] for event in one.control.razorpay.events()}
    assert "endpoint_disabled" in missing.values()
    assert one.control.razorpay.replay("rzp_hook", first=START) == len(missing)
    assert one.control.drain() == 0
    assert one.control.undelivered() == []
    assert [hook["active"] for hook in sdk.webhook.all()["items"]] == [True]


def test_retries_end_a_day_after_the_event_was_made(one: World, sdk: Any, inbox: Inbox) -> None:
    one.control.put_endpoint(
        "rzp_hook",
        inbox.url,
        ["first"],
        provider="razorpay",
        enabled_events=["subscription.authenticated"],
        backoff_seconds=0.2,
        max_attempts=50,
    )
    inbox.status = 500
    made = subscribe(sdk, start_at=START + 9 * DAY)
    one.control.razorpay.authenticate(made["id"])
    while not inbox.got:
        one.control.drain(0.02)
    one.control.advance(DAY)
    assert one.control.drain() == 0
    assert len(inbox.got) == 2
    assert [missing["why"] for missing in one.control.undelivered()] == ["gave_up"]


def test_the_dashboard_replays_seven_days_back_and_five_times_a_day(
    one: World, inbox: Inbox
) -> None:
    assert inbox.status == 200
    with pytest.raises(ProviderUnavailable, match="7 days"):
        one.control.razorpay.replay("rzp_hook", first=START - 7 * DAY - 1)
    for _ in range(5):
        assert one.control.razorpay.replay("rzp_hook", first=START - 7 * DAY) == 0
    with pytest.raises(ProviderUnavailable, match="5 replays"):
        one.control.razorpay.replay("rzp_hook")
    one.control.advance(DAY)
    assert one.control.razorpay.replay("rzp_hook") == 0


def test_a_history_is_the_same_for_a_seed_and_reaches_every_state(one: World) -> None:
    def told() -> list[Any]:
        one.control.reset("test")
        one.control.razorpay.tell(seed=4, start=START, until=START + 600, events=600)
        return one.control.razorpay.events()

    first = told()
    assert len(first) >= 600
    assert told() == first
    truth = one.control.truth()["razorpay"]
    reached = {change["to"] for change in truth["states"]}
    assert reached >= {"authenticated", "active", "pending", "halted", "paused", "cancelled"}
    final = {made["id"]: made["status"] for made in truth["subscriptions"]}
    for change in truth["states"]:
        final[change["subscription"]] = change["to"]
        assert change["event"]
    assert final == {made["id"]: made["status"] for made in truth["subscriptions"]}


def test_one_intent_can_end_in_a_live_subscription_at_both_providers(one: World, sdk: Any) -> None:
    link = subscribe(sdk, notes={"workspace_id": "ws-1", "intent": "int_1"})
    params: Any = {
        "mode": "subscription",
        "line_items": [{"price": one.price(), "quantity": 1}],
        "success_url": "https://app.example/done",
        "subscription_data": {"metadata": {"workspace_id": "ws-1", "intent": "int_1"}},
    }
    session = one.sdk.v1.checkout.sessions.create(params)
    one.control.complete_checkout(session.id)
    one.control.razorpay.authenticate(link["id"])
    truth = one.control.truth()
    stripes = [(made["status"], made["metadata"]["intent"]) for made in truth["subscriptions"]]
    razorpays = [
        (made["status"], made["notes"]["intent"]) for made in truth["razorpay"]["subscriptions"]
    ]
    assert stripes == razorpays == [("active", "int_1")]


def test_a_limit_of_razorpay_is_a_429_without_a_reason(one: World, sdk: Any) -> None:
    one.control.limit(provider="razorpay", overall=0.01)
    sdk.subscription.all()
    with pytest.raises(BadRequest, match="too many requests"):
        sdk.subscription.all()
    statuses = {call["status"] for call in one.control.calls() if call["provider"] == "razorpay"}
    assert statuses == {200, 429}
    assert one.sdk.v1.events.list().data == []
    one.control.limit(provider="razorpay")


@pytest.mark.parametrize("events", [2_000, pytest.param(100_000, marks=pytest.mark.full)])
def test_a_long_history_of_razorpay_fits_too(events: int) -> None:
    merchant, before = Merchant("long"), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    story = Story(seed=1, start=START, until=START + DAY, events=events, customers=events // 20)
    made = tell(merchant, story)
    taken = time.process_time() - began
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"{made['events']} events, {made['events'] / taken:.0f}/s, {grown // 1024} MB")  # noqa: T201  # the figure
    assert made["events"] / taken > 500
    assert grown * 1_024 / events < 8_000


def test_stripe_and_razorpay_live_beside_each_other_on_one_address(one: World, sdk: Any) -> None:
    both = official.razorpay_client(f"{one.url}/razorpay", RAZORPAY_KEY_ID, DEFAULT_API_KEY)
    made = both.customer.create({"name": "a", "email": "a@b.example"})
    one.customer()
    assert [found["id"] for found in sdk.customer.all()["items"]] == [made["id"]]
    assert len(one.sdk.v1.customers.list().data) == 1
