"""`tocsin billing exit` and `final`: the way out of a provider's outage."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 -- Typer reads the annotations
from typing import Annotated

import typer

from tocsin.cli.incidents.naming import id_of
from tocsin.cli.incidents.verbs import Incident, Key  # noqa: TC001 -- Typer reads the annotations
from tocsin.cli.terminal.api import connect
from tocsin.cli.terminal.output import current
from tocsin.errors import BadInput, CheckFailed
from tocsin.incidents.queries.billing import LACKS
from tocsin.runtime.api_client import segment

COLUMNS = ("sessions", "workspaces", "probed", "paid", "quiet_minutes", "volume")


def leave(
    incident: Incident,
    *,
    provider: Annotated[
        str | None, typer.Option(help="Which provider, where the incident does not say.")
    ] = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Make a checkout nobody pays, and expire it at once.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit code 1 while it is not proven.")
    ] = False,
    key: Key = None,
) -> None:
    """Have new checkouts at the impacted provider examined, for the incident's gate."""
    api = connect()
    wish = {"incident": id_of(api, incident), "provider": provider, "probe": probe}
    found = api.post("/v1/billing/exit-checks", wish, key=key)
    if current().json:
        current().document(found)
    else:
        word = "succeed" if found["proven"] else "are not proven to succeed"
        current().line(f"{found['incident']}: new checkouts at {found['provider']} {word}")
        for code in found["lacks"]:
            current().line(f"  {LACKS.get(code, code)}", style="yellow")
        current().table(COLUMNS, [[found[name] for name in COLUMNS]])
    if check and not found["proven"]:
        lacks = "; ".join(LACKS.get(each, each) for each in found["lacks"])
        raise CheckFailed(f"not proven: {lacks}")


def final(
    incident: Incident,
    *,
    send: Annotated[
        Path | None, typer.Option(help="Send the text of this file; `-` is the standard input.")
    ] = None,
    key: Key = None,
) -> None:
    """Draft the final update from what is recorded; with --send, send it to stakeholders."""
    api = connect()
    if send is None:
        draft = api.get(f"/v1/incidents/{segment(incident)}/final-update")
        if current().json:
            current().document(draft)
        else:
            sys.stdout.write(f"{draft['text']}\n")
        return
    wish = {"incident": id_of(api, incident), "text": _text(send)}
    sent = api.post("/v1/billing/final-updates", wish, key=key)
    if current().json:
        current().document(sent)
    else:
        current().line(f"{sent['incident']}: the final update was sent at {sent['sent_at']}")


def _text(path: Path) -> str:
    if str(path) == "-":
        return sys.stdin.read()
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read as text", field="send") from error
