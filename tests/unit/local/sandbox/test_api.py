"""Keys, idempotency, versions, lists and refusals of the provider's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.local.sandbox.asking import DAY, START, Provider
from tocsin.local.sandbox.stripe.api import Request
from tocsin.local.sandbox.stripe.lists import page
from tocsin.local.sandbox.stripe.versions import ACACIA, BASIL, KNOWN, changed_attributes

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.mark.parametrize(
    "header", ["", "Bearer sk_test_wrong", "Bearer ", "Basic ???", "Basic c2s6", "bearer"]
)
def test_without_a_right_key_nothing_is_answered(provider: Provider, header: str) -> None:
    headers = {"authorization": header}
    answer = provider.api.handle(Request("GET", "/v1/events", headers=headers), now=START)
    assert answer.status == 401
    assert "sk_test_wrong" not in str(answer.body)


def test_the_key_may_come_as_the_user_of_basic_authentication(provider: Provider) -> None:
    headers = {"authorization": "Basic c2tfdGVzdF9yaWdodDo="}  # sk_test_right:
    assert provider.api.handle(Request("GET", "/v1/events", headers=headers), now=0).status == 200


def test_a_repeated_idempotency_key_gets_the_first_answer_and_changes_nothing(
    provider: Provider,
) -> None:
    first = provider.call("POST", "/v1/customers", {"name": "a"}, idempotency_key="k1")
    again = provider.call("POST", "/v1/customers", {"name": "a"}, idempotency_key="k1")
    assert again.body == first.body
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["original-request"] == first.headers["request-id"]
    assert len(provider.account.objects["customer"]) == 1


def test_an_idempotency_key_with_another_body_is_refused(provider: Provider) -> None:
    provider.call("POST", "/v1/customers", {"name": "a"}, idempotency_key="k1")
    other = provider.call("POST", "/v1/customers", {"name": "b"}, idempotency_key="k1")
    assert other.status == 400
    assert other.body["error"]["type"] == "idempotency_error"


def test_an_idempotency_key_is_forgotten_after_a_day(provider: Provider) -> None:
    provider.call("POST", "/v1/customers", {"name": "a"}, idempotency_key="k1")
    provider.now += DAY
    provider.call("POST", "/v1/customers", {"name": "b"}, idempotency_key="k1")
    assert len(provider.account.objects["customer"]) == 2


def test_a_request_that_was_refused_may_use_its_key_again(provider: Provider) -> None:
    assert provider.call("POST", "/v1/products", {}, idempotency_key="k").status == 400
    assert provider.call("POST", "/v1/products", {"name": "n"}, idempotency_key="k").status == 200


def test_an_event_names_the_request_that_caused_it(provider: Provider) -> None:
    answer = provider.call("POST", "/v1/customers", {"name": "a"}, idempotency_key="k1")
    event = provider.ok("GET", "/v1/events")["data"][0]
    assert event["request"] == {"id": answer.headers["request-id"], "idempotency_key": "k1"}


@pytest.mark.parametrize("version", KNOWN)
def test_each_version_has_the_period_and_the_subscription_in_its_own_place(
    provider: Provider, version: str
) -> None:
    made = provider.subscribe()
    path = f"/v1/subscriptions/{made['id']}"
    shown = provider.call("GET", path, stripe_version=version).body
    invoice = provider.call(
        "GET", f"/v1/invoices/{made['latest_invoice']}", stripe_version=version
    ).body
    item = shown["items"]["data"][0]
    old = KNOWN.index(version) < KNOWN.index(BASIL)
    assert ("current_period_end" in shown) == old
    assert ("current_period_end" in item) == (not old)
    assert (invoice.get("subscription") == made["id"]) == old
    assert ("paid" in invoice) == old
    assert ("parent" in invoice) == (not old)
    assert not any(name.startswith("_") for name in str(shown).split("'") if name[1:].isalpha())


def test_an_unknown_version_is_refused(provider: Provider) -> None:
    assert provider.call("GET", "/v1/events", stripe_version="2020-01-01").status == 400


def test_a_listed_event_keeps_the_version_of_its_day(provider: Provider) -> None:
    provider.account.api_version = ACACIA
    provider.subscribe()
    provider.account.api_version = BASIL
    listed = provider.call(
        "GET", "/v1/events", {"type": "customer.subscription.updated"}, stripe_version=BASIL
    ).body["data"][0]
    assert listed["api_version"] == ACACIA
    assert "current_period_end" in listed["data"]["object"]


def test_previous_attributes_hold_the_old_values_of_what_changed(provider: Provider) -> None:
    made = provider.subscribe()
    provider.ok("POST", f"/v1/subscriptions/{made['id']}", {"metadata": {"plan": "x"}})
    event = provider.ok("GET", "/v1/events", {"limit": 1})["data"][0]
    assert event["data"]["previous_attributes"] == {"metadata": {"plan": None}}
    assert event["data"]["object"]["metadata"] == {"plan": "x"}


json_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=6,
)
json_objects = st.dictionaries(st.sampled_from("abcd"), json_values, max_size=4)


def put_back(after: Mapping[str, Any], previous: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(after)
    for key, old in previous.items():
        new = after.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            result[key] = put_back(new, old)
        else:
            result[key] = old
    return {key: value for key, value in result.items() if value is not None}


@given(json_objects, json_objects)
def test_previous_attributes_over_the_new_object_give_the_old_one(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert bool(changed_attributes(before, after)) == (
        any(before.get(key) != after.get(key) for key in before.keys() | after.keys())
    )
    flat = {key: value for key, value in before.items() if not isinstance(value, dict)}
    restored = put_back(after, changed_attributes(before, after))
    assert all(restored.get(key) == value for key, value in flat.items())


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"created": {"gt": START + 1}}, [4, 3, 2]),
        ({"created": {"gte": START + 1}}, [4, 3, 2, 1]),
        ({"created": {"gte": START + 1, "lt": START + 3}}, [2, 1]),
        ({"created": {"lte": START}}, [0]),
        ({"created": START + 3}, [3]),
        ({"created": {"gt": START + 9}}, []),
    ],
)
def test_created_ranges_include_and_exclude_their_ends(
    provider: Provider, query: Mapping[str, Any], wanted: list[int]
) -> None:
    for second in range(5):
        provider.now = START + second
        provider.customer(None)
    provider.now = START + 60
    listed = provider.ok("GET", "/v1/events", query)["data"]
    assert [event["created"] - START for event in listed] == wanted


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 9))
def test_both_cursors_walk_every_object_exactly_once(seconds: list[int], limit: int) -> None:
    stored = [{"id": f"o{number}", "created": at} for number, at in enumerate(seconds)]
    newest_first = [one["id"] for one in sorted(stored, key=lambda one: int(str(one["created"])))]
    newest_first.reverse()
    walked: list[Any] = []
    more = bool(stored)
    while more:
        cursor = {"starting_after": walked[-1]} if walked else {}
        found, more = page(stored, {"limit": str(limit), **cursor})
        walked += [one["id"] for one in found]
    assert walked == newest_first
    if not stored:
        return
    upward = [newest_first[-1]]
    more = True
    while more:
        found, more = page(stored, {"limit": str(limit), "ending_before": upward[-1]})
        upward += [one["id"] for one in reversed(found)]
    assert upward == newest_first[::-1]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 101},
        {"starting_after": "evt_nothing"},
        {"type": "a", "types": ["b"]},
        {"types": [str(number) for number in range(21)]},
        {"created": {"after": 1}},
        {"created": "yesterday"},
        {"expand": ["data"]},
    ],
)
def test_a_list_call_the_provider_would_refuse_is_refused(
    provider: Provider, query: Mapping[str, Any]
) -> None:
    provider.customer(None)
    assert provider.call("GET", "/v1/events", query).status == 400


def test_cancelled_subscriptions_are_left_out_unless_asked_for(provider: Provider) -> None:
    kept, over = provider.subscribe()["id"], provider.subscribe()["id"]
    provider.ok("DELETE", f"/v1/subscriptions/{over}")

    def listed(**query: str) -> set[str]:
        return {one["id"] for one in provider.ok("GET", "/v1/subscriptions", query)["data"]}

    assert listed() == {kept}
    assert listed(status="all") == {kept, over}
    assert listed(status="canceled") == listed(status="ended") == {over}


def test_types_take_a_wildcard(provider: Provider) -> None:
    provider.subscribe()
    listed = provider.ok("GET", "/v1/events", {"type": "customer.subscription.*"})["data"]
    assert {event["type"] for event in listed} == {
        "customer.subscription.created",
        "customer.subscription.updated",
    }


def test_events_are_gone_after_thirty_days(provider: Provider) -> None:
    provider.customer(None)
    event = provider.ok("GET", "/v1/events")["data"][0]["id"]
    provider.now += 30 * DAY
    assert provider.call("GET", f"/v1/events/{event}").status == 200
    provider.now += 1
    assert provider.call("GET", f"/v1/events/{event}").status == 404
    assert provider.ok("GET", "/v1/events")["data"] == []


def test_delivery_success_asks_what_became_of_the_deliveries(provider: Provider) -> None:
    provider.customer(None)
    provider.customer(None)
    newest, oldest = (event["id"] for event in provider.ok("GET", "/v1/events")["data"])
    provider.api.delivered = lambda event: event == oldest

    def listed(*, value: bool) -> list[str]:
        found = provider.ok("GET", "/v1/events", {"delivery_success": value})["data"]
        return [event["id"] for event in found]

    assert (listed(value=True), listed(value=False)) == ([oldest], [newest])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/customers/cus_none"),
        ("POST", "/v1/subscriptions/sub_none"),
        ("DELETE", "/v1/subscriptions/sub_none"),
        ("GET", "/v1/events/evt_none"),
        ("GET", "/v1/charges"),
        ("PUT", "/v1/customers"),
        ("GET", "/v2/core/events"),
    ],
)
def test_what_does_not_exist_is_404_in_the_providers_shape(
    provider: Provider, method: str, path: str
) -> None:
    answer = provider.call(method, path)
    assert answer.status == 404
    assert answer.body["error"]["type"] == "invalid_request_error"


def test_a_body_that_is_not_utf8_is_refused(provider: Provider) -> None:
    headers = {"authorization": "Bearer sk_test_right"}
    request = Request("POST", "/v1/customers", headers=headers, body=b"name=\xff")
    assert provider.api.handle(request, now=START).status == 400
