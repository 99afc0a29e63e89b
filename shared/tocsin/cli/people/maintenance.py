"""`tocsin maintenance …`: for how long what opens nothing, by whose word and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.cli.terminal.api import OnApi, connect
from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.spans import read_span
from tocsin.incidents.timeline.entry import parse_time
from tocsin.runtime.api_client import segment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Windows in which what is worked on opens nothing; each ends by itself.",
)

_SCOPE = {"service": "service", "source": "source", "pattern": "name", "environment": "in"}


@app.command("set", cls=OnApi)
def set_window(
    *,
    length: Annotated[str, typer.Option("--for", help="How long, like 2h; 24h at most.")],
    reason: Annotated[str, typer.Option(help="Why; shown with whatever is held back.")],
    service: Annotated[str | None, typer.Option(help="Only of this service.")] = None,
    name: Annotated[
        str | None, typer.Option(help="Only of names like this, as in a rule: `checkout-*`.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Only of this source: cloudwatch.")] = None,
    environment: Annotated[str | None, typer.Option(help="Only where it runs.")] = None,
    starts_at: Annotated[
        str | None, typer.Option("--from", help="From when, with its zone; now without.")
    ] = None,
) -> None:
    """Hold back what would open or reopen an incident. What is worse in an open one is told."""
    body: dict[str, Any] = {
        "minutes": int(read_span(length).total_seconds() // 60),
        "reason": reason,
        "service": service,
        "pattern": name,
        "source": source,
        "environment": environment,
        "starts_at": starts_at,
    }
    api = connect()
    made = api.post("/v1/maintenance", {key: value for key, value in body.items() if value})
    if current().json:
        current().document(made)
        return
    current().line(f"{made['id']}: {_scope(made)} opens nothing until {_utc(made['ends_at'])}")
    current().line(f"end it early: tocsin maintenance end {made['id']}")
    current().line("what it holds back: tocsin signals list --suppressed")


@app.command("list", cls=OnApi)
def list_windows() -> None:
    """What runs, what is to come and what ended of late."""
    found = connect().get("/v1/maintenance")["windows"]
    if current().json:
        current().document(found)
    for window in [] if current().json else found:
        for line in _lines(window):
            current().line(line)
    if not found and not current().json:
        current().line("no window: tocsin maintenance set --service NAME --for 1h --reason WHY")


@app.command(cls=OnApi)
def end(window: Annotated[str, typer.Argument(help="Its id.")]) -> None:
    """End it now; what it held back is looked at within a minute."""
    ended = connect().post(f"/v1/maintenance/{segment(window)}/end", {})
    if current().json:
        current().document(ended)
    else:
        current().line(f"{ended['id']} ended {_utc(ended['ends_at'])}")


def _lines(window: Mapping[str, Any]) -> Iterator[str]:
    early = f", ended early by {window['ended_by']}" if window["ended_by"] else ""
    runs = "RUNS, " if window["running"] else ""
    span = f"{_utc(window['starts_at'])} to {_utc(window['ends_at'])}"
    yield f"{window['id']}  {runs}{span}{early}"
    yield f"  holds back {_scope(window)}"
    yield f"  set by {window['set_by']}: {window['reason']}"


def _scope(window: Mapping[str, Any]) -> str:
    return ", ".join(f"{word} {window[key]}" for key, word in _SCOPE.items() if window[key])


def _utc(moment: str) -> str:
    return f"{parse_time(moment):%m-%d %H:%MZ}"
