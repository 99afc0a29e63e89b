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
from tocsin.cli.terminal.api import CALLER, OnApi, connect_to
from tocsin.cli.terminal.output import current
from tocsin.errors import CheckFailed, TocsinError, Unavailable
from tocsin.policy.compiled.doubts import doubts
from tocsin.runtime.api_client import segment

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


@app.command(cls=OnApi)
def doctor(
    file: Annotated[
        Path, typer.Option(help="The deployment: where it is, its account is looked at too.")
    ] = Path("tocsin.toml"),
    page: Annotated[
        str | None,
        typer.Option(metavar="PERSON", help="Send a test to a person by each confirmed way."),
    ] = None,
) -> None:
    """Look for what would go wrong in an incident; exits 1 if anything is found.

    Before and after a deployment: what is missing in the account, as the file describes it.
    With --page somebody gets a test by each of their ways, and says whether it arrived.
    """
    found, checks, unasked = list[Finding](), list(CHECKS), list[Finding]()
    api_url = CALLER.api_url
    if file.is_file():
        looked = _in_the_account(file, api_url)
        found, unasked, api_url = looked.found, looked.unasked, looked.api_url
        checks = [*looked.checks, *(CHECKS if api_url else ())]
    if api_url or not file.is_file():
        try:
            api = connect_to(api_url, CALLER.person)
            found += [finding for check in CHECKS.values() for finding in check(api)]
            found += [] if page is None else _paged(api, page)
        except Unavailable as error:
            if not file.is_file():
                raise
            found.append(Finding("reachability", str(api_url), f"not looked at: {error.detail}"))
    _show(found, checks, unasked, offered=page is None)
    if found:
        raise CheckFailed(f"{len(found)} things to mend", found=len(found))


def _show(
    found: list[Finding], checks: list[str], unasked: list[Finding], *, offered: bool
) -> None:
    """What was found, what only a person can look at, and what else could be tried."""
    if current().json:
        current().document([asdict(finding) for finding in (*found, *unasked)])
        return
    if found:
        current().table(
            ("check", "about", "what"), ((one.check, one.about, one.what) for one in found)
        )
    else:
        current().line(f"nothing to mend: {', '.join(checks)}")
    for one in unasked:
        current().line(f"{one.check}, {one.about}: {one.what}")
    if offered and not found:
        current().line("Does a page arrive? tocsin doctor --page PERSON sends a test.")


def _paged(api: ApiClient, person: str) -> list[Finding]:
    """Sends the person a test by each confirmed way; what kept one from leaving."""
    shown = api.get("/v1/contacts", person=person)["ways"]
    confirmed = [one for one in shown if one["state"] == "confirmed"]
    if not confirmed:
        return [Finding("page", person, "has no confirmed way: `tocsin contact add`")]
    found = []
    for one in confirmed:
        way = f"{one['kind']} {one['address']}"
        try:
            api.post(f"/v1/contacts/{segment(one['way'])}/test", {"person": person})
        except TocsinError as error:
            found.append(Finding("page", person, f"{way} did not take a test: {error.detail}"))
        else:
            current().progress(f"a test went to {person} by {way}: did it arrive?")
    return found


@dataclass(frozen=True, slots=True)
class _Account:
    """What its checks found, their names, what only a person can look at, and where the API is."""

    found: list[Finding]
    checks: list[str]
    unasked: list[Finding]
    api_url: str | None


def _in_the_account(file: Path, api_url: str | None) -> _Account:
    """The account as the file describes it; the API's address once it is deployed."""
    from tocsin.production import doctor as deployed  # noqa: PLC0415 - loads AWS's client
    from tocsin.production.road import Road  # noqa: PLC0415

    road = Road.to(file, progress=current().progress)
    return _Account(
        [Finding(one.check, one.about, one.what) for one in road.examine()],
        list(deployed.CHECKS),
        [Finding(one.check, one.about, one.what) for one in road.unasked()],
        api_url or road.api_url(),
    )
