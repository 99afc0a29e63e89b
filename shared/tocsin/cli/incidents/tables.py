"""Incidents and their clocks as people read them: tables, colour, times with their zone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.spans import show_span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PENDING = 8
"""Exit code of what was asked for and waits for a second person."""

_STYLES = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "dim",
    "open": "bold red",
    "missed": "bold red",
    "late_on_raise": "yellow",
    "met": "green",
    "unmet": "red",
    "waived": "yellow",
    "closed": "green",
    "contained": "green",
    "done": "green",
    "late": "bold red",
}


UNSCHEDULED = "the next release: unscheduled"
"""Where a time would stand, were a release planned."""


def tinted(word: object) -> Text:
    """A word of the runbook in its colour; colour never says what the word does not."""
    text = "" if word is None else str(word)
    return Text(text, style=_STYLES.get(text, ""))


def show_incident(incident: Mapping[str, Any]) -> None:
    """One incident at its version; what was asked and waits for a second person says so first.

    Raises:
        Exit: it waits; with an exit code of its own, because asking is not doing.
    """
    if current().json:
        current().document(incident)
    elif incident.get("pending"):
        for one in incident["waiting"]:
            current().line(f"asked: {one['what']}; waits for a second person: {one['command']}")
    else:
        _rows(incident)
    if incident.get("pending"):
        raise typer.Exit(PENDING)


def _rows(incident: Mapping[str, Any]) -> None:
    current().line(f"{incident['name']}  {incident['title']}", style="bold")
    skipped = ("name", "title", "round", "correlation_id", "pending", "unlinked")
    rows: list[tuple[str, object]] = [
        (
            name.replace("_", " "),
            content(value) if isinstance(value, dict) else tinted(listed(value)),
        )
        for name, value in incident.items()
        if name not in skipped and value not in (None, [], {}, "")
    ]
    turn = incident.get("round")
    if turn:
        rows.append(("acknowledge by", f"{turn['due_at']} (round {turn['number']})"))
        rows.append(("acknowledged by", turn["acknowledged_by"] or "nobody yet"))
    current().table(("", ""), rows)
    for commit in incident.get("unlinked", ()):
        asked = f"if it is the fix: tocsin fix link {incident['name']} {commit}"
        current().line(f"{commit} was reported and is not linked; {asked}")


def show_clocks(found: Mapping[str, Any]) -> None:
    """Every clock, and the arithmetic of those that came with it."""
    if current().json:
        current().document(found)
        return
    current().line(f"{found['name']}, {found['severity']}; incident time {found['now']}")
    rows = (
        (
            one["clock"],
            one["target"],
            one["due_at"] or "unscheduled",
            tinted(one["attainment"]),
            _standing(one),
            one["recovery_due"],
        )
        for one in found["clocks"]
    )
    current().table(("clock", "target", "due (UTC)", "result", "left", "recovery due"), rows)
    for name in found["beyond_holidays"]:
        known = f"the calendar knows holidays until {found['holidays_until']}"
        current().line(f"{name}: {known}; later ones count as work days", style="yellow")
    for one in found["clocks"]:
        if one["explanation"]:
            _explain(one)


def show_preview(found: Mapping[str, Any]) -> None:
    """Old and new deadlines, side by side."""
    current().line(f"{found['name']}: {found['old']} to {found['new']}, at {found['now']}")
    rows: list[tuple[object, ...]] = []
    if asked := found["acknowledge"]:
        rows.append(("acknowledge", "", asked["old_due"], asked["new_due"], ""))
    rows += [
        (
            one["clock"],
            f"{one['old_target']} to {one['new_target']}",
            one["old_due"] or UNSCHEDULED,
            one["new_due"] or UNSCHEDULED,
            f"late on raise; recover by {one['recovery_due']}" if one["late_on_raise"] else "",
        )
        for one in found["clocks"]
    ]
    current().table(("clock", "target", "old due (UTC)", "new due (UTC)", ""), rows)


def content(values: Mapping[str, Any]) -> str:
    """The plain values; what is nested is for `--json`."""
    shown = [
        f"{name.replace('_', ' ')} {listed(value)}"
        for name, value in values.items()
        if value not in (None, "", []) and not _nested(value)
    ]
    if stored := values.get("stored"):
        shown.append(f"all {stored['size']} bytes: `content` {stored['sha256']}")
    return ", ".join(shown)


def listed(value: Any) -> str:
    """A value on one line."""
    if not isinstance(value, list):
        return str(value)
    return ", ".join(content(one) if isinstance(one, dict) else str(one) for one in value)


def left(seconds: int | None) -> str:
    """How long there is, or how long it is over."""
    if seconds is None:
        return ""
    return f"{show_span(timedelta(seconds=abs(seconds)))}{' late' if seconds < 0 else ''}"


def _standing(clock: Mapping[str, Any]) -> str:
    """What is left of a clock, also of one that stands still."""
    until = clock["paused_until"]
    return left(clock["seconds_left"]) + (f", paused until {until}" if until else "")


def _explain(clock: Mapping[str, Any]) -> None:
    """The arithmetic: what counted, day by day, what moved the promise, and the rule."""
    found = clock["explanation"]
    current().line("")
    current().line(f"{clock['clock']}: {found['rule']}", style="bold")
    where = f"zone {found['zone']}, calendar {found['calendar_version']}"
    paused = f", {found['paused_minutes']} business minutes paused"
    current().line(where + (paused if found["paused_minutes"] else ""))
    if found["stretches"]:
        rows: Iterable[tuple[object, ...]] = (
            (one["day"], one["start"], one["end"], one["minutes"], one["used"])
            for one in found["stretches"]
        )
        current().table(("day", "from (UTC)", "to (UTC)", "minutes", "sum"), rows)
    for turn in found["turns"]:
        old, new = turn["old_due"] or "none", turn["new_due"] or "none"
        current().line(f"{turn['at']}  {turn['cause']}: {old} to {new}")
    current().line(f"due {clock['due_at'] or 'unscheduled'}")


def _nested(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and _nested(value[0]))
