"""One command at a time, and messages that never exist nowhere."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tocsin.errors import NotFound
from tocsin.local.errors import CloudBusy
from tocsin.local.look import dead_letters
from tocsin.local.machine.locks import held
from tocsin.local.machine.places import Places
from tocsin.local.stage.cloud import Cloud

if TYPE_CHECKING:
    from pathlib import Path


def test_a_lock_keeps_others_out_until_it_is_let_go(tmp_path: Path) -> None:
    lock = tmp_path / "new" / "lock"
    with (
        held(lock, seconds=0, what="it"),
        pytest.raises(CloudBusy, match="changing it"),
        held(lock, seconds=0, what="it"),
    ):
        pytest.fail("two held the same lock")

    with held(lock, seconds=0, what="it"):
        assert lock.exists()


def test_two_commands_do_not_change_one_cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.local.stage.cloud._LOCK_SECONDS", 0)
    cloud = Cloud(Places(tmp_path, tmp_path / "state"))

    with held(cloud.places.lock, seconds=0, what="it"), pytest.raises(CloudBusy):
        cloud.down()

    assert cloud.down() == []


class Queues:
    """SQS with queues in memory; deletes can be made to fail."""

    def __init__(self, **queues: list[str]) -> None:
        self.queues = queues
        self.fails_after: int | None = None
        self.held: list[str] = []

    def get_paginator(self, _: str) -> Any:
        urls = [f"http://q/0/{name}" for name in self.queues]
        return SimpleNamespace(paginate=lambda: [{"QueueUrls": urls}])

    def get_queue_url(self, *, QueueName: str) -> Any:  # noqa: N803 -- boto3's spelling
        return {"QueueUrl": f"http://q/0/{QueueName}"}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> Any:  # noqa: N803 -- boto3's
        name = QueueUrl.rsplit("/", 1)[-1]
        count = {"ApproximateNumberOfMessages": str(len(self.queues[name]))}
        policy = {
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": "arn:aws:sqs:r:0:t-local-dead"})
        }
        found = count | ({} if name == "t-local-dead" else policy)
        return {"Attributes": {key: found[key] for key in AttributeNames if key in found}}

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int, **_: object) -> Any:  # noqa: N803 -- boto3's
        seen = [body for body in self.queues[QueueUrl.rsplit("/", 1)[-1]] if body not in self.held]
        bodies = seen[:MaxNumberOfMessages]
        self.held += bodies
        return {"Messages": [self._letter(body) for body in bodies]}

    def change_message_visibility(self, *, ReceiptHandle: str, **_: object) -> None:  # noqa: N803 -- boto3's
        self.held.remove(ReceiptHandle)

    def _letter(self, body: str) -> dict[str, Any]:
        source = {"other": "t-local-other", "m": "t-local-work"}.get(body.rstrip("0123456789"))
        arn = {"DeadLetterQueueSourceArn": f"arn:aws:sqs:r:0:{source}"} if source else {}
        return {"Body": body, "ReceiptHandle": body, "Attributes": arn}

    def send_message(self, *, QueueUrl: str, MessageBody: str, **_: object) -> None:  # noqa: N803 -- boto3's
        self.queues[QueueUrl.rsplit("/", 1)[-1]].append(MessageBody)

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803 -- boto3's
        if self.fails_after is not None:
            if not self.fails_after:
                raise ConnectionError
            self.fails_after -= 1
        self.queues[QueueUrl.rsplit("/", 1)[-1]].remove(ReceiptHandle)


def dead(count: int) -> tuple[Queues, Any]:
    queues = Queues(**{"t-local-work": [], "t-local-dead": [f"m{n}" for n in range(count)]})
    return queues, cast("Any", SimpleNamespace(sqs=queues))


def test_what_lies_dead_is_counted_by_its_source_and_stays_to_be_seen() -> None:
    queues, clients = dead(3)
    queues.queues["t-local-dead"] += ["other1", "lost1"]

    for _ in range(2):
        found = {one.name: one.waiting for one in dead_letters.find(clients)}
        assert found == {"t-local-work": 3, "unknown": 1}
    assert queues.held == []


def test_letters_of_another_queue_stay() -> None:
    queues, clients = dead(2)
    queues.queues["t-local-dead"] += ["other1", "lost1"]

    assert dead_letters.redrive(clients, "work") == 3
    assert queues.queues["t-local-work"] == ["m0", "m1", "lost1"]
    assert queues.queues["t-local-dead"] == ["other1"]
    assert queues.held == ["m0", "m1", "lost1"], "those are deleted; the other one can be seen"


@pytest.mark.parametrize("name", ["work", "t-local-work"])
def test_everything_is_brought_back_in_batches_and_in_order(name: str) -> None:
    queues, clients = dead(25)

    assert dead_letters.redrive(clients, name) == 25
    assert queues.queues["t-local-work"] == [f"m{n}" for n in range(25)]
    assert queues.queues["t-local-dead"] == []


def test_a_limit_leaves_the_rest_where_it_is() -> None:
    queues, clients = dead(5)

    assert dead_letters.redrive(clients, "work", limit=2) == 2
    assert queues.queues["t-local-dead"] == ["m2", "m3", "m4"]


def test_a_crash_half_way_loses_nothing() -> None:
    queues, clients = dead(5)
    queues.fails_after = 2

    with pytest.raises(ConnectionError):
        dead_letters.redrive(clients, "work")

    everywhere = queues.queues["t-local-work"] + queues.queues["t-local-dead"]
    assert set(everywhere) == {f"m{n}" for n in range(5)}


def test_a_queue_nobody_knows_is_an_error_that_names_those_there_are() -> None:
    _, clients = dead(1)

    with pytest.raises(NotFound, match="t-local-work"):
        dead_letters.redrive(clients, "nowhere")
