"""`tocsin oncall`: who is on call, and the rotations and overrides that say so.

Through the API like everything else: a commander sets rotations, and anybody may take over from
somebody in person. Times without a zone are in the rotation's zone where one is named, else UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003 -- Typer reads the annotations
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path  # noqa: TC003 -- the same
from typing import Annotated, Any

import typer

from tocsin.cli.terminal.api import ApiUrl, As, OnApi, connect, connect_to
from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.spans import read_count, read_span
from tocsin.cli.terminal.values import spread
from tocsin.documents.ical import calendar
from tocsin.documents.times import full_moment
from tocsin.errors import BadInput
from tocsin.incidents.runbook.calendar import load_zone
from tocsin.incidents.timeline.entry import format_time, parse_time
from tocsin.incidents.vocabulary import Role
from tocsin.people.rotation import OnCall, Rank, Shift

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, help="Who is on call, now or at another time."
)
rotations = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="A role's turns.")
overrides = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Somebody else for a while."
)
app.add_typer(rotations, name="rotation")
app.add_typer(overrides, name="override")

RoleName = Annotated[Role, typer.Argument(help="The role.", metavar="ROLE")]
At = Annotated[str | None, typer.Option(help="Another time, RFC 3339.", show_default=False)]
_FARTHEST = 366
_PLACES = ("role", "primary", "backup", "deputies")


@app.callback(invoke_without_command=True)
def on_call(
    context: typer.Context, *, at: At = None, api_url: ApiUrl = None, person: As = None
) -> None:
    """Who is on call for every role, now or at another time."""
    if context.invoked_subcommand is not None:
        return
    moment = format_time(_moment(at)) if at else None
    found = connect_to(api_url, person).get("/v1/oncall", at=moment)
    if current().json:
        current().document(found)
        return
    current().line(f"on call at {found['at']}; engineering lead {found['engineering_lead']}")
    current().table(_PLACES, (_row(one) for one in found["roles"]))


@app.command(cls=OnApi)
def ical(
    *,
    role: Annotated[Role | None, typer.Option(help="Only this role.")] = None,
    days: Annotated[str, typer.Option(help="How far ahead, like 90d; a year at most.")] = "180d",
    out: Annotated[Path | None, typer.Option(help="Write here, not to the terminal.")] = None,
) -> None:
    """The days ahead as an iCalendar file (RFC 5545)."""
    ahead = read_count(days, "days")
    if not 1 <= ahead <= _FARTHEST:
        raise BadInput(f"--days is 1d to {_FARTHEST}d, not {days}", field="days")
    api = connect()
    now = parse_time(api.get("/v1/oncall")["at"])
    found = api.get(
        "/v1/oncall/shifts",
        role=role and role.value,
        **{"from": format_time(now), "to": format_time(now + timedelta(days=ahead))},
    )["shifts"]
    text = calendar((_shift(one) for one in found), name="Tocsin on call", now=now)
    if out is None:
        typer.echo(text, nl=False)
        return
    out.write_bytes(text.encode())
    current().line(f"{len(found)} shifts written to {out}")


@rotations.command("show", cls=OnApi)
def show_rotation(role: RoleName) -> None:
    """A role's rotation, who set it, and what it was before."""
    found = connect().get(f"/v1/oncall/{role.value}")
    if current().json:
        current().document(found)
        return
    columns = ("now", "members", "every", "from", "zone", "set by", "set at")
    rows = [("yes", found["rotation"])] if found["rotation"] else []
    rows += [("was", one) for one in reversed(found["past"])]
    if not rows:
        current().line(f"no rotation for {role.value}: the runbook's roster stands")
    else:
        current().table(columns, (_turns(mark, one) for mark, one in rows))


@dataclass(frozen=True, slots=True)
class Turns:
    """Who takes turns, and when they change."""

    member: Annotated[list[str], typer.Option(help="Who takes turns, in order; `-`: nobody.")]
    starts: Annotated[str, typer.Option(help="The first hand-off, like 2026-09-07T09:00.")]
    zone: Annotated[str, typer.Option(help="Whose wall clock, like Europe/Berlin.")]
    days: Annotated[str, typer.Option(help="How long a turn is, like 7d.")] = "7d"
    backup: Annotated[list[str] | None, typer.Option(help="Backups taking turns.")] = None
    deputy: Annotated[list[str] | None, typer.Option(help="Who comes last, in order.")] = None


@rotations.command("set", cls=OnApi)
@spread
def set_rotation(
    role: RoleName,
    *,
    turns: Turns,
    now: Annotated[
        bool, typer.Option("--now", help="Also for the turn that runs, not from the next one on.")
    ] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show whose turns would change, and change nothing.")
    ] = False,
) -> None:
    """Say who takes turns (commander); shows whose turns change, and tells them."""
    length = read_count(turns.days, "days")
    body = {
        "members": ["" if each == "-" else each for each in turns.member],
        "starts_at": format_time(_moment(turns.starts, load_zone(turns.zone))),
        "zone": turns.zone,
        "length_days": length,
        "backups": turns.backup or [],
        "deputies": turns.deputy or [],
    } | ({"at_once": True} if now else {})
    api = connect()
    found = api.post(f"/v1/oncall/{role.value}/preview", body)
    if not current().json:
        _changes(found["turns"], turns.zone)
    if preview:
        if current().json:
            current().document(found)
        return
    made = api.post(f"/v1/oncall/{role.value}/rotation", body)
    people = ", ".join(turns.member)
    _told(made, f"{role.value}: {people}, every {length} days from {made['starts_at']}")


@overrides.command("add", cls=OnApi)
def add_override(
    role: RoleName,
    who: Annotated[str, typer.Argument(help="Who takes over.")],
    *,
    until: Annotated[str, typer.Option(help="When it ends: a time, or a span like 8h.")],
    starts: Annotated[str | None, typer.Option(help="When it begins; now without.")] = None,
    rank: Annotated[Rank, typer.Option(help="Whose place.")] = Rank.PRIMARY,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    key: Annotated[str | None, typer.Option(help="Idempotency key.")] = None,
) -> None:
    """Put somebody in the place of whoever's turn it is, until it ends."""
    api = connect()
    now = parse_time(api.get("/v1/oncall")["at"])
    begins = _moment(starts) if starts else now
    body = {
        "person": who,
        "starts_at": format_time(begins),
        "ends_at": format_time(_end(until, begins)),
        "rank": rank.value,
        "reason": reason,
    }
    made = api.post(f"/v1/oncall/{role.value}/overrides", body, key=key)
    _told(made, f"{made['id']}: {who} from {made['starts_at']} until {made['ends_at']}")


@overrides.command("list", cls=OnApi)
def list_overrides(role: RoleName) -> None:
    """The overrides of a role that are not over."""
    found = connect().get(f"/v1/oncall/{role.value}")["overrides"]
    if current().json:
        current().document(found)
        return
    columns = ("id", "person", "rank", "starts_at", "ends_at", "reason", "set_by")
    current().table(columns, ([one[name] for name in columns] for one in found))


@overrides.command("end", cls=OnApi)
def end_override(
    role: RoleName,
    override: Annotated[str, typer.Argument(help="Its id.")],
) -> None:
    """End an override now."""
    path = f"/v1/oncall/{role.value}/end-override"
    ended = connect().post(path, {"override": override})
    _told(ended, f"{ended['id']} ended at {ended['ends_at']}")


def _changes(turns: Sequence[Mapping[str, Any]], zone: str) -> None:
    """Whose turns are others', in the rotation's zone; a line where there are none."""
    if not turns:
        current().line("nobody's turn of the next 180 days changes")
        return
    rows = (
        (
            full_moment(parse_time(one["starts_at"]), zone).partition(" (")[0],
            full_moment(parse_time(one["ends_at"]), zone).partition(" (")[0],
            one["before"] or "NOBODY",
            one["after"] or "NOBODY",
        )
        for one in turns
    )
    current().table(("from", "until", "before", "after"), rows)


def _told(document: Mapping[str, Any], line: str) -> None:
    if current().json:
        current().document(document)
    else:
        current().line(line)


def _row(place: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        place["role"],
        place["primary"] or "NOBODY",
        place["backup"] or "",
        ", ".join(place["deputies"]),
    )


def _turns(mark: str, rotation: Mapping[str, Any]) -> tuple[str, ...]:
    members = ", ".join(each or "-" for each in rotation["members"])
    every = f"{rotation['length_days']} days"
    return (
        mark,
        members,
        every,
        rotation["starts_at"],
        rotation["zone"],
        rotation["set_by"],
        rotation["set_at"] or "",
    )


def _shift(shift: Mapping[str, Any]) -> Shift:
    people = OnCall(shift["primary"], shift["backup"], tuple(shift["deputies"]))
    starts, ends = parse_time(shift["starts_at"]), parse_time(shift["ends_at"])
    return Shift(Role(shift["role"]), starts, ends, people)


def _end(text: str, start: datetime) -> datetime:
    try:
        return start + read_span(text)
    except BadInput:
        return _moment(text)


def _moment(text: str, zone: tzinfo = UTC) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{text!r} is no time like 2026-09-07T09:00") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
