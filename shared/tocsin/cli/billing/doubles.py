"""`tocsin billing doubles` and `double decide`: what may be charged twice, what becomes of it.

`tocsin billing checkout`: a page to pay on, as the product asks for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.billing.checkout.decision import Remedy
from tocsin.cli.incidents.verbs import Key  # noqa: TC001 -- Typer reads the annotations
from tocsin.cli.terminal.api import OnApi, connect
from tocsin.cli.terminal.output import current
from tocsin.errors import BadInput
from tocsin.runtime.api_client import segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

double = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


def doubles() -> None:
    """What may be charged twice for one wish, with what is proposed. Nothing is done by itself."""
    api, path = connect(), "/v1/billing/doubles"
    page = api.get(path)
    found, running = list(page["doubles"]), list(page["running"])
    if current().json:
        more, first = page["more"], page["running_next"]
        while more:
            page = api.get(path, after=found[-1]["intent"])
            found, more = found + page["doubles"], page["more"]
        while first:
            page = api.get(path, from_workspace=first)
            running, first = running + page["running"], page["running_next"]
        current().document([*found, *({"intent": None, "certain": True} | one for one in running)])
        return
    if not found and not running:
        current().line("nothing may be charged twice")
    if found:
        columns = ("intent", "workspace", "certain", "amount", "currency")
        rows = ([*(each[name] for name in columns), standing(each)] for each in found)
        current().table((*columns, "standing"), rows)
    if page["more"]:
        current().line(f"and {page['more']} more: --json lists them all")
    if running:
        _running(running)
    if page["running_more"]:
        current().line(f"up to {page['running_more']} more that run twice: --json lists them all")


def _running(found: Iterable[Mapping[str, Any]]) -> None:
    """Workspaces of which several run: no checkout knows of both, so none is decided here."""
    current().line("")
    current().line("Several subscriptions run of one workspace. End what is too much where it is:")
    columns = ("workspace", "provider", "subscription", "status", "plan")
    rows = [
        [one["workspace"], *(each[name] for name in columns[1:])]
        for one in found
        for each in one["subscriptions"]
    ]
    current().table(columns, rows)


@double.command(cls=OnApi)
def decide(
    intent: Annotated[str, typer.Argument(help="As `doubles` lists it.", metavar="INTENT")],
    keep: Annotated[str, typer.Option(help="The provider whose subscription stays.")],
    why: Annotated[str, typer.Option(help="Why so.")],
    *,
    refund: Annotated[bool, typer.Option("--refund", help="Give back what was charged.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Cancel; nothing is owed.")] = False,
    key: Annotated[str | None, typer.Option(help="An idempotency key, for scripts.")] = None,
) -> None:
    """Record which subscription is kept and what becomes of the others. Moves no money."""
    if refund == cancel:
        raise BadInput("say --refund or --cancel")
    remedy = Remedy.REFUND if refund else Remedy.CANCEL
    path = f"/v1/billing/doubles/{segment(intent)}/decision"
    body = {"keep": keep, "remedy": remedy.value, "why": why}
    decided = connect().post(path, body, key=key)
    if current().json:
        current().document(decided)
        return
    current().line(f"{decided['intent']}: {standing(decided)}")
    for leg in decided["legs"]:
        if not leg["kept"]:
            name = leg["subscription"] or leg["session"] or "nothing known yet"
            current().line(f"  to {decided['proposal']} at {leg['provider']}: {name}")
    current().line(
        "  Do it there; the double stays listed until the provider shows that it is done."
    )


def standing(double: Mapping[str, Any]) -> str:
    """Whether it has been decided, and what is to be done."""
    decision = double["decision"]
    if decision is None:
        return f"proposed: {double['proposal']}"
    return f"decided by {decision['by']}: keep {decision['keep']}, {decision['remedy']}"


def checkout(
    workspace: Annotated[str, typer.Argument(help="Who wants to pay.", metavar="WORKSPACE")],
    *,
    plan: Annotated[str, typer.Option(help="The plan; the local cloud sells `pro`.")] = "pro",
    currency: Annotated[str, typer.Option(help="Three letters, like INR.")] = "INR",
    region: Annotated[str, typer.Option(help="Two letters, like IN.")] = "IN",
    back_to: Annotated[
        str, typer.Option(help="Where the customer is sent afterwards, paid or not.")
    ] = "https://example.com/",
    key: Key = None,
) -> None:
    """Start a checkout, at the provider that policy prefers or at one that works."""
    wish = {
        "workspace": workspace,
        "plan": plan,
        "currency": currency,
        "region": region,
        "success_url": back_to,
        "cancel_url": back_to,
    }
    made = connect().post("/v1/billing/checkout", wish, key=key)
    if current().json:
        current().document(made)
        return
    stands_in = ", standing in for the preferred one" if made["failed_over"] else ""
    current().line(f"{made['amount']} {made['currency']} at {made['provider']}{stands_in}")
    current().line(made["url"])
    current().line(f"session {made['session']}")
