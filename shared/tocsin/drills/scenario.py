"""Runs a drill: named steps, each with the checks it owes, scored whatever happens.

A step that breaks does not end the drill. What it still owed counts as failed with the reason, and
the next step is tried: one fault shows all it does, and no check is silently missing from a score.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tocsin.drills.checks import Check
from tocsin.local.errors import DrillUnsound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tocsin.drills.checks import Claim


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the story. `act` makes each of `owes` exactly once, in any order."""

    title: str
    owes: tuple[Claim, ...]
    act: Callable[[], Iterator[Check]]
    chapter: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """A step as it went; `problem` says why it broke off, if it did. Seconds are real time."""

    title: str
    checks: tuple[Check, ...]
    seconds: float
    problem: str | None = None
    chapter: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """All steps of one run; `numbers` are what it came to, for people, in order."""

    name: str
    steps: tuple[Scored, ...]
    numbers: tuple[tuple[str, str], ...] = ()

    @property
    def checks(self) -> tuple[Check, ...]:
        return tuple(check for step in self.steps for check in step.checks)

    @property
    def red(self) -> frozenset[str]:
        """The codes of the checks that failed."""
        return frozenset(check.code for check in self.checks if not check.passed)

    @property
    def passed(self) -> bool:
        return bool(self.checks) and not self.red

    @property
    def seconds(self) -> float:
        return sum(step.seconds for step in self.steps)


class Counter(Protocol):
    """A bar for something that takes a while."""

    def at(self, done: int) -> None: ...

    def close(self) -> None: ...


class Watcher(Protocol):
    """Whoever shows a run while it goes on; `tell` and `table` are the story between the checks."""

    def began(self, step: Step, number: int, of: int) -> None: ...

    def made(self, check: Check) -> None: ...

    def ended(self, scored: Scored) -> None: ...

    def tell(self, text: str) -> None: ...

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None: ...

    def count(self, title: str, total: int) -> Counter: ...


class Silent:
    """Shows nothing; for `--json`, sabotage and tests. It is its own bar."""

    def began(self, step: Step, number: int, of: int) -> None:
        del step, number, of

    def made(self, check: Check) -> None:
        del check

    def ended(self, scored: Scored) -> None:
        del scored

    def tell(self, text: str) -> None:
        del text

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        del columns, rows

    def count(self, title: str, total: int) -> Counter:
        del title, total
        return self

    def at(self, done: int) -> None:
        del done

    def close(self) -> None:
        """Nothing was shown, nothing is removed."""


def run(name: str, steps: Sequence[Step], watcher: Watcher) -> Score:
    """Takes every step in order.

    Raises:
        DrillUnsound: a step made a check it does not owe or made one twice, or two steps owe the
            same: the drill itself is wrong, and its score would mean nothing.
    """
    codes = [claim.code for step in steps for claim in step.owes]
    if len(codes) != len(set(codes)):
        raise DrillUnsound("two steps owe a check of the same code")
    scored = []
    for number, step in enumerate(steps, start=1):
        watcher.began(step, number, len(steps))
        scored.append(_take(step, watcher))
        watcher.ended(scored[-1])
    return Score(name, tuple(scored))


def _take(step: Step, watcher: Watcher) -> Scored:
    began, made = time.monotonic(), list[Check]()
    owed = {claim.code: claim for claim in step.owes}
    problem: str | None = None
    try:
        for check in step.act():
            _pay(owed, check, step)
            made.append(check)
            watcher.made(check)
    except DrillUnsound:
        raise
    except Exception as error:  # noqa: BLE001  # whatever broke is a result of the drill
        problem = f"{type(error).__name__}: {error}"
    for claim in owed.values():
        check = claim.not_reached(problem or "the step ended without making it")
        made.append(check)
        watcher.made(check)
    return Scored(step.title, tuple(made), time.monotonic() - began, problem, step.chapter)


def _pay(owed: dict[str, Claim], check: Check, step: Step) -> None:
    if owed.pop(check.code, None) is None:
        raise DrillUnsound(f"{step.title!r} does not owe {check.code}, or made it twice")
