"""`tocsin billing …`: what was set aside and why, and what is known of one subscription.

Without `--stage` it is this checkout's local cloud. With it, a deployed stage, reached directly
with the operator's own AWS credentials: the quarantine is no responder's business.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.billing.access.entitlement import one_subscription
from tocsin.cli.billing import corrections as billing_corrections
from tocsin.cli.billing import exit as billing_exit
from tocsin.cli.billing import impact as billing_impact
from tocsin.cli.billing import reconcile as billing_reconcile
from tocsin.cli.billing.doubles import checkout, double, doubles
from tocsin.cli.terminal.api import OnApi, connect
from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.values import spread
from tocsin.errors import BadInput, CheckFailed, UnknownName
from tocsin.policy.compiled.billing_rules import current_billing_rules
from tocsin.runtime.api_client import segment

if TYPE_CHECKING:
    from tocsin.billing.projection.quarantine import Poison
    from tocsin.cli.billing.desk import Desk

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Events and subscriptions of billing providers.",
)
quarantine = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
app.add_typer(quarantine, name="quarantine", help="What could not be handled, until it can.")
app.add_typer(
    billing_reconcile.app,
    name="reconcile",
    help="Compare providers, projection and enforcement; heal on approval.",
)
app.command(cls=OnApi)(billing_corrections.correct)
app.command(cls=OnApi)(billing_corrections.lift)
app.command(cls=OnApi)(billing_corrections.approve)
app.command(cls=OnApi)(checkout)
app.command(cls=OnApi)(billing_impact.impact)
app.command(cls=OnApi)(billing_impact.workspace)
app.command(cls=OnApi)(doubles)
app.add_typer(double, name="double", help="Deciding what becomes of a double.")
app.command("exit", cls=OnApi)(billing_exit.leave)
app.command(cls=OnApi)(billing_exit.final)
app.add_typer(
    billing_corrections.corrections, name="corrections", help="The log of manual corrections."
)

Stage = Annotated[
    str | None,
    typer.Option("--stage", envvar="TOCSIN_STAGE", help="A deployed stage; else the local cloud."),
]
Region = Annotated[
    str | None, typer.Option("--region", envvar="AWS_REGION", help="Where the stage is deployed.")
]
_Registration = billing_corrections.Registration
_Id = Annotated[str, typer.Argument(help="The event's or subscription's id.", metavar="ID")]


@quarantine.command("list")
def list_quarantine(
    *,
    provider: Annotated[str | None, typer.Option(help="Only this provider's.")] = None,
    stage: Stage = None,
    region: Region = None,
) -> None:
    """Everything that is set aside, with its reason."""
    found = _desk(stage, region).set_aside(provider)
    if current().json:
        current().document([_as_json(poison) for poison in found])
    elif not found:
        current().line("nothing is in quarantine")
    else:
        rows = ((_time(each.first_seen), each.provider, each.id, each.reason) for each in found)
        current().table(("first seen", "provider", "id", "reason"), rows)


@quarantine.command()
def show(identifier: _Id, stage: Stage = None, region: Region = None) -> None:
    """One item with all that is known of it."""
    _shown(_as_json(_desk(stage, region).find(identifier)))


@quarantine.command()
def retry(
    identifier: Annotated[str | None, typer.Argument(metavar="[ID]", help="Which one.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Everything in quarantine.")] = False,
    stage: Stage = None,
    region: Region = None,
) -> None:
    """Hand it to the projector again. What fails again is back within a minute."""
    if every == (identifier is not None):
        raise BadInput("name an ID, or say --all")
    desk = _desk(stage, region)
    chosen = desk.set_aside() if identifier is None else [desk.find(identifier)]
    for poison in chosen:
        desk.retry(poison)
    if current().json:
        current().document({"retried": [poison.id for poison in chosen]})
    else:
        current().line(f"handed on: {len(chosen)}")


@billing_corrections.corrections.command()
def verify(stage: Stage = None, region: Region = None) -> None:
    """Find rows that something else than Tocsin wrote. Reads the whole table; exits 1 if any."""
    now = int(datetime.now(UTC).timestamp())
    found = _desk(stage, region).verify(now=now)
    if current().json:
        current().document([{**asdict(each), "identity": str(each.identity)} for each in found])
    elif found:
        rows = ((str(each.identity), each.subscription, each.what) for each in found)
        current().table(("account", "subscription", "what is wrong"), rows)
    else:
        current().line("every row follows from its events and the correction log")
    if found:
        raise CheckFailed(f"{len(found)} rows were written by something else", rows=len(found))


@app.command(cls=OnApi)
def entitlement(
    workspace: Annotated[str, typer.Argument(help="Its id.", metavar="WORKSPACE")],
) -> None:
    """What a workspace may use now: access, plan, why, since when and from which event."""
    path = f"/v1/workspaces/{segment(workspace)}/entitlement"
    _shown(connect().get(path))


@app.command()
@spread
def subscription(
    identifier: _Id,
    registration: _Registration,
    *,
    stage: Stage = None,
    region: Region = None,
) -> None:
    """What is known of one subscription, and what access it gives."""
    identity = registration.identity
    row = _desk(stage, region).projection.read(identity, identifier)
    if row is None:
        raise UnknownName(f"no projection of {identifier} for {identity}")
    now = int(datetime.now(UTC).timestamp())
    answer = one_subscription(row, current_billing_rules().access, now=now, incident_open=False)
    _shown({**asdict(row), "entitlement": asdict(answer) if answer else None})


@app.command()
@spread
def reproject(
    registration: _Registration,
    since: Annotated[str, typer.Option("--from", help="With its zone, like 2026-09-08T14:00:00Z.")],
    until: Annotated[str, typer.Option("--until", help="With its zone.")],
    *,
    stage: Stage = None,
    region: Region = None,
) -> None:
    """Hand stored events of a window to the projector again, when its stream lost some."""
    start, end = billing_corrections.seconds_of(since), billing_corrections.seconds_of(until)
    identity = registration.identity
    handed_on = _desk(stage, region).reproject(identity, start=start, until=end)
    if current().json:
        current().document({"handed_on": handed_on})
    else:
        current().line(f"handed on: {handed_on}")


@app.command()
@spread
def erase(
    identifier: _Id,
    registration: _Registration,
    *,
    stage: Stage = None,
    region: Region = None,
) -> None:
    """Take what leads to a person off a subscription's row, for good. The row stays."""
    _desk(stage, region).erase(registration.identity, identifier)
    current().line(f"erased: {identifier}")


def _desk(stage: str | None, region: str | None) -> Desk:
    from tocsin.cli.billing import desk as billing_desk  # noqa: PLC0415 -- `--help` must not load the AWS signer

    if stage is None:
        return billing_desk.local_desk()
    if region is None:
        raise BadInput("a deployed stage needs its --region")
    return billing_desk.stage_desk(stage, region)


def _as_json(poison: Poison) -> dict[str, Any]:
    return {**asdict(poison), "first_seen": _time(poison.first_seen)}


def _shown(document: dict[str, Any]) -> None:
    if current().json:
        current().document(document)
        return
    flat = {key: value for key, value in document.items() if not isinstance(value, dict)}
    for section in (value for value in document.values() if isinstance(value, dict)):
        flat |= section
    known = ((key, value) for key, value in flat.items() if value not in (None, [], ()))
    current().table(("", ""), ((key, _cell(value)) for key, value in known))


def _cell(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
