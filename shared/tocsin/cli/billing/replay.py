"""`tocsin replay …`: get back what a provider's outage lost, and see that all of it is back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.billing.provider import DEFAULT
from tocsin.cli.billing.wait import LongWork, ends
from tocsin.cli.incidents.naming import id_of
from tocsin.cli.terminal.api import OnApi, connect
from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.spans import read_instant
from tocsin.cli.terminal.values import spread
from tocsin.incidents.timeline.entry import format_time
from tocsin.runtime.api_client import segment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.api_client import ApiClient

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Replay a window of a provider's events.",
)

_Id = Annotated[str, typer.Argument(help="The replay's id.", metavar="REPLAY")]
_Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until it has ended.")]


@dataclass(frozen=True, slots=True)
class Window:
    """Whose events of which stretch; what is left out is told by the incident."""

    account: Annotated[str | None, typer.Option(help="The account of the registration.")] = None
    begin: Annotated[
        str | None, typer.Option("--from", help="First instant, like 2026-09-08T10:00Z.")
    ] = None
    end: Annotated[
        str | None, typer.Option("--until", "--to", help="First instant after the window.")
    ] = None
    provider: Annotated[
        str | None, typer.Option(help=f"Whose events; {DEFAULT} without an incident.")
    ] = None
    mode: Annotated[str | None, typer.Option(help="live or test; live without an incident.")] = None
    incident: Annotated[
        str | None,
        typer.Option(help="The incident it belongs to: it tells the window, and by what."),
    ] = None


@app.command(cls=OnApi)
@spread
def plan(window: Window, *, wait: _Wait = True) -> None:
    """What a replay would insert: the provider's list against the ledger. Changes nothing."""
    api = connect()
    found = api.post("/v1/replays", _asked(api, window) | {"dry_run": True})
    _ended(_WORK.watched(api, found) if wait else found)


@app.command(cls=OnApi)
@spread
def start(
    window: Window,
    *,
    override: Annotated[
        str, typer.Option(help="The commander's reason to start without proof of recovery.")
    ] = "",
    wait: _Wait = True,
) -> None:
    """Insert what is missing. Refused until the provider is known to have recovered."""
    api = connect()
    body = _asked(api, window) | ({"override": override} if override else {})
    found = api.post("/v1/replays", body)
    _ended(_WORK.watched(api, found) if wait else found)


@app.command(cls=OnApi)
def status(replay: _Id) -> None:
    """How far it has come and what it found; exit code as `watch`."""
    _ended(connect().get(_path(replay)))


@app.command(cls=OnApi)
def watch(replay: _Id) -> None:
    """Stay until it has ended; exit code 1 if it ended without proof."""
    api = connect()
    _ended(_WORK.watched(api, api.get(_path(replay))))


@app.command(cls=OnApi)
def resume(replay: _Id) -> None:
    """Go on from where it stands, with a new driver."""
    _ended(connect().post(f"{_path(replay)}/resume", {}))


@app.command(cls=OnApi)
def done(
    replay: _Id,
    step: Annotated[str, typer.Argument(help="The step's name, as the plan shows it.")],
) -> None:
    """Say that a step by hand at the provider is done."""
    _show(connect().post(f"{_path(replay)}/steps", {"step": step}))


@app.command(cls=OnApi)
def cancel(
    replay: _Id,
    reason: Annotated[str, typer.Option(help="Why: it is part of the record.")],
) -> None:
    """End it; what it inserted stays."""
    body = {"reason": reason}
    _show(connect().post(f"{_path(replay)}/cancel", body))


def _asked(api: ApiClient, window: Window) -> dict[str, Any]:
    """What was said; the rest the incident tells, or there is a default without one."""
    incident = window.incident and id_of(api, window.incident)
    alone = incident is None
    body = {
        "provider": window.provider or (DEFAULT if alone else None),
        "account": window.account,
        "mode": window.mode or ("live" if alone else None),
        "start": window.begin and format_time(read_instant(window.begin)),
        "end": window.end and format_time(read_instant(window.end)),
        "incident": incident,
    }
    return {name: value for name, value in body.items() if value is not None}


def _path(replay: str) -> str:
    return f"/v1/replays/{segment(replay)}"


def _done(found: Mapping[str, Any]) -> tuple[int, int | None, str]:
    counts = found["counts"]
    if found["stage"] == "draining":
        return counts["inserted"] + counts["arrived"], counts["missing"], "restored"
    return counts["listed"], None, "listed"


_WORK = LongWork(
    noun="replay",
    path=_path,
    moving=frozenset({"listing", "draining", "checking", "proving"}),
    again="tocsin replay watch",
    done=_done,
)


def _ended(found: dict[str, Any]) -> None:
    """Shows it; exit code 1 where it rests without having got back what was lost."""
    _show(found)
    if found["stage"] not in _WORK.moving:
        whole = found["stage"] == "complete" and (found["dry_run"] or found["proven"])
        ends(whole, f"replay {found['id']} is {found['stage']}: not all is known to be back")


def _show(found: dict[str, Any]) -> None:
    where = current()
    if where.json:
        where.document(found)
    else:
        _show_to_people(found)


def _show_to_people(found: dict[str, Any]) -> None:
    where = current()
    kind = "plan" if found["dry_run"] else "replay"
    account = f"{found['provider']} {found['account']} {found['mode']}"
    where.line(f"{kind} {found['id']}: {found['stage']}", style="bold")
    where.line(f"{account}, {found['start']} to {found['end']}")
    if found["window_facts"]:
        where.line(f"window by: {found['window_facts']}")
    if found["problem"]:
        where.line(str(found["problem"]), style="yellow")
    if found["warning"]:
        where.line(str(found["warning"]), style="red")
    for step in found["steps"]:
        by = f"done by {step['done_by']} at {step['done_at']}" if step["done_by"] else "to do"
        where.line(f"[{by}] {step['step']}: {step['text']}", style="cyan")
    counts = found["counts"]
    names = ("listed", "present", "missing", "inserted", "arrived", "unreadable", "provider_calls")
    where.table([name.replace("_", " ") for name in names], [[counts[name] for name in names]])
    if found["kind"] == "objects":
        _show_rebuild(found)
        return
    lacking = [each for each in found["types"] if each["missing"]] or found["types"][:5]
    rows = ((each["type"], each["expected"], each["missing"]) for each in lacking)
    where.table(("type", "expected", "missing"), rows)
    if found["workspaces"]:
        rows_ = ((each["workspace"], each["missing"]) for each in found["workspaces"][:20])
        where.table(("workspace", "missing"), rows_)
    if found["estimate"]:
        where.line(
            f"about {found['estimate']['seconds']} s and "
            f"{found['estimate']['write_units']} write units"
        )
    _show_proof(found)


def _show_rebuild(found: dict[str, Any]) -> None:
    """What is fetched object by object, and what stays lost."""
    where, counts = current(), found["counts"]
    where.line(
        f"{counts['missing']} objects differ from what is projected; "
        f"{counts['fetched']} fetched, {counts['changed']} changed by it"
    )
    if found["lost"]:
        where.line("cannot be recovered (their order and times are gone with them):", style="bold")
        rows = (
            (each["kind"], _or_unknown(each["expected"]), each["stored"], _or_unknown(each["lost"]))
            for each in found["lost"]
        )
        where.table(("kind", "expected", "stored", "lost"), rows)
    _show_proof(found)


def _or_unknown(number: int | None) -> str:
    return "cannot be told" if number is None else str(number)


def _show_proof(found: dict[str, Any]) -> None:
    where = current()
    if found["stage"] == "complete" and not found["dry_run"]:
        proof = "proven: one more pass found nothing missing" if found["proven"] else "NOT proven"
        where.line(proof, style="green" if found["proven"] else "red")
        where.line(f"projections {'unchanged' if found['unchanged'] else 'changed'} by that pass")
