"""`tocsin contain list|show|run|approve|verify|undo|let-go`: what Tocsin carries out itself.

Beside the steps that record what people do by hand. A run is named by its id, or by its action
where only one run of it is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping  # noqa: TC003 -- Typer reads the annotations
from typing import Annotated, Any

import typer

from tocsin.cli.incidents.contain_screens import (
    show_actions,
    show_plan,
    show_run,
    show_runs,
    waits_for,
)
from tocsin.cli.incidents.tables import PENDING, show_change
from tocsin.cli.incidents.verbs import Envelope, Incident, Key, send
from tocsin.cli.runbook import containable
from tocsin.cli.terminal.api import connect
from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.spans import read_span
from tocsin.cli.terminal.values import spread
from tocsin.errors import BadInput
from tocsin.incidents.commands.verbs import STEP
from tocsin.runtime.api_client import segment

_RUN = "run-"
_SHOWN = 8
"""Characters of a hash from which it names what was shown."""

Run = Annotated[str, typer.Argument(help="A run's id, or its action's name.", metavar="RUN")]
Reason = Annotated[str, typer.Option("--reason", "-r", help="Why; part of the record.")]


def listed(incident: Incident) -> None:
    """What Tocsin can do about it, the best fitting first, and what it has done."""
    found = connect().get(_path(incident))
    if current().json:
        current().document(found)
        return
    show_runs(incident, found["runs"])
    show_actions(incident, found)


def show(incident: Incident, run: Run) -> None:
    """One run: what was there, what it left, what stays open, whose yes it waits for."""
    _shown(incident, connect().get(f"{_path(incident)}/{segment(_id(incident, run))}"))


def run(
    incident: Incident,
    action: Annotated[
        str,
        typer.Argument(help="What `contain list` names, or a run that was agreed to."),
    ],
    *,
    given: Annotated[
        list[str] | None, typer.Option("--set", help="What it asks for: key=AKIA…; repeat it.")
    ] = None,
    reason: Reason = "",
    lasts: Annotated[
        str | None, typer.Option("--for", help="How long, of what ends by itself, like 4h.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what it would do; nothing is kept.")
    ] = False,
    key: Key = None,
) -> None:
    """Carry an action out, or have it wait for a second person where one has to agree."""
    api, path = connect(), _path(incident)
    if action.startswith(_RUN):
        _shown(incident, api.post(f"{path}/{segment(action)}/run", {}, key=key))
        return
    body: dict[str, Any] = {
        "action": action,
        "inputs": _inputs(given or []),
        "reason": reason,
        "dry_run": dry_run,
    }
    if lasts is not None:
        body["lasts_seconds"] = int(read_span(lasts).total_seconds())
    planned = api.post(f"{path}/plan", body, key=key)
    if dry_run:
        show_plan(planned)
        return
    chosen = planned["run"]
    if chosen["asks"] is None:
        again = None if key is None else f"{key}-run"
        chosen = api.post(f"{path}/{segment(chosen['id'])}/run", {}, key=again)
    _shown(incident, chosen)


def approve(
    incident: Incident,
    run: Run,
    *,
    agree: Annotated[
        str,
        typer.Option("--agree", help="What `contain show` says beside the run: it is your yes."),
    ] = "",
    key: Key = None,
) -> None:
    """Agree to a run, or to its undo, that waits for another person; without --agree, show it."""
    api, path = connect(), _path(incident)
    where = f"{path}/{segment(_id(incident, run))}"
    found = api.get(where)
    asks = found["asks"]
    if asks is None:
        raise BadInput(f"{found['id']} waits for nobody: tocsin contain show {incident} {run}")
    if not agree:
        _shown(incident, found)
        return
    if len(agree) < _SHOWN or not asks["agree"].startswith(agree):
        raise BadInput(
            f"that is not what {found['id']} asks now: look at it again with"
            f" `tocsin contain show {incident} {run}`",
            field="agree",
        )
    body = {"purpose": asks["purpose"], "agree": asks["agree"]}
    _shown(incident, api.post(f"{where}/approve", body, key=key), pending=False)


def verify(
    incident: Incident,
    run: Run,
    *,
    settled: Annotated[
        list[str] | None,
        typer.Option("--settled", help="Of what stayed open, why not any more: sessions=ended."),
    ] = None,
    key: Key = None,
) -> None:
    """Look again: it is in force, and of all that stayed open somebody says why it is shut."""
    where = f"{_path(incident)}/{segment(_id(incident, run))}/verify"
    _shown(incident, connect().post(where, {"settled": _inputs(settled or [])}, key=key))


@spread
def undo(
    incident: Incident,
    action: Annotated[
        str,
        typer.Argument(
            help="Its id in this incident. Of what Tocsin carried out: the run, or its action."
        ),
    ],
    *,
    reason: Reason = "",
    envelope: Envelope,
) -> None:
    """The action that was carried out has been taken back; what Tocsin carried out, it takes back.

    What was there before is set again; where that gives something back, another person agrees.
    """
    name = _id_of_run(incident, action)
    if name is None:
        body = {STEP: "undo", "action": action, "reason": reason}
        show_change(send(incident, "contain", body, envelope))
        return
    where = f"{_path(incident)}/{segment(name)}/undo"
    _shown(incident, connect().post(where, {"reason": reason}, key=envelope.key))


def let_go(incident: Incident, run: Run, *, reason: Reason = "", key: Key = None) -> None:
    """Give a run up that has not begun, or met another's change: what stands there stays."""
    where = f"{_path(incident)}/{segment(_id(incident, run))}/let-go"
    _shown(incident, connect().post(where, {"reason": reason}, key=key))


def _shown(incident: str, found: Mapping[str, Any], *, pending: bool = True) -> None:
    """A run as it is, and what comes next.

    Raises:
        Exit: it waits for another person, with the exit code of that.
    """
    waiting = found["asks"] is not None
    if current().json:
        current().document({**found, "pending": waiting and pending})
    else:
        show_run(found)
        for line in waits_for(incident, found):
            current().line(line)
    if waiting and pending:
        raise typer.Exit(PENDING)


def _path(incident: str) -> str:
    return f"/v1/incidents/{segment(incident)}/containment"


def _id(incident: str, name: str) -> str:
    """The run's id, where a name is given that means but one.

    Raises:
        BadInput: it means none, or several.
    """
    if (found := _id_of_run(incident, name)) is not None:
        return found
    raise BadInput(f"no run here is called {name}: tocsin contain list {incident}", field="run")


def _id_of_run(incident: str, name: str) -> str | None:
    """The same; None where the name is none of Tocsin's own."""
    if name.startswith(_RUN):
        return name
    if "-" not in name:
        return None
    found = connect().get(_path(incident))
    if name not in {one["name"] for one in found["actions"]}:
        return None
    live = [one["id"] for one in found["runs"] if one["action"] == name]
    live = [one["id"] for one in found["runs"] if one["id"] in live and not _is_over(one)] or live
    if len(live) != 1:
        said = ", ".join(live) or "none"
        raise BadInput(f"{name} means {said}: name the run by its id", field="run")
    return str(live[0])


def _is_over(run: Mapping[str, Any]) -> bool:
    return run["state"] in {"undone", "failed"}


def _inputs(given: list[str]) -> dict[str, str]:
    """`name=value`, the value as it is.

    Raises:
        BadInput: one has no `=`, or a name comes twice.
    """
    found: dict[str, str] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or name in found:
            raise BadInput(f"write each once and as NAME=VALUE: {each!r} is not")
        found[name] = value
    return found


STEPS: Mapping[str, Callable[..., None]] = {
    "list": listed,
    "show": show,
    "run": run,
    "approve": approve,
    "verify": verify,
    "undo": undo,
    "let-go": let_go,
}
"""Steps of `contain` about what Tocsin does; `undo` is of both."""

RULES: Mapping[str, Callable[..., None]] = {
    "rules": containable.shown,
    "propose-rules": containable.propose,
    "agree-rules": containable.agree,
}
"""Those that are about no incident."""
