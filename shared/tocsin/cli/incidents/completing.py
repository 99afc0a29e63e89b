"""What a shell offers while somebody types: numbers of open incidents, and people of the roster.

The shell waits for it at every tab, so it asks once and answers with nothing rather than late or
with an error on the line that is being typed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.cli.terminal.api import connect
from tocsin.documents.fitting import one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_HELP = 60
"""Characters of what stands beside an offer."""


def incidents(incomplete: str) -> list[tuple[str, str]]:
    """Open incidents by number, each with its severity and title."""
    offers = _asked(lambda api: api.get("/v1/incidents", limit="200")["incidents"])
    return _fitting(
        ((one["name"], f"{one['severity']}: {one['title']}") for one in offers), incomplete
    )


def people(incomplete: str) -> list[tuple[str, str]]:
    """Who is on call, each with what for."""
    found = _asked(lambda api: api.get("/v1/oncall")["roles"])
    offers: dict[str, str] = {}
    for one in found:
        role = one["role"].replace("_", " ")
        for name, place in ((one["primary"], "first"), (one["backup"], "backup")):
            if name:
                offers.setdefault(name, f"{role}, {place}")
    return _fitting(offers.items(), incomplete)


def _asked(ask: Callable[[Any], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    try:
        return ask(connect())
    except Exception:  # noqa: BLE001 - whoever types is not to be told of it in the middle of a line
        return []


def _fitting(offers: Iterable[tuple[str, str]], incomplete: str) -> list[tuple[str, str]]:
    """Those that begin as typed and in the way it is typed: `inc-` offers `inc-142`, `14` `142`."""
    found = []
    for name, about in offers:
        ways = (name, name.lower(), name.rpartition("-")[2])
        fits = next((way for way in ways if way.startswith(incomplete)), None)
        if fits is not None:
            found.append((fits, shortened(one_line(about), _HELP)))
    return found
