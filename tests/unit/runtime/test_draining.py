"""Taking from a queue that nobody polls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tocsin.errors import QueueUnavailable
from tocsin.runtime.draining import LONG_POLL_SECONDS, Drain
from tocsin.runtime.driving import SqsDrive, nobody

if TYPE_CHECKING:
    from collections.abc import Mapping


class Queue:
    """A queue that hands out each message once, and gives back what was not deleted."""

    def __init__(self, *bodies: str) -> None:
        self.lying = {f"m-{number}": body for number, body in enumerate(bodies)}
        self.taken: dict[str, str] = {}
        self.asked: list[Mapping[str, Any]] = []

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "DeleteMessage":
            del self.taken[payload["ReceiptHandle"]]
            return {}
        assert operation == "ReceiveMessage"
        self.asked.append(payload)
        names = list(self.lying)[: payload["MaxNumberOfMessages"]]
        self.taken |= {name: self.lying.pop(name) for name in names}
        found = [
            {"MessageId": name, "Body": self.taken[name], "ReceiptHandle": name} for name in names
        ]
        return {"Messages": found} if found else {}


def drained(queue: Queue, *, bad: str = "", batch: int = 2, left: int = 60_000) -> Any:
    seen: list[list[str]] = []

    def handle(given: Mapping[str, Any]) -> Mapping[str, Any]:
        nonlocal left
        left -= 10_000
        seen.append([record["body"] for record in given["Records"]])
        failed = [each["messageId"] for each in given["Records"] if each["body"] == bad]
        return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}

    answer = Drain(queue, "url", batch=batch, reserve_ms=20_000)(handle, remaining_ms=lambda: left)
    return answer, seen


def test_everything_that_lies_there_is_taken_and_done_with() -> None:
    queue = Queue("a", "b", "c")
    assert drained(queue) == ({"taken": 3, "failed": []}, [["a", "b"], ["c"]])
    assert (queue.lying, queue.taken) == ({}, {})
    assert {each["WaitTimeSeconds"] for each in queue.asked} == {LONG_POLL_SECONDS}
    assert drained(queue) == ({"taken": 0, "failed": []}, [])


def test_what_fails_is_left_to_come_again_and_takes_nothing_with_it() -> None:
    queue = Queue("a", "bad", "c")
    answer, _ = drained(queue, bad="bad")
    assert answer == {"taken": 3, "failed": ["m-1"]}
    assert queue.taken == {"m-1": "bad"}


def test_what_there_is_no_time_for_is_not_taken() -> None:
    queue = Queue(*"abcdef")
    answer, seen = drained(queue, batch=1, left=50_000)
    assert (answer["taken"], seen) == (3, [["a"], ["b"], ["c"]])
    assert list(queue.lying.values()) == ["d", "e", "f"]


def test_who_dies_half_way_leaves_its_message() -> None:
    queue = Queue("a")

    def die(_batch: Mapping[str, Any]) -> Mapping[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Drain(queue, "url", batch=1, reserve_ms=0)(die, remaining_ms=lambda: 1)
    assert queue.taken == {"m-0": "a"}


def test_who_sends_wakes_and_who_sends_for_later_does_not() -> None:
    sent: list[tuple[str, int | None]] = []
    woken: list[bool] = []

    class Sending:
        def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
            sent.append((operation, payload.get("DelaySeconds")))
            assert len(woken) < len(sent), "what is woken for lies there already"
            return {}

    drive = SqsDrive(Sending(), "url", "replay", lambda: woken.append(True))
    drive("RPL-1")
    drive.later("RPL-1")
    SqsDrive(Sending(), "url", "replay", nobody)("RPL-1")
    assert sent == [("SendMessage", None), ("SendMessage", 300), ("SendMessage", None)]
    assert woken == [True]


def test_a_queue_that_does_not_answer_is_an_error() -> None:
    class Away:
        def call(self, operation: str, _payload: Mapping[str, Any]) -> dict[str, Any]:
            raise QueueUnavailable(f"{operation} failed")

    with pytest.raises(QueueUnavailable):
        Drain(Away(), "url", batch=1, reserve_ms=0)(lambda _: {}, remaining_ms=lambda: 1)
