"""`tocsin init`: says in a file what is going to be deployed."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.values import spread
from tocsin.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_ASKED = {
    "account": "The AWS account, twelve digits",
    "region": "The Region, like eu-central-1",
    "ops_mail": "Who hears when Tocsin itself is in trouble (a mail address)",
    "mail_from": "What personal mail comes from (a verified SES address)",
    "providers": "Billing providers to watch, with commas; none for none",
}


@dataclass(frozen=True, slots=True)
class Needed:
    """What is asked for where it was not given."""

    account: Annotated[str, typer.Option(help="The AWS account, twelve digits.")] = ""
    region: Annotated[str, typer.Option(help="The Region everything lies in.")] = ""
    ops_mail: Annotated[str, typer.Option(help="Hears when Tocsin itself is in trouble.")] = ""
    mail_from: Annotated[str, typer.Option(help="Sender of personal mail.")] = ""
    providers: Annotated[str, typer.Option(help="Those to watch, with commas; or none.")] = ""


@app.command()
@spread
def init(
    file: Annotated[Path, typer.Option(help="Where it is written.")] = Path("tocsin.toml"),
    *,
    needed: Needed,
    stage: Annotated[str, typer.Option(help="production, or drill.")] = "production",
    size: Annotated[str, typer.Option(help="frugal, or full, which costs more.")] = "frugal",
    sign_in: Annotated[str, typer.Option(help="Who signs in besides group roles.")] = "none",
    force: Annotated[bool, typer.Option("--force", help="Write over an older file.")] = False,
) -> None:
    """Write tocsin.toml: account, Region, mail, providers, size. Asks for what is missing."""
    from tocsin.production.deployment import checked, write  # noqa: PLC0415 - loads the providers

    if file.exists() and not force:
        raise BadInput(f"{file} is there already: change it, or write over it with --force")
    said = _completed(asdict(needed))
    names = [each.strip() for each in str(said["providers"]).split(",") if each.strip()]
    said["providers"] = [each for each in names if each != "none"]
    deployment = checked({**said, "stage": stage, "size": size, "sign_in": sign_in})
    file.write_text(write(deployment), encoding="utf-8")
    if current().json:
        current().document({"file": str(file), "stage": stage, "account": deployment.account})
    else:
        current().line(f"{file} written. Next: tocsin doctor, then tocsin deploy")


def _completed(said: Mapping[str, Any]) -> dict[str, Any]:
    """Asks for what was not given, where somebody is there to answer."""
    if not sys.stdin.isatty():
        return dict(said)
    return {
        name: value or typer.prompt(_ASKED[name], default="none" if name == "providers" else None)
        for name, value in said.items()
    }
