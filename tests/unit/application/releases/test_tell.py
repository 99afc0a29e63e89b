"""Every open incident hears of a release once, however many there are and whoever is killed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.fakes.crashes import Killed
from tests.harness.worlds.stories import ANA, make
from tests.harness.worlds.world import World
from tocsin.application.releases import record as releases
from tocsin.application.releases import tell as telling
from tocsin.application.releases.tell import Told
from tocsin.errors import StoreUnavailable, VersionConflict
from tocsin.incidents.commands.closing import Close
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.timeline.entry import format_time
from tocsin.incidents.vocabulary import Category, ClockName, Group, Kind, Resolution, Severity

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tocsin.ports.incidents import Commit

OPEN = 450


def opened(world: World, number: int, **changes: Any) -> list[str]:
    ids = []
    for _ in range(number):
        values: dict[str, Any] = {
            "incident_id": world.application.ids.incident_id(drill=False),
            "title": "a misconfiguration",
            "severity": Severity.LOW,
            "category": Category.PRODUCTION,
            "service": "checkout",
        }
        command = make(OpenIncident, ANA, **(values | changes))
        ids.append(world.application.execute(command).incident.id)
        world.clock.advance(timedelta(seconds=1))
    return ids


def release(world: World, **changes: Any) -> dict[str, Any]:
    at = world.clock.now + timedelta(minutes=1)
    planned = format_time(at + timedelta(days=2))
    body = {"service": "checkout", "release": "R42", "regular": True, "cut_at": format_time(at)}
    return body | {"planned_at": planned} | changes


def record(world: World, body: dict[str, Any], key: str = "") -> dict[str, Any]:
    headers = {"idempotency-key": key} if key else {}
    status, found, _ = world.request("POST", "/v1/releases", body, person="bo", headers=headers)
    assert status in {200, 201}, found
    return found


def sweep(world: World) -> Told:
    """What the sweep does about releases, a minute later."""
    world.clock.advance(timedelta(minutes=1))
    return world.application.tell_releases(has_time=lambda: True)


def heard(world: World, incident: str) -> int:
    return [entry.type for entry in world.store.entries(incident)].count("release_recorded")


def dying_after(world: World, commits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills whoever writes, once, after so many commits: what it wrote last is stored."""
    done = 0
    commit = world.store.commit

    def counted(wish: Commit) -> None:
        nonlocal done
        commit(wish)
        done += 1
        if done == commits:
            raise Killed

    monkeypatch.setattr(world.store, "commit", counted)


def test_i3_450_open_incidents_hear_of_it_once_each_though_two_are_killed_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    world.stream_runs = False
    incidents = opened(world, OPEN)
    body = release(world)

    with monkeypatch.context() as patch:
        dying_after(world, 120, patch)
        with pytest.raises(Killed):
            record(world, body, key="r-1")
    assert sum(heard(world, one) for one in incidents) == 120
    with monkeypatch.context() as patch:
        dying_after(world, 150, patch)
        with pytest.raises(Killed):
            sweep(world)
    sweep(world)

    assert [heard(world, one) for one in incidents] == [1] * OPEN
    assert sweep(world) == Told()
    assert record(world, body, key="r-1")["next"] is not None
    assert [heard(world, one) for one in incidents] == [1] * OPEN


def few_at_once(monkeypatch: pytest.MonkeyPatch, number: int = 2) -> None:
    for module in (telling, releases):
        monkeypatch.setattr(module, "AT_ONCE", number)


def test_nobody_follows_a_cursor_and_the_sweep_reaches_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few_at_once(monkeypatch)
    world = World()
    incidents = opened(world, 5)
    found = record(world, release(world))
    assert (len(found["incidents"]), found["next"] is None) == (2, False)
    world.advance(1)
    assert [heard(world, one) for one in incidents] == [1] * 5
    dues = {fix_due(world, one) for one in incidents}
    assert len(dues) == 1
    assert None not in dues


def fix_due(world: World, name: str) -> datetime | None:
    incident = world.store.load(name)
    assert incident is not None
    return incident.clocks[ClockName.FIX].due_at


def test_whom_it_does_not_concern_hears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    few_at_once(monkeypatch)
    world = World()
    other = opened(world, 2, service="billing")
    closed = opened(world, 1)[0]
    concerned = opened(world, 3)
    record(world, release(world))
    unreal = make(
        Close, ANA, incident_id=closed, resolution=Resolution.FALSE_POSITIVE, reason="a test"
    )
    world.application.execute(unreal)
    sweep(world)
    assert [heard(world, one) for one in (*other, closed, *concerned)] == [0, 0, 0, 1, 1, 1]


def test_one_that_fails_keeps_no_other_waiting_and_is_told_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few_at_once(monkeypatch)
    world = World()
    incidents = opened(world, 6)
    record(world, release(world))
    with monkeypatch.context() as patch:
        patch.setattr(world.store, "commit", failing(world, incidents[1], VersionConflict))
        told = sweep(world)
        assert {name for name, _ in told.failed} == {incidents[1]}
        assert [heard(world, one) for one in incidents] == [1, 0, 1, 1, 1, 1]
        assert {name for name, _ in sweep(world).failed} == {incidents[1]}
    assert sweep(world).incidents == (incidents[1],)
    assert [heard(world, one) for one in incidents] == [1] * 6
    assert sweep(world) == Told()


def failing(world: World, incident: str, error: type[Exception]) -> Callable[[Commit], None]:
    commit = world.store.commit

    def refused(wish: Commit) -> None:
        if wish.incident.id == incident:
            raise error
        commit(wish)

    return refused


def test_a_store_that_does_not_answer_stops_it_and_nothing_is_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few_at_once(monkeypatch)
    world = World()
    incidents = opened(world, 6)
    record(world, release(world))
    with monkeypatch.context() as patch:
        patch.setattr(world.store, "commit", failing(world, incidents[1], StoreUnavailable))
        with pytest.raises(StoreUnavailable):
            sweep(world)
        world.advance(1)
    world.advance(1)
    assert [heard(world, one) for one in incidents] == [1] * 6


def test_it_stops_when_the_time_is_up_and_goes_on_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few_at_once(monkeypatch)
    world = World()
    incidents = opened(world, 6)
    record(world, release(world))
    world.clock.advance(timedelta(minutes=1))
    time_left = iter([True, False])
    told = world.application.tell_releases(has_time=lambda: next(time_left))
    assert (len(told.incidents), told.more) == (2, True)
    assert len(sweep(world).incidents) == 2
    assert [heard(world, one) for one in incidents] == [1] * 6


def test_planned_and_then_shipped_are_two_things_to_hear(monkeypatch: pytest.MonkeyPatch) -> None:
    few_at_once(monkeypatch)
    world = World()
    incidents = opened(world, 5)
    body = release(world)
    record(world, body)
    world.clock.advance(timedelta(hours=1))
    record(world, body | {"shipped_at": format_time(world.clock.now)})
    sweep(world)
    assert [heard(world, one) for one in incidents] == [2] * 5


def test_a_backfilled_record_has_no_clock_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    few_at_once(monkeypatch)
    world = World()
    commander = frozenset({Group.COMMANDER})
    incident = opened(world, 1, kind=Kind.BACKFILLED, groups=commander)[0]
    record(world, release(world))
    sweep(world)
    assert heard(world, incident) == 0
