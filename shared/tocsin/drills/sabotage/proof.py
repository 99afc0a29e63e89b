"""Proves that a demo can fail: one switch, one run, and the red checks against the list."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.drills import demo
from tocsin.drills.sabotage.switches import SWITCHES
from tocsin.drills.scenario import Silent
from tocsin.errors import UnknownName

if TYPE_CHECKING:
    from tocsin.drills.sabotage.switch import Switch
    from tocsin.drills.scenario import Watcher
    from tocsin.drills.stage import Stage


@dataclass(frozen=True, slots=True)
class Proof:
    """What a switch turned red. `detail` has what the checks saw, by code."""

    switch: Switch
    red: frozenset[str]
    detail: dict[str, str]
    seconds: float

    @property
    def holds(self) -> bool:
        """Exactly the named checks are red, so the demo as a whole failed."""
        return bool(self.red) and not self.missed and not self.surprising

    @property
    def missed(self) -> frozenset[str]:
        return self.switch.reds - self.red

    @property
    def surprising(self) -> frozenset[str]:
        return self.red - self.switch.reds - self.switch.may


def named(name: str | None) -> tuple[Switch, ...]:
    """One switch, or all when none is named.

    Raises:
        UnknownName: there is no such switch.
    """
    if name is None:
        return SWITCHES
    found = tuple(switch for switch in SWITCHES if switch.name == name)
    if not found:
        known = ", ".join(switch.name for switch in SWITCHES)
        raise UnknownName(f"no sabotage is called {name!r}; known: {known}", kind="sabotage")
    return found


def prove(stage: Stage, switch: Switch, watcher: Watcher | None = None) -> Proof:
    """Empties the stage, applies the switch, plays the demo, mends; the stage is whole again."""
    began = time.monotonic()
    stage.empty()
    seen = watcher or Silent()
    with switch.apply(stage) as levers:
        stories = demo.new(stage, seen, levers)
        score = demo.tell(stories, seen, switch.parts, until=switch.until)
    stories.outage.leave()
    detail = {
        check.code: f"{check.expected} → {check.observed}"
        for check in score.checks
        if not check.passed
    }
    return Proof(switch, score.red, detail, time.monotonic() - began)
