"""A stale acknowledgement swallows nothing, and no timer left over pages anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.harness.worlds.alarms import notification

if TYPE_CHECKING:
    from tests.harness.worlds.world import World
    from tocsin.incidents.model.incident import Incident

PRIMARY = ["commander-primary", "mitigation-primary"]


def acknowledged(world: World) -> Incident:
    incident = world.alarm()
    assert incident is not None
    world.acknowledge(incident, PRIMARY[0])
    world.inbox.take_all()
    return incident


def pages(world: World) -> list[tuple[str, str]]:
    """Who was paged for which incident since the last look."""
    taken = world.inbox.take_all()
    return sorted(
        (one.message.attributes["incident"], one.to) for one in taken if one.kind == "page"
    )


def test_an_alarm_that_keeps_firing_does_not_keep_a_forgotten_incident_quiet(world: World) -> None:
    incident = acknowledged(world)
    for minute in range(1, 32):
        world.jump(1)
        if minute % 5 == 0:  # the same key again, which is no sign of a person
            assert world.deliver_alarms(notification("api-outage", world.clock.now)) == []
            world.pump()
        assert pages(world) == ([(incident.id, who) for who in PRIMARY] if minute == 31 else [])
    kept = world.store.load(incident.id)
    assert kept is not None
    assert kept.round is not None
    assert (kept.round.number, kept.round.acknowledged_by) == (2, None)


def test_another_key_pages_at_once_beside_a_forgotten_incident(world: World) -> None:
    incident = acknowledged(world)
    world.advance(29)
    assert pages(world) == []
    assert world.deliver_alarms(notification("db-outage", world.clock.now)) == []
    world.pump()
    found = pages(world)
    assert [who for _, who in found] == PRIMARY
    assert incident.id not in {each for each, _ in found}


def test_a_timer_left_over_from_before_the_acknowledgement_pages_nobody(world: World) -> None:
    """What a queue or a slow sweep still holds is decided again on what is true by then."""
    incident = world.alarm()
    assert incident is not None
    world.jump(5, sweep=False)  # the backup's step is due, and its timer is on its way
    world.acknowledge(incident, PRIMARY[0])
    world.inbox.take_all()
    before = len(world.timeline(incident))
    for _ in range(3):
        world.application.tick([incident.id])
        world.pump()
    assert len(world.timeline(incident)) == before
    assert pages(world) == []
