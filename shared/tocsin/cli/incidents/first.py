"""`tocsin first INCIDENT`: the first five minutes of whoever was woken, on one screen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import typer

from tocsin.cli.incidents.naming import OnOne
from tocsin.cli.incidents.tables import minute
from tocsin.cli.incidents.verbs import Incident  # noqa: TC001 -- Typer reads the annotations
from tocsin.cli.terminal.api import connect
from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.spans import show_span
from tocsin.documents import briefing
from tocsin.incidents.queries.briefing import Brief
from tocsin.incidents.timeline.codec import decode_fields
from tocsin.runtime.api_client import segment

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(cls=OnOne)
def first(
    incident: Incident,
) -> None:
    """What you need to know in the first five minutes."""
    found = connect().get(f"/v1/incidents/{segment(incident)}/first")
    if current().json:
        current().document(found)
        return
    for line in lines(found):
        current().line(line)


def lines(found: dict[str, Any]) -> list[str]:
    """The screen, in the order things are needed: what the page said, then the rest."""
    place = f"{found['service'] or 'no service named'}, {found['environment']}"
    mine = "you were asked" if found["mine"] else "you were not asked"
    return [
        *briefing.lines(decode_fields(Brief, found["brief"])),
        "",
        f"{place}; {found['state']}, signals {'firing' if found['firing'] else 'quiet'}; {mine}",
        *([found["detail"]] if found["detail"] else []),
        "",
        *(_asked(one) for one in found["asked"]),
        *(f"  nobody is on call as {role}" for role in found["nobody_on_call"]),
        "",
        *(_clock(one) for one in found["clocks"]),
        *(f"{name}: unscheduled (no release is planned)" for name in found["unscheduled"]),
        "",
        *(_post(one) for one in found["roles"]),
        "",
        *_phase(found["phase"]),
        *(f"containment: {text}" for text in found["containment_choices"]),
        *_all_suggested(found.get("suggested", []), found["name"]),
        "",
        _customers(found["customers"]),
    ]


def _asked(one: dict[str, Any]) -> str:
    have = "has it" if one["acknowledged"] else "no answer"
    often = "once" if one["times"] == 1 else f"{one['times']} times, last"
    return f"  asked {one['person']} {often} {minute(one['last_at'])}: {have}"


def _clock(one: dict[str, Any]) -> str:
    left = timedelta(minutes=one["minutes_left"])
    until = f"{show_span(abs(left))} {'LATE' if left < timedelta() else 'left'}"
    if one["paused_until"]:
        until += f", paused until {minute(one['paused_until'])}"
    return f"{one['clock']}: {until} (due {minute(one['due_at'])})"


def _post(one: dict[str, Any]) -> str:
    role = one["role"].replace("_", " ")
    if one["holder"]:
        return f"{role}: {one['holder']}"
    return f"{role}: NOBODY; on call {one['on_call'] or 'nobody'}, then {one['backup'] or 'nobody'}"


def _phase(phase: dict[str, Any] | None) -> list[str]:
    if phase is None:
        return []
    items = (f"  [{'x' if one['done'] else ' '}] {one['text']}" for one in phase["items"])
    return [phase["title"], *items]


def _all_suggested(found: list[dict[str, Any]], name: str) -> list[str]:
    lines = [line for one in found for line in _suggested(one)]
    return [*lines, f"what each takes: tocsin contain list {name}"] if lines else []


def _suggested(one: dict[str, Any]) -> list[str]:
    """A way to contain it and the weightiest reason for it: a person decides."""
    return [f"fits: {one['title']}", f"  since {one['reasons'][0]}"]


def _customers(told: dict[str, Any]) -> str:
    decided = {None: "not decided", True: "are told", False: "are not told"}[told["told"]]
    next_by = f", next update by {minute(told['next_by'])}" if told["next_by"] else ""
    return f"customers: {decided}{next_by}"
