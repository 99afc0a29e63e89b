"""Runs and actions of containment as people read them: within 80 columns, and what to do next."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.spans import show_span
from tocsin.incidents.timeline.entry import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_HASH = 12
"""Characters of a hash that are shown, and typed."""


def show_runs(incident: str, runs: Iterable[Mapping[str, Any]]) -> None:
    """A line or two a run; nothing where there is none."""
    for run in runs:
        current().line(f"{run['id']}  {run['state']}", style="bold")
        current().line(f"  {run['title']}: {run['target']}")
        current().line(f"  by {_who(run)}: {run['reason']}")
        for line in waits_for(incident, run):
            current().line(f"  {line}")


def show_actions(incident: str, found: Mapping[str, Any]) -> None:
    """What can be done, what it asks for, and who has to agree."""
    if not found["on"]:
        current().line("Tocsin contains nothing in this stage: `containment` is off")
        return
    for one in found["actions"]:
        agree = "you alone" if not one["others"] else f"{one['others']} other agrees"
        current().line(f"{one['name']}  {one['title']}", style="bold")
        current().line(f"  {agree}; {_ends(one)}")
        for because in one["fits"]:
            current().line(f"  fits: {because}")
        for each in one["inputs"]:
            without = "" if each["default"] is None else f" (without: {each['default']})"
            current().line(f"  --set {each['name']}=…  {each['says']}{without}")
    first = found["actions"][0]
    given = " ".join(f"--set {one['name']}=…" for one in first["inputs"] if one["default"] is None)
    current().line("what it would do, before you do it:")
    current().line(f"tocsin contain run {incident} {first['name']} {given} -r WHY --dry-run")


def show_plan(plan: Mapping[str, Any]) -> None:
    """A dry run."""
    if current().json:
        current().document(plan)
        return
    run = plan["run"]
    current().line(f"{run['title']}: {run['target']}", style="bold")
    for word, lines in (("changes", plan["changes"]), ("affects", plan["affected"])):
        for line in lines:
            current().line(f"  {word}  {line}")
    for name, says in run["left_open"].items():
        current().line(f"  stays open  {name}: {says}")
    for line in plan["warnings"]:
        current().line(f"  mind  {line}")
    asks = run["asks"]
    agree = "you alone" if asks is None else f"{asks['more']} other person has to agree"
    current().line(f"  done by  {agree}")
    current().line("nothing was done: the same without --dry-run does it")


def show_run(run: Mapping[str, Any]) -> None:
    """One run with its states."""
    current().line(f"{run['id']}  {run['state']}", style="bold")
    current().line(f"{run['title']}: {run['target']}")
    for name, value in run["inputs"].items():
        current().line(f"  given     {name} = {value}")
    if run["lasts_seconds"]:
        current().line(f"  lasts     {show_span(timedelta(seconds=run['lasts_seconds']))}")
    current().line(f"  asked     {_at(run['asked_at'])} by {run['asked_by']}: {run['reason']}")
    for word, who, when in (
        ("done", "executed_by", "executed_at"),
        ("verified", "verified_by", "verified_at"),
        ("undone", "undone_by", "undone_at"),
    ):
        if run[when]:
            why = f": {run['undo_reason']}" if word == "undone" else ""
            current().line(f"  {word:<8}  {_at(run[when])} by {run[who]}{why}")
    if run["expires_at"] and not run["undone_at"]:
        current().line(f"  ends      {_at(run['expires_at'])}, by itself")
    for one in run["approvals"]:
        spent = "" if one["spent_at"] is None else ", spent"
        current().line(f"  agreed    {_at(one['at'])} by {one['by']}, to {one['purpose']}{spent}")
    for line in _states(run):
        current().line(line)
    for name, says in run["left_open"].items():
        settled = run["settled"].get(name)
        word = "open      " if settled is None else "settled   "
        current().line(f"  {word}{name}: {settled or says}")
    if run["why"]:
        current().line(f"  why       {run['why']}")


def waits_for(incident: str, run: Mapping[str, Any]) -> Iterator[str]:
    """What comes next, in the words that do it."""
    asks, named = run["asks"], f"{incident} {run['id']}"
    if asks is not None:
        act, until = "it" if asks["purpose"] == "execute" else "its undo", _at(asks["until"])
        yield f"{_others(asks['more'])} than {asks['by']} to agree to {act}, by {until}:"
        yield f"tocsin contain approve {named} --agree {asks['agree'][:_HASH]}"
    elif run["void"]:
        yield "what is containable, or who approves, has changed since: ask anew"
    elif run["state"] in {"planned", "approved"}:
        yield f"next: tocsin contain run {named}"
    elif any(one["purpose"] == "undo" and not one["spent_at"] for one in run["approvals"]):
        yield f"next: tocsin contain undo {named} -r WHY"
    elif run["state"] == "executed":
        given = "".join(f" --settled {name}=…" for name in run["left_open"])
        yield f"next: tocsin contain verify {named}{given}"
    elif run["state"] == "conflict":
        yield "somebody else has changed it: set it right by hand, then"
        yield f"tocsin contain let-go {named} -r WHY"
    elif run["state"] in {"executing", "undoing"}:
        yield "it is being done, or was left in the middle: look again in a minute"


def _others(more: int) -> str:
    return "it takes another person" if more == 1 else f"it takes {more} other people"


def _who(run: Mapping[str, Any]) -> str:
    by = run["undone_by"] or run["executed_by"] or run["asked_by"]
    when = run["undone_at"] or run["executed_at"] or run["asked_at"]
    return f"{by} {_at(when)}"


def _ends(action: Mapping[str, Any]) -> str:
    if action["lasts_seconds"] is None:
        ends = "stays until it is undone"
    else:
        lasts, longest = (
            show_span(timedelta(seconds=action[name]))
            for name in ("lasts_seconds", "longest_seconds")
        )
        ends = f"ends after {lasts}, at most {longest}"
    return f"{ends}; its undo takes {action['undo_others']} other" if action["reopens"] else ends


def _states(run: Mapping[str, Any]) -> Iterator[str]:
    before = run["seen"] if run["before"] is None else run["before"]
    yield from _state("before", before)
    yield from _state("after", run["wanted"])
    yield from _state("found", run["found"])


def _state(word: str, state: Mapping[str, str] | None) -> Iterator[str]:
    if state is None or (word == "after" and not state):
        return
    for name, value in sorted(state.items()):
        yield f"  {word:<8}  {name} = {value}"
    if not state:
        yield f"  {word:<8}  nothing set"


def _at(moment: str) -> str:
    return f"{parse_time(moment):%m-%d %H:%MZ}"
