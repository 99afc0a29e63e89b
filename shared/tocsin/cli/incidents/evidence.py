"""Evidence: what was found goes on the record from a file or a pipe, and is read back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.incidents.naming import OnOne
from tocsin.cli.incidents.tables import show_change
from tocsin.cli.incidents.verbs import Envelope, Incident, send
from tocsin.cli.terminal.api import connect
from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.values import spread
from tocsin.errors import BadInput
from tocsin.incidents.model.content import MediaType
from tocsin.runtime.api_client import segment

BY_HAND = frozenset({"evidence"})
"""Verbs whose command stands here, with more to it than its fields."""

STDIN = "-"
_TYPES = {
    ".csv": MediaType.CSV,
    ".json": MediaType.JSON,
    ".md": MediaType.MARKDOWN,
}


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    for command in (evidence, content):
        app.command(cls=OnOne)(command)


@spread
def evidence(
    incident: Incident,
    title: Annotated[str, typer.Argument(help="What it is, in a few words.")],
    text: Annotated[str | None, typer.Argument(help="The text, unless `--file` has it.")] = None,
    *,
    file: Annotated[
        str | None, typer.Option("--file", help="A file of text, or `-` for what is piped in.")
    ] = None,
    media_type: Annotated[
        MediaType | None, typer.Option(help="What kind of text; a file's name says it.")
    ] = None,
    envelope: Envelope,
) -> None:
    """Put what was found on the record, as it was found."""
    if (text is None) == (file is None):
        raise BadInput("give the text or `--file`, one of the two", field="text")
    body: dict[str, Any] = {"title": title, "text": text if file is None else _read(str(file))}
    kind = media_type or _TYPES.get(Path(file or "").suffix, MediaType.PLAIN)
    show_change(send(incident, "evidence", body | {"media_type": kind.value}, envelope))


def content(
    incident: Incident,
    sha256: Annotated[str, typer.Argument(help="Its hash, as the timeline names it.")],
) -> None:
    """Content that a timeline names and does not hold; as it was given, for a pipe."""
    path = f"/v1/incidents/{segment(incident)}/content/{segment(sha256)}"
    found = connect().get(path)
    if current().json:
        current().document(found)
        return
    sys.stdout.write(found["text"])


def _read(name: str) -> str:
    try:
        if name == STDIN:
            return sys.stdin.buffer.read().decode()
        return Path(name).read_bytes().decode()
    except OSError as error:
        raise BadInput(f"{name} cannot be read: {error.strerror}", field="file") from error
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{name} is no text in UTF-8: keep it elsewhere and `link` to it", field="file"
        ) from error
