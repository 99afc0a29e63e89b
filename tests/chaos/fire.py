"""A deployed stage whose functions, providers and people all have troubles on their way.

Every function that a message, an event or a command passes through talks to AWS through a proxy of
its own; the provider's deliveries and the people's calls pass through another one. Functions are
dealt from one deck, so that a rare trouble is not left out by one that asks for little. The
notifier has its own, because what its promise is about is dying between sending and marking, and so
has whoever takes alarms, between the incident and the trace.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.harness.cloud.faulty_proxy import (
    ERROR,
    HANG,
    KILL_AFTER,
    KILL_BEFORE,
    LATENCY,
    LOST_ANSWER,
    RESET,
    THROTTLE,
    Crashes,
    Deck,
    faulty_proxy,
)
from tests.harness.cloud.local_cloud import variables
from tests.harness.cloud.under_fire import comes_back

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.harness.cloud.local_cloud import Deployed

FUNCTIONS = (
    *("webhook_ingest", "billing_projector", "incident_api", "alarm_trigger"),
    *("notifier", "sla_check"),
)
"""Whoever takes an event to its projection, a command or alarm to the timeline, a message out."""

EVERYTHING: Mapping[str, int] = {
    THROTTLE: 4,
    ERROR: 4,
    LATENCY: 6,
    HANG: 1,
    RESET: 2,
    LOST_ANSWER: 4,
    KILL_BEFORE: 1,
    KILL_AFTER: 1,
}
KILLS_ONLY: Mapping[str, int] = {KILL_BEFORE: 1, KILL_AFTER: 1}
ON_THE_LINK: Mapping[str, int] = {
    THROTTLE: 2,
    ERROR: 2,
    LATENCY: 3,
    HANG: 1,
    RESET: 2,
    LOST_ANSWER: 3,
}
"""Nobody is killed by calling somebody."""

ON_MESSAGES: Mapping[str, int] = {**EVERYTHING, LOST_ANSWER: 6, KILL_BEFORE: 2, KILL_AFTER: 2}
"""What the notifier meets. Its promise is about deaths, but where it dies at every sixth request it
gets one message out in an invocation, and most of them leave when the fire is over."""

SPREAD, CLOSE = 1_000, 80
"""Requests to a deck: where many are made, and where few are."""

COMES_BACK = 61
"""Seconds: no message is out twice while its first reader may live, which is a minute."""


@dataclass(frozen=True, slots=True)
class Fire:
    """`link` is where callers of the API find it. The decks hold what happened; `alarms` is one."""

    link: str
    alarms: Deck
    decks: tuple[Deck, ...]
    crashes: Crashes

    def over(self) -> None:
        """From now on nothing happens any more."""
        for deck in self.decks:
            deck.over = True

    @property
    def happened(self) -> dict[str, int]:
        """Troubles by kind, wherever they took place."""
        return dict(sum((deck.happened for deck in self.decks), Counter()))

    @property
    def between_incident_and_trace(self) -> int:
        """What happened to whoever takes alarms and may have had one brought again."""
        return sum(count for kind, count in self.alarms.happened.items() if kind != LATENCY)

    @property
    def requests(self) -> int:
        return sum(deck.requests for deck in self.decks)


@contextlib.contextmanager
def fire(stage: Deployed, *, seed: int, kills_only: bool, close: bool) -> Iterator[Fire]:
    """The stage under fire, and as it was afterwards.

    With `kills_only` callers have no troubles; `close` makes them frequent, for a short run.
    """
    spread = SPREAD // 8 if close else SPREAD
    inside = Deck(seed, KILLS_ONLY if kills_only else EVERYTHING, CLOSE if kills_only else spread)
    messages = Deck(seed + 1, KILLS_ONLY if kills_only else ON_MESSAGES, CLOSE)
    alarms = Deck(seed + 3, KILLS_ONLY if kills_only else EVERYTHING, CLOSE)
    outside = Deck(seed + 2, {} if kills_only else ON_THE_LINK, spread)
    crashes, endpoint = Crashes(), stage.clients.endpoint
    with contextlib.ExitStack() as stack:
        # What somebody died over comes back after their time, and not after six of it.
        for queue in ("refetch", "alarms"):
            stack.enter_context(comes_back(stage, queue, seconds=COMES_BACK))
        for name in FUNCTIONS:
            notifier = name == "notifier"
            deck = {"notifier": messages, "alarm_trigger": alarms}.get(name, inside)
            url = stack.enter_context(
                faulty_proxy(
                    endpoint,
                    deck,
                    function=stage.outputs["functions"][name].rpartition(":")[2],
                    crashes=crashes if notifier else None,
                )
            )
            stack.enter_context(variables(stage, name, AWS_ENDPOINT_URL=url))
        outer = stack.enter_context(faulty_proxy(endpoint, outside))
        yield Fire(outer, alarms, (inside, messages, alarms, outside), crashes)
