"""`tocsin contain rules|propose-rules|agree-rules`: what is containable, by two people's word."""

from __future__ import annotations

import tomllib
from pathlib import Path  # noqa: TC003 -- Typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.cli.incidents.tables import PENDING
from tocsin.cli.terminal.api import connect
from tocsin.cli.terminal.output import current
from tocsin.errors import BadInput
from tocsin.incidents.timeline.entry import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LISTS = ("containable", "protected", "approvers", "wide")
_NUMBERS = ("per_hour", "per_incident")
_PATH = "/v1/containment/rules"
_SHOWN = 8
_HASH = 12


def shown() -> None:
    """What may be acted on, what never, who approves; as a file to change and propose."""
    _show(connect().get(_PATH))


def propose(
    file: Annotated[Path, typer.Argument(help="As `contain rules` prints it, changed.")],
    *,
    why: Annotated[str, typer.Option("--reason", "-r", help="Why; part of the record.")],
) -> None:
    """Have other rules wait for another person. All of the file counts: what it lacks is gone."""
    found = connect().post(_PATH, {**_read(file), "why": why})
    _show(found, pending=True)
    raise typer.Exit(PENDING)


def agree(
    shown: Annotated[str, typer.Argument(help="What `contain rules` shows of the proposal.")],
) -> None:
    """Put what another person has proposed in force: just what you were shown."""
    api = connect()
    waiting = api.get(_PATH)["proposal"]
    if waiting is None:
        raise BadInput("no change of the rules waits for a yes: tocsin contain rules")
    if len(shown) < _SHOWN or not waiting["agree"].startswith(shown):
        raise BadInput("that is not what is proposed now: look again with `tocsin contain rules`")
    _show(api.post(f"{_PATH}/agree", {"agree": waiting["agree"]}))


def _show(book: Mapping[str, Any], *, pending: bool = False) -> None:
    if current().json:
        current().document({**book, "pending": pending})
        return
    for line in _lines(book):
        current().line(line)


def _lines(book: Mapping[str, Any]) -> Iterator[str]:
    edition, waiting = book["edition"], book["proposal"]
    if edition is None:
        yield "# nobody has ruled yet: nothing is containable"
    else:
        yield f"# edition {edition['number']}, {_at(edition['at'])}: {edition['why']}"
        yield f"# proposed by {edition['proposed_by']}, agreed by {edition['agreed_by']}"
    yield from _toml(book["rules"])
    if waiting is None:
        return
    yield ""
    yield f"# proposed by {waiting['by']} until {_at(waiting['until'])}: {waiting['why']}"
    yield from (f"# {line}" for line in _changed(book["rules"], waiting["rules"]))
    yield "# another person agrees to just that:"
    yield f"# tocsin contain agree-rules {waiting['agree'][:_HASH]}"


def _toml(rules: Mapping[str, Any]) -> Iterator[str]:
    for name in _LISTS:
        if not rules[name]:
            yield f"{name} = []"
            continue
        yield f"{name} = ["
        yield from (f'  "{each}",' for each in rules[name])
        yield "]"
    yield from (f"{name} = {rules[name]}" for name in _NUMBERS)


def _changed(now: Mapping[str, Any], then: Mapping[str, Any]) -> Iterator[str]:
    for name in _LISTS:
        yield from (f"{name}: + {each}" for each in then[name] if each not in now[name])
        yield from (f"{name}: - {each}" for each in now[name] if each not in then[name])
    for name in _NUMBERS:
        if now[name] != then[name]:
            yield f"{name}: {now[name]} -> {then[name]}"


def _read(file: Path) -> dict[str, Any]:
    """The file's rules.

    Raises:
        BadInput: it cannot be read, is no TOML, or names something that is no rule.
    """
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{file} cannot be read: {error}") from error
    if unknown := sorted(found.keys() - {*_LISTS, *_NUMBERS}):
        raise BadInput(f"{file}: {unknown[0]} is no rule of containment", field=unknown[0])
    return found


def _at(moment: str) -> str:
    return f"{parse_time(moment):%Y-%m-%d %H:%MZ}"
