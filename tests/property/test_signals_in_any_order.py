"""Signals of every source, late, doubled and split into batches, end as they do in order.

Shapes are read from every sample that opens something, by the parsers that the functions run, and
heartbeats; states and times are drawn. One run hears each signal as it occurs, the other after a
delay of its own, some of them several times. A sweep comes every minute, so that what flaps is held
and let through on the way.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.fakes.application import CountingIds, ManualClock, Policies
from tests.harness.worlds.stories import local
from tocsin.adapters.incidents.memory import MemoryIncidents
from tocsin.application.incidents.engine import Engine
from tocsin.errors import MalformedPayload
from tocsin.incidents.model.heartbeats import Heartbeat, missed, news
from tocsin.signals.registry import SOURCES, reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.signals import Signal

EVENTS = Path(__file__).parents[2] / "events"
T0 = local("09-08 10:00")
MINUTE = timedelta(minutes=1)
LASTS, LATE, QUIET = 40, 30, 75
"""Minutes in which signals occur, that each may be late, and after which all has been heard."""


def beats() -> Iterator[Signal]:
    for name, service in (("backup", "shop"), ("rotate", "shop"), ("mail", None)):
        every = Heartbeat(
            name=name,
            every_seconds=60,
            grace_seconds=60,
            service=service,
            set_by="ana",
            set_at=T0,
        )
        signal = news(missed(every, T0 + 9 * MINUTE))
        assert signal is not None
        yield signal


@cache
def shapes() -> tuple[Signal, ...]:
    """One firing signal of each key that a sample opens at once."""
    found: dict[str, Signal] = {signal.key: signal for signal in beats()}
    for source in SOURCES.names:
        for file in sorted((EVENTS / source).glob("*.json")):
            try:
                signals = reader(source)(json.loads(file.read_text("utf-8"))).signals
            except MalformedPayload:
                continue
            for one in signals:
                later = one.suppressed or one.held_until or one.only_told or one.yields
                if one.firing and not (later or one.gone or one.part or one.named_only):
                    found.setdefault(one.key, one)
    return tuple(found.values())


class Run:
    """Incidents over a minute hand."""

    def __init__(self) -> None:
        self.store, self.clock = MemoryIncidents(), ManualClock(T0)
        self.engine = Engine(
            store=self.store, policies=Policies(), clock=self.clock, ids=CountingIds()
        )

    def hear(self, arrivals: list[tuple[int, Signal]]) -> Run:
        by_minute = {
            minute: [signal for _, signal in each]
            for minute, each in groupby(sorted(arrivals, key=_minute), key=_minute)
        }
        for minute in range(LASTS + LATE + QUIET):
            self.clock.now = T0 + minute * MINUTE
            if batch := by_minute.get(minute):
                self.engine.receive(batch)
                self.check()
            assert not self.engine.sweep().failed
        return self

    def open(self) -> list[Incident]:
        lines = self.store.board(limit=200).items
        return list(self.store.load_all([line.id for line in lines]).values())

    def check(self) -> None:
        """I1, at every moment."""
        owners = Counter(key for incident in self.open() for key in incident.signals)
        assert all(count == 1 for count in owners.values()), owners

    def end(self) -> dict[str, bool]:
        """Whether each key fires, of those that have an incident."""
        return {
            key: state.firing for incident in self.open() for key, state in incident.signals.items()
        }


def _minute(arrival: tuple[int, Signal]) -> int:
    return arrival[0]


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[tuple[int, Signal]], list[tuple[int, Signal]]]:
    """What occurs, and when each of it is heard, some of it more than once."""
    in_order: list[tuple[int, Signal]] = []
    mixed: list[tuple[int, Signal]] = []
    places = st.sets(st.sampled_from(range(len(shapes()))), min_size=1, max_size=3)
    for shape in (shapes()[place] for place in sorted(draw(places))):
        minutes = st.sets(st.integers(0, LASTS - 1), min_size=1, max_size=9)
        for number, minute in enumerate(sorted(draw(minutes))):
            firing = number == 0 or draw(st.booleans())
            signal = replace(
                shape,
                id=f"{shape.id}-{number}",
                firing=firing,
                occurred_at=T0 + minute * MINUTE,
            )
            in_order.append((minute, signal))
            late = st.lists(st.integers(0, LATE), min_size=1, max_size=2)
            mixed += [(minute + delay, signal) for delay in draw(late)]
    return in_order, draw(st.permutations(mixed))


def test_the_samples_of_every_source_give_something_to_hear() -> None:
    assert {one.source for one in shapes()} == {*SOURCES.names, "heartbeat"}


@settings(max_examples=30, deadline=None)
@given(stories())
def test_i1_in_any_order_doubled_and_in_any_batches_a_key_is_one_incident_and_ends_the_same(
    story: tuple[list[tuple[int, Signal]], list[tuple[int, Signal]]],
) -> None:
    in_order, mixed = story
    said = {signal.key: signal.firing for _, signal in in_order}
    assert Run().hear(in_order).end() == said
    assert Run().hear(mixed).end() == said
