"""Every sample under `events/` is read by exactly one contract, and every contract has samples.

The contracts are found through the registries, so a new source or provider is held to this by its
line there, and a sample that nobody reads, or that two read, is a red test.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tocsin.errors import BadInput
from tocsin.providers.registry import PROVIDERS, webhook_reader
from tocsin.signals.registry import SOURCES, reader

EVENTS = Path(__file__).resolve().parents[3] / "events"
SAMPLES = sorted(path.relative_to(EVENTS).as_posix() for path in EVENTS.rglob("*.json"))


HEADERS = {"x-razorpay-event-id": "evt_sample"}  # the one fact that is not in a body
CONTRACTS = {*SOURCES.names, *PROVIDERS.names}


def read(contract: str, body: bytes) -> object:
    """What the contract makes of these bytes."""
    if contract in SOURCES:
        return reader(contract)(json.loads(body))
    return webhook_reader(contract).read(HEADERS, body)


def readers(body: bytes) -> list[str]:
    """The contracts that accept these bytes."""
    accepting = []
    for contract in sorted(CONTRACTS):
        try:
            read(contract, body)
        except BadInput:
            continue
        accepting.append(contract)
    return accepting


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_is_read_by_the_contract_of_its_folder_and_no_other(sample: str) -> None:
    assert readers((EVENTS / sample).read_bytes()) == [sample.partition("/")[0]]


def test_every_contract_has_samples_and_every_folder_a_contract() -> None:
    assert {sample.partition("/")[0] for sample in SAMPLES} == CONTRACTS


def test_a_body_of_nobody_is_read_by_nobody() -> None:
    assert readers(b'{"hello": "world"}') == []
