"""`tocsin billing reconcile …`: does what we hold and enforce agree with what the providers say?

A report first; what is wrong is healed on approval, or accepted by name; then somebody signs it.
Every command ends with the same exit code for the same reconciliation: 1 while something that gives
access is wrong, or could not be looked at, or it has stalled; 0 once all is right or settled by
name. One that is still under way has failed nothing yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - typer reads annotations at run time
from typing import Annotated, Any

import typer

from tocsin.application.billing.reconcile.desk import ACTION
from tocsin.cli.billing.corrections import entry_of
from tocsin.cli.billing.wait import LongWork, ends
from tocsin.cli.incidents.naming import id_of
from tocsin.cli.incidents.verbs import Key  # noqa: TC001 -- Typer reads the annotations
from tocsin.cli.terminal.api import OnApi, connect
from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.spans import read_count, read_instant
from tocsin.cli.terminal.values import spread
from tocsin.incidents.queries.access import input_hash
from tocsin.incidents.timeline.entry import format_time
from tocsin.runtime.api_client import segment

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

_Id = Annotated[str, typer.Argument(help="The reconciliation's id.", metavar="RECONCILIATION")]
_Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until it is ready.")]
_Mismatches = Annotated[
    list[str] | None, typer.Option("--mismatch", help="Only this one; may be repeated.")
]
_CHOICES = "recent (touched), sample (touched and a sample) or full."


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is compared, and for which incident."""

    scope: Annotated[str, typer.Option(help=f"Who is read: {_CHOICES}")] = "sample"
    begin: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="Touched since, like 2026-09-08T10:00Z; else since the incident's outage, or 1 h.",
        ),
    ] = None
    end: Annotated[str | None, typer.Option("--to", help="Touched until; now if left out.")] = None
    workspace: Annotated[
        list[str] | None, typer.Option(help="Read this one in any case; may be repeated.")
    ] = None
    incident: Annotated[str | None, typer.Option(help="The incident that is to know.")] = None
    seed: Annotated[str, typer.Option(help="Draw by this seed; the id if left out.")] = ""
    dry: Annotated[bool, typer.Option("--dry", help="A report nothing can follow from.")] = False


@app.command(cls=OnApi)
@spread
def start(wanted: Wanted, *, wait: _Wait = True, key: Key = None) -> None:
    """Compare providers, projection and enforcement. Changes nothing."""
    api = connect()
    body: dict[str, Any] = {
        "scope": wanted.scope,
        "start": None if wanted.begin is None else format_time(read_instant(wanted.begin)),
        "end": None if wanted.end is None else format_time(read_instant(wanted.end)),
        "workspaces": wanted.workspace,
        "incident": wanted.incident and id_of(api, wanted.incident),
        "seed": wanted.seed or None,
        "dry_run": wanted.dry or None,
    }
    given = {name: value for name, value in body.items() if value is not None}
    found = api.post("/v1/reconciliations", given, key=key)
    _show(_WORK.watched(api, found) if wait else found)


@app.command(cls=OnApi)
def status(
    reconciliation: _Id,
    *,
    after: Annotated[
        str | None, typer.Option(help="Mismatches behind this one: `next` of the page before.")
    ] = None,
) -> None:
    """How far it has come and what it found; exit code 1 while something is wrong or unknown."""
    _show(connect().get(_path(reconciliation), cursor=after))


@app.command(cls=OnApi)
def watch(reconciliation: _Id) -> None:
    """Stay until it is ready; exit code 1 while something is wrong or unknown."""
    api = connect()
    _show(_WORK.watched(api, api.get(_path(reconciliation))))


@app.command(cls=OnApi)
def report(
    reconciliation: _Id,
    *,
    folder: Annotated[
        Path | None, typer.Option("--to", help="Write report.json, report.md, matrix.svg there.")
    ] = None,
) -> None:
    """The report: Markdown here, or all three forms as files."""
    found = connect().get(f"{_path(reconciliation)}/report")
    where = current()
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, form in (
            ("report.json", "document"),
            ("report.md", "markdown"),
            ("matrix.svg", "matrix"),
        ):
            (folder / name).write_text(str(found[form]), encoding="utf-8")
            where.line(str(folder / name))
    elif where.json:
        where.document(found)
    else:
        where.line(str(found["markdown"]))
    ends(found["agrees"], f"{reconciliation}: something is wrong, unknown, or was not compared")


@app.command(cls=OnApi)
def heal(
    reconciliation: _Id,
    *,
    mismatch: _Mismatches = None,
    approval: Annotated[
        str, typer.Option(help="The commander's approval, INCIDENT:ENTRY; during an incident.")
    ] = "",
    wait: _Wait = True,
    key: Key = None,
) -> None:
    """Have what is open put right, all of it or those named, and read it again."""
    body: dict[str, Any] = {"mismatches": mismatch or []}
    if approval:
        body["approval"] = approval
    api = connect()
    found = api.post(f"{_path(reconciliation)}/heal", body, key=key)
    _show(_WORK.watched(api, found) if wait else found)


@app.command(cls=OnApi)
def approve(
    reconciliation: _Id,
    incident: Annotated[str, typer.Argument(help="The incident you command.", metavar="INCIDENT")],
    requester: Annotated[str, typer.Option("--for", help="Who may have it healed.")],
    reason: Annotated[str, typer.Option(help="Why; it is part of the record.")],
    *,
    minutes: Annotated[str, typer.Option(help="How long it holds, like 90m or 2h.")] = "60m",
    key: Key = None,
) -> None:
    """Let another person have all that is open now healed, once."""
    api = connect()
    incident = id_of(api, incident)
    lines = api.get(_path(reconciliation))["approve"]
    body = {
        "action": ACTION,
        "input": lines,
        "requester": requester,
        "reason": reason,
        "minutes": read_count(minutes, "minutes"),
    }
    api.post(f"/v1/incidents/{segment(incident)}/authorize", body, key=key)
    approval = f"{incident}:{entry_of(api, incident, input_hash(ACTION, lines))}"
    where = current()
    if where.json:
        where.document({"approval": approval, "for": requester, "input": lines})
    else:
        where.line(f"approved: {approval}", style="bold")
        where.line(f"  {requester} may once: {', '.join(lines)}")


@app.command(cls=OnApi)
def accept(
    reconciliation: _Id,
    mismatch: Annotated[str, typer.Argument(help="Which one.", metavar="MISMATCH")],
    reason: Annotated[str, typer.Option(help="Why; it is part of the record.")],
    *,
    key: Key = None,
) -> None:
    """Leave a mismatch as it is, in your name."""
    body = {"mismatch": mismatch, "reason": reason}
    _show(connect().post(f"{_path(reconciliation)}/accept", body, key=key))


@app.command(cls=OnApi)
def sign(
    reconciliation: _Id,
    *,
    without: Annotated[
        list[str] | None,
        typer.Option(help="An account that was not compared, as it is listed; for each of them."),
    ] = None,
    key: Key = None,
) -> None:
    """Stand for it by name: nothing is open or unknown any more but the accounts you name."""
    body = {"without": without} if without else {}
    _show(connect().post(f"{_path(reconciliation)}/sign-off", body, key=key))


@app.command(cls=OnApi)
def resume(reconciliation: _Id) -> None:
    """Go on from where it stands, with a new driver."""
    _show(connect().post(f"{_path(reconciliation)}/resume", {}))


def _path(reconciliation: str) -> str:
    return f"/v1/reconciliations/{segment(reconciliation)}"


_WORK = LongWork(
    noun="reconciliation",
    path=_path,
    moving=frozenset({"touched", "listing", "sampled", "healing"}),
    again="tocsin billing reconcile watch",
    done=lambda found: (found["compared_workspaces"], None, "workspaces"),
)


def _show(found: dict[str, Any]) -> None:
    where = current()
    if where.json:
        where.document(found)
    else:
        _show_to_people(found)
    stalled = f"it has stalled: {found['problem']}; " if found["stage"] == "stalled" else ""
    keyless = sum(each["why"] == "no_key" for each in found["not_compared"])
    ends(
        found["agrees"],
        f"{found['id']}: {stalled}{found['open']} mismatches open, {found['not_comparable']} not"
        f" comparable, {keyless} accounts that cannot be asked",
    )


def _show_to_people(found: dict[str, Any]) -> None:
    where = current()
    where.line(f"reconciliation {found['id']}: {found['stage']}", style="bold")
    if found["problem"]:
        where.line(str(found["problem"]), style="yellow")
    read = "everything" if found["full"] else f"{found['drawn']} of {found['population']} drawn"
    where.line(
        f"{found['compared_workspaces']} workspaces, {found['compared_subscriptions']} "
        f"subscriptions compared ({read}); {found['not_comparable']} not comparable"
    )
    names = ("found", "open", "healed", "accepted")
    where.table(names, [[found[name] for name in names]])
    rows = (
        (each["id"], each["kind"], each["workspace"], each["subscription"], each["state"])
        for each in sorted(found["mismatches"], key=lambda each: bool(each["state"] != "open"))
    )
    where.table(("mismatch", "class", "workspace", "subscription", "state"), rows)
    if found["next"]:
        where.line(f"there are more: `status {found['id']} --after {found['next']}`")
    for why in found["unknown"][:20]:
        where.line(f"not comparable: {why}", style="yellow")
    for each in found["not_compared"]:
        where.line(f"not compared: {each['text']}", style="yellow")
    if found["signed_off_by"]:
        without = "".join(f" without {each['account']}" for each in found["not_compared"])
        where.line(f"signed off by {found['signed_off_by']}{without}", style="green")
