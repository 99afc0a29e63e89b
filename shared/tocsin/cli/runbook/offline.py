"""Telephone numbers for the page that is printed: asked of the stack, and written to one file.

They are personal data. They go to the terminal or to a file that its owner alone can read, and to
none that lies in a repository, where the next commit would take it along.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tocsin.cli.terminal.api import connect
from tocsin.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

_OWNER_ALONE = 0o600


def numbers_of_file(file: Path) -> dict[str, str]:
    """Numbers by person, from a JSON object.

    Raises:
        BadInput: it cannot be read, or is none.
    """
    try:
        numbers = json.loads(file.read_text(encoding="utf-8"))
    except OSError as unreadable:
        raise BadInput(f"{file} cannot be read: {unreadable.strerror}") from None
    except ValueError as unreadable:
        raise BadInput(f"{file} is no JSON: {unreadable}") from None
    if not isinstance(numbers, dict) or not all(isinstance(each, str) for each in numbers.values()):
        raise BadInput(f'{file} must be like {{"ana": "+1 555 0100"}}')
    return numbers


def numbers_of_stack() -> dict[str, str]:
    """The confirmed numbers of everybody who can be paged; empty for who has none.

    Raises:
        RemoteError: only commanders and security may see them.
    """
    found = connect().get("/v1/contacts/numbers")["people"]
    return {one["person"]: ", ".join(one["numbers"]) for one in found}


def check_place(out: Path) -> None:
    """Refuses to write numbers where a commit would take them along.

    Raises:
        BadInput: the file would lie in a repository.
    """
    if any((folder / ".git").exists() for folder in out.resolve().parents):
        raise BadInput(f"{out} lies in a repository: numbers are written outside of one")


def write_for_owner(out: Path, text: str) -> None:
    """Writes the file so that nobody else on this machine reads it."""
    out.touch(mode=_OWNER_ALONE)
    out.chmod(_OWNER_ALONE)
    out.write_text(text, encoding="utf-8")
