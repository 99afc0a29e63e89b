"""Runbook files as commands take them, and how differences between two runbooks are shown.

A FILE is a runbook that holds only what differs from the shipped one; a `.json` is a compiled
policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.cli.terminal.output import current
from tocsin.errors import BadInput
from tocsin.policy.compiled.policies import from_json

if TYPE_CHECKING:
    from pathlib import Path

    from tocsin.incidents.runbook.policy import ChangedKey, Policy


def compiled(file: Path | None) -> Policy:
    """The policy of the shipped runbook, with a file over it. Raises `InvalidRunbook`."""
    # Loads pydantic, yaml and the holidays library: nothing that a quick --help should wait for.
    from tocsin.policy.authoring.compiler import compile_policy, load  # noqa: PLC0415

    return compile_policy(load(file))


def any_policy(file: Path | None) -> Policy:
    """The policy of a runbook file or of a compiled one."""
    if file is not None and file.suffix == ".json":
        return from_json(text_of(file).encode())
    return compiled(file)


def shipped() -> Policy:
    """The policy of the shipped runbook."""
    return compiled(None)


def text_of(file: Path) -> str:
    """What the file says. Raises `BadInput` where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise BadInput(f"{file} cannot be read: {unreadable}") from None


def show_changes(keys: tuple[ChangedKey, ...]) -> None:
    """Old and new value of each key."""
    if not keys:
        current().line("no differences")
        return
    current().table(
        ("key", "old", "new"), ((one.key, one.old or "-", one.new or "-") for one in keys)
    )


def counted(number: int, word: str) -> str:
    """So many of something, in words that agree."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
