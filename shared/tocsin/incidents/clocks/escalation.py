"""The paging ladder of a round: which step falls when, and whom it reaches.

Steps are anchored to the start of the ladder and not to the previous step, so a late sweep
neither drifts nor sends a burst: it takes the latest step that has come, once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.incidents.model.incident import Round
from tocsin.incidents.runbook.paging import Escalation
from tocsin.incidents.vocabulary import Audience


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: its number, when it falls, and whom it adds."""

    number: int
    at: datetime
    audiences: tuple[Audience, ...]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Rungs at equal distances; `times` None never ends."""

    first: int
    at: datetime
    every: timedelta
    times: int | None
    audiences: tuple[Audience, ...]

    def step(self, number: int) -> Step | None:
        index = number - self.first
        if index < 0 or (self.times is not None and index >= self.times):
            return None
        return Step(number, self.at + index * self.every, self.audiences)

    def latest(self, at: datetime) -> int | None:
        """The number of the last rung at or before `at`."""
        if at < self.at:
            return None
        index = (at - self.at) // self.every if self.every else 0
        return self.first + (index if self.times is None else min(index, self.times - 1))


def step(escalation: Escalation, current: Round, number: int) -> Step | None:
    """Rung `number` of the round's ladder; None beyond its end."""
    found = (stretch.step(number) for stretch in _stretches(escalation, current))
    return next((rung for rung in found if rung is not None), None)


def latest(escalation: Escalation, current: Round, at: datetime) -> int | None:
    """The number of the last rung that falls at or before `at`."""
    numbers = [stretch.latest(at) for stretch in _stretches(escalation, current)]
    return max((number for number in numbers if number is not None), default=None)


def audiences(escalation: Escalation, current: Round, first: int, last: int) -> list[Audience]:
    """Everybody the rungs from `first` to `last` reach, each audience once."""
    found: dict[Audience, None] = {}
    for stretch in _stretches(escalation, current):
        end = None if stretch.times is None else stretch.first + stretch.times - 1
        if stretch.first <= last and (end is None or end >= first):
            found.update(dict.fromkeys(stretch.audiences))
    return list(found)


def _stretches(escalation: Escalation, current: Round) -> Iterator[_Stretch]:
    start, once = current.ladder_start, timedelta(0)
    if not escalation.pages:
        yield _Stretch(0, start, once, 1, (Audience.PRIMARY,))
        yield _Stretch(1, max(current.due_at, start), once, 1, (Audience.BACKUP,))
        return
    end = start
    last: tuple[Audience, ...] = (Audience.ALL,)
    for number, rung in enumerate(escalation.steps):
        last = rung.audiences
        end = start + timedelta(minutes=rung.after_minutes)
        yield _Stretch(number, end, once, 1, rung.audiences)
    number = len(escalation.steps)
    for repeat in escalation.repeats:
        every = timedelta(minutes=repeat.every_minutes)
        yield _Stretch(number, end + every, every, repeat.times, last)
        if repeat.times is None:
            return
        number, end = number + repeat.times, end + repeat.times * every
