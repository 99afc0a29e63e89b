"""Rubbish at the door: whatever arrives, verifier and readers refuse it in their own words.

Its number and seed are in the message of a case that fails.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fuzz.broken import broken_bytes, broken_document, broken_header, cases, noise, run
from tocsin.adapters.billing.projection.ledger import item_of, record_of
from tocsin.application.billing.projection.read_event import billing_event
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ledger_key import LedgerRecord
from tocsin.errors import BadInput, MalformedPayload, SignatureInvalid, TimestampOutOfTolerance
from tocsin.providers.bodies.codec import keep, unpack
from tocsin.providers.razorpay import signature as razorpay_signature
from tocsin.providers.registry import PROVIDERS, object_reader, webhook_reader
from tocsin.providers.stripe import signature as stripe_signature
from tocsin.runtime.web import http

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

NOW = 1_790_000_000
SECRET = b"whsec_fuzz"
SAMPLES = {
    provider: [path.read_bytes() for path in sorted(Path("events", provider).glob("*.json"))]
    for provider in PROVIDERS.names
}

pytestmark = pytest.mark.timeout(3600)


def test_no_header_and_no_body_gets_past_stripes_verifier() -> None:
    body = SAMPLES["stripe"][0]
    good = f"t={NOW},v1=" + "ab" * 32

    def one(draw: random.Random) -> None:
        raw = draw.choice([body[:64], noise(draw, 64)])
        try:
            stripe_signature.verify(broken_header(draw, good), raw, secrets=[SECRET], now=NOW)
        except (SignatureInvalid, TimestampOutOfTolerance):
            return
        raise AssertionError("accepted")

    run(0.30, "stripe-signature", one)


def test_no_header_and_no_body_gets_past_razorpays_verifier() -> None:
    def one(draw: random.Random) -> None:
        header = broken_header(draw, "ab" * 32)
        try:
            razorpay_signature.verify(header, noise(draw, 64), secrets=[SECRET])
        except SignatureInvalid:
            return
        raise AssertionError("accepted")

    run(0.25, "razorpay-signature", one)


@pytest.mark.parametrize("provider", PROVIDERS.names)
@pytest.mark.parametrize("breaker", [broken_bytes, broken_document])
def test_a_signed_body_is_read_to_the_end_or_refused(
    provider: str, breaker: Callable[[random.Random, bytes], bytes]
) -> None:
    """Reading, pruning, packing, filing, and all the way back to what the projector sees."""
    reader, objects = webhook_reader(provider), object_reader(provider)
    identity = Identity(provider, "acct_1", "test")
    read = 0

    def one(draw: random.Random) -> None:
        nonlocal read
        body = breaker(draw, draw.choice(SAMPLES[provider]))
        headers = draw.choice([{}, {"x-razorpay-event-id": draw.choice(["e", "é", "x" * 999])}])
        try:
            envelope, document = reader.read(headers, body)
        except BadInput:
            return
        read += 1
        record = LedgerRecord(identity, "default", envelope, NOW, keep(document, b"key"))
        item = item_of(record)
        assert len(item["SK"]["S"]) <= 1024
        assert record_of(item).envelope.id == envelope.id
        try:
            billing_event(record_of(item), reader=objects, unpack=unpack)
        except MalformedPayload:
            return

    run(0.09, f"{provider}-{breaker.__name__}", one)
    assert read > cases(0.09) // 100, "what is refused at the door shows nothing of the rooms"


def test_no_stored_body_breaks_the_unpacker() -> None:
    packed = keep(json.loads(SAMPLES["stripe"][0]), None)

    def one(draw: random.Random) -> None:
        try:
            unpack(broken_bytes(draw, packed))
        except MalformedPayload:
            return

    run(0.04, "unpack", one)


def test_no_gateway_event_breaks_the_request_parser() -> None:
    def one(draw: random.Random) -> None:
        raw = noise(draw, 60)
        text = draw.choice(
            [
                base64.b64encode(raw).decode(),
                raw.decode("latin-1"),
                raw.decode("utf-16-le", "surrogatepass") if len(raw) % 2 == 0 else "\udcff",
                None,
            ]
        )
        event = {
            "headers": draw.choice([None, {}, {"A": "b"}]),
            "requestContext": {"http": {"method": "POST", "path": "/"}},
            "body": text,
            "isBase64Encoded": draw.choice([True, False, None]),
        }
        try:
            http.parse(event)
        except BadInput:
            return

    run(0.05, "gateway", one)
