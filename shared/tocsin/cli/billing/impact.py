"""`tocsin billing impact` and `workspace`: what an outage did, and to whom."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.cli.billing.doubles import standing
from tocsin.cli.terminal.api import connect
from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.sheets import write_csv
from tocsin.runtime.api_client import segment

if TYPE_CHECKING:
    from collections.abc import Mapping

SCREEN = timedelta(hours=48)
"""How far back the screen of one workspace looks for attempts."""

COLUMNS = (
    "workspace",
    "regions",
    "providers",
    "failed_attempts",
    "not_tried",
    "failed_over",
    "wanted",
    "first_at",
    "last_at",
    "late",
    "doubles",
    "unpaid",
    "late_amounts",
    "double_amounts",
    "credits",
    "amount_unknown",
    "lost",
)
_Provider = Annotated[str | None, typer.Option(help="Only what failed at this provider.")]


def impact(
    incident: Annotated[str, typer.Argument(help="Whose time is reported on.", metavar="INCIDENT")],
    *,
    provider: _Provider = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, a line per workspace.")] = False,
) -> None:
    """What an outage did, workspace by workspace; the totals are the sums of the lines.

    From a quarter of an hour before the last that was good, for the first failures came before the
    incident, until it was closed or now.
    """
    api = connect()
    found = api.get(f"/v1/incidents/{segment(incident)}")
    report = api.get(
        "/v1/billing/impact",
        incident=found["id"],
        until=found.get("closed_at"),
        declared=found["opened_at"],
        provider=provider,
    )
    if as_csv:
        write_csv(COLUMNS, (_cells(line) for line in report["workspaces"]))
    elif current().json:
        current().document(report)
    else:
        _show(report)


def workspace(
    name: Annotated[str, typer.Argument(help="The workspace.", metavar="WORKSPACE")],
) -> None:
    """One workspace on one screen: what it may use, what failed lately, what may be double."""
    api = connect()
    since = (datetime.now(UTC) - SCREEN).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    seen = {
        "entitlement": api.get(f"/v1/workspaces/{segment(name)}/entitlement"),
        "impact": api.get("/v1/billing/impact", since=since, workspace=name)["workspaces"],
    }
    listed = api.get("/v1/billing/doubles", workspace=name)
    seen |= {"doubles": listed["doubles"], "running_twice": listed["running"]}
    if current().json:
        current().document(seen)
        return
    rows: list[tuple[str, Any]] = list(seen["entitlement"].items())
    rows += [(f"48 h: {key}", value) for line in seen["impact"] for key, value in line.items()]
    for each in seen["doubles"]:
        certain = "two subscriptions run" if each["certain"] else "two may run"
        rows.append(("double", f"{certain}; {standing(each)} {each['amount']}"))
    for one in seen["running_twice"]:
        names = (f"{each['provider']} {each['subscription']}" for each in one["subscriptions"])
        rows.append(("run at once", ", ".join(names)))
    current().table(("", ""), ((key, _text(value)) for key, value in rows))


_WIDE = 78
"""Characters of a line: a terminal has 80."""


def _show(report: Mapping[str, Any]) -> None:
    """A paragraph for each workspace and one for all; amounts as the API has them."""
    where, lines = current(), report["workspaces"]
    where.line(f"{report['since']} to {report['until']}", style="bold")
    where.line("amounts in the smallest unit of their currency (cents, paise)")
    for line in lines:
        where.line("")
        places = ", ".join((*line["regions"], *line["providers"]))
        where.line(f"{line['workspace']}{f' ({places})' if places else ''}", style="bold")
        if line["first_at"]:
            _paragraph(f"checkouts from {line['first_at']} to {line['last_at']}")
        _told(line)
        for spell in line["lost"]:
            until = spell["until"] or "now"
            _paragraph(f"no access from {spell['since']} to {until}: {spell['seconds']} s")
    where.line("")
    where.line(f"total of {len(lines)} workspaces", style="bold")
    _told(report)
    if report["history"] != "complete":
        _paragraph("late payments and lost access may be more: the ledger tells not all")


def _told(line: Mapping[str, Any]) -> None:
    """What happened, without what did not."""
    nothing: dict[str, int] = {}
    happened = (
        (line["failed_attempts"], "attempts failed", nothing),
        (line["failed_over"], "taken by another provider", nothing),
        (line["wanted"], "wanted and never offered a page", line["unpaid"]),
        (line["late"], "paid late", line["late_amounts"]),
        (line["doubles"], "may be paid twice", line["double_amounts"]),
        (line["amount_unknown"], "late payments or spells whose amount is not known", nothing),
    )
    parts = [
        f"{number} {what}{f' ({_amounts(amounts)})' if amounts else ''}"
        for number, what, amounts in happened
        if number
    ]
    if line["credits"]:
        parts.append(f"credit proposed: {_amounts(line['credits'])}")
    _paragraph("; ".join(parts) or "nothing happened")


def _amounts(amounts: Mapping[str, int]) -> str:
    return ", ".join(f"{amount} {currency}" for currency, amount in sorted(amounts.items()))


def _paragraph(text: str) -> None:
    for line in textwrap.wrap(text, _WIDE - 2):
        current().line(f"  {line}")


def _cells(line: Mapping[str, Any]) -> list[str]:
    return [_text(line[name]) for name in COLUMNS]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={_text(each)}" for key, each in value.items())
    if isinstance(value, list):
        return " ".join(_text(each) for each in value)
    return "" if value is None else str(value)
