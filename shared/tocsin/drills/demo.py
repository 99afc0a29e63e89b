"""The demo: the runbook's billing chapter, told and scored, on the cloud of this machine.

One incident from the alarm to its closing, and beside it a provider that repeats and reorders.
Every run has its own alarm, incident, customers and workspaces, so it can be run again on a cloud
that runs, and an earlier run's leftovers decide nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.drills.billing.story import BillingStory
from tocsin.drills.levers import Levers
from tocsin.drills.outage.story import OutageStory
from tocsin.drills.paging.story import PagingStory
from tocsin.drills.scenario import Score, run

if TYPE_CHECKING:
    from collections.abc import Collection

    from tocsin.drills.scenario import Step, Watcher
    from tocsin.drills.stage import Stage

NAME = "demo"
ALARM, WEBHOOKS, OUTAGE = "alarm", "webhooks", "outage"
PARTS = (ALARM, WEBHOOKS, OUTAGE)
"""What is played, in this order; the outage goes on with the alarm's incident."""

_CHAPTERS = {ALARM: "An alarm that nobody answers", WEBHOOKS: "A provider that repeats itself"}


@dataclass(frozen=True, slots=True)
class Stories:
    """The parts of one run; the outage goes on with the alarm's incident."""

    alarm: PagingStory
    webhooks: BillingStory
    outage: OutageStory

    @classmethod
    def of(cls, stage: Stage, watcher: Watcher, levers: Levers, run_id: str) -> Stories:
        """`run_id` labels what this run makes."""
        alarm = PagingStory(stage, levers, watcher, run_id)
        books = BillingStory(stage, levers, watcher, f"{run_id}o")
        webhooks = BillingStory(stage, levers, watcher, run_id)
        return cls(alarm, webhooks, OutageStory(alarm, books))

    def steps(self, parts: Collection[str] = PARTS) -> list[Step]:
        """The steps of some parts, in order; the outage brings the alarm, and begins before it."""
        told = {
            ALARM: self.alarm.steps,
            WEBHOOKS: self.webhooks.steps,
            OUTAGE: self.outage.steps,
        }
        wanted = {*parts, *((ALARM,) if OUTAGE in parts else ())}
        before = self.outage.first_steps() if OUTAGE in wanted else []
        return before + [
            replace(step, chapter=step.chapter or _CHAPTERS[part])
            for part in PARTS
            if part in wanted
            for step in told[part]()
        ]


def play(stage: Stage, watcher: Watcher, *, parts: Collection[str] = PARTS) -> Score:
    """Plays the demo, or some of its parts, on a stage that runs; no outage is left behind."""
    stories = new(stage, watcher, Levers())
    try:
        return tell(stories, watcher, parts)
    finally:
        stories.outage.leave()


def new(stage: Stage, watcher: Watcher, levers: Levers) -> Stories:
    """The stories of one run, of which nothing has happened yet."""
    return Stories.of(stage, watcher, levers, secrets.token_hex(4))


def tell(
    stories: Stories, watcher: Watcher, parts: Collection[str] = PARTS, *, until: str = ""
) -> Score:
    """Plays them up to the step that makes the check `until`, or to the end.

    Whoever calls it has the outage left afterwards.
    """
    steps = stories.steps(parts)
    last = next((n for n, step in enumerate(steps) if until in {c.code for c in step.owes}), None)
    score = run(NAME, steps if last is None else steps[: last + 1], watcher)
    return replace(score, numbers=tuple(stories.outage.numbers.items()))
