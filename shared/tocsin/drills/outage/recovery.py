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
    from tocsin.drills.outage.story import OutageStory
    from tocsin.drills.scenario import Watcher
    from tocsin.drills.stage import Stage

FAILING, MOST_FAILING, MOST_PROBES = 3, 20, 10
LONGEST: Final = 60.0
"""Seconds a first cooling of 30, three probes and ten looks may take on a slow machine."""


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


def fail_over(story: OutageStory) -> Iterator[Check]:
    """Checkouts fail until the breaker opens; from then on nobody waits for that provider."""
    sandbox = story.books.sandbox
    sandbox.end_outages()
    story.recovery.begin()
    story.buy("before")
    sandbox.begin_outage("html_502", provider="stripe", path="/v1/checkout", method="POST")
    for number in range(MOST_FAILING):
        story.bought.append(story.buy(f"down-{number}"))
        if number >= FAILING - 1 and story.recovery.breaker().phase is Phase.OPEN:
            break
    story.watcher.table(
        ("workspace", "paid at", "failed over"),
        (
            (f"ws-{story.paging.run}-down-{number}", one.get("provider"), one.get("failed_over"))
            for number, one in enumerate(story.bought)
        ),
    )
    yield checks.failed_over(story.bought)
    yield checks.one_page(story.bought[0], story.buy("down-0"))
    asked = _sales(story)
    late = [story.buy("late-0"), story.buy("late-1")]
    story.bought += late
    yield checks.breaker_open(story.recovery.breaker().phase, late, _sales(story) - asked)
    story.numbers["checkouts failed over"] = str(len(story.bought))


def recover(story: OutageStory) -> Iterator[Check]:
    """Webhooks arrive again, the API works: that is not proof yet, and time has to tell."""
    books, sandbox = story.books, story.books.sandbox
    early = story.post("/v1/replays", story.window())
    story.watcher.tell(f"a replay now: {early.status} {early.body.get('unmet', '')}")
    yield checks.refused(early.status, early.body)
    sandbox.end_outages()
    sandbox.freeze(sandbox.now() - 2 * 60)
    books.subscribe()
    sandbox.run()
    books.drain(sandbox)
    story.recovery.wait(lambda number: story.buy(f"probe-{number}"), story.watcher)
    yield checks.breaker_closed(story.recovery.breaker())


def _sales(story: OutageStory) -> int:
    """How often Stripe was asked to sell."""
    calls = story.books.sandbox.calls()
    return sum(
        (one["provider"], one["method"], one["path"]) == ("stripe", "POST", "/v1/checkout/sessions")
        for one in calls
    )
