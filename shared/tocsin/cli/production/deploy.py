"""`tocsin deploy`: brings the account to what the checkout and `tocsin.toml` say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.terminal.output import current
from tocsin.errors import CheckFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.production.templates import Change

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_SHOWN = 40


@app.command()
def deploy(
    file: Annotated[Path, typer.Option(help="What is deployed.")] = Path("tocsin.toml"),
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask after the changes.")] = False,
    only_show: Annotated[bool, typer.Option("--diff", help="Show the changes, no more.")] = False,
) -> None:
    """Show what would change, ask, deploy stack by stack, and draw the keys that are missing."""
    from tocsin.production.road import Road  # noqa: PLC0415 - loads AWS's client

    road = Road.to(file, progress=current().progress)
    found = road.changes()
    _show(found)
    if only_show:
        return
    if found and not yes and not typer.confirm(f"Make these {len(found)} changes?"):
        raise CheckFailed("nothing was changed")
    outputs = road.deploy()
    document = {
        "stage": road.deployment.stage,
        "changes": len(found),
        "api_url": outputs["ApiEndpoint"],
        "webhook_url": f"{outputs['ApiEndpoint']}/webhooks",
        "alarm_topic_arn": outputs["AlarmTopicArn"],
    }
    if current().json:
        current().document(document)
        return
    current().table(("what", "where"), ((name, document[name]) for name in list(document)[2:]))
    current().line("Next: tocsin doctor says what is still missing")


def _show(found: Sequence[Change]) -> None:
    if current().json:
        return
    if not found:
        current().line("nothing differs")
        return
    rows = [(one.stack, one.how, one.name, ", ".join(one.what) or one.kind) for one in found]
    current().table(("stack", "how", "resource", "what"), rows[:_SHOWN])
    if len(rows) > _SHOWN:
        current().line(f"and {len(rows) - _SHOWN} more")
