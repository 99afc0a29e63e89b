"""A sweep that dies anywhere between noticing and telling: incidents hear it once, and its end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from tests.harness.worlds.world import World
from tocsin.adapters.heartbeats.memory import MemoryHeartbeats
from tocsin.application.heartbeats.keep import HeartbeatDesk, Listening
from tocsin.errors import UnknownName
from tocsin.incidents.model.heartbeats import Heartbeat
from tocsin.runtime.wiring.incidents import Application

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.signals import Signal

PROOF = bytes(16)


class Died(BaseException):
    """The process is gone."""


@dataclass
class Mortal:
    """A store whose process dies at a step, before or after the write."""

    store: MemoryHeartbeats
    dies_at: int
    after: bool
    steps: int = 0
    events: list[str] = field(default_factory=list)

    def save(self, heartbeat: Heartbeat, *, expected: int) -> None:
        self.steps += 1
        if self.steps == self.dies_at and not self.after:
            raise Died
        self.store.save(heartbeat, expected=expected)
        if self.steps == self.dies_at:
            raise Died

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def desk(world: World, store: MemoryHeartbeats) -> HeartbeatDesk:
    return HeartbeatDesk(store=store, now=world.clock.incident_now)


def asked(world: World, **changes: Any) -> Heartbeat:
    values: dict[str, Any] = {"every_seconds": 3600, "grace_seconds": 720, "set_by": "ana"}
    return Heartbeat(name="backup", set_at=world.clock.now, **(values | changes))


def incidents(world: World) -> list[Incident]:
    lines = world.store.board(limit=50).items
    return [found for line in lines if (found := world.store.load(line.id)) is not None]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("dies_at", [1, 2])
def test_whoever_dies_leaves_it_to_the_next_sweep(dies_at: int, *, after: bool) -> None:
    world, store = World(), MemoryHeartbeats()
    desk(world, store).set(asked(world), proof=PROOF)
    world.jump(72, sweep=False)
    mortal = Mortal(store, dies_at, after)
    with pytest.raises(Died):
        Listening(engine=world.application, store=mortal).listen(has_time=lambda: True)
    Listening(engine=world.application, store=store).listen(has_time=lambda: True)
    (opened,) = incidents(world)
    assert [state.firing for state in opened.signals.values()] == [True]
    assert opened.version == _version_of_one_signal(), "told twice is heard once"


def _version_of_one_signal() -> int:
    world, store = World(), MemoryHeartbeats()
    desk(world, store).set(asked(world), proof=PROOF)
    world.jump(72, sweep=False)
    Listening(engine=world.application, store=store).listen(has_time=lambda: True)
    (opened,) = incidents(world)
    return opened.version


def test_a_beat_between_noticing_and_telling_ends_clear() -> None:
    world, store = World(), MemoryHeartbeats()
    heartbeats = desk(world, store)
    heartbeats.set(asked(world), proof=PROOF)
    world.jump(72, sweep=False)
    mortal = Listening(engine=world.application, store=Mortal(store, 1, after=True))
    with pytest.raises(Died):
        mortal.listen(has_time=lambda: True)
    world.jump(1, sweep=False)
    heartbeats.beat("backup")
    Listening(engine=world.application, store=store).listen(has_time=lambda: True)
    (opened,) = incidents(world)
    assert [state.firing for state in opened.signals.values()] == [False]
    known = heartbeats.known("backup")
    assert (known.missed_at, known.told) == (None, False)


def test_one_that_breaks_keeps_no_other_unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    world, store = World(), MemoryHeartbeats()
    for name in ("a-broken", "b-well"):
        desk(world, store).set(replace(asked(world), name=name), proof=PROOF)
    world.jump(72, sweep=False)
    receive = Application.receive

    def breaks(self: Application, signals: Sequence[Signal]) -> list[Outcome]:
        if signals[0].rule == "a-broken":
            raise ValueError("nobody meant this")
        return receive(self, signals)

    monkeypatch.setattr(Application, "receive", breaks)
    pulse = Listening(engine=world.application, store=store).listen(has_time=lambda: True)
    assert pulse.failed == (("a-broken", "ValueError: nobody meant this"),)
    assert [one.title for one in incidents(world)] == ["No heartbeat of b-well"]


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["set", "beat", "sweep", "die", "remove"]),
        st.sampled_from([1, 8, 60, 72, 73, 100]),
    ),
    min_size=5,
    max_size=25,
).map(lambda acts: [("set", 1), *acts])
LATE = timedelta(minutes=72)


@dataclass
class Book:
    """The same story, more simply: since when a beat is expected, and whether it is missing."""

    since: datetime | None = None
    missing: bool = False

    def note(self, act: str, now: datetime) -> None:
        if act != "remove" and self.since is not None and now >= self.since + LATE:
            self.missing = True
        if act == "sweep" and self.since is None:
            self.missing = False
        if act == "beat" and self.since is not None:
            self.since, self.missing = now, False
        elif act == "set":
            self.since = now
        elif act == "remove":
            self.since = None


def act_out(act: str, world: World, store: MemoryHeartbeats, *, after: bool) -> bool:
    """Whether it came to what was meant."""
    heartbeats = desk(world, store)
    listening = Listening(engine=world.application, store=store)
    try:
        match act:
            case "set":
                heartbeats.set(asked(world), proof=PROOF)
            case "beat":
                heartbeats.beat("backup")
            case "remove":
                heartbeats.remove("backup")
            case "sweep":
                for _ in range(3):  # what is due after something was done is the next sweep's
                    listening.listen(has_time=lambda: True)
            case _:
                Listening(engine=world.application, store=Mortal(store, 1, after)).listen(
                    has_time=lambda: True
                )
    except UnknownName:
        return False
    except Died:
        return after
    return True


@given(ACTS)
def test_in_any_order_it_fires_exactly_while_it_is_missing(acts: list[tuple[str, int]]) -> None:
    world, store, book = World(), MemoryHeartbeats(), Book()
    for act, minutes in [*acts, ("sweep", 1)]:
        world.jump(minutes, sweep=False)
        if act == "die" and book.since is None:
            continue
        if act_out(act, world, store, after=minutes % 2 == 0):
            book.note(act, world.clock.now)
        found = incidents(world)
        if act == "sweep":
            firing = [state.firing for one in found for state in one.signals.values()]
            event(f"firing {sum(firing)}, incidents {len(found)}")
            assert sum(firing) == (book.missing and book.since is not None)
        assert len(found) <= 1
