"""`tocsin runbook publish` and `versions`: which runbook new incidents go by, and since when.

Through the API like everything else: everybody reads, a commander publishes. Times are UTC.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 -- Typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.cli.runbook.files import any_policy, counted, shipped, show_changes
from tocsin.cli.terminal.api import OnApi, connect
from tocsin.cli.terminal.output import current
from tocsin.errors import BadInput, CheckFailed, InvalidPolicy
from tocsin.incidents.runbook.policy import ChangedKey
from tocsin.policy.authoring.diff import changes
from tocsin.policy.compiled.doubts import doubts, of_rules
from tocsin.policy.compiled.policies import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.incidents.runbook.policy import Policy
    from tocsin.runtime.api_client import ApiClient

_PATH = "/v1/policies"
_COLUMNS = ("number", "when", "who", "why", "changed", "version")
_SHOWN = 3
_PAGE = 20


def add_to(app: typer.Typer) -> None:
    """Adds both commands to those of `tocsin runbook`."""
    app.command(cls=OnApi)(publish)
    app.command(cls=OnApi)(versions)


def publish(
    file: Annotated[Path, typer.Argument(help="What differs, or a compiled policy (.json).")],
    *,
    why: Annotated[str, typer.Option(help="Why it changes, in a line.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    key: Annotated[
        str | None, typer.Option(help="Idempotency key: the same again does nothing twice.")
    ] = None,
) -> None:
    """Publish a runbook for the incidents to come: shows what changes, and asks (commander).

    Incidents that are open keep the runbook they were opened under. With --json nothing is shown
    first and nothing is asked: then --yes is needed. Exit code 6: somebody published meanwhile.
    """
    if current().json and not yes:
        raise BadInput("with --json nobody can be asked: add --yes")
    policy = any_policy(file)
    api = connect()
    number, before = in_force(api)
    if not current().json:
        current().line(f"in force: {number}, {before.version}")
        current().line(f"new: {number + 1}, {policy.version}")
        show_changes(changes(before, policy))
        doubted = doubts(policy, datetime.now(UTC).date())
        for doubt in (*doubted, *of_rules(policy, shipped())):
            current().line(f"warning: {doubt.key}: {doubt.text}")
    if not yes and not typer.confirm("Publish it?", err=True):
        raise CheckFailed("not confirmed: nothing has changed")
    body = {"policy": json.loads(to_json(policy)), "why": why}
    made = api.post(_PATH, body, key=key, if_version=number)
    if current().json:
        current().document(made)
        return
    current().line(
        f"{made['number']} published by {made['published_by']} at {made['published_at']}: "
        f"incidents opened from now on go by {made['version']}"
    )


def versions(
    number: Annotated[
        int | None,
        typer.Argument(help="Only this one, in full; 0 is what came with the deployment.", min=0),
    ] = None,
    *,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=50)] = _PAGE,
    out: Annotated[Path | None, typer.Option(help="Write the compiled policy of NUMBER.")] = None,
) -> None:
    """Published runbooks, the newest first: who changed what, when and why."""
    api = connect()
    if number is None:
        if out is not None:
            raise BadInput("say which version to write: tocsin runbook versions NUMBER --out FILE")
        _list(api.get(_PATH, limit=limit))
        return
    found = api.get(f"{_PATH}/{number}")
    if out is not None:
        out.write_bytes(to_json(_policy(found)))
    if current().json:
        current().document(found)
        return
    version = found["version"]
    current().line(f"{version['number']}: {version['version']}, sha256 {version['sha256']}")
    if version["published_by"]:
        current().line(
            f"published by {version['published_by']} at {version['published_at']}: {version['why']}"
        )
        current().line(f"after {version['previous']}: {counted(version['differences'], 'key')}")
        show_changes(tuple(ChangedKey(**line) for line in version["changed"]))
    else:
        current().line(version["why"])
    if out is not None:
        current().line(f"written to {out}")


def in_force(api: ApiClient) -> tuple[int, Policy]:
    """The newest version's number and policy; 0 and the deployed one before the first."""
    newest: int = api.get(_PATH, limit=1)["newest"]
    try:
        return newest, _policy(api.get(f"{_PATH}/{newest}"))
    except InvalidPolicy as error:
        raise InvalidPolicy(
            f"version {newest} is in force and this tocsin cannot read it: use the one that "
            f"published it ({error.detail})"
        ) from error


def _policy(found: Mapping[str, Any]) -> Policy:
    return from_json(json.dumps(found["policy"]).encode())


def _list(found: Mapping[str, Any]) -> None:
    if current().json:
        current().document(found)
        return
    if not found["policies"]:
        current().line(f"nothing is published: {found['deployed']} came with the deployment")
        return
    current().table(_COLUMNS, (_row(each) for each in found["policies"]))
    if found["next"]:
        current().line("older ones: there are older ones: --limit, or `versions NUMBER`")


def _row(version: Mapping[str, Any]) -> tuple[object, ...]:
    keys = [line["key"] for line in version["changed"]]
    more = version["differences"] - len(keys[:_SHOWN])
    changed = ", ".join(keys[:_SHOWN]) + (f" and {more} more" if more else "")
    return (
        version["number"],
        version["published_at"],
        version["published_by"],
        version["why"],
        changed,
        version["version"],
    )
