"""Incidents and their clocks as people read them: tables, colour, times with their zone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.spans import show_span
from tocsin.documents.entries import said, spaced, target
from tocsin.incidents.vocabulary import BY_HAND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

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


def show_change(incident: Mapping[str, Any]) -> None:
    """What a write changed, and where that leaves it: a few lines, and `show` has the rest.

    What was asked and waits for a second person says so first.

    Raises:
        Exit: it waits; with an exit code of its own, because asking is not doing.
    """
    if current().json:
        current().document(incident)
    elif incident.get("pending"):
        for one in incident["waiting"]:
            current().line(f"asked: {one['what']}; waits for a second person: {one['command']}")
    else:
        _headline(incident)
        for one in incident["recorded"]:
            current().line(f"  {said(one['type'], one['content'])}")
        if not incident["recorded"]:
            current().line("  nothing new: it was so already")
        ask_about(incident)
    if incident.get("pending"):
        raise typer.Exit(PENDING)


def _headline(incident: Mapping[str, Any]) -> None:
    """Which it is, and in one line how it stands and what is next."""
    current().line(f"{incident['name']}  {incident['title']}", style="bold")
    who = f"{incident['has_it']} has it" if incident["has_it"] else "NOBODY has it"
    if incident["closed_at"]:
        who = f"closed as {spaced(incident['resolution'])}"
    current().line(f"{incident['severity']}, {spaced(incident['state'])}; {who}{_next(incident)}")


def _next(incident: Mapping[str, Any]) -> str:
    if incident["next"] is None:
        return ""
    by = "LATE since" if incident["late"] else "by"
    return f"; next: {incident['next']} {by} {minute(incident['next_due'])}"


def ask_about(incident: Mapping[str, Any]) -> None:
    """Commits that may be the fix."""
    for commit in incident["unlinked"]:
        asked = f"if it is the fix: tocsin fix link {incident['name']} {commit}"
        current().line(f"{commit} was reported and is not linked; {asked}")


def show_incident(incident: Mapping[str, Any], clocks: Sequence[Mapping[str, Any]]) -> None:
    """One incident at its version: what runs and what is promised first, then what it is."""
    _headline(incident)
    rows: list[tuple[str, object]] = []
    turn = incident["round"]
    if turn and not turn["acknowledged_by"]:
        rows.append(("acknowledge", f"by {minute(turn['due_at'])}, round {turn['number']}"))
    rows += [(one["clock"], _running(one)) for one in clocks if _runs(one)]
    rows += [("frozen", _frozen(one)) for one in incident["frozen"]]
    told = incident["communication"]
    for name, audience in (("internal", told["internal"]), ("customers", told["to_customers"])):
        if audience["next_by"]:
            rows.append(("next update", f"to {name} by {minute(audience['next_by'])}"))
    decided = {None: "not decided", True: "are told", False: "are not told"}[told["customers"]]
    rows.append(("customers", decided))
    rows += [("waits", f"{one['what']}: {one['command']}") for one in incident["waiting"]]
    rows += _facts(incident)
    current().table(("", ""), rows)
    ask_about(incident)


def _runs(clock: Mapping[str, Any]) -> bool:
    return clock["stopped_at"] is None and clock["clock"] != "acknowledge"


def _running(clock: Mapping[str, Any]) -> str:
    if clock["due_at"] is None:
        return UNSCHEDULED
    working = clock["recovery_due"] or clock["due_at"]
    return f"by {minute(working)}: {_standing(clock)} left".replace(" late left", " LATE")


def _frozen(held: Mapping[str, Any]) -> str:
    until = minute(held["until"]) if held["until"] else "contained"
    return f"{'every service' if held['service'] == '*' else held['service']} until {until}"


def _facts(incident: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """What it is, in people's words; empty ones are left out."""
    where = f"{incident['service'] or 'no service named'}, {incident['environment']}"
    yield "what", f"{incident['kind']} {spaced(incident['category'])} incident, {where}"
    yield "signals", "firing" if incident["firing"] else "quiet"
    source = incident["source"]
    opened = f"{minute(incident['opened_at'])} by {'hand' if source == BY_HAND else source}"
    yield "opened", f"{opened}, cycle {incident['cycle']}"
    if incident["began_at"]:
        yield "began", minute(incident["began_at"])
    roles = [f"{spaced(role)} {person}" for role, person in incident["roles"].items()]
    yield "roles", ", ".join(roles) or "NOBODY"
    if turn := incident["round"]:
        yield "acknowledged", f"by {turn['acknowledged_by'] or 'nobody yet'}"
    yield "impact", _impact(incident["impact"])
    found = incident["containment"]
    done = [f"{one['text']} ({spaced(one['state'])})" for one in found["actions"]]
    seen = [f"{spaced(one['check'])} {spaced(one['verdict'])}" for one in found["observations"]]
    yield "containment", ", ".join((*done, *seen)) or "nothing yet"
    if fix := content(incident["fix"]):
        yield "fix", fix
    if window := incident["window"]:
        yield "monitoring", f"until {minute(window['ends_at'])}"
    for waiver in incident["waivers"]:
        agreed = waiver["approved_by"] or "nobody yet"
        yield "waived", f"{spaced(waiver['criterion'])}, agreed by {agreed}"
    if incident["postmortem"]:
        yield "postmortem", incident["postmortem"]["url"]
    for kind, address in incident["channels"].items():
        yield spaced(kind), address
    if incident["duplicate_of"]:
        yield "goes on as", incident["duplicate_called"] or incident["duplicate_of"]
    if incident["restricted"]:
        yield "restricted", "only those with a part in it see it"
    yield "id", f"{incident['id']}, version {incident['version']}"


def _impact(found: Mapping[str, Any] | None) -> str:
    return "not recorded" if found is None else content(found)


def second(text: str) -> str:
    """An instant to the second: `2026-09-08 14:15:00Z`."""
    return f"{text[:10]} {text[11:19]}Z"


def minute(text: str) -> str:
    """An instant to the minute, in UTC as everywhere on the command line: `09-08 14:15Z`."""
    return f"{text[5:10]} {text[11:16]}Z"


def _minute_or(text: str | None, otherwise: str) -> str:
    return minute(text) if text else otherwise


def show_clocks(found: Mapping[str, Any]) -> None:
    """Every clock, and the arithmetic of those that came with it."""
    if current().json:
        current().document(found)
        return
    current().line(f"{found['name']}, {found['severity']}; incident time {found['now']}")
    rows = (
        (
            one["clock"],
            target(one["target"]),
            _minute_or(one["due_at"], "unscheduled"),
            tinted(one["attainment"]),
            _standing(one),
            _minute_or(one["recovery_due"], ""),
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
        due = (_minute_or(asked["old_due"], ""), _minute_or(asked["new_due"], ""))
        rows.append(("acknowledge", "", *due, ""))
    rows += [
        (
            one["clock"],
            f"{target(one['old_target'])} to {target(one['new_target'])}",
            _minute_or(one["old_due"], UNSCHEDULED),
            _minute_or(one["new_due"], UNSCHEDULED),
            f"late on raise; recover by {_minute_or(one['recovery_due'], UNSCHEDULED)}"
            if one["late_on_raise"]
            else "",
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
