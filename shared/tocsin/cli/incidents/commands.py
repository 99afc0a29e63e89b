"""`tocsin incidents …` and every verb responders say, at the top.

Everything goes through the HTTP API, signed, as everybody else's does: the command line can do
nothing that the API would refuse. Times are shown in UTC and say so.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 -- Typer reads the annotations
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Annotated, Any

import typer

from tocsin.cli.incidents import contain, evidence, freezes, releases, shortcuts
from tocsin.cli.incidents import status as progress
from tocsin.cli.incidents.board import board, pages
from tocsin.cli.incidents.first import lines
from tocsin.cli.incidents.naming import OnOne
from tocsin.cli.incidents.tables import second, show_change, show_incident
from tocsin.cli.incidents.verbs import Incident, Key, add_verbs
from tocsin.cli.terminal.api import OnApi, connect
from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.values import spread
from tocsin.documents.entries import said
from tocsin.incidents.timeline.entry import parse_time
from tocsin.incidents.vocabulary import Category, Kind, Severity
from tocsin.runtime.api_client import segment

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="List, show and follow incidents.",
)
verbs = typer.Typer(add_completion=False, rich_markup_mode=None)

_FIRST_HOUR = timedelta(hours=1)


verbs.command("board", cls=OnApi)(board)
verbs.command("list", cls=OnApi)(board)
app.command("list", cls=OnApi)(board)


@verbs.command(cls=OnOne)
@app.command(cls=OnOne)
def show(
    incident: Incident,
    *,
    first: Annotated[
        bool, typer.Option("--first", help="What is needed first, also after the first hour.")
    ] = False,
) -> None:
    """One incident as it stands; in its first hour what is needed first comes first."""
    api, path = connect(), f"/v1/incidents/{segment(incident)}"
    found = api.get(path)
    if current().json:
        current().document(found | ({"first": api.get(f"{path}/first")} if first else {}))
        return
    if first or found["closed_at"] is None:
        seen = api.get(f"{path}/first")
        if first or parse_time(seen["now"]) - parse_time(found["opened_at"]) < _FIRST_HOUR:
            for line in (*lines(seen), ""):
                current().line(line)
    show_incident(found, api.get(f"{path}/clocks")["clocks"])


@verbs.command(cls=OnOne)
@app.command(cls=OnOne)
def timeline(incident: Incident) -> None:
    """Every entry, oldest first. An entry recorded later than it happened shows both times."""
    path = f"/v1/incidents/{segment(incident)}/timeline"
    entries = list(pages(connect(), path, "entries", "after", {}))
    if current().json:
        current().document(entries)
        return
    rows = (
        (one["seq"], _when(one), _actor(one), said(one["type"], one["content"])) for one in entries
    )
    current().table(("seq", "time (UTC)", "by", "what"), rows)


@dataclass(frozen=True, slots=True)
class Opening:
    """What an incident is opened with; the fields are the request's."""

    title: Annotated[str, typer.Argument(help="What is wrong, in a few words.")]
    severity: Annotated[Severity, typer.Option(help="How bad; in doubt the higher.")]
    category: Annotated[Category, typer.Option(help="What kind.")] = Category.PRODUCTION
    kind: Annotated[Kind, typer.Option(help="Real, drill or backfilled.")] = Kind.REAL
    service: Annotated[str | None, typer.Option(help="What is affected.")] = None
    environment: Annotated[str, typer.Option(help="Where it happens.")] = "production"
    detail: Annotated[str, typer.Option(help="More about it.")] = ""
    began_at: Annotated[
        str | None, typer.Option(help="When harm began, with its zone; moves no clock.")
    ] = None
    received_at: Annotated[
        str | None, typer.Option(help="When a report came in, with its zone: it is t0.")
    ] = None
    restricted: Annotated[
        bool, typer.Option("--restricted", help="Hide it from everybody without a part in it.")
    ] = False


@verbs.command("open", cls=OnApi)
@spread
def open_incident(opening: Opening, *, key: Key = None) -> None:
    """Open an incident and page who is on call."""
    body: dict[str, Any] = asdict(opening) | {
        "began_at": progress.moment(opening.began_at),
        "received_at": progress.moment(opening.received_at),
    }
    wanted = {name: value for name, value in body.items() if value is not None}
    show_change(connect().post("/v1/incidents", wanted, key=key))


progress.add_to(verbs)
evidence.add_to(verbs)
verbs.add_typer(releases.app, name="releases")
verbs.command("told", cls=OnOne)(shortcuts.told)
verbs.command("close", cls=OnOne)(shortcuts.close)
add_verbs(
    verbs,
    without=progress.BY_HAND | evidence.BY_HAND | {"close"},
    more={**shortcuts.MORE, "contain": {**shortcuts.MORE["contain"], **contain.STEPS}},
    about_none={"contain": contain.RULES, "freeze": freezes.QUESTIONS},
)


def _when(entry: Mapping[str, Any]) -> str:
    recorded, occurred = second(entry["recorded_at"]), second(entry["occurred_at"])
    return f"{recorded} (happened {occurred})" if occurred != recorded else recorded


def _actor(entry: Mapping[str, Any]) -> str:
    actor = entry["actor_ref"]
    return str(actor.get("id", actor)) if isinstance(actor, dict) else str(actor)
