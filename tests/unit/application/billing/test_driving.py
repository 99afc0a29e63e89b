"""The loop that all long work shares, on a work that only counts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from tocsin.application.billing.driving import PATIENCE, Driving
from tocsin.errors import BadInput, ProviderUnavailable, StoreUnavailable, VersionConflict


@dataclass(frozen=True, slots=True)
class Count:
    steps: int = 0
    waiting_since: int | None = None
    problem: str = ""
    gave_up: bool = False

    @property
    def idle(self) -> bool:
        return self.gave_up or self.steps == 3


@dataclass(slots=True)
class Work:
    """Saves what it is given; `fails` are raised in turn, one a step."""

    fails: list[Exception | None] = field(default_factory=list)
    unsaved: list[Exception] = field(default_factory=list)
    saved: list[Count] = field(default_factory=list)
    told: list[Count] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    now: float = 1_000

    def save(self, cursor: Count) -> Count:
        if self.unsaved:
            raise self.unsaved.pop(0)
        self.saved.append(cursor)
        return cursor

    def step(self, cursor: Count) -> Count:
        if self.fails and (error := self.fails.pop(0)) is not None:
            raise error
        return replace(cursor, steps=cursor.steps + 1, waiting_since=None, problem="")

    def tell(self, cursor: Count) -> Count:
        self.told.append(cursor)
        return cursor

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def run(self, *, turns: int = 1_000) -> Count:
        left = iter(range(turns))
        driving = Driving[Count](
            load=lambda _: Count(),
            save=self.save,
            step=self.step,
            stalled=lambda cursor, problem: replace(cursor, gave_up=True, problem=problem),
            tell=self.tell,
            now=lambda: int(self.now),
            sleep=self.sleep,
        )
        return driving.run("one", go_on=lambda: next(left, None) is not None)


def test_every_step_is_saved_and_the_end_is_told_once() -> None:
    work = Work()
    assert work.run() == Count(3)
    assert [each.steps for each in work.saved] == [1, 2, 3]
    assert work.told == [Count(3)]
    assert work.slept == []


def test_when_time_is_up_it_stops_where_it_is() -> None:
    work = Work()
    assert work.run(turns=2) == Count(2)


def test_what_does_not_answer_is_asked_ever_later_and_at_once_again_after_an_answer() -> None:
    down = ProviderUnavailable("HTTP 503")
    work = Work([*[down] * 7, None, down])
    assert work.run() == Count(3)
    assert work.slept == [1, 2, 4, 8, 16, 30, 30, 1]
    waiting = [each for each in work.saved if each.waiting_since is not None]
    assert [each.waiting_since for each in waiting] == [1_000] * 7 + [int(work.now) - 1]


def test_after_an_hour_without_progress_it_gives_up() -> None:
    work = Work([ProviderUnavailable("HTTP 503")] * 1_000)
    assert work.run() == Count(waiting_since=1_000, problem="HTTP 503", gave_up=True)
    assert PATIENCE < work.now - 1_000 < PATIENCE + 90


def test_what_no_waiting_mends_stops_it_at_once() -> None:
    work = Work([None, BadInput("the key is refused")])
    assert work.run() == Count(1, problem="the key is refused", gave_up=True)
    assert work.slept == []


def test_a_write_that_failed_is_waited_for_and_its_step_taken_again() -> None:
    work = Work(unsaved=[StoreUnavailable("busy")])
    assert work.run() == Count(3)
    assert work.slept == [1]


def test_who_loses_against_another_driver_leaves_it_and_tells_nobody() -> None:
    work = Work(unsaved=[VersionConflict("moved")])
    with pytest.raises(VersionConflict):
        work.run()
    assert (work.saved, work.told) == ([], [])
