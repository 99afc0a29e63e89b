"""The deployed handler, against AWS behind a socket: what is stored, refused and answered."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tests.harness.fakes.scripted_http import Reply, json_reply, scripted
from tests.harness.fakes.webhooks import REGISTRATIONS, compact, http_event, stripe_headers
from tests.harness.worlds.ingest import World, fresh_handler

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = Path("events")
SAMPLE = json.loads((EVENTS / "stripe/subscription_updated_2025-03-31.basil.json").read_text())
RAZORPAY = json.loads((EVENTS / "razorpay/subscription_charged.json").read_text())


@pytest.fixture(scope="module")
def cloud() -> Iterator[MotoCloud]:
    with moto_cloud() as running:
        yield running


@pytest.fixture
def world(
    cloud: MotoCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> World:
    return World.fresh(cloud, monkeypatch, capsys)


def test_a_new_event_is_stored_and_a_repeated_one_is_a_duplicate(world: World) -> None:
    body = compact(SAMPLE)
    assert world.stripe(body) == (200, {"status": "stored"})
    assert world.stripe(body) == (200, {"status": "duplicate"})
    (record,) = world.stored()
    assert record.key.pk == "stripe#acct_1SxHouse#test#2026100822#" + record.key.pk[-1]
    assert record.key.sk == SAMPLE["id"]
    assert record.envelope.api_version == "2025-03-31.basil"
    assert world.counts() == {("WebhooksAccepted", ""): 1, ("WebhooksDuplicate", ""): 1}


def test_the_same_event_in_another_versions_shape_is_a_duplicate(world: World) -> None:
    other = {**SAMPLE, "api_version": "2020-08-27", "pending_webhooks": 0}
    assert world.stripe(compact(SAMPLE))[1] == {"status": "stored"}
    assert world.stripe(compact(other))[1] == {"status": "duplicate"}


def test_a_retry_three_days_later_is_signed_anew_and_is_a_duplicate(world: World) -> None:
    body = compact({**SAMPLE, "created": world.now - 3 * 86_400})
    assert world.stripe(body, at=world.now - 200)[1] == {"status": "stored"}
    assert world.stripe(body)[1] == {"status": "duplicate"}


def test_one_delivery_is_stored_once_however_many_arrive_at_once(world: World) -> None:
    body = compact(SAMPLE)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: world.stripe(body)[1]["status"], range(16)))
    assert Counter(answers) == {"stored": 1, "duplicate": 15}


def test_a_body_that_arrives_as_base64_is_verified_as_the_bytes_it_was(world: World) -> None:
    body = compact({**SAMPLE, "note": "Zoë ₹"})
    assert world.stripe(body, encoded=True) == (200, {"status": "stored"})


def test_razorpay_events_are_known_by_their_header_or_their_hash(world: World) -> None:
    body = compact(RAZORPAY)
    assert world.razorpay(body, event_id="evt_1") == (200, {"status": "stored"})
    assert world.razorpay(body, event_id="evt_1") == (200, {"status": "duplicate"})
    assert world.razorpay(body, event_id=None) == (200, {"status": "stored"})
    assert world.razorpay(body, event_id=None) == (200, {"status": "duplicate"})
    sources = {record.envelope.id: record.envelope.id_source.value for record in world.stored()}
    assert sorted(sources.values()) == ["hash", "provider"]
    assert sources["evt_1"] == "provider"


def test_an_id_that_was_not_signed_keeps_no_other_event_out(world: World) -> None:
    """razorpay.com/docs/webhooks/validate-test: only the body is signed, the id is a header."""
    first, second = compact(RAZORPAY), compact({**RAZORPAY, "created_at": RAZORPAY["created_at"]})
    other = compact({**RAZORPAY, "contains": ["subscription", "another"]})
    assert first == second
    assert world.razorpay(first, event_id="evt_1") == (200, {"status": "stored"})
    assert world.razorpay(second, event_id="evt_1") == (200, {"status": "duplicate"})
    assert world.razorpay(other, event_id="evt_1") == (200, {"status": "stored"})
    assert world.razorpay(other, event_id="evt_1") == (200, {"status": "duplicate"})
    sources = sorted(record.envelope.id_source.value for record in world.stored())
    assert sources == ["hash", "provider"]


def test_a_thin_event_is_known_by_its_snapshots_id(world: World) -> None:
    """docs.stripe.com/webhooks/migrate-snapshot-to-thin-events: it names it in `snapshot_event`.

    The list of events has it under that id, and so a replay finds it.
    """
    thin = json.loads((EVENTS / "stripe/thin_subscription_updated.json").read_text())
    body = compact({**thin, "snapshot_event": "evt_1Snap"})
    assert world.stripe(body)[1] == {"status": "stored"}
    (record,) = world.stored()
    assert (record.envelope.id, record.envelope.event_class.value) == ("evt_1Snap", "H")


def test_an_irrelevant_event_is_stored_as_such(world: World) -> None:
    body = (EVENTS / "stripe/customer_updated.json").read_bytes()
    assert world.stripe(body)[0] == 200
    (record,) = world.stored()
    assert record.envelope.event_class.value == "-"


def test_an_event_of_a_connected_account_has_its_own_key(world: World) -> None:
    body = (EVENTS / "stripe/subscription_created_connect.json").read_bytes()
    assert world.stripe(body)[1]["code"] == "registration_mismatch"
    assert world.stripe(body, endpoint="platform")[0] == 200
    (record,) = world.stored()
    assert record.identity.account == "acct_1SxHouse/acct_1SxShopOfOthers01"


BODY = compact(SAMPLE)
ATTACKS: dict[str, tuple[int, str, dict[str, Any]]] = {
    "no signature": (400, "signature_invalid", {"headers": {}}),
    "garbage signature": (400, "signature_invalid", {"headers": {"stripe-signature": "é,=,t"}}),
    "another secret": (400, "signature_invalid", {"secret": b"whsec_other"}),
    "an ended secret": (400, "signature_invalid", {"secret": b"whsec_old"}),
    "an empty secret": (400, "signature_invalid", {"secret": b"", "endpoint": "closed"}),
    "a test secret at a live endpoint": (400, "signature_invalid", {"endpoint": "live"}),
    "a test event at a live endpoint": (
        400,
        "registration_mismatch",
        {"endpoint": "live", "secret": b"whsec_live"},
    ),
    "one altered byte": (400, "signature_invalid", {"alter": True}),
    "a stale time": (400, "timestamp_out_of_tolerance", {"age": 301}),
    "a future time": (400, "timestamp_out_of_tolerance", {"age": -302}),
    "an unknown endpoint": (404, "unknown_registration", {"endpoint": "nowhere"}),
    "an unknown provider": (404, "unknown_registration", {"provider": "paypal"}),
    "a path for a provider": (404, "unknown_registration", {"provider": "../stripe"}),
    "an oversized header": (400, "signature_invalid", {"pad_header": 3000}),
    "enormous headers": (413, "payload_too_large", {"pad_header": 9000}),
    "an oversized body": (413, "payload_too_large", {"body": b"x" * 1_000_001}),
    "an oversized base64 body": (
        413,
        "payload_too_large",
        {"body": b"\xff" * 1_000_001},
    ),
    "base64 that is none": (400, "malformed_payload", {"text": "%%%", "encoded": True}),
    "base64 that is no ASCII": (400, "malformed_payload", {"text": "é", "encoded": True}),
    "half a character": (400, "malformed_payload", {"text": "\ud800"}),
    "signed bytes that are no UTF-8": (400, "malformed_payload", {"body": b"\xff\xfe{"}),
    "a signed empty body": (400, "malformed_payload", {"body": b""}),
    "signed text that is no JSON": (400, "malformed_payload", {"body": b"hello"}),
    "signed JSON that is no event": (400, "malformed_payload", {"body": b"{}"}),
    "a signed list": (400, "malformed_payload", {"body": b"[1]"}),
    "signed JSON a thousand deep": (400, "malformed_payload", {"body": b"[" * 100_000}),
    "an event without an id": (400, "malformed_payload", {"body": b'{"type":"x"}'}),
}


def attack(world: World, how: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    body = how.get("body", BODY)
    at = world.now - how.get("age", 0)
    headers = how.get("headers", stripe_headers(body, at, secret=how.get("secret")))
    if "pad_header" in how:
        headers["Stripe-Signature"] += "," + "x" * how["pad_header"]
    if how.get("alter"):
        body = body.replace(b"active", b"Active")
    event = http_event(
        how.get("provider", "stripe"),
        how.get("text", body),
        headers,
        endpoint=how.get("endpoint"),
        encoded=how.get("encoded"),
    )
    return world.post(event)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_counted_and_stores_nothing(world: World, name: str) -> None:
    status, code, how = ATTACKS[name]
    found, problem = attack(world, how)
    assert (found, problem["code"]) == (status, code)
    assert problem["status"] == status
    assert problem["correlation_id"] == "lambda-request-1"
    assert world.stored() == []
    assert world.counts() == {("WebhooksRejected", code): 1}


def test_a_refusal_shows_nothing_of_body_or_secret(world: World) -> None:
    attack(world, {"secret": b"whsec_other"})
    world.stripe(BODY)
    printed = world.capsys.readouterr().out
    assert "whsec" not in printed
    assert "northwind" not in printed
    assert "SxTeamMonthly" not in printed


def test_a_rotated_secret_works_at_once_without_a_new_environment(world: World) -> None:
    world.stripe(BODY)
    rotated = {**REGISTRATIONS, "stripe/default": {**REGISTRATIONS["stripe/default"]}}
    rotated["stripe/default"]["secrets"] = [{"secret": "whsec_rotated", "not_after": None}]
    world.cloud.boto("secretsmanager").put_secret_value(
        SecretId="tocsin/test/webhook-registrations", SecretString=json.dumps(rotated)
    )
    assert world.stripe(BODY, secret=b"whsec_rotated") == (200, {"status": "duplicate"})


def test_without_its_secret_the_function_fails_closed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.handler = fresh_handler(world.cloud, monkeypatch, REGISTRATIONS_SECRET="not/there")
    status, problem = world.stripe(BODY)
    assert (status, problem["code"]) == (503, "secret_unavailable")
    assert world.stored() == []


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("AccessDeniedException", (503, "store_unavailable")),
        ("ValidationException", (500, "store_refused")),
    ],
)
def test_a_store_that_fails_is_answered_with_5xx_so_that_the_provider_comes_again(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: str, answer: tuple[int, str]
) -> None:
    """And it is counted as ours, which rings: no sender can mend it."""
    with scripted(json_reply({"__type": f"x#{kind}"}, 400)) as broken:
        world.handler = fresh_handler(
            world.cloud, monkeypatch, AWS_ENDPOINT_URL_DYNAMODB=broken.url
        )
        status, problem = world.stripe(BODY)
    assert (status, problem["code"]) == answer
    assert world.counts() == {("WebhooksUnstored", answer[1]): 1}


@pytest.mark.parametrize(
    "answer", [Reply(), json_reply({"__type": "x#ConditionalCheckFailedException"}, 400)]
)
def test_a_delivery_is_exactly_one_call_to_the_store(
    world: World, monkeypatch: pytest.MonkeyPatch, answer: Reply
) -> None:
    with scripted(answer) as store:
        world.handler = fresh_handler(world.cloud, monkeypatch, AWS_ENDPOINT_URL_DYNAMODB=store.url)
        assert world.stripe(BODY)[0] == 200
    (call,) = store.seen
    assert call.headers["x-amz-target"] == "DynamoDB_20120810.PutItem"
    sent = json.loads(call.body)
    assert sent["ConditionExpression"] == "attribute_not_exists(SK)"
    assert len(base64.b64decode(sent["Item"]["b"]["B"])) < 600


def test_a_new_delivery_of_razorpays_is_one_call_too_and_its_hash_is_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only one whose id is there already is compared, with the item that the refusal shows."""
    with scripted(Reply()) as store:
        world.handler = fresh_handler(world.cloud, monkeypatch, AWS_ENDPOINT_URL_DYNAMODB=store.url)
        assert world.razorpay(compact(RAZORPAY), event_id="evt_1")[0] == 200
    (call,) = store.seen
    sent = json.loads(call.body)
    assert sent["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
    assert hashlib.sha256(compact(RAZORPAY)).hexdigest() in str(sent["Item"])


def test_the_ingest_path_imports_no_sdk_and_no_framework(cloud: MotoCloud) -> None:
    program = (
        "import sys, json; import functions.webhook_ingest.handler as h;"
        "from tocsin.providers.registry import webhook_reader;"
        "webhook_reader('stripe'); webhook_reader('razorpay');"
        "print(json.dumps(sorted(sys.modules)))"
    )
    environment = {
        **cloud.environment(),
        "PYTHONPATH": f"{Path.cwd()}/shared:{Path.cwd()}",
        "STAGE": "test",
        "BILLING_EVENTS_TABLE": "t",
        "REGISTRATIONS_SECRET": "s",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    known = {*sys.stdlib_module_names, "functions", "tocsin"}
    assert {name for name in loaded - known if not name.startswith("_")} == set()
    assert "http" in loaded
    assert not any(name.startswith("tocsin.incidents") for name in json.loads(done.stdout))
