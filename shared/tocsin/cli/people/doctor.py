"""`tocsin doctor`: what would go wrong in an incident, looked for while there is none.

Each check asks the deployed API and answers with what it found wrong; a new check is one function
and one line in `CHECKS`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.runbook.versions import in_force
from tocsin.cli.terminal.api import ApiUrl, As, connect
from tocsin.cli.terminal.output import current
from tocsin.errors import CheckFailed, Unavailable
from tocsin.policy.compiled.doubts import doubts

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


def calendar(api: ApiClient) -> list[Finding]:
    """Where the calendar of the runbook in force will mislead: its place, zone or holidays."""
    _, policy = in_force(api)
    return [
        Finding("calendar", one.key, one.text)
        for one in doubts(policy, datetime.now(UTC).date())
        if one.key.startswith("business_time.")
    ]


CHECKS: Mapping[str, Callable[[ApiClient], list[Finding]]] = {
    "reachability": reachability,
    "calendar": calendar,
}


@app.command()
def doctor(
    api_url: ApiUrl = None,
    person: As = None,
    file: Annotated[
        Path, typer.Option(help="The deployment: where it is, its account is looked at too.")
    ] = Path("tocsin.toml"),
) -> None:
    """Look for what would go wrong in an incident; exits 1 if anything is found.

    Before and after a deployment: what is missing in the account, as the file describes it.
    """
    found, checks = list[Finding](), list(CHECKS)
    if file.is_file():
        found, known, api_url = _in_the_account(file, api_url)
        checks = [*known, *CHECKS] if api_url else known
    if api_url or not file.is_file():
        try:
            api = connect(api_url, person)
            found += [finding for check in CHECKS.values() for finding in check(api)]
        except Unavailable as error:
            if not file.is_file():
                raise
            found.append(Finding("reachability", str(api_url), f"not looked at: {error.detail}"))
    if current().json:
        current().document([asdict(finding) for finding in found])
    elif found:
        current().table(
            ("check", "about", "what"), ((one.check, one.about, one.what) for one in found)
        )
    else:
        current().line(f"nothing to mend: {', '.join(checks)}")
    if found:
        raise CheckFailed(f"{len(found)} things to mend", found=len(found))


def _in_the_account(file: Path, api_url: str | None) -> tuple[list[Finding], list[str], str | None]:
    """What its checks found, their names, and where the API is once it is deployed."""
    from tocsin.production import doctor as deployed  # noqa: PLC0415 - loads AWS's client
    from tocsin.production.road import Road  # noqa: PLC0415

    road = Road.to(file, progress=current().progress)
    found = [Finding(one.check, one.about, one.what) for one in road.examine()]
    return found, list(deployed.CHECKS), api_url or road.api_url()
