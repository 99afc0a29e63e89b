"""Shows a drill to people while it runs, and its score when it is over."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType

    from rich.console import Console

    from tocsin.drills.checks import Check
    from tocsin.drills.scenario import Score, Scored, Step

_GREEN, _RED = "[green]✓[/green]", "[red]✗[/red]"


class Rising:
    """A moving bar while something comes up; what it says is kept above the bar."""

    def __init__(self, console: Console, title: str) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._progress.add_task(title, total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def say(self, line: str) -> None:
        """One line about the work."""
        self._progress.console.print(f"   {line}", markup=False, highlight=False, style="dim")


class Screen:
    """A `Watcher` with one progress bar; checks are printed above it as they are made."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._chapter = ""
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._steps = self._progress.add_task("drill", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def began(self, step: Step, number: int, of: int) -> None:
        self._progress.update(self._steps, total=of, completed=number - 1, description=step.title)
        if step.chapter != self._chapter:
            self._chapter = step.chapter
            self._console.print()
            self._console.rule(f"[bold]{escape(step.chapter)}[/bold]", align="left")
        self._console.print(f"\n[bold]{number}. {escape(step.title)}[/bold]")

    def made(self, check: Check) -> None:
        mark = _GREEN if check.passed else _RED
        self._console.print(f"   {mark} {check.says} [dim]{check.code}[/dim]", highlight=False)
        if not check.passed:
            self._console.print(f"      expected  {check.expected}", markup=False, style="red")
            self._console.print(f"      observed  {check.observed}", markup=False, style="red")

    def ended(self, scored: Scored) -> None:
        self._progress.advance(self._steps)
        if scored.problem:
            self._console.print(f"   broke off: {scored.problem}", markup=False, style="red")

    def tell(self, text: str) -> None:
        """A line of the story."""
        self._console.print(f"   {text}", markup=False, highlight=False)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A small table in the story."""
        shown = Table(*columns, box=None, pad_edge=False, header_style="dim")
        for row in rows:
            shown.add_row(*(escape(str(cell)) for cell in row))
        self._console.print(Padding(shown, (0, 0, 0, 3)))

    def count(self, title: str, total: int) -> Bar:
        """A second bar for something that takes a while."""
        return Bar(self._progress, title, total)


class Bar:
    """A bar that goes up to `total`."""

    def __init__(self, progress: Progress, title: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(f"   {title}", total=total)

    def at(self, done: int) -> None:
        self._progress.update(self._task, completed=done)

    def close(self) -> None:
        self._progress.remove_task(self._task)


def summary(score: Score) -> Table:
    """Every check in one line: what holds, or what was expected and what was seen instead."""
    table = Table(
        title=f"drill {score.name}", title_justify="left", header_style="bold", box=SIMPLE_HEAD
    )
    table.add_column("", width=1)
    table.add_column("check", no_wrap=True)
    table.add_column("what holds, or what was expected → what was seen")
    for check in score.checks:
        if check.passed:
            table.add_row(_GREEN, check.code, escape(check.says))
        else:
            table.add_row(_RED, check.code, _short(f"{check.expected} → {check.observed}"))
    return table


def numbers(score: Score) -> Table:
    """What the run came to, a line each."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in score.numbers:
        table.add_row(escape(name), f"[bold]{escape(value)}[/bold]")
    return table


def document(score: Score) -> dict[str, Any]:
    """The score as one JSON document."""
    return {
        "drill": score.name,
        "passed": score.passed,
        "checks": len(score.checks),
        "failed": sorted(score.red),
        "seconds": round(score.seconds, 2),
        "numbers": dict(score.numbers),
        "steps": [
            {
                "chapter": step.chapter,
                "title": step.title,
                "seconds": round(step.seconds, 2),
                "problem": step.problem,
                "checks": [asdict(check) for check in step.checks],
            }
            for step in score.steps
        ],
    }


def _short(text: str, limit: int = 240) -> str:
    return escape(text if len(text) <= limit else f"{text[: limit - 1]}…")
