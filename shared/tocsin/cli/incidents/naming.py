"""Which incident a command is about, when nobody said: the only one that is open.

For people at a terminal only. A script that forgets the name is told so: what it meant may be
another incident tomorrow.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from tocsin.cli.terminal.api import OnApi
from tocsin.runtime.api_client import segment

if TYPE_CHECKING:
    from tocsin.runtime.api_client import ApiClient

ONLY = "only"
_MISSING = "MissingParameter"
_ID = re.compile(r"(?:INC|DRL)-[0-9A-Z]{26}")


class OnOne(OnApi):
    """A command on one incident, which comes first on the line and may be left out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Reads the line; one that lacks a word is read as one without the incident."""
        line = list(args)
        try:
            return super().parse_args(ctx, list(line))
        except Exception as error:
            if type(error).__name__ != _MISSING or not at_terminal():
                raise
            ctx.params.clear()
            try:
                return super().parse_args(ctx, [ONLY, *line])
            except Exception:  # noqa: BLE001 - what is wrong is what was wrong with the line as typed
                raise error from None


def at_terminal() -> bool:
    """Whether a person types and reads."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def id_of(api: ApiClient, name: str) -> str:
    """The id that a name stands for, where something else than an incident's own path takes it."""
    if _ID.fullmatch(name):
        return name
    return str(api.get(f"/v1/incidents/{segment(name)}")["id"])
