"""`tocsin runbook`: check, compile, render and compare runbooks; publish them and read what was.

A FILE is a runbook that holds only what differs from the shipped one; a `.json` is a compiled
policy. Exit codes are those of `tocsin`: 1 when a check that was asked for fails (`validate`,
`render --check`, `diff --exit-code`), 2 for the command line, 3 for a runbook that does not
validate. Problems are written as `file:line:column: key: what to do`.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.runbook.files import any_policy, compiled, counted, shipped, show_changes, text_of
from tocsin.cli.runbook.offline import (
    check_place,
    numbers_of_file,
    numbers_of_stack,
    write_for_owner,
)
from tocsin.cli.runbook.versions import add_to
from tocsin.cli.terminal.api import OnApi
from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.spans import read_instant
from tocsin.errors import BadInput, CheckFailed
from tocsin.incidents.runbook.policy import Change
from tocsin.incidents.timeline.entry import format_time
from tocsin.policy.authoring.diff import changes
from tocsin.policy.compiled.doubts import doubts, of_rules
from tocsin.policy.compiled.policies import DEFAULT_FILE, DEPLOYED_NAME, EARLIER_NAME, to_json

if TYPE_CHECKING:
    from tocsin.incidents.runbook.policy import Policy

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Check, compile, render, compare and publish runbooks.",
)

_File = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", help="What differs; none means the shipped runbook."),
]
_Out = Annotated[Path | None, typer.Option(help="Write here instead of to the terminal.")]


@app.command()
def validate(file: _File = None) -> None:
    """Check a runbook: every problem with its file, line and key. Exit code 1 when there is one.

    What may mislead though it is valid is a warning, and no problem.
    """
    # The same as in `compiled`.
    from tocsin.policy.authoring.compiler import located  # noqa: PLC0415
    from tocsin.policy.authoring.problems import InvalidRunbook  # noqa: PLC0415

    try:
        policy = compiled(file)
    except InvalidRunbook as invalid:
        if current().json:
            current().document({"valid": False, "problems": invalid.as_json()})
        else:
            for problem in invalid.problems:
                current().line(str(problem))
        raise CheckFailed(counted(len(invalid.problems), "problem")) from None
    differing = changes(shipped(), policy)
    doubted = (*doubts(policy, datetime.now(UTC).date()), *of_rules(policy, shipped()))
    warnings = located(doubted, file)
    if current().json:
        current().document(
            {
                "valid": True,
                "version": policy.version,
                "differs_in": len(differing),
                "warnings": [asdict(one) for one in warnings],
            }
        )
        return
    for one in warnings:
        current().line(f"warning: {one}")
    current().line(f"valid: {policy.version}, calendar {policy.calendar.version}")
    current().line(f"differs from the shipped runbook in {counted(len(differing), 'key')}")


@app.command("compile")
def compile_(
    file: _File = None,
    *,
    out: _Out = None,
    previous: Annotated[
        Path | None, typer.Option(help="The compiled policy this replaces; default: --out's.")
    ] = None,
    by: Annotated[str, typer.Option(help="Who makes this version; needed with FILE.")] = "",
    reason: Annotated[str, typer.Option(help="Why; needed with FILE.")] = "",
    at: Annotated[str, typer.Option(help="When, with its zone; default: now.")] = "",
    deploy: Annotated[
        bool, typer.Option("--deploy", help="Make it the policy the next deployment carries.")
    ] = False,
) -> None:
    """Compile a runbook to what functions load, with a record of who changed what, when, why.

    The policy it replaces is kept beside it, for the incidents opened under it.
    """
    if deploy and out:
        raise BadInput("--deploy says where to write: leave --out away")
    target = DEFAULT_FILE.with_name(DEPLOYED_NAME) if deploy else out
    policy = compiled(file)
    if by or reason or file is not None:
        before = _replaced(previous, target)
        policy = replace(policy, change=_change(before, policy, by=by, reason=reason, at=at))
    if target is None:
        typer.echo(to_json(policy).decode(), nl=False)
        return
    kept = _keep(target, policy)
    target.write_bytes(to_json(policy))
    if current().json:
        kept_at = None if kept is None else str(kept)
        current().document({"version": policy.version, "file": str(target), "kept": kept_at})
        return
    current().line(f"{policy.version} written to {target}")
    if kept:
        current().line(f"the policy before it is kept at {kept}")
    show_changes(policy.change.keys if policy.change else ())


@app.command()
def render(
    file: _File = None,
    out: _Out = None,
    check: Annotated[
        Path | None, typer.Option(help="Write nothing; exit code 1 when this file is stale.")
    ] = None,
) -> None:
    """Write the runbook as Markdown."""
    from tocsin.policy.render.runbook import render as to_markdown  # noqa: PLC0415 - see compiled

    policy = any_policy(file)
    text = to_markdown(policy)
    if check is not None and text_of(check) != text:
        raise CheckFailed(f"{check} is stale: tocsin runbook render --out {check}")
    if out is not None and check is None:
        out.write_text(text, encoding="utf-8")
    if current().json:
        current().document({"version": policy.version, "markdown": text})
    elif check is not None:
        current().line(f"{check} is fresh")
    elif out is None:
        typer.echo(text, nl=False)
    else:
        current().line(f"{policy.version} written to {out}")


@app.command(cls=OnApi)
def offline(
    file: _File = None,
    out: _Out = None,
    phones: Annotated[
        Path | None, typer.Option(help="JSON: a telephone number for each person id.")
    ] = None,
    *,
    from_stack: Annotated[
        bool,
        typer.Option("--from-stack", help="Numbers as confirmed there (commander, security)."),
    ] = False,
    check: Annotated[
        Path | None, typer.Option(help="Write nothing; exit code 1 when this file is stale.")
    ] = None,
) -> None:
    """Write the page to print: what to do while Tocsin cannot be reached.

    Numbers of the stack are personal data: they are written to no file in a repository.
    """
    from tocsin.policy.render.offline import render_offline  # noqa: PLC0415 - see compiled

    if from_stack and check is not None:
        raise BadInput("--check compares the page without numbers: leave --from-stack away")
    if from_stack and out is not None:
        check_place(out)
    policy = any_policy(file)
    known = numbers_of_stack() if from_stack else {}
    text = render_offline(policy, known | ({} if phones is None else numbers_of_file(phones)))
    if check is not None and text_of(check) != text:
        raise CheckFailed(f"{check} is stale: tocsin runbook offline --out {check}")
    if out is not None and check is None:
        write = write_for_owner if from_stack else _write
        write(out, text)
    if current().json:
        current().document({"version": policy.version, "markdown": text})
    elif check is not None:
        current().line(f"{check} is fresh")
    elif out is None:
        typer.echo(text, nl=False)
    else:
        current().line(f"{policy.version} written to {out}")


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="A runbook or compiled policy.")],
    new: Annotated[Path | None, typer.Argument(help="Another; none: OLD against shipped.")] = None,
    *,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit code 1 when they differ.")
    ] = False,
) -> None:
    """Compare two runbooks key by key; with one FILE, the shipped runbook with that one."""
    named = any_policy(old)
    before, after = (shipped(), named) if new is None else (named, any_policy(new))
    keys = changes(before, after)
    if current().json:
        rows = [asdict(key) for key in keys]
        current().document({"old": before.version, "new": after.version, "changes": rows})
    else:
        current().line(f"old: {before.version}, calendar {before.calendar.version}")
        current().line(f"new: {after.version}, calendar {after.calendar.version}")
        if after.change:
            made = after.change
            current().line(f"made by {made.author} at {made.changed_at}: {made.reason}")
        show_changes(keys)
    if keys and exit_code:
        raise CheckFailed(f"they differ in {counted(len(keys), 'key')}")


add_to(app)


def _write(out: Path, text: str) -> None:
    out.write_text(text, encoding="utf-8")


def _replaced(previous: Path | None, target: Path | None) -> Policy:
    """The policy the new one is compared with: named, there already, or the shipped one."""
    if previous is not None:
        return any_policy(previous)
    return any_policy(target) if target is not None and target.is_file() else shipped()


def _change(old: Policy, new: Policy, *, by: str, reason: str, at: str) -> Change:
    if not by.strip() or not reason.strip():
        raise BadInput("say who makes this version and why: --by NAME --reason TEXT")
    moment = read_instant(at) if at else datetime.now(UTC)
    return Change(by.strip(), format_time(moment), reason.strip(), old.version, changes(old, new))


def _keep(target: Path, policy: Policy) -> Path | None:
    """Keeps the policy that lies at `target` if the new one is another; where it was put.

    The shipped policy is not kept: it is remade from its runbook, and released as a whole.
    """
    if not target.is_file() or target.resolve() == DEFAULT_FILE:
        return None
    before = any_policy(target)
    if before.version == policy.version:
        return None
    kept = target.parent / EARLIER_NAME / f"{before.version}.json"
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(to_json(before))
    return kept
