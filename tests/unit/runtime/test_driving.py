"""Two drivers of one work, which may hold the same message: the one that loses leaves no gap.

A queue hands a message out twice at times. If the one that loses is done with it and the one that
wins dies, nobody would drive any more; so who loses looks again later.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.harness.models.reconcile import STRIPE, ReconcileModel
from tests.harness.models.replay import World
from tocsin.application.billing.reconcile import drive as reconciling
from tocsin.application.billing.reconcile import tell as tell_reconciliation
from tocsin.application.billing.replay import drive as replaying
from tocsin.application.billing.replay import tell as tell_replay
from tocsin.billing.reconcile.work import Cursor, Scope
from tocsin.notes import Event
from tocsin.runtime.driving import LOOK_AGAIN, Driver, SqsDrive
from tocsin.runtime.watch.json_lines import NOTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.billing.replay import cursor as replay


class Driven(Protocol):
    """One message, handled."""

    def __call__(self, wakes: Wakes, *, loses: bool) -> None: ...


class Wakes:
    """What was sent, now and for later."""

    def __init__(self) -> None:
        self.now: list[str] = []
        self.later: list[str] = []


def replayed(wakes: Wakes, *, loses: bool) -> None:
    world = World(random.Random(1))
    world.history(20)
    name = world.start()

    def rival() -> None:
        found: replay.Cursor | None = world.store.load(name)
        assert found is not None
        world.store.save(found)

    world.rival = rival if loses else None
    driver = Driver(
        work="replay",
        run=world.planner().run,
        drive=wakes.now.append,
        look_again=wakes.later.append,
        reserve_ms=replaying.RESERVE_MS,
        note=tell_replay.note,
        left=Event.REPLAY_LEFT,
        notes=NOTES,
    )
    body = json.dumps({"v": 1, "replay": name})
    batch = {"Records": [{"messageId": "m", "body": body}]}
    assert driver.handle(batch, lambda: 300_000) == {"batchItemFailures": []}


def reconciled(wakes: Wakes, *, loses: bool) -> None:
    model = ReconcileModel(size=5)
    cursor = Cursor(
        id="REC-1",
        identities=(STRIPE,),
        scope=Scope.FULL,
        start=0,
        end=0,
        seed="s",
        started_at=model.now,
        started_by="ana",
    )
    model.store.create(cursor)

    def remaining() -> int:
        if loses and (found := model.store.load("REC-1")) is not None:
            model.store.save(found)
        return 300_000

    driver = Driver(
        work="reconciliation",
        run=model.reconciler.run,
        drive=wakes.now.append,
        look_again=wakes.later.append,
        reserve_ms=reconciling.RESERVE_MS,
        note=tell_reconciliation.note,
        left=Event.RECONCILIATION_LEFT,
        notes=NOTES,
    )
    batch = {
        "Records": [{"messageId": "m", "body": json.dumps({"v": 1, "reconciliation": "REC-1"})}]
    }
    assert driver.handle(batch, remaining) == {"batchItemFailures": []}


@pytest.mark.parametrize("driven", [replayed, reconciled])
def test_who_loses_against_another_driver_looks_again_later(driven: Driven) -> None:
    wakes = Wakes()
    driven(wakes, loses=True)
    assert (wakes.now, len(wakes.later)) == ([], 1)
    wakes = Wakes()
    driven(wakes, loses=False)
    assert (wakes.now, wakes.later) == ([], [])


def test_later_is_some_minutes_by_the_queue_itself() -> None:
    sent: list[dict[str, Any]] = []

    class Queue:
        def call(self, operation: str, payload: Mapping[str, object]) -> dict[str, Any]:
            assert operation == "SendMessage"
            sent.append(dict(payload))
            return {}

    queue = SqsDrive(Queue(), "url", work="replay")
    queue.later("RPL-1")
    queue("RPL-1")
    assert [each.get("DelaySeconds") for each in sent] == [LOOK_AGAIN, None]
    assert 60 <= LOOK_AGAIN <= 900, "a queue takes a quarter of an hour at most"
