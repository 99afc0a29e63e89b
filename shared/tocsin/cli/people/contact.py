"""`tocsin contact …`: the ways on which pages reach you, and as a commander anybody else's.

Through the HTTP API like everything else. Only a hint of an address is ever shown again.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tocsin.cli.terminal.api import OnApi, connect
from tocsin.cli.terminal.output import current
from tocsin.incidents.vocabulary import WayKind  # noqa: TC001 -- Typer reads the annotations
from tocsin.runtime.api_client import segment

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="The ways on which pages reach you.",
)

Person = Annotated[
    str | None,
    typer.Option("--person", help="Whose; only a commander names somebody else."),
]
WayId = Annotated[str, typer.Argument(help="Its id, from `contact list`.", metavar="WAY")]


@app.command(cls=OnApi)
def add(
    kind: Annotated[WayKind, typer.Argument(help="How it gets there.", metavar="KIND")],
    address: Annotated[str, typer.Argument(help="Number, mail, member id or URL.")],
    *,
    of: Person = None,
) -> None:
    """Add a way; a code is sent there, and `confirm` takes it. The same again sends a new code."""
    body = {"kind": kind.value, "address": address} | _whose(of)
    added = connect().post("/v1/contacts", body)
    if current().json:
        current().document(added)
        return
    current().line(f"{added['way']} is {added['state']}")
    if added["state"] == "pending":
        current().line(f"a code was sent: tocsin contact confirm {added['way']} CODE")
    if added.get("secret"):
        current().line(f"signing secret, shown only now: {added['secret']}")


@app.command(cls=OnApi)
def confirm(
    way: WayId,
    code: Annotated[str, typer.Argument(help="The six digits that were sent there.")],
    *,
    of: Person = None,
) -> None:
    """Prove that what is sent there is read: from then on pages go there."""
    _act(way, "confirm", {"code": code} | _whose(of))


@app.command("list", cls=OnApi)
def list_ways(*, of: Person = None) -> None:
    """Ways with a hint of their addresses."""
    _show(connect().get("/v1/contacts", person=of))


@app.command("test", cls=OnApi)
def send_test(way: WayId, *, of: Person = None) -> None:
    """Send a test by a confirmed way."""
    _act(way, "test", _whose(of))


@app.command(cls=OnApi)
def resend(way: WayId, *, of: Person = None) -> None:
    """Send a new code to a way that is not confirmed yet."""
    _act(way, "resend", _whose(of))


@app.command(cls=OnApi)
def remove(
    way: Annotated[str, typer.Argument(help="Its id, or `all`.", metavar="WAY")],
    *,
    of: Person = None,
) -> None:
    """Erase a way, or `all` of them: the address is gone at once."""
    _act(way, "erase" if way == "all" else "remove", _whose(of))


def _act(way: str, action: str, body: dict[str, str]) -> None:
    path = f"/v1/contacts/{segment(way)}/{action}"
    _show(connect().post(path, body))


def _whose(of: str | None) -> dict[str, str]:
    return {"person": of} if of else {}


def _show(document: dict[str, Any]) -> None:
    if current().json:
        current().document(document)
    elif not document["ways"]:
        current().line(f"{document['person']} has no way yet: tocsin contact add")
    else:
        current().table(
            ("way", "kind", "address", "state"),
            ((one["way"], one["kind"], one["address"], one["state"]) for one in document["ways"]),
        )
