"""`tocsin destroy`: takes a stage down, and says what stays."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.terminal.output import current
from tocsin.errors import CheckFailed

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def destroy(
    file: Annotated[Path, typer.Option(help="What was deployed.")] = Path("tocsin.toml"),
    *,
    confirmed: Annotated[
        str, typer.Option("--stage", help="The stage's name, typed to say that you mean it.")
    ] = "",
) -> None:
    """List what stays, then delete the stage's stacks. Evidence and data are never removed."""
    from tocsin.production.road import Road  # noqa: PLC0415 - loads AWS's client

    road = Road.to(file, progress=current().progress)
    left = road.left_behind()
    if not current().json:
        current().line("These stay in the account, and are yours to remove:")
        current().table(("kind", "name", "why"), ((one.kind, one.name, one.why) for one in left))
    stage = road.deployment.stage
    answer = confirmed or typer.prompt(f"Type {stage} to delete the rest", default="")
    if answer != stage:
        raise CheckFailed("nothing was deleted")
    gone = list(road.remove())
    if current().json:
        current().document({"deleted": gone, "left": [asdict(one) for one in left]})
    else:
        current().line(f"deleted: {', '.join(gone) or 'nothing was there'}")
