"""`tocsin doctor`: what would go wrong in an incident, looked for while there is none.

Each check asks the deployed API and answers with what it found wrong; a new check is one function
and one line in `CHECKS`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import typer

from tocsin.cli.terminal.api import ApiUrl, As, connect
from tocsin.cli.terminal.output import current
from tocsin.errors import CheckFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.runtime.api_client import ApiClient

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_PROBLEMS = {
    "fewer_than_two_ways": "has fewer than two confirmed ways",
    "no_way_that_rings": "has no confirmed way other than mail",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend: which check found it, about whom or what, and what it is."""

    check: str
    about: str
    what: str


def reachability(api: ApiClient) -> list[Finding]:
    """Everybody of the roster, of rotations and of overrides who could be missed."""
    return [
        Finding("reachability", one["person"], _PROBLEMS.get(problem, problem))
        for one in api.get("/v1/reachability")["unreachable"]
        for problem in one["problems"]
    ]


CHECKS: Mapping[str, Callable[[ApiClient], list[Finding]]] = {"reachability": reachability}


@app.command()
def doctor(api_url: ApiUrl = None, person: As = None) -> None:
    """Look for what would go wrong in an incident; exits 1 if anything is found."""
    api = connect(api_url, person)
    found = [finding for check in CHECKS.values() for finding in check(api)]
    if current().json:
        current().document([asdict(finding) for finding in found])
    elif found:
        current().table(
            ("check", "about", "what"), ((one.check, one.about, one.what) for one in found)
        )
    else:
        current().line(f"nothing to mend: {', '.join(CHECKS)}")
    if found:
        raise CheckFailed(f"{len(found)} things to mend", found=len(found))
