"""Waiting for long work at a terminal: its id first, then every change, and what Ctrl-C leaves.

The work is done by the deployment and goes on whoever watches. So the id comes before anything
else, on stderr like all that is about the work, also where the result is asked for as JSON: whoever
is interrupted has it, and the command that goes on from there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tocsin.cli.terminal.output import current
from tocsin.errors import CheckFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.runtime.api_client import ApiClient

    type Document = Mapping[str, Any]

PAUSE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LongWork:
    """One kind of work. `moving` are the stages in which it goes on by itself.

    `again` is the command that goes on waiting, its id left out. `done` says how far a stage has
    come, of how much if that is known, and in what: `(12, 40, "events")`.
    """

    noun: str
    path: Callable[[str], str]
    moving: frozenset[str]
    again: str
    done: Callable[[Document], tuple[int, int | None, str]]

    def told(self, found: Document) -> None:
        """The id of what was started, and how to look at it."""
        _say(f"{self.noun} {found['id']}; it goes on without this terminal")

    def watched(self, api: ApiClient, found: dict[str, Any]) -> dict[str, Any]:
        """The work once it rests; until then each change of stage or reason is a line.

        Raises:
            KeyboardInterrupt: somebody would not wait; told how to go on.
        """
        self.told(found)
        name, err = str(found["id"]), current().err
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[counted]}"),
            TimeElapsedColumn(),
        )
        try:
            with Progress(
                *columns, console=err, transient=True, disable=not err.is_terminal
            ) as bar:
                task = bar.add_task(str(found["stage"]), total=None, counted="")
                shown = ""
                while True:
                    shown = self._changed(found, shown)
                    done, total, unit = self.done(found)
                    counted = f"{done}{'' if total is None else f' of {total}'} {unit}"
                    bar.update(
                        task,
                        description=str(found["stage"]),
                        completed=done,
                        total=total,
                        counted=counted,
                    )
                    if found["stage"] not in self.moving:
                        return found
                    time.sleep(PAUSE)
                    found = api.get(self.path(name))
        except KeyboardInterrupt:
            _say(f"{self.noun} {name} goes on; to wait for it again: {self.again} {name}")
            raise

    def _changed(self, found: Document, shown: str) -> str:
        """Says the stage and what it waits for, if either is another than `shown`."""
        line = str(found["stage"])
        if found["problem"]:
            line += f": {found['problem']}"
        if line != shown:
            _say(f"  {line}")
        return line


def _say(line: str) -> None:
    current().err.print(line, markup=False, style="dim")


def ends(agrees: bool | None, otherwise: str) -> None:  # noqa: FBT001 -- the document's own word
    """Exit code 1 unless it agrees, the same on every road; what is under way has failed nothing.

    Raises:
        CheckFailed: it does not.
    """
    if agrees is False:
        raise CheckFailed(otherwise)
