"""`tocsin simulate`: years of trouble in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.terminal.output import current
from tocsin.errors import BadInput, CheckFailed

if TYPE_CHECKING:
    from tocsin.simulation.life import Lived
    from tocsin.simulation.lives import Simulated

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_TOLD = 10


@app.callback(invoke_without_command=True)
def simulate(
    *,
    seeds: Annotated[int, typer.Option(help="How many lives.")] = 100,
    first: Annotated[int, typer.Option(help="The first seed.")] = 0,
    length: Annotated[int, typer.Option(help="Steps of a life.")] = 50,
    processes: Annotated[
        int | None, typer.Option(help="Side by side; default what this machine has.")
    ] = None,
) -> None:
    """Live random incidents with troubles beneath them, and look whether every promise holds.

    A seed decides everything: the same seed is the same life. What fails is told as a story as
    short as it could be made; exit code 1.
    """
    from tocsin.simulation.lives import simulate as lives  # noqa: PLC0415 -- loads all of Tocsin

    if seeds < 1 or length < 1:
        raise BadInput("at least one life, of at least one step")
    out = current()

    def progress(done: int, lived: Lived) -> None:
        if lived.fault is not None:
            out.progress(f"seed {lived.seed}: {lived.fault}")
        if done % _TOLD == 0:
            out.progress(f"{done} of {seeds} lives, seed {lived.seed}")

    found = lives(
        range(first, first + seeds), length=length, processes=processes, progress=progress
    )
    _show(found)
    if found.faults:
        raise CheckFailed(f"{len(found.faults)} of {found.lives} lives broke a promise")


def _show(found: Simulated) -> None:
    out = current()
    if out.json:
        out.document(
            {
                "lives": found.lives,
                "steps": found.steps,
                "years": round(found.years, 2),
                "seconds": round(found.seconds, 1),
                "years_per_minute": round(found.years_a_minute, 2),
                "steps_per_second": round(found.steps_a_second, 1),
                "reached": dict(found.reached.most_common()),
                "faults": [
                    {"seed": each.seed, "fault": each.fault, "story": each.story}
                    for each in found.faults
                ],
            }
        )
        return
    for each in found.faults:
        out.line(f"seed {each.seed}: {each.fault}")
        for line in each.story:
            out.line(f"  {line}")
        out.line("")
    rows = [(name, str(often)) for name, often in found.reached.most_common()]
    out.table(("what was reached", "how often"), rows)
    out.line(
        f"{found.lives} lives, {found.steps} steps, {found.years:.1f} years"
        f" in {found.seconds:.0f} s: {found.years_a_minute:.1f} years a minute,"
        f" {found.steps_a_second:.0f} steps a second"
    )
