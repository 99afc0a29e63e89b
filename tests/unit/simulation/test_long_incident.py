"""Two thousand commands on one incident: what is stored of it stays within the table's limits."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

from tocsin.adapters.aws.attributes import item_bytes
from tocsin.adapters.incidents.commit import ITEM_BYTES
from tocsin.adapters.incidents.items import entry_item, outbox_item
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.commands.people import Acknowledge, Escalate
from tocsin.incidents.vocabulary import Audience, Category, Severity
from tocsin.simulation.acts.registry import ACTS
from tocsin.simulation.desk import Desk
from tocsin.simulation.laws import Laws
from tocsin.simulation.surroundings import SimulatedClock
from tocsin.simulation.world import World

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import Incident

ELSEWHERE = (
    "opens",
    "merges",
    "splits",
    "closes",
    "works off",
    "stream",
    "channels",
    "trouble",
    "publishes",
)
"""Acts that lead away from the one incident, end it, or bring a trouble."""
ALARMS = (
    *("alarms", "all clear", "expects", "a job changes", "a job is removed"),
    *("finds", "a finding changes", "findings arrive"),
)
"""They open incidents of their own."""


class OneIncident(Desk):
    """A desk at which everything is asked of the first incident."""

    def chosen(self, pick: int, *, closed: bool = False) -> Incident | None:
        """The incident itself."""
        del pick, closed
        return self.world.incidents()[0]


def stored(world: World, name: str) -> dict[str, int]:
    """The largest item of each sort, in bytes."""
    entries = [item_bytes(entry_item(each)) for each in world.store.entries(name)]
    messages = [item_bytes(outbox_item(each)) for each in world.store.all_outbox()]
    snapshot = len(world.store._snapshots[name].encode())
    return {"snapshot": snapshot, "entry": max(entries), "message": max(messages)}


COMMANDS = 2_000


def test_sizes_stay_within_the_limits_of_the_store() -> None:
    world = World(4, SimulatedClock(datetime(2026, 9, 8, 14, tzinfo=UTC)))
    desk, laws = OneIncident(world), Laws(world)
    critical = {"severity": Severity.CRITICAL, "category": Category.PRODUCTION}
    name = world.ids.incident_id(drill=False)
    desk.ask(OpenIncident, name, "ana", title="hidden-1", **critical)
    dice, acts = Random(4), [ACTS[each][0] for each in ACTS if each not in ELSEWHERE + ALARMS]
    taken = Counter[str]()
    while taken.total() < COMMANDS:
        act = dice.choice(acts)
        told = act(desk, [dice.randrange(1_000_000) for _ in range(4)])
        taken[act.__name__] += 1
        world.pass_time(dice.choice((0, 0, 1)), punctual=True)
        laws.look()
        assert told is None or name in told or told.startswith("the same again")

    assert {sort: size < ITEM_BYTES for sort, size in stored(world, name).items()} == {
        "snapshot": True,
        "entry": True,
        "message": True,
    }
    assert world.notes.unmeant == []
    before = len(world.store.entries(name))
    assert desk.ask(Acknowledge, name, "bo") is not None, "whatever there is, it can be answered"
    assert desk.ask(Escalate, name, "bo", audience=Audience.ALL, reason="we need help") is not None
    world.pass_time(10, punctual=True)
    assert len(world.store.entries(name)) > before
