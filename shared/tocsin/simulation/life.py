"""Lives one seed's plan, looks after every step, and makes what failed as short as it can."""

from __future__ import annotations

import contextlib
import gc
import traceback
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.simulation.acts.registry import act_named, weights
from tocsin.simulation.acts.sources import findings_arrive
from tocsin.simulation.billing.laws import BillingLaws
from tocsin.simulation.desk import Desk
from tocsin.simulation.fault import Fault
from tocsin.simulation.laws import Laws
from tocsin.simulation.plan import Life, plan
from tocsin.simulation.sources.laws import SourceLaws
from tocsin.simulation.surroundings import SimulatedClock
from tocsin.simulation.sweeps import LateSweep
from tocsin.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.simulation.plan import Step

LENGTH = 50
"""Steps of one life."""
_QUIET_MINUTES = (*(200,) * 46, *(1_440,) * 3, 20_160)
"""How long nobody acts at the end, by seed, a fortnight at most: what is forgotten shows then."""
_TRIES = 80
"""Shorter lives that are tried before the shortest one found is shown."""


@dataclass(frozen=True, slots=True)
class Lived:
    """How a life went. `fault` names the law that did not hold; `story` tells it, a line an act.

    `days` are of incident time. `reached` counts timeline entries by type, and troubles.
    """

    seed: int
    steps: int
    days: float
    fault: str | None = None
    story: tuple[str, ...] = ()
    reached: Counter[str] = field(default_factory=Counter)


def live(seed: int, *, length: int = LENGTH) -> Lived:
    """Lives the seed's plan; a fault comes with its shortest story."""
    life = planned(seed, length=length)
    with _without_looking_for_circles():
        lived = through(life)
    return lived if lived.fault is None else shortest(life, lived)


@contextlib.contextmanager
def _without_looking_for_circles() -> Iterator[None]:
    """Nearly all that a life makes it keeps until it ends; looking again and again takes time."""
    looks = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looks:
            gc.enable()


def planned(seed: int, *, length: int = LENGTH) -> Life:
    """What will happen in the life of a seed."""
    return plan(seed, weights(seed), length=length)


def through(life: Life) -> Lived:
    """Lives a plan step by step, until it ends or something does not hold."""
    world = World(life.seed, SimulatedClock(life.begins))
    desk, laws, billing = Desk(world), Laws(world), BillingLaws(world.billing, world.met)
    sources = SourceLaws(world)
    fault, done = None, 0
    try:
        for step in life.steps:
            _take(step, world, desk)
            done += 1
            laws.look()
            sources.look()
            billing.look()
        late = LateSweep(world)
        _end(life.seed, desk, late)
        laws.look()
        sources.look()
        world.met["swept late and in time"] += late.look()
        laws.at_the_end()
        billing.at_the_end()
    except Fault as broken:
        fault = str(broken)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was looked for
        where = traceback.extract_tb(error.__traceback__)[-1]
        fault = f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
    happened = Counter({each.name: times for each, times in world.troubles.happened.items()})
    reached = laws.entries + world.met + happened
    reached["refusals"] = sum(desk.refusals.values())
    reached["messages"] = len(world.received)
    return Lived(
        seed=life.seed,
        steps=done,
        days=(world.now - life.begins) / timedelta(days=1),
        fault=fault,
        story=tuple(world.log),
        reached=reached,
    )


def _take(step: Step, world: World, desk: Desk) -> None:
    world.pass_time(step.minutes, punctual=step.punctual)
    if told := act_named(step.kind)(desk, step.picks):
        world.log.append(f"{world.now:%Y-%m-%d %H:%M} UTC  {told}")


def _end(seed: int, desk: Desk, late: LateSweep) -> None:
    """Nothing goes wrong any more and nobody acts: what was promised must be asked for."""
    world = desk.world
    world.troubles.end()
    world.dead.clear()
    world.stream_runs = True
    findings_arrive(desk, (seed, seed // 2, seed // 3, seed // 5))
    world.pass_time(61, punctual=True)
    late.begin()
    world.pass_time(_QUIET_MINUTES[seed % len(_QUIET_MINUTES)], punctual=True)
    world.log.append(f"{world.now:%Y-%m-%d %H:%M} UTC  nobody has acted since")


def shortest(life: Life, found: Lived) -> Lived:
    """Leaves steps out as long as the same law breaks; halves first, then one by one."""
    law = _law(found)
    steps: Sequence[Step] = life.steps[: found.steps + 1]
    size, tries = max(1, len(steps) // 2), 0
    while tries < _TRIES:
        start, shorter = 0, False
        while start < len(steps) and tries < _TRIES:
            fewer = (*steps[:start], *steps[start + size :])
            tried = through(replace(life, steps=tuple(fewer)))
            tries += 1
            if _law(tried) == law:
                steps, found, shorter = fewer, tried, True
            else:
                start += size
        if size == 1 and not shorter:
            break
        size = max(1, size // 2)
    return found


def _law(lived: Lived) -> str:
    """What two faults have in common when they are the same: their first words."""
    return " ".join((lived.fault or "").split()[:2])
