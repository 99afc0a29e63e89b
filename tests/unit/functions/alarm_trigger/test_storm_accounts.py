"""A storm over fifty keys through the alarms' intake, with throttles: each change is accounted for.

Batches are taken by several at once, the store refuses some of all calls, and what was not taken in
comes back as from its queue. Per key, what was sent is what was opened, merged, held, suppressed or
failed; when it has been quiet each key ends as its last change says.
"""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import batched
from threading import Lock
from typing import TYPE_CHECKING, Any

from functions.alarm_trigger import intake
from tests.harness.worlds.alarms import notification, queue_event
from tests.harness.worlds.world import World
from tocsin.application.signals.maintenance import MaintenanceDesk
from tocsin.errors import StoreUnavailable
from tocsin.incidents.model.maintenance import Window

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.adapters.incidents.memory import MemoryIncidents
    from tocsin.runtime.wiring.incidents import Application

KEYS, QUIET, CHANGES, TWICE = 50, 5, 16, 200
THROTTLED = 0.02
TRIES = 12
READERS = 3

type Change = tuple[str, str, datetime]


class Throttled:
    """The store, of which some calls are refused before or after they were carried out."""

    def __init__(self, store: MemoryIncidents) -> None:
        self._store, self._drawn, self._lock = store, random.Random(3), Lock()
        self.refused = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*given: Any, **named: Any) -> Any:
            with self._lock:
                late, early = (self._drawn.random() < THROTTLED / 2 for _ in range(2))
                self.refused += late or early
            if early:
                raise StoreUnavailable("throttled", operation=name, attempts=3)
            answer = method(*given, **named)
            if late:
                raise StoreUnavailable("no answer", operation=name, attempts=3)
            return answer

        return call


def sent(began: datetime) -> dict[Change, Any]:
    """Every change with the body of its message; the last of every other key fires."""
    names = [f"quiet-{n}-outage" if n < QUIET else f"loud-{n}-queue" for n in range(KEYS)]
    changes = [
        (name, "OK" if step % 2 else "ALARM", began + timedelta(seconds=3 * step))
        for number, name in enumerate(names)
        for step in range(CHANGES - number % 2)
    ]
    return {change: notification(change[0], change[2], state=change[1]) for change in changes}


def drained(world: World, application: Application, bodies: list[Any]) -> list[Any]:
    """Takes batches until nothing is left; what is among the dead letters then."""
    waiting = [(body, 1) for body in bodies]
    dead: list[Any] = []

    def take(part: tuple[tuple[Any, int], ...]) -> list[tuple[Any, int]]:
        event = queue_event(*(body for body, _ in part))
        answer = intake.take(event, application=application, watch=world.watch)
        again = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        return [
            (body, tries + 1)
            for number, (body, tries) in enumerate(part, start=1)
            if f"message-{number}" in again
        ]

    while waiting:
        with ThreadPoolExecutor(READERS) as pool:
            left = [
                one for part in pool.map(take, batched(waiting, 10, strict=False)) for one in part
            ]
        dead += [body for body, tries in left if tries > TRIES]
        waiting = [one for one in left if one[1] <= TRIES]
    return dead


def test_per_key_what_was_sent_is_what_became_of_it() -> None:
    world = World()
    window = Window(
        id="m-1",
        starts_at=world.clock.now,
        ends_at=world.clock.now + timedelta(hours=2),
        set_by="ana",
        set_at=world.clock.now,
        reason="new index",
        pattern="quiet-*",
    )
    MaintenanceDesk(ports=world.application).set(window)
    told = sent(world.clock.now)
    world.advance(1)
    drawn = random.Random(5)
    bodies = [*told.values(), *drawn.sample(list(told.values()), TWICE)]
    drawn.shuffle(bodies)
    store = Throttled(world.store)
    application = replace(world.application, store=store)

    dead = drained(world, application, bodies)

    assert store.refused > 100
    became: dict[str, Counter[str]] = {}
    for (key, _), item in world.store._traces.items():
        if "told" not in item:
            name = key.rpartition(":")[2]
            why = item["why"]["S"] if "why" in item else ""
            kind = "joined" if "incident" in item else "held" if why == "flapping" else "quiet"
            became.setdefault(name, Counter())[kind] += 1
    failed = Counter(change[0] for change, body in told.items() if body in dead)
    for name, count in Counter(change[0] for change in told).items():
        assert became[name].total() + failed[name] == count, name
        assert ("joined" in became[name]) is name.startswith("loud"), name
    assert sum(kinds["held"] for kinds in became.values()) > 100

    world.advance(12)
    ends: dict[str, list[bool]] = {}
    for line in world.store.board(limit=200).items:
        incident = world.store.load(line.id)
        assert incident is not None
        for key, state in incident.signals.items():
            ends.setdefault(key.rpartition(":")[2], []).append(state.firing)
    last = {name: state == "ALARM" for name, state, _ in sorted(told, key=lambda one: one[2])}
    assert ends == {name: [fires] for name, fires in last.items() if name.startswith("loud")}
