"""The queue of what one sweep cannot do: everything goes on, many to a message, and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tocsin.adapters.incidents.due_queue import (
    PER_CALL,
    PER_MESSAGE,
    SqsDueQueue,
    body_of,
    incidents_of,
)
from tocsin.errors import MalformedPayload, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping


class Sqs:
    """Takes batches as SQS does, and can refuse one entry."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.batches: list[list[dict[str, str]]] = []
        self.refuses = refuses

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        assert (operation, payload["QueueUrl"]) == ("SendMessageBatch", "https://queue")
        self.batches.append(payload["Entries"])
        return {"Failed": [{"Id": "0"}]} if self.refuses else {"Successful": []}


@pytest.mark.parametrize("count", [0, 1, PER_MESSAGE, PER_MESSAGE * PER_CALL + 1, 4_800])
def test_everything_goes_on_once_in_messages_that_fit(count: int) -> None:
    sqs, ids = Sqs(), [f"INC-{number}" for number in range(count)]

    SqsDueQueue(sqs, "https://queue").send(ids)

    bodies = [entry["MessageBody"] for batch in sqs.batches for entry in batch]
    assert [each for body in bodies for each in incidents_of(body)] == ids
    assert all(len(batch) <= PER_CALL for batch in sqs.batches)
    assert all(len({entry["Id"] for entry in batch}) == len(batch) for batch in sqs.batches)
    assert all(len(incidents_of(body)) <= PER_MESSAGE for body in bodies)


def test_a_message_that_was_not_taken_is_an_error() -> None:
    with pytest.raises(Unavailable):
        SqsDueQueue(Sqs(refuses=True), "https://queue").send(["INC-1"])


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"incidents": [1]}', '{"incidents": "INC-1"}'])
def test_something_else_is_no_message(body: str) -> None:
    with pytest.raises(MalformedPayload):
        incidents_of(body)


def test_a_body_is_read_back() -> None:
    assert incidents_of(body_of(["INC-1", "INC-2"])) == ("INC-1", "INC-2")
