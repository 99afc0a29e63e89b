"""What is kept of a body: never a person, always what the projector needs, in few bytes."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tocsin.errors import MalformedPayload
from tocsin.providers.bodies import codec as body_codec
from tocsin.providers.bodies.pruning import MAX_LIST, MAX_TEXT, prune, pseudonym
from tools import body_dictionary

SAMPLES = sorted(Path("events").glob("stripe/*.json")) + sorted(
    Path("events").glob("razorpay/*.json")
)
PERSONAL = (
    "northwind.example",
    "pune.example",
    "Northwind",
    "A Cardholder",
    "A Customer",
    "a person",
    "Written by",
    "written by",
    "Example Street",
    "10115",
    "Berlin",
    "+49",
    "+91",
    "0341",
    "1111",
    "examplebank",
    "DE000000000",
    "https://",
)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_nothing_personal_is_kept(sample: Path) -> None:
    text = sample.read_text()
    kept = json.dumps(body_codec.unpack(body_codec.keep(json.loads(text), b"key")))
    assert [word for word in PERSONAL if word in kept] == []
    assert "metadata" not in kept or '"metadata": {"workspace":' in kept


def test_the_samples_do_contain_what_must_not_be_kept() -> None:
    everything = "".join(sample.read_text() for sample in SAMPLES)
    assert [word for word in PERSONAL if word not in everything] == []


def test_a_person_is_recognisable_only_with_the_key() -> None:
    document = {"data": {"object": {"customer_email": " Someone@Example.org "}}}
    kept = prune(document, b"key")["data"]["object"]["customer_email"]
    assert kept == pseudonym("someone@example.org", b"key")
    assert kept != pseudonym("someone@example.org", b"other")
    assert prune(document, None) == {"data": {"object": {}}}


def test_only_our_own_workspace_survives_of_metadata() -> None:
    assert prune({"metadata": {"workspace_id": "ws_1", "name": "x"}}, None) == {
        "metadata": {"workspace": "ws_1"}
    }
    notes: tuple[Any, ...] = ({}, [], {"name": "x"}, "text", {"workspace": 5})
    for foreign in notes:
        assert prune({"notes": foreign}, None) == {}


def test_a_body_is_cut_in_breadth_depth_and_length() -> None:
    deep: dict[str, Any] = {}
    document: dict[str, Any] = {
        "type": "t" * 1000,
        "data": [{"id": str(n)} for n in range(1000)],
        "object": deep,
    }
    for _ in range(500):
        deep["object"] = deep = {}
    kept = prune(document, None)
    assert len(kept["type"]) == MAX_TEXT
    assert len(kept["data"]) == MAX_LIST
    assert json.dumps(kept).count('"object"') < 20


def test_a_body_too_large_for_an_item_is_kept_in_outline() -> None:
    items = [
        {"id": f"si_{n}", "price": [{"id": f"{n:08}{m:08}" * 15} for m in range(50)]}
        for n in range(50)
    ]
    document = {"id": "evt_1", "data": {"object": {"id": "sub_1", "items": {"data": items}}}}
    incompressible = json.loads(json.dumps(document))
    drawn = random.Random(7)
    for entry in incompressible["data"]["object"]["items"]["data"]:
        for price in entry["price"]:
            price["id"] = "".join(chr(0x4E00 + drawn.randrange(20_000)) for _ in range(200))
    packed = body_codec.keep(incompressible, None)
    assert len(packed) <= body_codec.MAX_KEPT
    assert body_codec.unpack(packed) == {
        "id": "evt_1",
        "data": {"object": {"id": "sub_1", "items": {}}},
        "cut": 3,
    }


def test_a_packed_body_comes_back_and_is_the_same_bytes_every_time() -> None:
    document = {"id": "evt_é", "type": "x", "data": {"object": {"amount": 1.5, "paid": True}}}
    packed = body_codec.pack(document)
    assert packed[0] == 1
    assert body_codec.unpack(packed) == document
    assert body_codec.pack(dict(reversed(document.items()))) == packed


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\x01",
        b"\x00abc",
        b"\xff" + body_codec.pack({"a": 1})[1:],
        b"\x01garbage",
        body_codec.pack({"id": "evt_1", "type": "x" * 99})[:-4],
    ],
)
def test_a_damaged_body_is_an_error_and_not_a_guess(damaged: bytes) -> None:
    with pytest.raises(MalformedPayload):
        body_codec.unpack(damaged)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = body_codec.pack({"id": "0" * (body_codec.MAX_UNPACKED + 10)})
    assert len(bomb) < 10_000
    with pytest.raises(MalformedPayload):
        body_codec.unpack(bomb)


def test_the_shipped_dictionary_is_the_one_its_tool_builds() -> None:
    assert body_dictionary.TARGET.read_bytes() == body_dictionary.build()


def test_a_body_packed_by_the_first_release_can_still_be_read() -> None:
    first = bytes.fromhex("0143c97896061080e6060c2b89331a00")
    assert body_codec.unpack(first) == {
        "created": 1790000000,
        "id": "evt_1",
        "object": "event",
        "type": "customer.subscription.updated",
    }
