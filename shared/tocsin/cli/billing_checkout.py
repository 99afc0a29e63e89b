"""`tocsin billing checkout`: a page to pay on, as the product asks for one."""

from __future__ import annotations

from typing import Annotated

import typer

from tocsin.cli.api import ApiUrl, As, connect
from tocsin.cli.output import current
from tocsin.cli.verb_commands import Key  # noqa: TC001 -- Typer reads the annotations


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
    api_url: ApiUrl = None,
    person: As = None,
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
    made = connect(api_url, person).post("/v1/billing/checkout", wish, key=key)
    if current().json:
        current().document(made)
        return
    stands_in = ", standing in for the preferred one" if made["failed_over"] else ""
    current().line(f"{made['amount']} {made['currency']} at {made['provider']}{stands_in}")
    current().line(made["url"])
    current().line(f"session {made['session']}")
