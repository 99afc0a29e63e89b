"""What is particular to a provider's deliveries: attacks on Razorpay's, endpoints, thin events."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tests.harness.fakes.webhooks import compact, http_event, razorpay_headers
from tests.harness.worlds.ingest import World
from tocsin.application.billing.projection.read_event import billing_event
from tocsin.billing.access.counting import Counting
from tocsin.billing.event import EventClass, Problem
from tocsin.providers.bodies.codec import MAX_KEPT, unpack
from tocsin.providers.registry import object_reader

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = Path("events")
CHARGED = json.loads((EVENTS / "razorpay/subscription_charged.json").read_text())
UPDATED = json.loads((EVENTS / "stripe/subscription_updated_2025-03-31.basil.json").read_text())
THIN = json.loads((EVENTS / "stripe/thin_subscription_updated.json").read_text())
BODY = compact(CHARGED)
ALTERED = BODY.replace(b"charged", b"Charged", 1)


@pytest.fixture(scope="module")
def cloud() -> Iterator[MotoCloud]:
    with moto_cloud() as running:
        yield running


@pytest.fixture
def world(
    cloud: MotoCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> World:
    return World.fresh(cloud, monkeypatch, capsys)


ATTACKS: dict[str, tuple[int, str, dict[str, Any]]] = {
    "no signature": (400, "signature_invalid", {"headers": {}}),
    "an empty signature": (400, "signature_invalid", {"headers": {"x-razorpay-signature": ""}}),
    "no ASCII": (400, "signature_invalid", {"headers": {"x-razorpay-signature": "é"}}),
    "zeros": (400, "signature_invalid", {"headers": {"x-razorpay-signature": "0" * 64}}),
    "an oversized header": (
        400,
        "signature_invalid",
        {"headers": {"x-razorpay-signature": "0" * 3000}},
    ),
    "enormous headers": (413, "payload_too_large", {"headers": {"x": "0" * 9000}}),
    "one altered byte": (
        400,
        "signature_invalid",
        {"text": BODY.replace(b"charged", b"Charged", 1)},
    ),
    "the same JSON, written otherwise": (
        400,
        "signature_invalid",
        {"text": json.dumps(CHARGED).encode()},
    ),
    "another secret": (400, "signature_invalid", {"secret": b"rzp_other"}),
    "an ended secret": (400, "signature_invalid", {"secret": b"rzp_old"}),
    "an empty secret": (400, "signature_invalid", {"secret": b"", "endpoint": "closed"}),
    "a test secret at a live endpoint": (400, "signature_invalid", {"endpoint": "live"}),
    "a signature of the other provider": (400, "signature_invalid", {"provider": "stripe"}),
    "an unknown endpoint": (404, "unknown_registration", {"endpoint": "nowhere"}),
    "an oversized body": (413, "payload_too_large", {"body": b"x" * 1_000_001}),
    "an oversized base64 body": (413, "payload_too_large", {"body": b"\xff" * 1_000_001}),
    "base64 that is none": (400, "malformed_payload", {"text": "%%%", "encoded": True}),
    "signed bytes that are no UTF-8": (400, "malformed_payload", {"body": b"\xff\xfe{"}),
    "a signed empty body": (400, "malformed_payload", {"body": b""}),
    "signed text that is no JSON": (400, "malformed_payload", {"body": b"hello"}),
    "signed JSON that is no event": (400, "malformed_payload", {"body": b"{}"}),
    "signed JSON a thousand deep": (400, "malformed_payload", {"body": b"[" * 100_000}),
    "an event of another account": (
        400,
        "registration_mismatch",
        {"body": compact(CHARGED | {"account_id": "acc_SomebodyElse01"})},
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_on_razorpays_endpoint_is_refused_counted_and_stores_nothing(
    world: World, name: str
) -> None:
    status, code, how = ATTACKS[name]
    body = how.get("body", BODY)
    headers = how.get("headers", razorpay_headers(body, secret=how.get("secret")))
    event = http_event(
        how.get("provider", "razorpay"),
        how.get("text", body),
        headers,
        endpoint=how.get("endpoint"),
        encoded=how.get("encoded"),
    )
    found, problem = world.post(event)
    assert (found, problem["code"]) == (status, code)
    assert world.stored() == []
    assert world.counts() == {("WebhooksRejected", code): 1}


def test_each_active_secret_of_razorpay_is_tried_for_retries_are_signed_with_the_old_one(
    world: World,
) -> None:
    assert world.razorpay(BODY, secret=b"rzp_before")[1] == {"status": "stored"}
    assert world.razorpay(BODY, secret=b"rzp_house")[1] == {"status": "duplicate"}


def test_razorpays_mode_is_its_registrations_for_no_body_names_one(world: World) -> None:
    assert world.razorpay(BODY, secret=b"rzp_live", endpoint="live")[1] == {"status": "stored"}
    assert world.razorpay(BODY)[1] == {"status": "stored"}
    assert sorted(str(record.identity) for record in world.stored()) == [
        "razorpay#acc_QxTocsinHouse1#live",
        "razorpay#acc_QxTocsinHouse1#test",
    ]


def test_a_razorpay_body_that_arrives_as_base64_is_verified_as_the_bytes_it_was(
    world: World,
) -> None:
    body = compact(CHARGED | {"note": "Zoë ₹"})
    assert world.razorpay(body, encoded=True) == (200, {"status": "stored"})


@pytest.mark.parametrize("event_id", ["", " ", "é", "x" * 256, "a\nb"])
def test_an_event_id_that_can_be_no_key_gives_way_to_the_hash(world: World, event_id: str) -> None:
    headers = razorpay_headers(BODY) | {"X-Razorpay-Event-Id": event_id}
    assert world.post(http_event("razorpay", BODY, headers))[0] == 200
    (record,) = world.stored()
    assert record.envelope.id.startswith("sha256:")


def test_the_same_event_through_two_endpoints_of_one_account_is_one(world: World) -> None:
    body = compact(UPDATED)
    assert world.stripe(body)[1] == {"status": "stored"}
    assert world.stripe(body, endpoint="platform")[1] == {"status": "duplicate"}
    (record,) = world.stored()
    assert record.endpoint == "default"


def test_account_and_mode_are_the_registrations_and_a_body_may_only_contradict(
    world: World,
) -> None:
    live = compact(UPDATED | {"livemode": True})
    assert world.stripe(live)[1]["code"] == "registration_mismatch"
    assert world.stripe(live, endpoint="live", secret=b"whsec_live")[0] == 200
    (record,) = world.stored()
    assert str(record.identity) == "stripe#acct_1SxHouse#live"
    assert record.endpoint == "live"


def test_a_test_event_at_a_live_connect_endpoint_is_accepted_and_filed_apart(world: World) -> None:
    """docs.stripe.com/connect/webhooks: both modes are sent there, a refusal counts as a failure.

    The mode is read from the body after its signature was verified, and opens nothing.
    """
    shop = {"account": "acct_1SxShopOfOthers01", "livemode": False}
    body, endpoint = compact(UPDATED | shop), {"endpoint": "shops", "secret": b"whsec_shops"}
    assert world.stripe(body, **endpoint) == (200, {"status": "stored"})
    (record,) = world.stored()
    assert str(record.identity) == "stripe#acct_1SxHouse/acct_1SxShopOfOthers01#test"
    assert ("WebhooksRejected", "") not in world.counts()
    assert record.identity not in Counting(connected=frozenset({record.identity.account}))
    unsigned = world.stripe(body, endpoint="shops", secret=b"whsec_other")
    assert (unsigned[0], unsigned[1]["code"]) == (400, "signature_invalid")
    own = compact(UPDATED | {"livemode": False})
    assert world.stripe(own, **endpoint)[1]["code"] == "registration_mismatch"


def test_a_thin_event_is_stored_as_a_reason_to_ask(world: World) -> None:
    assert world.stripe(compact(THIN)) == (200, {"status": "stored"})
    assert world.stripe(compact(THIN)) == (200, {"status": "duplicate"})
    (record,) = world.stored()
    assert record.envelope.event_class is EventClass.HINT
    assert record.envelope.subscription == THIN["related_object"]["id"]
    assert record.envelope.created == 1_788_876_201
    assert record.key.pk.startswith("stripe#acct_1SxHouse#test#2026090814#")


def test_a_thin_event_of_a_connected_account_needs_a_connect_registration(world: World) -> None:
    body = compact(THIN | {"context": "acct_1SxHouse/acct_1SxShopOfOthers01"})
    assert world.stripe(body)[1]["code"] == "registration_mismatch"
    assert world.stripe(body, endpoint="platform")[0] == 200
    (record,) = world.stored()
    assert record.identity.connected_account == "acct_1SxShopOfOthers01"


def test_a_body_too_large_for_an_item_is_stored_in_outline_and_asked_about(world: World) -> None:
    """0.9 MB that nothing packs: accepted, for a refusal would lose the event (ADR 0013)."""
    draw = random.Random(5)
    items = [
        {"id": draw.randbytes(128).hex(), "price": {"id": draw.randbytes(128).hex()}}
        for _ in range(50)
    ]
    lines = [{"id": draw.randbytes(120).hex(), "items": items} for _ in range(30)]
    subject = UPDATED["data"]["object"] | {"items": {"data": lines}}
    body = compact(UPDATED | {"data": {"object": subject}})
    assert 700_000 < len(body) < 1_000_000
    assert world.stripe(body) == (200, {"status": "stored"})
    (record,) = world.stored()
    assert len(record.body) <= MAX_KEPT
    assert "cut" in unpack(record.body)
    line = json.loads(world.capsys.readouterr().out)
    assert (line["body_bytes"], line["kept_bytes"]) == (len(body), len(record.body))
    event = billing_event(record, reader=object_reader("stripe"), unpack=unpack)
    assert event.event_class is EventClass.HINT
    assert event.subscription == subject["id"]
    assert event.problem == Problem.UNREADABLE_SHAPE
