"""Twenty steps of a minute leave the incident that one step of twenty minutes leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.harness.worlds.world import a_world

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import Incident


def lived(*steps: int, acknowledged: bool) -> tuple[Incident, set[str]]:
    """The incident after the steps, and the types of its entries.

    What differs by design is left out: when it was recorded, and with it version and head; pages
    that a late sweep skips are one entry for several, and people were asked once for them.
    """
    with a_world() as world:
        incident = world.alarm()
        assert incident is not None
        if acknowledged:
            world.acknowledge(incident, "bo")
        for step in steps:
            world.jump(step)
        after = world.store.load(incident.id)
        assert after is not None
        types = {entry.type for entry in world.timeline(incident)}
        world.inbox.take_all()
        asked = after.round and replace(after.round, asks=None)
        return replace(after, recorded_at=None, version=0, head=b"", round=asked), types


@pytest.mark.parametrize("acknowledged", [False, True])
@pytest.mark.parametrize("minutes", [20, 60])
def test_one_minute_many_times_is_many_minutes_once(minutes: int, *, acknowledged: bool) -> None:
    slowly = lived(*[1] * minutes, acknowledged=acknowledged)
    at_once = lived(minutes, acknowledged=acknowledged)
    if minutes == 20:
        assert at_once == slowly
    assert at_once[0].clocks == slowly[0].clocks
    assert at_once[0].communication == slowly[0].communication
    assert at_once[0].state is slowly[0].state
