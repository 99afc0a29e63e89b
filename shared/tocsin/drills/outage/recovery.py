"""A provider's breaker and its recovery, on the real clock: opened, cooled, probed, closed.

Nobody may move that clock, so what cools is waited for, and the looks at the provider that a
replay wants to see are taken meanwhile: each is the scheduled function, started once more.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tocsin.adapters.billing.checkout.items import breaker_item, breaker_key, breaker_of
from tocsin.billing.checkout.breaker import Breaker, Phase
from tocsin.billing.outage.recovery import PROBES
from tocsin.drills.outage import checks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.billing.identity import Identity
    from tocsin.drills.checks import Check
    from tocsin.drills.outage.scene import OutageScene
    from tocsin.drills.scenario import Watcher
    from tocsin.drills.stage import Stage

FAILING, MOST_FAILING, MOST_PROBES = 3, 20, 10
LONGEST: Final = 150.0
"""Seconds a cooling of 30, three probes and ten looks may take on a slow machine, where the watch's
own probe has met the outage meanwhile and made it cool for twice as long."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """The breaker of one account, and looks at its provider."""

    stage: Stage
    identity: Identity

    def breaker(self) -> Breaker:
        """As it is stored; closed where there is none."""
        found: dict[str, Any] = dict(
            self.stage.clients.dynamodb.get_item(
                TableName=self.stage.outputs["tables"]["operations"],
                Key=breaker_key(self.identity),
                ConsistentRead=True,
            )
        )
        return breaker_of(found["Item"]) if "Item" in found else Breaker()

    def begin(self) -> None:
        """Closes it as of now, as after a long calm.

        A breaker that an earlier run opened cools for twice as long each time, and that run's
        successes would be counted against this one's failures.
        """
        calm = Breaker(Phase.CLOSED, since=int(time.time()), ver=self.breaker().ver + 1)
        self.stage.clients.dynamodb.put_item(
            TableName=self.stage.outputs["tables"]["operations"],
            Item=breaker_item(self.identity, calm),
        )

    def look(self) -> None:
        """One round of the watch, as its schedule would start it."""
        self.stage.clients.functions.invoke(
            FunctionName=self.stage.outputs["functions"]["provider_watch"], Payload=b"{}"
        )

    def wait(self, buy: Callable[[int], object], watcher: Watcher) -> None:
        """Looks once a second until it has cooled, and lets customers probe it until it closes.

        Ends also where it does not close in time: what is stored then says so.
        """
        bar = watcher.count("looks", PROBES)
        began, looked, bought = time.monotonic(), 0, 0
        while time.monotonic() - began < LONGEST and bought < MOST_PROBES:
            found = self.breaker()
            if found.phase is Phase.CLOSED and looked >= PROBES:
                break
            cooled = found.phase is Phase.OPEN and time.time() >= found.since + found.cooling
            if found.phase is Phase.HALF_OPEN or cooled:
                buy(bought)
                bought += 1
                continue
            second = int(time.time())
            self.look()
            looked += 1
            bar.at(min(looked, PROBES))
            while int(time.time()) == second:  # two looks of one second are one
                time.sleep(0.02)
        bar.close()


def fail_over(scene: OutageScene, recovery: Recovery) -> Iterator[Check]:
    """Checkouts fail until the breaker opens; from then on nobody waits for that provider."""
    sandbox = scene.books.sandbox
    sandbox.end_outages()
    recovery.begin()
    scene.buy("before")
    sandbox.begin_outage("html_502", provider="stripe", path="/v1/checkout", method="POST")
    for number in range(MOST_FAILING):
        scene.bought.append(scene.buy(f"down-{number}"))
        if number >= FAILING - 1 and recovery.breaker().phase is Phase.OPEN:
            break
    scene.watcher.table(
        ("workspace", "paid at", "failed over"),
        (
            (f"ws-{scene.paging.run}-down-{number}", one.get("provider"), one.get("failed_over"))
            for number, one in enumerate(scene.bought)
        ),
    )
    yield checks.failed_over(scene.bought)
    yield checks.one_page(scene.bought[0], scene.buy("down-0"))
    asked = _sales(scene)
    late = [scene.buy("late-0"), scene.buy("late-1")]
    scene.bought += late
    yield checks.breaker_open(recovery.breaker().phase, late, _sales(scene) - asked)
    scene.numbers["checkouts failed over"] = str(len(scene.bought))


def recover(scene: OutageScene, recovery: Recovery) -> Iterator[Check]:
    """Webhooks arrive again, the API works: that is not proof yet, and time has to tell."""
    books, sandbox = scene.books, scene.books.sandbox
    early = scene.post("/v1/replays", scene.window())
    scene.watcher.tell(f"a replay now: {early.status} {early.body.get('unmet', '')}")
    yield checks.refused(early.status, early.body)
    sandbox.end_outages()
    sandbox.freeze(sandbox.now() - 2 * 60)
    books.subscribe()
    sandbox.run()
    books.drain(sandbox)
    recovery.wait(lambda number: scene.buy(f"probe-{number}"), scene.watcher)
    yield checks.breaker_closed(recovery.breaker())


def _sales(scene: OutageScene) -> int:
    """How often Stripe was asked to sell."""
    calls = scene.books.sandbox.calls()
    return sum(
        (one["provider"], one["method"], one["path"]) == ("stripe", "POST", "/v1/checkout/sessions")
        for one in calls
    )
