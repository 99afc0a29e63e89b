"""Sources that speak, and what goes wrong beneath everything."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.simulation.acts.base import Picks, one_of
from tocsin.simulation.acts.opening import changes_severity
from tocsin.simulation.acts.sources import silence
from tocsin.simulation.troubles import Trouble

if TYPE_CHECKING:
    from tocsin.simulation.desk import Desk

ALARMS = ("api-5xx", "queue-age", "api-outage", "total-outage", "disk-space")


def alarms(desk: Desk, picks: Picks) -> str | None:
    """One alarm, up to three changes in one batch, the last of them late or punctual."""
    name, batch = one_of(ALARMS, picks[0]), []
    changes = 1 + picks[1] % 3
    for number in range(changes):
        firing = bool((picks[2] >> number) % 2 or picks[3] % 3)
        ago = timedelta(seconds=(picks[3] % 400) + changes - number)
        batch.append(desk.signal(name, firing=firing, ago=ago))
    if picks[1] % 2:
        batch.reverse()
    desk.hear(batch)
    if picks[1] % 5 == 0:
        desk.hear(batch)
    return f"{name}: {', '.join('fires' if each.firing else 'clears' for each in batch)}"


def all_clear(desk: Desk, picks: Picks) -> str | None:
    """Every signal of an incident clears."""
    if (incident := desk.chosen(picks[0])) is None:
        return None
    keys = [key for key, state in incident.signals.items() if state.firing]
    for key in keys:
        silence(desk, key)
    names = [key.rpartition(":")[2] for key in keys]
    return f"all clear for {incident.id}: {', '.join(names) or 'nothing fired'}"


def trouble(desk: Desk, picks: Picks) -> str | None:
    """Something will go wrong with the next calls that it fits."""
    found: Trouble = one_of(Trouble, picks[0])
    desk.world.troubles.plan(found, 1 + picks[1] % 3)
    return f"to come: {found}"


def stream(desk: Desk, picks: Picks) -> str | None:
    """The stream stops, starts, delivers twice, or loses what it holds."""
    world = desk.world
    world.stream_runs = bool(picks[0] % 3)
    if picks[1] % 4 == 0:
        world.store.stream = []
        return "the stream loses what it holds"
    if picks[1] % 4 == 1:
        world.store.stream += world.store.stream
    return f"the stream {'runs' if world.stream_runs else 'stands still'}"


def channels(desk: Desk, picks: Picks) -> str | None:
    """A channel takes nothing for up to two hours, or is back at once."""
    name = one_of(("sms", "mail", "sns"), picks[0])
    back = desk.world.silent(name)
    until = desk.world.now + timedelta(minutes=0 if back else picks[1] % 120)
    desk.world.dead[name] = until
    return f"{name} {'is back' if back else f'takes nothing until {until:%H:%M} UTC'}"


def publishes(desk: Desk, picks: Picks) -> str | None:
    """Another runbook comes into force; what is open, and is raised now, stays under its own."""
    told = f"from now on {desk.world.runbooks.publish()} is in force"
    raised = changes_severity(desk, picks)
    return f"{told}; {raised}" if raised else told
