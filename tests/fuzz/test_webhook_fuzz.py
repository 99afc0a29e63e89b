"""Rubbish at the door: whatever arrives, verifier and readers refuse it in their own words.

`TOCSIN_FUZZ_CASES` sets how many cases run (`make fuzz`: over a million); by default a sample does.
Cases are made by breaking real samples in many ways, from a seed, so a failure can be repeated:
its number and seed are in the message.
"""

from __future__ import annotations

import base64
import json
import os
import random
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

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
    from collections.abc import Callable

CASES = int(os.environ.get("TOCSIN_FUZZ_CASES", "50000"))
SEED = int(os.environ.get("TOCSIN_FUZZ_SEED", "20260227"))
NOW = 1_790_000_000
SECRET = b"whsec_fuzz"
SAMPLES = {
    provider: [path.read_bytes() for path in sorted(Path("events", provider).glob("*.json"))]
    for provider in PROVIDERS.names
}
STRANGE: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    10**40,
    float("inf"),
    "",
    "x" * 5000,
    "\ud800",
    "\0",
    "é₹",
    "#/../#",
    [],
    [[]],
    {},
    {"id": {}},
    [None, 5, "x", {"id": 1}],
    "2026-13-99T99:99:99Z",
    "9999-12-31T23:59:59-23:59",
]

pytestmark = pytest.mark.timeout(3600)


def cases(share: float) -> int:
    return max(1, int(CASES * share))


def run(share: float, salt: str, one: Callable[[random.Random], None]) -> None:
    """Runs its share of the cases, each from its own seed."""
    for number in range(cases(share)):
        seed = f"{SEED}-{salt}-{number}"
        try:
            one(random.Random(seed))
        except Exception as error:
            raise AssertionError(f"case {seed!r} broke it: {error!r}") from error


def noise(draw: random.Random, longest: int) -> bytes:
    return draw.randbytes(draw.randrange(longest))


def broken_header(draw: random.Random, good: str) -> str:
    """A signature header, cut, stuffed, repeated or replaced."""
    cut = draw.randrange(len(good) + 1)
    junk = noise(draw, 40).decode(draw.choice(["latin-1", "utf-16-le", "utf-8"]), "replace")
    return draw.choice(
        [
            good[:cut],
            good[:cut] + junk + good[cut:],
            junk,
            ",".join([good] * draw.randrange(40)),
            good.replace("=", draw.choice(["", "==", " = ", "\0"])),
            good.upper(),
            "".join(draw.sample(good, len(good))),
        ]
    )


def broken_bytes(draw: random.Random, body: bytes) -> bytes:
    """A body with bytes flipped, cut out or put in."""
    raw = bytearray(body)
    for _ in range(draw.randrange(1, 6)):
        at = draw.randrange(len(raw) + 1)
        how = draw.randrange(3)
        if how == 0 and at < len(raw):
            raw[at] ^= draw.randrange(1, 256)
        elif how == 1:
            del raw[at : at + draw.randrange(200)]
        else:
            raw[at:at] = draw.choice([b"[" * 50, b'"', b"\\u0000", b"1e999", noise(draw, 8)])
    return bytes(raw)


def broken_document(draw: random.Random, body: bytes) -> bytes:
    """A body whose JSON is sound and whose content is not."""
    document = json.loads(body)
    for _ in range(draw.randrange(1, 5)):
        place: Any = document
        for _ in range(draw.randrange(6)):
            inner = [each for each in _children(place) if isinstance(each, dict | list) and each]
            if not inner:
                break
            place = draw.choice(inner)
        if isinstance(place, dict) and place:
            key = draw.choice(sorted(place))
            if draw.random() < 0.3:
                del place[key]
            else:
                place[key] = deepcopy(draw.choice(STRANGE))
        elif isinstance(place, list) and place:
            place[draw.randrange(len(place))] = deepcopy(draw.choice(STRANGE))
    return json.dumps(document).encode()


def _children(place: Any) -> list[Any]:
    return list(place.values()) if isinstance(place, dict) else list(place)


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
