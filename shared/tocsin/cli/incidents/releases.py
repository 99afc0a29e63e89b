"""`tocsin releases …`: record a release, and list a service's."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tocsin.cli.terminal.api import OnApi, connect
from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.spans import read_instant
from tocsin.incidents.model.releases import ReleaseKind
from tocsin.incidents.timeline.entry import format_time

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Record releases and list them: clocks of low incidents end with one.",
)


@app.command(cls=OnApi)
def record(
    service: Annotated[str, typer.Argument(help="Whose release.")],
    release: Annotated[str, typer.Argument(help="Its name, like R42.")],
    *,
    cut_at: Annotated[str, typer.Option(help="When it was cut, with its zone.")],
    planned_at: Annotated[
        str | None, typer.Option(help="When it is to ship, with its zone.")
    ] = None,
    shipped_at: Annotated[str | None, typer.Option(help="When it shipped, with its zone.")] = None,
    regular: Annotated[
        bool, typer.Option("--regular/--not-regular", help="No hotfix: clocks wait for it.")
    ] = True,
    commits: Annotated[
        list[str] | None, typer.Option("--commit", help="A commit it carries; may be repeated.")
    ] = None,
    key: Annotated[str | None, typer.Option("--key", help="Idempotency key.")] = None,
) -> None:
    """Record a release and tell the open incidents of its service, however many."""
    times = {"cut_at": cut_at, "planned_at": planned_at, "shipped_at": shipped_at}
    body: dict[str, Any] = {
        "service": service,
        "release": release,
        "regular": regular,
        "commits": commits or [],
    } | {name: format_time(read_instant(text)) for name, text in times.items() if text}
    api = connect()
    told: list[str] = []
    names: list[str] = []
    cursor: str | None = None
    while True:
        found = api.post("/v1/releases", body, key=key, cursor=cursor)
        told += found["incidents"]
        names += found["names"]
        if (cursor := found["next"]) is None:
            break
    if current().json:
        current().document({"release": found["release"], "incidents": told})
        return
    current().line(f"{service} {release} recorded; {len(told)} open incidents told")
    current().table(("incident",), ((one,) for one in names))


@app.command(cls=OnApi)
def flag(
    service: Annotated[str, typer.Argument(help="Whose flag.")],
    name: Annotated[str, typer.Argument(help="The flag and what it is now, like new-tax=on.")],
    *,
    at: Annotated[str, typer.Option(help="When it was turned, with its zone.")],
    key: Annotated[str | None, typer.Option("--key", help="Idempotency key.")] = None,
) -> None:
    """Record that a feature flag was turned: whoever is woken next sees it."""
    moment = format_time(read_instant(at))
    body = {
        "kind": ReleaseKind.FLAG.value,
        "service": service,
        "release": name,
        "regular": False,
        "cut_at": moment,
        "shipped_at": moment,
    }
    found = connect().post("/v1/releases", body, key=key)
    if current().json:
        current().document(found["release"])
        return
    current().line(f"{service} {name} recorded")


@app.command("list", cls=OnApi)
def list_releases(
    service: Annotated[str, typer.Argument(help="Whose releases.")],
) -> None:
    """A service's releases and flags, in the order they were cut or turned."""
    api = connect()
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = api.get("/v1/releases", service=service, cursor=cursor)
        found += page["releases"]
        if (cursor := page["next"]) is None:
            break
    if current().json:
        current().document(found)
        return
    columns = ("kind", "release", "regular", "cut_at", "planned_at", "shipped_at")
    current().table(columns, ([one[name] for name in columns] for one in found))
