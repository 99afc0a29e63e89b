"""A replay at full size on the deployed cloud, its planner and workers killed while they work.

A third of the events is lost, some come twice, and some come late, while the replay runs. What it
inserts is compared event by event with the sandbox's own books. `REPLAY_EVENTS` is another size;
20,000 take about a quarter of an hour on a machine that does nothing else.
"""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.cloud.local_cloud import eventually
from tests.harness.cloud.lost_webhooks import LOOKS_EVERY
from tests.harness.cloud.under_fire import given_up, left, under_fire
from tocsin.billing.replay.cursor import PAGE
from tocsin.incidents.timeline.entry import parse_time
from tocsin.runtime.driving import LOOK_AGAIN

if TYPE_CHECKING:
    from tests.harness.cloud.local_cloud import Deployed
    from tests.harness.cloud.lost_webhooks import Outage
    from tests.harness.cloud.under_fire import Fire

pytestmark = [pytest.mark.full, pytest.mark.timeout(5400)]

LOG = logging.getLogger(__name__)
EVENTS = 20_000
LATE = 4
"""What is withheld comes in so many waves, the first when the replay starts."""

CHAPTER = 2_000
"""Events the sandbox is asked to make at once."""

KILLS = 5
FLAT = 1.15
"""How much more memory a planner may take for ten times the events."""

PATIENCE = 3_000
"""Seconds a replay may take."""

OVERRIDE = ("--override", "the rest is withheld", "--as", "commander-primary:commander")
DEAD = {"dead-letters"}
"""Where work of a replay would end that nobody could do."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What one replay came to: seconds, calls of the provider, processes that planned.

    `peak` is the most memory any of those held, in KiB, `requests` what they and the workers asked
    of AWS, and `killed` at which requests of theirs.
    """

    events: int
    inserted: int
    arrived: int
    calls: int
    seconds: float
    planners: int
    peak: int
    requests: tuple[int, int]
    killed: dict[str, dict[str, int]]


def misfortune(outage: Outage, size: int) -> list[str]:
    """A history of which a third is lost, a tenth comes twice and a twentieth is held back.

    What is held back is so by several orders, which this names.
    """
    sandbox = outage.sandbox
    sandbox.order("drop", seed=1, fraction=1 / 3)
    sandbox.order("duplicate", seed=2, fraction=0.1)
    share = 0.05 / LATE
    waves = [sandbox.order("withhold", seed=3 + wave, fraction=share) for wave in range(LATE)]
    parts = max(1, size // CHAPTER)
    width = (outage.end - outage.begin) // parts
    for part in range(parts):
        start = outage.begin + part * width
        sandbox.tell(
            seed=8 + part,
            start=start,
            until=start + width - 1,
            events=size // parts,
            customers=50,
            label=f"part{part}",
        )
    outage.all_delivered()
    return waves


def released(outage: Outage, replay: str, waves: list[str]) -> dict[str, Any]:
    """Lets what is held back go wave by wave while the replay walks the window; how it ended."""
    steps = [outage.begin + (outage.end - outage.begin) * n // LATE for n in range(LATE)]
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = outage.looked_at(replay)
        walked = parse_time(found["walked_to"]).timestamp()
        while waves and (walked >= steps[-len(waves)] or found["stage"] != "listing"):
            outage.sandbox.lift(waves.pop(0))
        if found["stage"] in {"complete", "stalled", "cancelled"}:
            assert not waves, "nothing may come late after the end"
            return found
        time.sleep(LOOKS_EVERY)
    raise AssertionError(f"the replay does not end: {found}")


def put_back(outage: Outage, fire: Fire, size: int, like: Ran | None = None) -> Ran:
    """One outage of so many events and its replay, checked against the books.

    With a smaller one to go by (`like`) planner and workers are killed on the way: that one tells
    how many requests they make for an event.
    """
    began = time.monotonic()
    waves = misfortune(outage, size)
    made, before = outage.made(), outage.stored()
    books = outage.undelivered()
    dropped, held = books.pop("dropped"), books.pop("pending")
    assert not books, books
    assert made - before == dropped | held
    assert min(len(dropped), len(held)) > size // 100
    LOG.info("%s events made and delivered in %.0f s", len(made), time.monotonic() - began)

    if like is not None:
        share = 2 * KILLS * like.events / size  # twice as likely as needed: not every shot hits
        fire.aim(planner=share / like.requests[0], worker=share / like.requests[1], most=KILLS)
    began = time.monotonic()
    # What happened last may be lost too, and then the provider is not known to have recovered.
    started = outage.replay("start", *outage.window(), *OVERRIDE, "--no-wait")
    done = released(outage, started["id"], waves)
    seconds = time.monotonic() - began
    assert (done["stage"], done["proven"]) == ("complete", True), done
    outage.all_delivered()
    assert outage.undelivered() == {"dropped": dropped}

    ledger = outage.ledger()
    assert len(ledger) == len(made), "every event lies under one key"
    inserted = {event for event, by in ledger if by == done["id"]}
    arrived = held - inserted
    assert dropped <= inserted <= dropped | held
    assert not inserted & before
    assert {event for event, by in ledger if not by} == before | arrived
    counts = done["counts"]
    assert (counts["listed"], counts["inserted"]) == (len(made), len(inserted))
    assert counts["missing"] == counts["inserted"] + counts["arrived"]
    assert counts["arrived"] <= len(arrived)
    assert done["last_pass"]["missing"] == 0
    assert eventually(outage.wrong, lambda wrong: not wrong, seconds=300) == {}
    assert left(outage.stage, "replay", "restore", seconds=2 * LOOK_AGAIN) == 0
    return Ran(
        events=len(made),
        inserted=len(inserted),
        arrived=len(arrived),
        calls=counts["provider_calls"],
        seconds=round(seconds, 1),
        planners=len(fire.planner.peaks),
        peak=max(fire.planner.peaks.values()),
        requests=(fire.planner.plan.requests, fire.worker.plan.requests),
        killed={
            "planner": dict(fire.planner.plan.happened),
            "worker": dict(fire.worker.plan.happened),
        },
    )


def test_a_third_lost_some_twice_and_some_late_is_put_back_under_fire(
    outage: Outage, stage: Deployed
) -> None:
    size = int(os.environ.get("REPLAY_EVENTS", str(EVENTS)))
    with under_fire(stage, seed=size) as fire:
        few = put_back(outage, fire, size // 10)
        LOG.info("%s", few)
        stage.clear()
        outage.begins()
        many = put_back(outage, fire, size, like=few)
        LOG.info("%s", many)

    ends = given_up(stage)
    assert ends.keys() >= DEAD, ends
    assert not any(ends.values()), ends
    assert many.arrived, "some came by themselves while the replay ran"
    for function, kills in many.killed.items():
        assert sum(kills.values()) >= KILLS // 2, f"{function} was hardly killed: {kills}"
    assert many.calls < 6 * many.events / PAGE
    assert many.peak < FLAT * few.peak, f"{few.peak} KiB became {many.peak} KiB"
