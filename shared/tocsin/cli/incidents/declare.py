"""`tocsin declare`: says what is wrong; the rules say what that means."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tocsin.cli.incidents.reports import utc
from tocsin.cli.terminal.api import OnApi, connect
from tocsin.cli.terminal.output import current
from tocsin.incidents.model.reports import Reporter, ReportState
from tocsin.incidents.vocabulary import Severity  # noqa: TC001 -- Typer reads the annotations

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(cls=OnApi)
def declare(
    title: Annotated[str, typer.Argument(help="What is wrong, in one line.")],
    *,
    detail: Annotated[str, typer.Option(help="How to see it, and since when.")] = "",
    severity: Annotated[
        Severity | None,
        typer.Option(help="How bad: pages at once. Without, it is triaged within the hour."),
    ] = None,
    service: Annotated[str | None, typer.Option(help="Where.")] = None,
    exposure: Annotated[
        bool, typer.Option("--exposure", help="Data may be open to others: pages at once.")
    ] = False,
    reporter: Annotated[
        Reporter, typer.Option(help="Who says so, if you pass it on.")
    ] = Reporter.TEAM,
    contact: Annotated[
        str | None, typer.Option(help="Their mail address, to tell them what came of it.")
    ] = None,
) -> None:
    """Declare what is wrong. Five fields, of which one is needed."""
    body: dict[str, Any] = {"title": title, "exposure": exposure, "reporter": reporter}
    given = {"detail": detail, "severity": severity, "service": service, "contact": contact}
    report = connect().post("/v1/reports", body | {name: it for name, it in given.items() if it})
    if current().json:
        current().document(report)
        return
    current().line(f"{report['reference']} received {utc(report['received_at'])} UTC")
    if report["incident"]:
        current().line(f"opened {report['incident']}: tocsin show {report['incident']}")
    elif report["state"] == ReportState.WAITING:
        current().line(f"pages unless somebody has looked by {utc(report['triage_due'])} UTC")
        current().line(f"to open it now: tocsin reports open {report['reference']} --severity high")
