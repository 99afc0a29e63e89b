"""The board: every open incident on one line, whatever the width of the terminal.

What is needed to choose one comes first and is never cut: number, severity, state, who has it, how
old it is, what is next. The title has what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping  # noqa: TC003 -- Typer reads the annotations
from datetime import timedelta
from enum import StrEnum
from time import sleep
from typing import Annotated, Any

import typer
from rich.text import Text

from tocsin.cli.incidents.tables import tinted
from tocsin.cli.terminal.api import connect
from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.spans import read_span
from tocsin.documents.fitting import one_line, shortened
from tocsin.errors import BadInput
from tocsin.incidents.timeline.entry import parse_time
from tocsin.incidents.vocabulary import Category, Severity  # noqa: TC001 -- the same
from tocsin.runtime.api_client import ApiClient  # noqa: TC001 -- the same

WHO = 14
"""Characters of a person's id on the board; `show` has all of it."""

_STATES = {"acknowledged": "ack'd"}
"""What is shorter on the board than its word."""

SHORTEST = timedelta(seconds=2)


class Status(StrEnum):
    """Which board."""

    OPEN = "open"
    CLOSED = "closed"


def board(
    *,
    mine: Annotated[
        bool, typer.Option("--mine", help="Only those in which you have a role, or were asked.")
    ] = False,
    severity: Annotated[Severity | None, typer.Option(help="Only this one.")] = None,
    service: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    category: Annotated[Category | None, typer.Option(help="Only this one.")] = None,
    status: Annotated[Status, typer.Option(help="Which board.")] = Status.OPEN,
    month: Annotated[str | None, typer.Option(help="Of closing, like 202609.")] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it again and again, until Ctrl-C.")
    ] = False,
    every: Annotated[str, typer.Option(help="How often with --watch, like 10s or 1m.")] = "10s",
) -> None:
    """Open incidents, or those closed in a month: one line each."""
    query = {
        "status": status.value,
        "severity": severity and severity.value,
        "category": category and category.value,
        "service": service,
        "mine": "true" if mine else None,
        "month": month,
    }
    api = connect()
    if not watch:
        _show(api, query)
        return
    if current().json:
        raise BadInput("--watch is for people: a program asks again itself")
    pause = max(read_span(every), SHORTEST)
    while True:
        current().out.clear()
        _show(api, query)
        current().line(f"every {every}, Ctrl-C ends", style="dim")
        sleep(pause.total_seconds())


def _show(api: ApiClient, query: Mapping[str, Any]) -> None:
    now: list[str] = []
    found = list(pages(api, "/v1/incidents", "incidents", "cursor", query, now=now))
    if current().json:
        current().document(found)
    elif not found:
        current().line(f"no {query['status']} incidents")
    else:
        columns = ("number", "severity", "state", "who has it", "age", "next", "title")
        current().lines(columns, [_row(one, now[-1]) for one in found])


def _row(one: Mapping[str, Any], now: str) -> tuple[str | Text, ...]:
    return (
        one["name"],
        tinted(one["severity"]),
        tinted(_STATES.get(one["state"], one["state"])),
        shortened(one["has_it"], WHO) if one["has_it"] else "NOBODY",
        age(now, one["opened_at"]),
        _next(one, now),
        one_line(one["title"]),
    )


def _next(one: Mapping[str, Any], now: str) -> Text:
    if one["next"] is None:
        return Text("")
    if one["late"]:
        return Text(f"{one['next']} LATE", style="bold red")
    return Text(f"{one['next']} {age(one['next_due'], now)}")


def age(later: str, earlier: str) -> str:
    """The time between two instants in its two largest units, or one: `3h50m`, `2d`, `4m`."""
    minutes = int((parse_time(later) - parse_time(earlier)) / timedelta(minutes=1))
    days, rest = divmod(max(minutes, 0), 24 * 60)
    hours, left = divmod(rest, 60)
    if days:
        return f"{days}d{hours}h" if hours else f"{days}d"
    if hours:
        return f"{hours}h{left}m" if left else f"{hours}h"
    return f"{left}m"


def pages(
    api: ApiClient,
    path: str,
    items: str,
    cursor: str,
    query: Mapping[str, Any],
    *,
    now: list[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Every item of every page; `cursor` is the query that asks for what `next` names.

    `now` takes the time that each page says it is of.
    """
    following: Any = None
    while True:
        page = api.get(path, **{**query, cursor: following})
        if now is not None:
            now.append(page["now"])
        yield from page[items]
        following = page["next"]
        if following is None:
            return
