"""`tocsin heartbeat …`: jobs that say they have run, and open an incident when they do not."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.cli.terminal.api import OnApi, connect
from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.spans import read_span, show_span
from tocsin.incidents.timeline.entry import parse_time
from tocsin.runtime.api_client import segment

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Jobs that say they have run, and are missed when they do not.",
)

Name = Annotated[str, typer.Argument(help="What it is called: a-z, 0-9, dots and dashes.")]
_COLUMNS = ("name", "state", "every", "last came", "missing since", "expected by")


@app.command("set", cls=OnApi)
def set_heartbeat(
    name: Name,
    *,
    every: Annotated[str, typer.Option(help="How often it comes, like 1h; 1m to 31d.")],
    grace: Annotated[
        str | None, typer.Option(help="How late it may be; a fifth of that, at least 1m.")
    ] = None,
    service: Annotated[str | None, typer.Option(help="What misses it.")] = None,
    environment: Annotated[str, typer.Option(help="Where it runs.")] = "production",
    drill: Annotated[bool, typer.Option("--drill", help="What it opens is a drill.")] = False,
    new_address: Annotated[
        bool, typer.Option("--new-address", help="Another address; the old one is worth nothing.")
    ] = False,
) -> None:
    """Say how often a job reports; a new one is told the address where it does so."""
    body: dict[str, Any] = {
        "every_seconds": _seconds(every),
        "environment": environment,
        "drill": drill,
        "new_address": new_address,
    }
    body |= {"grace_seconds": _seconds(grace)} if grace else {}
    body |= {"service": service} if service else {}
    api = connect()
    made = api.post(f"/v1/heartbeats/{segment(name)}/schedule", body)
    if current().json:
        current().document(made)
        return
    current().line(f"{made['name']} is missed if it does not come by {made['expected_by']}")
    if made["path"]:
        current().line(f"its address, shown only now: {api.url}{made['path']}")
        current().line(f"for example: curl -fsS {api.url}{made['path']}")


@app.command("list", cls=OnApi)
def list_heartbeats() -> None:
    """What is expected, and when it last came."""
    found = connect().get("/v1/heartbeats")
    if current().json:
        current().document(found["heartbeats"])
    elif found["heartbeats"]:
        current().table(_COLUMNS, map(_row, found["heartbeats"]))
    else:
        current().line("nothing is expected: tocsin heartbeat set NAME --every 1h")


@app.command(cls=OnApi)
def beat(name: Name) -> None:
    """Say that it has come now."""
    _told(connect().post(f"/v1/heartbeats/{segment(name)}", {}), "came; the next one by")


@app.command(cls=OnApi)
def remove(name: Name) -> None:
    """Expect it no longer; an incident it opened hears that its source is gone."""
    removed = connect().post(f"/v1/heartbeats/{segment(name)}/remove", {})
    if current().json:
        current().document(removed)
    else:
        current().line(f"{name} is expected no longer")


def _told(heartbeat: Mapping[str, Any], what: str) -> None:
    if current().json:
        current().document(heartbeat)
    else:
        current().line(f"{heartbeat['name']} {what} {heartbeat['expected_by']}")


def _row(heartbeat: Mapping[str, Any]) -> tuple[str, ...]:
    missing = heartbeat["missed_at"]
    return (
        heartbeat["name"],
        "MISSING" if missing else "well",
        show_span(timedelta(seconds=heartbeat["every_seconds"])),
        _utc(heartbeat["last_at"]) or "never",
        _utc(missing),
        "" if missing else _utc(heartbeat["expected_by"]),
    )


def _utc(moment: str | None) -> str:
    """To the minute; the year is that of the day it is looked at, or the list would not fit."""
    return f"{parse_time(moment):%m-%d %H:%MZ}" if moment else ""


def _seconds(text: str) -> int:
    return int(read_span(text).total_seconds())
