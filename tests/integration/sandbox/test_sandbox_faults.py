"""Everything the provider's API and webhooks can do wrong, as the official SDK meets it."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import stripe

from tests.integration.sandbox.sandbox_world import SECRET, START, World, world
from tocsin.local.sandbox.defaults import DEFAULT_API_KEY, NEWEST
from tocsin.local.sandbox.delivery.signing import signature_header
from tocsin.local.sandbox.stripe.versions import ACACIA, BASIL

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = 86_400


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with world(workers=2) as it:
        yield it


@pytest.fixture
def one(running: World) -> World:
    running.control.reset("test")
    running.receiver.answer = lambda _seen: 200
    running.receiver.seen.clear()
    running.receiver.got.clear()
    running.receiver.refused = 0
    return running


def impatient(one: World, seconds: float) -> stripe.StripeClient:
    return stripe.StripeClient(
        DEFAULT_API_KEY,
        base_addresses={"api": one.url},
        http_client=stripe.RequestsClient(timeout=seconds),
    )


def test_a_429_has_stripes_reason_and_no_time_to_wait(one: World) -> None:
    one.control.begin_outage("rate_limited")
    with pytest.raises(stripe.RateLimitError) as refused:
        one.sdk.v1.events.list()
    headers = {name.lower(): value for name, value in (refused.value.headers or {}).items()}
    assert headers["stripe-rate-limited-reason"] == "global-rate"
    assert "retry-after" not in headers


def test_a_limit_answers_429_from_its_rate_on_and_nothing_happens(one: World) -> None:
    one.control.limit(overall=3)
    made = 0
    for _ in range(8):
        try:
            one.sdk.v1.customers.create({"name": "a"})
            made += 1
        except stripe.RateLimitError:
            pass
    one.control.limit()
    assert 3 <= made < 8
    assert len(one.sdk.v1.customers.list().data) == made


def test_slow_just_under_the_timeout_works_and_just_over_it_does_not(one: World) -> None:
    one.control.begin_outage("slow", seconds=0.2)
    assert impatient(one, 1.5).v1.events.list().data == []
    with pytest.raises(stripe.APIConnectionError):
        impatient(one, 0.1).v1.events.list()


def test_success_after_the_client_gave_up_changed_the_state(one: World) -> None:
    one.control.begin_outage("answer_late", seconds=0.4, method="POST", count=1)
    one.control.calls(forget=True)
    with pytest.raises(stripe.APIConnectionError):
        impatient(one, 0.1).v1.customers.create({"name": "a"})
    assert [found.name for found in one.sdk.v1.customers.list().data] == ["a"]
    # Noted when it happened: whoever begins anew meets no call of those who gave up before.
    noted = [each["status"] for each in one.control.calls() if each["outage"] == "answer_late"]
    assert noted == [200]


def test_a_200_with_a_wrong_body_and_an_empty_list_are_no_truth(one: World) -> None:
    made = one.customer()
    one.control.begin_outage("wrong_body", path="/v1/customers", count=1)
    assert one.sdk.v1.customers.retrieve(made.id).to_dict() == {"object": "unexpected"}
    one.control.begin_outage("empty_list", path="/v1/customers", count=1)
    assert one.sdk.v1.customers.list().data == []
    assert len(one.sdk.v1.customers.list().data) == 1


def test_flapping_fails_two_requests_of_every_five(one: World) -> None:
    one.control.begin_outage("error_503", down=2, up=3)
    seen = []
    for _ in range(10):
        try:
            one.sdk.v1.events.list()
            seen.append(True)
        except stripe.APIError:
            seen.append(False)
    assert seen == [False, False, True, True, True] * 2


def test_an_outage_of_one_provider_leaves_the_other_alone(one: World) -> None:
    one.control.begin_outage("error_503", provider="razorpay")
    assert one.sdk.v1.events.list().data == []


def test_a_lagging_replica_answers_gets_and_lists_from_the_past(one: World) -> None:
    one.control.freeze(START)
    made = one.subscribe()
    one.control.advance(10)
    one.sdk.v1.subscriptions.cancel(made.id)
    events = len(one.sdk.v1.events.list({"limit": 100}).data)
    one.control.begin_outage("lag", seconds=5)
    assert one.sdk.v1.subscriptions.retrieve(made.id).status == "active"
    assert [sub.status for sub in one.sdk.v1.subscriptions.list({"status": "all"}).data] == [
        "active"
    ]
    assert len(one.sdk.v1.events.list({"limit": 100}).data) < events
    one.control.advance(5)
    assert one.sdk.v1.subscriptions.retrieve(made.id).status == "canceled"


def test_live_mode_shows_in_objects_events_and_webhooks(one: World) -> None:
    one.listen()
    before = one.customer()
    one.control.settings(livemode=True)
    made = one.customer()
    assert (before.livemode, made.livemode) == (False, True)
    assert [event.livemode for event in one.sdk.v1.events.list().data] == [True, False]
    assert one.control.drain() == 0
    modes = {event.data.object["id"]: event.livemode for event in one.receiver.got}
    assert modes == {before.id: False, made.id: True}
    one.control.settings(livemode=False)


def test_created_jitter_is_a_setting(one: World) -> None:
    one.control.freeze(START)
    one.control.settings(jitter=1)
    for _ in range(12):
        one.customer()
    created = {event["created"] for event in one.control.events()}
    assert created == {START - 1, START, START + 1}


def test_both_secrets_sign_after_a_roll_and_only_the_new_one_when_time_is_up(one: World) -> None:
    one.control.freeze(START)
    one.listen(max_attempts=1)
    one.control.roll_secret("we_1", "whsec_new", keep_seconds=3_600)
    one.customer()
    assert one.control.drain() == 0
    assert len(one.receiver.got) == 1  # the receiver knows the old secret only
    one.control.advance(3_600)
    one.customer()
    assert one.control.drain() == 0
    assert (len(one.receiver.got), one.receiver.refused) == (1, 1)


def test_the_header_has_one_signature_per_secret_in_force() -> None:
    header = signature_header(b"{}", ["new", "old"], at=START)
    for secret in ("new", "old"):
        assert stripe.WebhookSignature.verify_header("{}", header, secret, tolerance=None)
    assert header.count("v1=") == 2


def test_an_endpoint_not_pinned_follows_the_account_and_a_listed_copy_may_differ(
    one: World,
) -> None:
    one.control.settings(api_version=ACACIA)
    one.listen(api_version=None, enabled_events=["customer.subscription.created"])
    one.control.put_endpoint(
        "we_2",
        one.receiver.url,
        [SECRET],
        api_version=BASIL,
        enabled_events=["customer.subscription.created"],
    )
    one.subscribe()
    one.control.settings(api_version=NEWEST)
    assert one.control.drain() == 0
    assert {event.api_version for event in one.receiver.got} == {ACACIA, BASIL}
    listed = one.sdk.v1.events.list({"type": "customer.subscription.created"}).data
    assert [event.api_version for event in listed] == [ACACIA]


def test_connect_events_name_their_account_and_go_to_connect_endpoints_only(one: World) -> None:
    one.control.connect("acct_shop")
    one.listen()
    one.control.put_endpoint("we_c", one.receiver.url, [SECRET], connect=True)
    options: Any = {"stripe_account": "acct_shop"}
    made = one.sdk.v1.customers.create({"name": "theirs"}, options)
    one.customer()
    assert one.control.drain() == 0
    sent = {attempt.endpoint: attempt.event for attempt in one.control.sent()}
    accounts = {event.id: event.to_dict().get("account") for event in one.receiver.got}
    assert accounts == {sent["we_c"]: "acct_shop", sent["we_1"]: None}
    assert one.sdk.v1.customers.retrieve(made.id, None, options).name == "theirs"
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        one.sdk.v1.customers.retrieve(made.id)
    assert [event.id for event in one.sdk.v1.events.list(None, options).data] == [sent["we_c"]]
    with pytest.raises(stripe.PermissionError):
        one.sdk.v1.events.list(None, {"stripe_account": "acct_unknown"})


def test_a_thin_event_names_an_object_that_can_be_fetched(
    one: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.listen(payload="thin", enabled_events=["customer.subscription.created"])
    made = one.subscribe()
    bodies: list[bytes] = []

    def take(body: bytes, _signature: str | None) -> int:
        bodies.append(body)
        return 200

    monkeypatch.setattr(one.receiver, "take", take)
    assert one.control.drain() == 0
    header = signature_header(bodies[0], [SECRET], at=int(time.time()))
    note: Any = one.sdk.parse_event_notification(bodies[0], header, SECRET)
    assert note.type == "v1.customer.subscription.created"
    assert note.related_object.id == made.id
    answer = one.sdk.raw_request("get", note.related_object.url)
    assert one.sdk.deserialize(answer, api_mode="V1").id == made.id  # type: ignore[attr-defined]  # every object has one


def test_days_of_failure_disable_an_endpoint_and_what_was_made_then_is_never_sent(
    one: World,
) -> None:
    one.control.freeze(START)
    one.receiver.answer = lambda _seen: 500
    one.listen(max_attempts=2)
    one.customer()
    assert one.control.drain() == 0
    assert one.sdk.v1.webhook_endpoints.retrieve("we_1").status == "enabled"
    one.control.advance(9 * DAY)
    one.customer()
    assert one.control.drain() == 0
    assert [found.status for found in one.sdk.v1.webhook_endpoints.list().data] == ["disabled"]
    one.receiver.answer = lambda _seen: 200
    one.customer()
    assert one.sdk.v1.webhook_endpoints.update("we_1", {"disabled": False}).status == "enabled"
    last = one.customer()
    assert one.control.drain() == 0
    assert [event.data.object["id"] for event in one.receiver.got] == [last.id]
    reasons = [missing["why"] for missing in one.control.undelivered()]
    assert reasons == ["gave_up", "endpoint_disabled", "endpoint_disabled"]


def test_retries_end_with_the_providers_three_days(one: World) -> None:
    one.control.freeze(START)
    one.listen(max_attempts=50, backoff_seconds=0.05)
    moved: list[int] = []

    def answer(seen: int) -> int:
        if seen == 2:
            moved.append(one.control.advance(3 * DAY))
        return 500

    one.receiver.answer = answer
    one.customer()
    assert one.control.drain() == 0
    assert [attempt.number for attempt in one.control.sent()] == [1, 2, 3]
    assert [missing["why"] for missing in one.control.undelivered()] == ["gave_up"]


def test_the_drop_log_is_exactly_what_never_arrived(one: World) -> None:
    one.listen()
    one.control.order("drop", fraction=0.3, seed=1)
    one.control.order("duplicate", fraction=0.2, seed=2)
    one.control.tell(seed=3, start=START, until=START + 60)
    assert one.control.drain() == 0
    missing = {entry["event"] for entry in one.control.undelivered()}
    everything = {event["id"] for event in one.control.events()}
    assert missing == everything - set(one.receiver.seen)
    assert missing == {delivery["event"] for delivery in one.control.truth()["dropped"]}


@pytest.mark.parametrize("events", [400, pytest.param(20_000, marks=pytest.mark.full)])
def test_a_third_lost_some_doubled_some_late_and_the_list_gives_back_exactly_the_drop_log(
    one: World, monkeypatch: pytest.MonkeyPatch, events: int
) -> None:
    seen: Counter[str] = Counter()

    def take(body: bytes, _signature: str | None) -> int:
        with one.receiver.lock:
            seen[json.loads(body)["id"]] += 1
        return 200

    monkeypatch.setattr(one.receiver, "take", take)
    one.control.freeze(START + DAY)
    one.listen()
    one.control.order("drop", fraction=1 / 3, seed=1)
    one.control.order("duplicate", fraction=0.1, seed=2)
    one.control.order("delay", fraction=0.05, seed=3, seconds=1.0)
    one.control.tell(seed=5, start=START, until=START + DAY, events=events, customers=events // 20)
    params: Any = {"limit": 100, "created": {"gte": START, "lte": START + DAY}}
    # Listed while deliveries are still on their way.
    newest_first = [event.id for event in one.sdk.v1.events.list(params).auto_paging_iter()]
    oldest = newest_first[-1]
    forward: Any = {**params, "ending_before": oldest}
    upward = [event.id for event in one.sdk.v1.events.list(forward).auto_paging_iter()]
    listed = [oldest, *upward]
    assert one.control.drain(300) == 0
    missing = [entry["event"] for entry in one.control.undelivered()]
    assert set(listed) - set(seen) == set(missing)
    assert listed == newest_first[::-1]
    assert len(set(listed)) == len(listed) >= events
    assert 0.2 < len(missing) / len(listed) < 0.45
    assert max(seen.values()) == 2


def test_an_event_that_was_never_generated_is_in_no_list_and_only_the_object_tells(
    one: World,
) -> None:
    made = one.subscribe()
    before = len(one.control.events())
    one.control.settings(ungenerated=1)
    one.sdk.v1.subscriptions.update(made.id, {"metadata": {"a": "b"}})
    assert len(one.control.events()) == before
    assert [lost["object"] for lost in one.control.truth()["ungenerated"]] == [made.id]


def test_the_end_of_a_generation_failure_is_a_thin_event_that_no_list_has(
    one: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies: list[Any] = []

    def take(body: bytes, _signature: str | None) -> int:
        bodies.append(json.loads(body))
        return 200

    monkeypatch.setattr(one.receiver, "take", take)
    one.listen()
    one.control.put_endpoint("we_thin", one.receiver.url, [SECRET], payload="thin")
    made = one.control.resolve_generation_failure()
    assert one.control.drain() == 0
    assert [(body["id"], body["related_object"]) for body in bodies] == [(made, None)]
    assert bodies[0]["type"] == "v2.core.health.event_generation_failure.resolved"
    assert one.sdk.v1.events.list().data == []


def test_an_endpoint_made_through_the_api_signs_with_the_secret_it_showed_once(
    one: World,
) -> None:
    made = one.sdk.v1.webhook_endpoints.create(
        {"url": "http://127.0.0.1:9/", "enabled_events": ["customer.created"], "connect": False}
    )
    assert made.secret
    assert made.secret.startswith("whsec_")
    assert "secret" not in one.sdk.v1.webhook_endpoints.retrieve(made.id)
    assert one.sdk.v1.webhook_endpoints.delete(made.id).deleted
    assert one.sdk.v1.webhook_endpoints.list().data == []
