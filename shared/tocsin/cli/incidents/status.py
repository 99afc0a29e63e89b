"""How far an incident has come, and the verbs that ask before they act.

`clocks`, `metrics`, `gate` and `checklist` look; `severity` shows old and new deadlines and asks;
`verify` runs the smoke tests the runbook names.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 -- Typer reads the annotations
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

import typer

from tocsin.cli.incidents.naming import OnOne
from tocsin.cli.incidents.shortcuts import looked
from tocsin.cli.incidents.smoke_tests import run_smoke_tests
from tocsin.cli.incidents.tables import (
    UNSCHEDULED,
    left,
    minute,
    show_change,
    show_clocks,
    show_preview,
    tinted,
)
from tocsin.cli.incidents.verbs import Envelope, IfVersion, Incident, Key, send
from tocsin.cli.terminal.api import connect
from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.spans import read_instant
from tocsin.cli.terminal.values import spread
from tocsin.errors import BadInput, CheckFailed
from tocsin.incidents.commands.verbs import STEP
from tocsin.incidents.model.parts import Check, ItemState, Verdict
from tocsin.incidents.timeline.entry import format_time
from tocsin.incidents.vocabulary import Severity  # noqa: TC001 -- the same
from tocsin.runtime.api_client import segment

BY_HAND = frozenset({"severity", "checklist", "verify"})
"""Verbs whose command stands here, with more to it than its fields."""


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    for command in (clocks, metrics, gate, checklist, severity, verify):
        app.command(cls=OnOne)(command)


def clocks(
    incident: Incident,
    *,
    explain: Annotated[
        bool, typer.Option("--explain", help="How each deadline came about, to count again.")
    ] = False,
) -> None:
    """Show the clocks of an incident."""
    path = f"/v1/incidents/{segment(incident)}/clocks"
    show_clocks(connect().get(path, explain="true" if explain else None))


def metrics(incident: Incident) -> None:
    """Show how long it took and which promises were kept, from the timeline alone."""
    found = connect().get(f"/v1/incidents/{segment(incident)}/metrics")
    if current().json:
        current().document(found)
        return
    names = ("detection_lag", "time_to_triage", "time_to_acknowledge", "time_to_contain")
    rows = [(name, found[name]) for name in (*names, "time_to_fix", "time_to_close")]
    rows += [(f"stretch {name}", seconds) for name, seconds in found["phases"].items()]
    current().line(f"{found['name']}, reopened {found['reopened']} times")
    if found["time_to_triage"] is not None:
        current().line(f"the report was triaged: {found['triaged']}")
    current().table(("", "time"), ((name.replace("_", " "), left(each)) for name, each in rows))
    current().table(
        ("cycle", "clock", "result"),
        (
            (cycle["cycle"], clock, tinted(result))
            for cycle in found["cycles"]
            for clock, result in cycle["attainment"].items()
        ),
    )


def gate(
    incident: Incident,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Exit code 1 while something is unmet.")
    ] = False,
) -> None:
    """Show each criterion for closing: met or not, its evidence or the next step."""
    found = connect().get(f"/v1/incidents/{segment(incident)}/gate")
    if current().json:
        current().document(found)
    else:
        current().line(f"{found['name']}: the gate is {'open' if found['open'] else 'shut'}")
        rows = (
            (one["code"], tinted(one["status"]), one["text"], one["evidence"] or one["next_step"])
            for one in found["criteria"]
        )
        current().table(("code", "status", "criterion", "evidence or next step"), rows)
    if check and not found["open"]:
        unmet = [one["code"] for one in found["criteria"] if one["status"] == "unmet"]
        raise CheckFailed(f"unmet: {', '.join(unmet)}")


def checklist(
    incident: Incident,
    item: Annotated[str | None, typer.Argument(help="The item to settle.", metavar="ITEM")] = None,
    state: Annotated[ItemState | None, typer.Argument(help="Done, or not applicable.")] = None,
    *,
    detail: Annotated[str, typer.Option(help="Evidence, or why it does not apply.")] = "",
    key: Key = None,
    if_version: IfVersion = None,
) -> None:
    """Show what to do next and every phase; with ITEM and STATE, settle an item."""
    if item is not None:
        if state is None:
            raise BadInput("say whether the item is `done` or `not_applicable`", field="state")
        body = {"item": item, "state": state.value, "detail": detail}
        show_change(send(incident, "checklist", body, Envelope(key=key, if_version=if_version)))
        return
    found = connect().get(f"/v1/incidents/{segment(incident)}/checklist")
    if current().json:
        current().document(found)
        return
    current().line(f"{found['name']} at {minute(found['now'])}: next", style="bold")
    current().table(
        ("do", "by (UTC)"),
        ((one["text"], one["due_at"] and minute(one["due_at"])) for one in found["priorities"]),
    )
    for phase in found["phases"]:
        current().line("")
        due = phase["due_at"]
        by = minute(due) if due else (UNSCHEDULED if phase["unscheduled"] else "no fixed time")
        current().line(f"{phase['title']}, by {by}", style="bold")
        rows = (
            (tinted(one["state"] or "open"), one["item"], one["text"], _settled_by(one))
            for one in phase["items"]
        )
        current().table(("state", "item", "what", "by"), rows)


@spread
def severity(
    incident: Incident,
    to: Annotated[Severity, typer.Argument(help="The new severity.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; needed to lower it.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    envelope: Envelope,
) -> None:
    """Raise or lower the severity: shows old and new deadlines, and asks.

    With --json nothing is shown first and nothing is asked: then --yes is needed.
    """
    if current().json and not yes:
        raise BadInput("with --json nobody can be asked: add --yes")
    if not yes:
        path = f"/v1/incidents/{segment(incident)}/severity"
        found = connect().get(path, to=to.value)
        show_preview(found)
        if not typer.confirm("Change it?", err=True):
            raise CheckFailed("not confirmed: nothing has changed")
        # What was confirmed is what was shown: a version that has moved on is refused.
        if envelope.if_version is None:
            envelope = replace(envelope, if_version=found["version"])
    show_change(send(incident, "severity", {"severity": to.value, "reason": reason}, envelope))


@dataclass(frozen=True, slots=True)
class Look:
    """One look, in words of its own."""

    check: Annotated[Check | None, typer.Option(help="Record a look of this kind.")] = None
    verdict: Annotated[Verdict | None, typer.Option(help="What looking showed.")] = None
    detail: Annotated[str, typer.Option(help="What was looked at, or why not.")] = ""


@dataclass(frozen=True, slots=True)
class Passed:
    """Looks that passed, each by what was seen."""

    logs: Annotated[str, typer.Option("--logs", "-l", help="What the logs show: passed.")] = ""
    smoke_test: Annotated[
        str, typer.Option("--smoke-test", "-s", help="What a smoke test showed: passed.")
    ] = ""
    targeted_check: Annotated[
        str, typer.Option("--targeted-check", "-t", help="What a check of it showed: passed.")
    ] = ""

    @property
    def looks(self) -> dict[Check, str]:
        """Those that were given."""
        return {Check(name): seen for name, seen in asdict(self).items() if seen}


@spread
def verify(
    incident: Incident,
    *,
    look: Look,
    contained: Annotated[
        bool, typer.Option("--contained", "-c", help="Say that harm has stopped.")
    ] = False,
    passed: Passed,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show which smoke tests would run; send nothing.")
    ] = False,
    effective_at: Annotated[
        str | None, typer.Option(help="When it stopped, with its zone; moves no clock.")
    ] = None,
    envelope: Envelope,
) -> None:
    """Run the smoke tests of its policy; or record looks, and with --contained that harm stopped.

    What the smoke tests answered is kept as evidence. One that does not pass is exit code 1.
    """
    if passed.looks:
        looked(incident, passed.looks, contained=contained, occasion=envelope)
        return
    check, verdict, detail = look.check, look.verdict, look.detail
    body: dict[str, Any]
    if contained:
        body = {STEP: "contained", "effective_at": moment(effective_at)}
    elif verdict is None and not detail and check in (None, Check.SMOKE_TEST):
        run_smoke_tests(incident, dry_run=dry_run, key=envelope.key)
        return
    elif check is None or verdict is None:
        raise BadInput("say --check and --verdict, or --contained, or nothing to run smoke tests")
    else:
        body = {
            STEP: "observe",
            "check": check.value,
            "verdict": verdict.value,
            "detail": detail,
        }
    show_change(send(incident, "verify", body, envelope))


def moment(text: str | None) -> str | None:
    """An instant as the API takes it."""
    return None if text is None else format_time(read_instant(text))


def _settled_by(item: Mapping[str, Any]) -> object:
    """Who settled it, or which entry shows it; and that it is late."""
    if item["shown_by"] is not None:
        return f"entry {item['shown_by']}: {item['why']}"
    late = "late" if item["late"] else ""
    return ", ".join(part for part in (item["by"], late) if part) if item["by"] else tinted(late)
