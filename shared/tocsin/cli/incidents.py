"""`tocsin incidents …` and the verbs responders say most: open, ack, severity, note, clocks.

Everything goes through the HTTP API, signed, as everybody else's does: the command line can do
nothing that the API would refuse. Times are shown in UTC and say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping  # noqa: TC003 -- Typer reads the annotations
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from tocsin.cli.api import ApiUrl, As, connect
from tocsin.cli.output import current
from tocsin.cli.spans import show_span
from tocsin.incidents.vocabulary import Category, Kind, Severity
from tocsin.runtime.api_client import ApiClient, segment

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="List, show and follow incidents.",
)
verbs = typer.Typer(add_completion=False, rich_markup_mode=None)

Incident = Annotated[str, typer.Argument(help="Its id, like INC-….", metavar="INCIDENT")]
Key = Annotated[
    str | None,
    typer.Option("--key", help="Idempotency key: the same again does nothing twice."),
]


class Status(StrEnum):
    """Which board."""

    OPEN = "open"
    CLOSED = "closed"


@app.command("list")
def list_incidents(
    *,
    status: Annotated[Status, typer.Option(help="Which board.")] = Status.OPEN,
    severity: Annotated[Severity | None, typer.Option(help="Only this one.")] = None,
    month: Annotated[str | None, typer.Option(help="Of closing, like 202609.")] = None,
    api_url: ApiUrl = None,
    person: As = None,
) -> None:
    """Open incidents, or those closed in a month."""
    query = {"status": status.value, "severity": severity and severity.value, "month": month}
    found = list(_pages(connect(api_url, person), "/v1/incidents", "incidents", "cursor", query))
    if current().json:
        current().document(found)
    elif not found:
        current().line(f"no {status} incidents")
    else:
        columns = ("id", "severity", "state", "category", "opened_at", "title")
        current().table(columns, ([one[name] for name in columns] for one in found))


@app.command()
def show(incident: Incident, api_url: ApiUrl = None, person: As = None) -> None:
    """One incident as it stands."""
    _show(connect(api_url, person).get(f"/v1/incidents/{segment(incident)}"))


@app.command()
def timeline(incident: Incident, api_url: ApiUrl = None, person: As = None) -> None:
    """Every entry, oldest first. An entry recorded later than it happened shows both times."""
    path = f"/v1/incidents/{segment(incident)}/timeline"
    entries = list(_pages(connect(api_url, person), path, "entries", "after", {}))
    if current().json:
        current().document(entries)
        return
    rows = (
        (one["seq"], _when(one), one["type"], _actor(one), _content(one["content"]))
        for one in entries
    )
    current().table(("seq", "time (UTC)", "entry", "by", "what"), rows)


@verbs.command("open")
def open_incident(
    title: Annotated[str, typer.Argument(help="What is wrong, in a few words.")],
    *,
    severity: Annotated[Severity, typer.Option(help="How bad; in doubt the higher.")],
    category: Annotated[Category, typer.Option(help="What kind.")] = Category.PRODUCTION,
    kind: Annotated[Kind, typer.Option(help="Real, drill or backfilled.")] = Kind.REAL,
    service: Annotated[str | None, typer.Option(help="What is affected.")] = None,
    detail: Annotated[str, typer.Option(help="More about it.")] = "",
    key: Key = None,
    api_url: ApiUrl = None,
    person: As = None,
) -> None:
    """Open an incident and page who is on call."""
    body = {
        "title": title,
        "severity": severity.value,
        "category": category.value,
        "kind": kind.value,
        "detail": detail,
    } | ({"service": service} if service else {})
    _show(connect(api_url, person).post("/v1/incidents", body, key=key))


@verbs.command("ack")
def acknowledge(
    incident: Incident, key: Key = None, api_url: ApiUrl = None, person: As = None
) -> None:
    """Acknowledge: 'I have it'."""
    _command(connect(api_url, person), incident, "acknowledge", {}, key)


@verbs.command("severity")
def change_severity(
    incident: Incident,
    to: Annotated[Severity, typer.Argument(help="The new severity.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; needed to lower it.")] = "",
    key: Key = None,
    api_url: ApiUrl = None,
    person: As = None,
) -> None:
    """Raise or lower the severity."""
    body = {"severity": to.value, "reason": reason}
    _command(connect(api_url, person), incident, "severity", body, key)


@verbs.command("note")
def add_note(
    incident: Incident,
    text: Annotated[str, typer.Argument(help="One line for the record.")],
    key: Key = None,
    api_url: ApiUrl = None,
    person: As = None,
) -> None:
    """Add a note to the timeline."""
    _command(connect(api_url, person), incident, "note", {"text": text}, key)


@verbs.command("clocks")
def show_clocks(incident: Incident, api_url: ApiUrl = None, person: As = None) -> None:
    """Show the clocks of an incident."""
    found = connect(api_url, person).get(f"/v1/incidents/{segment(incident)}/clocks")
    if current().json:
        current().document(found)
        return
    current().line(f"{found['incident']}, {found['severity']}; incident time {found['now']}")
    rows = (
        (one["clock"], one["target"], one["due_at"], one["attainment"], _left(one["seconds_left"]))
        for one in found["clocks"]
    )
    current().table(("clock", "target", "due (UTC)", "result", "left"), rows)


def _command(
    api: ApiClient, incident: str, verb: str, body: Mapping[str, Any], key: str | None
) -> None:
    _show(api.post(f"/v1/incidents/{segment(incident)}/{verb}", body, key=key))


def _pages(
    api: ApiClient, path: str, items: str, cursor: str, query: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Every item of every page; `cursor` is the query that asks for what `next` names."""
    following: Any = None
    while True:
        page = api.get(path, **{**query, cursor: following})
        yield from page[items]
        following = page["next"]
        if following is None:
            return


def _show(incident: Mapping[str, Any]) -> None:
    if current().json:
        current().document(incident)
        return
    current().line(f"{incident['id']}  {incident['title']}", style="bold")
    skipped = ("id", "title", "round", "correlation_id")
    rows = [
        (name.replace("_", " "), _content(value) if isinstance(value, dict) else _listed(value))
        for name, value in incident.items()
        if name not in skipped and value not in (None, [], {}, "")
    ]
    turn = incident.get("round")
    if turn:
        rows.append(("acknowledge by", f"{turn['due_at']} (round {turn['number']})"))
        rows.append(("acknowledged by", turn["acknowledged_by"] or "nobody yet"))
    current().table(("", ""), rows)


def _when(entry: Mapping[str, Any]) -> str:
    recorded, occurred = str(entry["recorded_at"]), str(entry.get("occurred_at") or "")
    late = occurred and occurred != recorded
    return f"{recorded} (happened {occurred})" if late else recorded


def _actor(entry: Mapping[str, Any]) -> str:
    actor = entry["actor_ref"]
    return str(actor.get("id", actor)) if isinstance(actor, dict) else str(actor)


def _content(content: Mapping[str, Any]) -> str:
    """The plain values; what is nested is for `--json`."""
    return ", ".join(
        f"{name.replace('_', ' ')} {_listed(value)}"
        for name, value in content.items()
        if value not in (None, "", []) and not _nested(value)
    )


def _nested(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and _nested(value[0]))


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _left(seconds: int | None) -> str:
    if seconds is None:
        return ""
    return f"{show_span(timedelta(seconds=abs(seconds)))}{' late' if seconds < 0 else ''}"
