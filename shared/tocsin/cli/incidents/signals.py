"""`tocsin signals`: which rule takes a message and why, offline; and what was set aside.

`test` reads a message as its source sends it and asks nobody: the parsers and rules are those that
the functions run.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path  # noqa: TC003 -- Typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.cli.runbook.files import any_policy, text_of
from tocsin.cli.terminal.api import OnApi, connect
from tocsin.cli.terminal.output import current
from tocsin.errors import BadInput, MalformedPayload
from tocsin.incidents.model.signals import UNMATCHED_RULE, judged, triage
from tocsin.incidents.model.work import SHORT
from tocsin.incidents.runbook.policy import RuleMode
from tocsin.incidents.timeline.entry import format_time
from tocsin.signals.registry import SOURCES, reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.incidents.model.signals import Signal
    from tocsin.incidents.model.work import Work
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.signals.reading import Reading

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Which rule takes a signal and why, and what was set aside.",
)

_QUIET = ("suppressed", "held", "monitored", "too few", "maintenance", "inhibited", "flapping")
"""What `--suppressed` leaves of the list: what would have paged, or changed its incident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What becomes of one signal, and what spoke against each rule before the one that took it."""

    key: str
    says: str
    name: str
    title: str
    at: str
    hint: str | None
    link: str
    rule: str
    severity: str
    category: str
    service: str | None
    environment: str
    roles: tuple[str, ...]
    containment: tuple[str, ...]
    does: str
    passed_over: tuple[tuple[str, str], ...]
    facts: dict[str, str]


@app.command("test")
def explain(
    file: Annotated[Path, typer.Argument(help="A message as its source sends it, in JSON.")],
    *,
    source: Annotated[
        str | None, typer.Option(help="Whose it is; without, whoever can read it.")
    ] = None,
    runbook: Annotated[
        Path | None, typer.Option(help="Your runbook, or a compiled one; without, the shipped.")
    ] = None,
) -> None:
    """Say which rule takes each signal of a message and why. Asks nobody and opens nothing."""
    whose, reading = _read(_document(file), source)
    policy = any_policy(runbook)
    explained = [_explained(signal, policy) for signal in reading.signals]
    if current().json:
        current().document(
            {
                "source": whose,
                "policy": policy.version,
                "signals": [asdict(one) for one in explained],
                "refused": [asdict(one) for one in reading.refusals],
                "noted": list(reading.noted),
                "work": [_work(one) for one in reading.work],
            }
        )
        return
    current().line(f"{whose}, by the rules of {policy.version}")
    for one in explained:
        for line in _lines(one):
            current().line(line)
    for work in reading.work:
        for line in _work_lines(work):
            current().line(line)
    for why in reading.noted:
        current().line(f"no signal: {why}")
    for refusal in reading.refusals:
        current().line(f"REFUSED {refusal.what}: {refusal.detail} ({refusal.code})")


def _work(work: Work) -> dict[str, Any]:
    return {"kind": work.kind, "names": list(work.names), "commit": work.commit, "url": work.url}


def _work_lines(work: Work) -> Iterator[str]:
    named = ", ".join(work.names) or "no incident"
    yield f"work, which opens nothing: {work.kind} of {named}"
    if work.seen is not None:
        ended = work.seen.conclusion or "not ended"
        yield f"  {work.seen.name}: {ended}, of commit {work.commit[:SHORT]}"
        yield "  told to incidents that have linked the commit, or a pull request merged as it"


@app.command("list", cls=OnApi)
def listed(
    *,
    day: Annotated[
        str | None, typer.Option(help="A day in UTC, like 2026-09-08; without, today.")
    ] = None,
    suppressed: Annotated[
        bool, typer.Option("--suppressed", help="Only what would have paged, or was held.")
    ] = False,
) -> None:
    """Signals that led to nothing on a day, or not yet: why, and what they would have done."""
    api = connect()
    query = {"day": day} if day else {}
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = api.get("/v1/signals", **query, cursor=cursor)
        found += page["signals"]
        if (cursor := page["next"]) is None:
            break
    shown = [one for one in found if not suppressed or _is_quiet(one)]
    if current().json:
        current().document({"day": page["day"], "signals": shown})
        return
    if not shown:
        current().line(f"nothing was set aside on {page['day']} (UTC)")
        return
    for one in shown:
        current().line(f"{one['at'][11:19]} UTC  {_why(one)}")
        current().line(f"  {one['title']}")
        current().line(f"  would {one['would']}")
        if one["because"]:
            current().line(f"  {one['because']}")


@app.command(cls=OnApi)
def unknown(
    *,
    week: Annotated[
        str | None, typer.Option(help="An ISO week, like 2026-W37; without, the coming review.")
    ] = None,
) -> None:
    """What no rule of the runbook knew: which source and name, and how often it fired."""
    page = connect().get("/v1/signals/unknown", week=week)
    if current().json:
        current().document(page)
        return
    if not page["signals"]:
        current().line(f"the rules knew everything of {page['week']}")
        return
    current().line(f"told in the first working minute of {page['week']}:")
    current().table(
        ("times", "source", "name", "last (UTC)", "incidents"),
        (
            (
                str(one["count"]),
                one["source"],
                one["name"],
                f"{one['last_at'][5:10]} {one['last_at'][11:16]}",
                " ".join(one["incidents"]),
            )
            for one in page["signals"]
        ),
    )
    current().line("give each a rule: tocsin signals test FILE says why none takes it")


def _is_quiet(one: dict[str, Any]) -> bool:
    return one["why"] in _QUIET and (one["firing"] or one["why"] == "flapping")


def _why(one: dict[str, Any]) -> str:
    until = f" until {one['until'][11:16]}" if one["until"] else ""
    return f"{one['why']}{until}"


def _document(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(text_of(file))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{file} holds no JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadInput(f"{file} holds no JSON object")
    return document


def _read(document: dict[str, Any], source: str | None) -> tuple[str, Reading]:
    """Whose it is, and what it says.

    Raises:
        MalformedPayload: the source named cannot read it, or none can; with why.
    """
    why: list[str] = []
    for name in (source,) if source else SOURCES.names:
        try:
            return name, reader(name)(document)
        except MalformedPayload as error:
            why.append(f"{name}: {error.detail}")
    raise MalformedPayload("; ".join(why))


def _explained(signal: Signal, policy: Policy) -> Explained:
    found = triage(signal, policy)
    return Explained(
        key=signal.key,
        says=_says(signal),
        name=signal.rule,
        title=signal.title,
        at=format_time(signal.occurred_at),
        hint=signal.hint,
        link=signal.link,
        rule=found.rule,
        severity=found.severity,
        category=found.category,
        service=found.service,
        environment=signal.environment,
        roles=found.roles,
        containment=found.containment,
        does=_does(signal, policy),
        passed_over=tuple(
            (one.rule.id, one.against) for one in judged(signal, policy) if not one.takes
        ),
        facts=dict(signal.facts),
    )


def _says(signal: Signal) -> str:
    if signal.only_told:
        return "is told: it neither fires nor clears"
    return "fires" if signal.firing else "clears"


def _does(signal: Signal, policy: Policy) -> str:
    """What comes of it while nothing of its key is open."""
    found = triage(signal, policy)
    if found.nothing:
        return "nothing: no rule names it"
    if not signal.firing:
        return "joins an incident that is open, else nothing"
    if found.mode is RuleMode.MONITOR:
        return f"is only recorded; would open a {found.severity} {found.category} incident"
    drill = "drill" if signal.drill else "incident"
    opens = f"opens a {found.severity} {found.category} {drill}"
    if found.at_least:
        minutes = found.within // timedelta(minutes=1)
        opens += f" from {found.at_least} of its key within {minutes} minutes on"
    if found.parents:
        opens += f", not while {' or '.join(found.parents)} fires"
    if signal.held_until is not None:
        return f"{opens} at {format_time(signal.held_until)}, unless it is over by then"
    return f"{opens} when it is let through" if signal.suppressed else opens


def _lines(one: Explained) -> Iterator[str]:
    """One signal in a few lines."""
    hint = f", {one.hint} by its source" if one.hint else ""
    yield ""
    yield f"{one.title}"
    yield f"  {one.says} at {one.at}{hint}: {one.does}"
    yield f"  key   {one.key}"
    yield f"  name  {one.name}"
    if one.rule == UNMATCHED_RULE:
        yield "  rule  none, so the severity of what nobody knows"
    else:
        yield f"  rule  {one.rule}"
    for name, against in one.passed_over:
        yield f"        not {name}: {against}"
    if one.roles:
        yield f"  pages {', '.join(one.roles)} too"
    if one.containment:
        yield f"  first {' or '.join(one.containment)}"
    if one.link:
        yield f"  link  {one.link}"
