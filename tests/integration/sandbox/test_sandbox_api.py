"""The official SDK, unmodified, against the sandbox over HTTP."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest
import stripe

from tests.integration.sandbox.sandbox_world import START, World, world
from tocsin.errors import ProviderUnavailable
from tocsin.local.sandbox.clients import official
from tocsin.local.sandbox.clients.stripe import SandboxClient
from tocsin.local.sandbox.defaults import DEFAULT_API_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with world(workers=1) as it:
        yield it


@pytest.fixture
def one(running: World) -> World:
    running.control.reset("test")
    return running


def test_the_sdk_creates_reads_changes_and_cancels(one: World) -> None:
    made = one.subscribe()
    item: Any = made["items"]["data"][0]
    assert (made.status, item.current_period_start) == ("active", made.created)
    changed = one.sdk.v1.subscriptions.update(made.id, {"metadata": {"workspace_id": "ws-1"}})
    assert changed.metadata["workspace_id"] == "ws-1"
    assert one.sdk.v1.subscriptions.retrieve(made.id).metadata == changed.metadata
    assert one.sdk.v1.subscriptions.cancel(made.id).status == "canceled"
    assert [truth.status for truth in official.subscriptions(one.sdk)] == ["canceled"]
    assert one.control.truth()["subscriptions"][0]["status"] == "canceled"


def test_the_sdk_pages_through_more_than_one_page_in_both_directions(one: World) -> None:
    one.control.freeze(START)
    one.control.tell(seed=1, start=START - 60, until=START, events=250)
    params: Any = {"limit": 100, "created": {"gte": START - 60, "lte": START}}
    newest_first = [event.id for event in one.sdk.v1.events.list(params).auto_paging_iter()]
    assert len(newest_first) == len(set(newest_first)) >= 250
    oldest: Any = {**params, "ending_before": newest_first[-1]}
    upward = [event.id for event in one.sdk.v1.events.list(oldest).auto_paging_iter()]
    assert [newest_first[-1], *upward] == newest_first[::-1]


def test_the_date_header_is_provider_time(one: World) -> None:
    one.control.freeze(START)
    answer = one.sdk.v1.events.list({"limit": 1})
    headers: Any = answer.last_response.headers  # type: ignore[union-attr]  # set by every call
    assert parsedate_to_datetime(headers["date"]).timestamp() == START
    assert headers["request-id"].startswith("req_")


@pytest.mark.parametrize(
    ("call", "expected", "status"),
    [
        (lambda sdk: sdk.v1.customers.retrieve("cus_x"), stripe.InvalidRequestError, 404),
        (lambda sdk: sdk.v1.customers.list({"colour": "red"}), stripe.InvalidRequestError, 400),
        (lambda sdk: sdk.v1.events.list({"limit": 500}), stripe.InvalidRequestError, 400),
    ],
)
def test_refusals_arrive_as_the_sdks_own_exceptions(
    one: World, call: Any, expected: type[stripe.StripeError], status: int
) -> None:
    with pytest.raises(expected) as refused:
        call(one.sdk)
    assert refused.value.http_status == status
    assert refused.value.request_id


def test_a_wrong_key_and_a_declined_card_are_told_apart(one: World) -> None:
    with pytest.raises(stripe.AuthenticationError):
        official.client(one.url, "sk_test_wrong").v1.events.list()
    params: Any = {
        "customer": one.customer("pm_card_chargeCustomerFail").id,
        "items": [{"price": one.price()}],
        "payment_behavior": "error_if_incomplete",
    }
    with pytest.raises(stripe.CardError) as declined:
        one.sdk.v1.subscriptions.create(params)
    assert declined.value.code == "card_declined"


def test_an_idempotency_key_makes_a_lost_answer_safe_to_repeat(one: World) -> None:
    one.control.begin_outage("lose_answer", count=1, method="POST")
    options: Any = {"idempotency_key": "once"}
    with pytest.raises(stripe.APIConnectionError):
        one.sdk.v1.customers.create({"name": "a"}, options)
    again = one.sdk.v1.customers.create({"name": "a"}, options)
    assert [found.id for found in one.sdk.v1.customers.list().data] == [again.id]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("error_500", stripe.APIError),
        ("error_503", stripe.APIError),
        ("html_502", stripe.APIError),
        ("rate_limited", stripe.RateLimitError),
        ("refuse", stripe.APIConnectionError),
    ],
)
def test_each_outage_looks_to_the_sdk_like_the_real_one_and_ends(
    one: World, kind: str, expected: type[stripe.StripeError]
) -> None:
    one.control.begin_outage(kind)
    with pytest.raises(expected):
        one.sdk.v1.events.list()
    assert [ended["taken"] for ended in one.control.end_outages()] == [1]
    assert one.sdk.v1.events.list().data == []


def test_a_hanging_api_keeps_a_caller_until_its_own_timeout(one: World) -> None:
    # It hangs for longer than any test may take: whoever waited for it would not end.
    one.control.begin_outage("hang", seconds=3_600)
    impatient = stripe.StripeClient(
        DEFAULT_API_KEY,
        base_addresses={"api": one.url},
        http_client=stripe.RequestsClient(timeout=0.3),
    )
    with pytest.raises(stripe.APIConnectionError):
        impatient.v1.events.list()
    one.control.end_outages()
    assert one.sdk.v1.events.list().data == []


def test_a_control_that_makes_no_sense_is_refused_with_a_sentence(one: World) -> None:
    for attempt in (
        lambda: one.control.order("explode"),
        lambda: one.control.put_endpoint("we_1", one.url, ["s"], colour="red"),
        lambda: one.control.begin_outage("sunshine"),
        lambda: one.control.settings(after_retries="maybe"),
        lambda: one.control.settings(api_version="1999-01-01"),
    ):
        with pytest.raises(ProviderUnavailable, match="sandbox refused"):
            attempt()


def test_the_process_keeps_its_state_over_a_clean_stop(tmp_path: Path) -> None:
    state = tmp_path / "state" / "sandbox.json"
    seen: list[tuple[Any, ...]] = []
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-m", "tocsin.local.sandbox", "--port", "0", "--state", str(state)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            url = json.loads(process.stdout.readline())["url"]
            control = SandboxClient(url)
            if not seen:
                control.tell(seed=1, start=START, until=START + 60)
                control.put_endpoint("we_1", "http://127.0.0.1:9/", ["s"])
                control.freeze(START + 99)
            seen.append((control.truth(), control.events(), control.now()))
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait() == 0
            process.stdout.close()
    assert seen[0] == seen[1]
    assert seen[0][2] == START + 99
