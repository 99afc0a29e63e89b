"""One run: fire on, a provider and people at work, fire off, and the account of it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.chaos.account import Phase
from tests.chaos.alarms import CHANGES, Alarms
from tests.chaos.fire import EVERYTHING, KILLS_ONLY, ON_THE_LINK, Fire, fire
from tests.chaos.people import People
from tests.chaos.provider import PROVIDER_FAULTS, Provider
from tests.harness.cloud import outbox
from tests.harness.cloud.under_fire import given_up
from tocsin.local.stage import seed as seeding

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.harness.cloud.local_cloud import Deployed

SWEEPS_EVERY = 3.0
"""Seconds between two sweeps while it burns; incident time moves a minute each time."""

SHORT = 3_000
"""Events below which troubles are made more frequent."""

DELIVERED_WITHIN, AT_REST_WITHIN = 900.0, 120.0
"""Seconds the provider may take to deliver, and the projection may stand still and be wrong."""
LEAVES_WITHIN = 240
"""Seconds that messages may take to leave while it burns, where there are many commands; the rest
leaves afterwards."""


TO_AN_ALARM = 20
"""Commands for which there is one alarm."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run: how much, with which seed, and with kills only or with everything."""

    name: str
    events: int
    commands: int
    seed: int
    kills_only: bool = False

    @property
    def alarms(self) -> int:
        """How many alarms there are, each of which changes its state some times."""
        return max(4, self.commands // TO_AN_ALARM)

    @property
    def short(self) -> bool:
        """Whether troubles have to be frequent for every kind to take place."""
        return self.events < SHORT

    @property
    def wanted(self) -> tuple[str, ...]:
        """Kinds of trouble without which the run shows nothing."""
        if self.kills_only:
            return tuple(KILLS_ONLY)
        provider = [f"provider_{name}" for name in ("duplicate", "reorder")]
        # How often a short run asks the provider anything at all is luck.
        asked = [] if self.short else [f"provider_{name}" for name in PROVIDER_FAULTS]
        return (*sorted({*EVERYTHING, *ON_THE_LINK}), *provider, *asked)


def run(
    stage: Deployed,
    plan: Plan,
    say: Callable[[str], None] = lambda _: None,
    *,
    patient: bool = True,
) -> Phase:
    """Empties the stage, plays the plan on it and says what it came to.

    Without patience what is not right in a quarter of a minute is taken for wrong.
    """
    began = time.monotonic()
    stage.clear()
    seeding.contacts(stage.clients, stage.outputs["tables"]["operations"])
    burns = fire(stage, seed=plan.seed, kills_only=plan.kills_only, close=plan.short)
    with burns as burning:
        provider = Provider(stage, burning, seed=plan.seed)
        people, alarms = People(stage, burning.link, plan.seed), Alarms(stage, plan.seed)
        if not plan.kills_only:
            provider.misbehaves(share=0.2 if plan.short else 0.05)
        provider.tell(plan.events)
        say(f"{plan.name}: events are made")
        _work(stage, people, alarms, plan)
        say(f"{plan.name}: commands are given after {time.monotonic() - began:.0f} s")
        left = provider.delivered(seconds=DELIVERED_WITHIN)
        say(f"{plan.name}: {left} deliveries left after {time.monotonic() - began:.0f} s")
        # Most messages leave later than what they tell of, and are to meet troubles too.
        seconds = min(LEAVES_WITHIN, 45 + plan.commands)
        states = outbox.swept_in_trouble(stage, seconds=seconds, every=SWEEPS_EVERY)
        unsent = sum(state != "sent" for state in states.values())
        say(f"{plan.name}: {unsent} messages left after {time.monotonic() - began:.0f} s")
        burning.over()
        faults = provider.recovers()
        provider.delivered(seconds=60)
        events = provider.account(seconds=AT_REST_WITHIN if patient else 15)
        say(f"{plan.name}: projections are at rest after {time.monotonic() - began:.0f} s")
        commands = people.account()
        rang = alarms.account(crashes=burning.between_incident_and_trace)
        states = outbox.swept_until_sent(stage)
        messages, detail = _messages(stage, states, burning)
    return Phase(
        name=plan.name,
        seed=plan.seed,
        iam=True,
        seconds=time.monotonic() - began,
        wanted=plan.wanted,
        at_least={
            "events": plan.events,
            "commands": plan.commands,
            "alarms": plan.alarms * len(CHANGES),
        },
        faults=burning.happened | faults,
        events=events,
        commands=commands,
        alarms=rang,
        notifications=messages,
        detail=detail | {"requests": burning.requests, "dead_letters": given_up(stage)},
    )


def _work(stage: Deployed, people: People, alarms: Alarms, plan: Plan) -> None:
    """People give their commands while alarms change their states and incident time goes on."""
    done = threading.Event()
    sweeping = threading.Thread(target=_sweeps, args=(stage, done), daemon=True)
    sweeping.start()
    try:
        with ThreadPoolExecutor(1) as ringing:
            rung = ringing.submit(alarms.ring, plan.alarms, hurry=done)
            people.work(plan.commands)
            rung.result()
    finally:
        done.set()
        sweeping.join()


def _sweeps(stage: Deployed, done: threading.Event) -> None:
    while not done.wait(SWEEPS_EVERY):
        stage.cloud.clock().advance(timedelta(minutes=1))
        outbox.sweep(stage)


def _messages(
    stage: Deployed, states: dict[str, str], burning: Fire
) -> tuple[dict[str, int], dict[str, Any]]:
    """What became of the messages; those that are moot or in a bundle have an end of their own."""
    ended = outbox.ends(stage, states)
    aside = len(ended.otherwise)
    bundles = len(ended.wanted - set(states))
    arrived = len(ended.wanted & set(ended.arrived))
    figures = {
        "expected": len(states) + bundles,
        "delivered": arrived + aside,
        "doubled": ended.doubled,
        "injected_crashes": burning.crashes.between,
    }
    return figures, {
        "moot": sum(end == outbox.MOOT for end in ended.otherwise.values()),
        "bundled": sum(end != outbox.MOOT for end in ended.otherwise.values()),
        "unsent": sorted(ended.unsent)[:5],
        "lost_messages": sorted(ended.lost)[:5],
    }
