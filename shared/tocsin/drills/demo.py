"""The demo: a billing-provider incident, told and scored, on the cloud of this machine.

Every run has its own alarm, incident, customers and workspaces, so it can be run again on a cloud
that runs, and an earlier run's leftovers decide nothing.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from tocsin.drills.billing_story import BillingStory
from tocsin.drills.levers import Levers
from tocsin.drills.paging_story import PagingStory
from tocsin.drills.scenario import Score, run

if TYPE_CHECKING:
    from tocsin.drills.scenario import Step, Watcher
    from tocsin.drills.stage import Stage

NAME = "demo"


def steps(stage: Stage, levers: Levers, watcher: Watcher, run_id: str) -> list[Step]:
    """Both halves, in the order in which they are told."""
    return [
        *PagingStory(stage, levers, watcher, run_id).steps(),
        *BillingStory(stage, levers, watcher, run_id).steps(),
    ]


def play(stage: Stage, watcher: Watcher, *, levers: Levers | None = None) -> Score:
    """Plays the demo once on a stage that runs; the stage is left as it is then."""
    run_id = secrets.token_hex(4)
    return run(NAME, steps(stage, levers or Levers(), watcher, run_id), watcher)
