"""`tocsin reports`: what people say is wrong, until it is known what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.cli.terminal.api import OnApi, connect
from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.sheets import write_csv
from tocsin.incidents.model.reports import Outcome, ReportState
from tocsin.incidents.timeline.entry import parse_time
from tocsin.incidents.vocabulary import Severity  # noqa: TC001 -- Typer reads the annotations
from tocsin.runtime.api_client import segment

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="What people say is wrong, until somebody has looked at it.",
)

Reference = Annotated[str, typer.Argument(help="Its number, like R-20260908-140000-7K3MQ2.")]
_COLUMNS = ("number", "state", "due (UTC)", "says", "title")
_CSV = (
    "reference",
    "state",
    "received_at",
    "triage_due",
    "via",
    "reporter",
    "exposure",
    "service",
    "incident",
    "outcome",
    "title",
)
_STATES = {ReportState.WAITING: "waits", ReportState.RUNG: "rung", ReportState.ANSWERED: "done"}


@app.command("list", cls=OnApi)
def listed(
    *,
    state: Annotated[ReportState, typer.Option(help="Where they are.")] = ReportState.WAITING,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, a line per report.")] = False,
) -> None:
    """Reports that wait for somebody to look at them, the newest first; or others."""
    api = connect()
    query = {} if everything else {"state": state}
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = api.get("/v1/reports", **query, cursor=cursor)
        found += page["reports"]
        if (cursor := page["next"]) is None:
            break
    if as_csv:
        write_csv(_CSV, ([one[name] for name in _CSV] for one in found))
    elif current().json:
        current().document(found)
    elif found:
        current().lines(_COLUMNS, map(_row, found))
    else:
        current().line("no report waits" if not everything else "there is no report")


@app.command(cls=OnApi)
def show(reference: Reference) -> None:
    """One report in full."""
    report = connect().get(f"/v1/reports/{segment(reference)}")
    if current().json:
        current().document(report)
        return
    current().line(f"{report['reference']}: {report['title']}")
    for name, said in _said(report):
        current().line(f"  {name:<9} {said}")
    if report["detail"]:
        current().line("")
        current().line(report["detail"])


@app.command("open", cls=OnApi)
def open_report(
    reference: Reference,
    *,
    severity: Annotated[Severity, typer.Option(help="How bad it is.")],
) -> None:
    """Make an incident of it; t0 is when the report was received."""
    _done(reference, "open", {"severity": severity})


@app.command(cls=OnApi)
def answer(
    reference: Reference,
    outcome: Annotated[Outcome, typer.Argument(help="What came of it.")],
) -> None:
    """Say what came of it. Who reported it is told so, if their address is confirmed."""
    _done(reference, "answer", {"outcome": outcome})


def _done(reference: str, action: str, body: Mapping[str, Any]) -> None:
    report = connect().post(f"/v1/reports/{segment(reference)}/{action}", body)
    if current().json:
        current().document(report)
    elif action == "open" and report["incident"]:
        current().line(f"opened {report['incident']}: tocsin show {report['incident']}")
    else:
        current().line(f"{report['reference']} is {_STATES[ReportState(report['state'])]}")


def _row(report: Mapping[str, Any]) -> tuple[str, ...]:
    waits = report["state"] == ReportState.WAITING and not report["suspect"]
    said = "ROBOT?" if report["suspect"] else "EXPOSED" if report["exposure"] else "trouble"
    return (
        report["reference"],
        _STATES[ReportState(report["state"])],
        f"{parse_time(report['triage_due']):%m-%d %H:%M}" if waits else "",
        said,
        report["title"],
    )


def _said(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    by = report["by"] or "nobody known: the public form"
    rows = [
        ("received", f"{utc(report['received_at'])} UTC, by {by}"),
        ("says", f"{report['reporter']}{': data is exposed' if report['exposure'] else ''}"),
        ("service", f"{report['service'] or 'not named'}, {report['environment']}"),
        ("state", _STATES[ReportState(report["state"])]),
    ]
    if report["state"] == ReportState.WAITING and not report["suspect"]:
        rows.append(("triage", f"due {utc(report['triage_due'])} UTC"))
    if report["suspect"]:
        rows.append(("suspect", "filled in what people do not see; it pages nobody"))
    if report["incident"]:
        rows.append(("incident", report["incident"]))
    if report["outcome"]:
        rows.append(("outcome", f"{report['outcome']}, by {report['answered_by']}"))
    return rows


def utc(moment: str) -> str:
    """To the minute; in UTC, as whoever reads it says."""
    return f"{parse_time(moment):%m-%d %H:%M}"
