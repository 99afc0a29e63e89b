"""`tocsin freeze`: what is frozen, what was, and whether one change may go out now.

`check` is for pipelines: 0 says that the change may go out, 1 that a freeze stops it, 7 that nobody
can say and that it is to wait then. Where nobody can say and changes go out all the same, the
answer is 0 and says so on stderr, in capitals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tocsin.cli.incidents.tables import minute
from tocsin.cli.terminal.api import ApiUrl, As, connect, connect_to
from tocsin.cli.terminal.output import current
from tocsin.errors import RemoteError, Unavailable
from tocsin.incidents.queries.freeze import EVERY_SERVICE, ChangeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MAY_GO, FROZEN, NOBODY_KNOWS = 0, 1, 7
_TROUBLE = 500
_SLOWER = 429

type Fails = Literal["open", "closed"]
Service = Annotated[str | None, typer.Option(help="Only whether this one is frozen.")]


def shown(
    ctx: typer.Context,
    *,
    service: Service = None,
    api_url: ApiUrl = None,
    person: As = None,
) -> None:
    """Show what is frozen, by which incident, and until when."""
    if ctx.invoked_subcommand is not None:
        return
    found = connect_to(api_url, person).get("/v1/freeze", service=service)
    if current().json:
        current().document(found)
        return
    _headline(found)
    for one in (*found["held_by"], *found["drills"]):
        until = f"until {minute(one['until'])}" if one["until"] else "until contained"
        drill = ", a drill: only reported" if one in found["drills"] else ""
        what, by = _what(one), _by(one)
        current().line(f"  {what} by {by}, since {minute(one['since'])}, {until}{drill}")


def list_freezes(*, service: Service = None) -> None:
    """What is frozen now, one line each: by what, since when, until when, and what passes."""
    found = connect().get("/v1/freeze", service=service)
    if current().json:
        current().document([*found["held_by"], *found["drills"]])
        return
    _headline(found)
    rows = [(one, "frozen") for one in found["held_by"]]
    rows += [(one, "drill") for one in found["drills"]]
    _table((*_row(one), kind, _passes(one)) for one, kind in rows)


def history(*, service: Service = None) -> None:
    """What was frozen in the last month and is free again, the latest first."""
    found = connect().get("/v1/freeze", service=service, over="true")
    if current().json:
        current().document(found["over"])
        return
    if not found["over"]:
        current().line("nothing was frozen in the last month and is free again")
        return
    _table((*_row(one), "over", _passes(one)) for one in found["over"])


def check(
    *,
    service: Annotated[str, typer.Option(help="Which service the change is of.")],
    change: Annotated[
        ChangeKind, typer.Option(help="What is changed in production.")
    ] = ChangeKind.CODE,
    name: Annotated[
        str | None,
        typer.Option(
            help="What the change was let through as: a commit, a pull request, a flag.",
            show_default=False,
        ),
    ] = None,
    fail: Annotated[
        Literal["open", "closed"],
        typer.Option(help="What becomes of the change while Tocsin does not answer."),
    ] = "open",
) -> None:
    """Whether a change may go out now; ends with 0 if it may, 1 if not, 7 if nobody can say.

    What cannot be asked because it is set up wrong (a role, an address) ends with its own code,
    whatever `--fail` says.
    """
    try:
        found: Mapping[str, Any] = connect().get(
            "/v1/freeze", service=service, change=change.value, name=name
        )
    except Unavailable as error:
        found = _unasked(service, fail, error.detail)
    except RemoteError as error:
        if error.http_status < _TROUBLE and error.http_status != _SLOWER:
            raise
        found = _unasked(service, fail, error.detail)
    code = MAY_GO if found["allowed"] else FROZEN if found["known"] else NOBODY_KNOWS
    if current().json:
        current().document(found)
    else:
        current().line(f"{service}: {'may go out' if found['allowed'] else 'WAIT'}: {found['why']}")
    if not found["known"]:
        current().err.print(
            f"NOBODY KNOWS WHETHER {service} IS FROZEN. Failing {found['fails']}.", markup=False
        )
    if code:
        raise typer.Exit(code)


QUESTIONS: Mapping[str, Callable[..., None]] = {
    "check": check,
    "list": list_freezes,
    "history": history,
}
"""Steps of the group that change nothing and name no incident."""


def _unasked(service: str, fail: str, detail: str) -> dict[str, Any]:
    """What is said in the place of an answer; in the shape of one."""
    return {
        "service": service,
        "frozen": False,
        "allowed": fail == "open",
        "known": False,
        "fails": fail,
        "why": f"Tocsin does not answer ({detail}); told to fail {fail}",
        "held_by": [],
    }


def _headline(found: Mapping[str, Any]) -> None:
    if not found["known"]:
        current().line(found["why"])
        return
    what = found["service"] or "deployments"
    current().line(f"{what}: {'FROZEN' if found['frozen'] else 'free'}")


def _table(rows: Iterable[tuple[str, ...]]) -> None:
    if cells := list(rows):
        current().table(("service", "by", "since", "until", "state", "let through"), cells)


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    until = minute(one["until"]) if one["until"] else "contained"
    return _what(one), _by(one), minute(one["since"]), until


def _what(one: Mapping[str, Any]) -> str:
    return "every service" if one["service"] == EVERY_SERVICE else str(one["service"])


def _by(one: Mapping[str, Any]) -> str:
    return str(one["name"] or "an incident you cannot see")


def _passes(one: Mapping[str, Any]) -> str:
    return " ".join(change[:12] for change in one["let_through"] or ())
