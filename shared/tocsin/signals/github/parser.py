"""Deliveries of GitHub's: alerts of the repository itself, and runs of its security workflows.

What counts is exposure: the default branch of the own repository. What is found on another ref, in
a pull request or in a fork neither fires nor clears, and fires once it appears on the default
branch. Fixed clears; what a person dismisses is told with who and why, and clears nothing; what a
rule dismisses as it is created pages nobody, in either order, for which a new dependency alert
waits a minute. A run that failed fires, and so does one that could not look, under another name; a
later attempt outranks an earlier one. What GitHub adds is noted and no error: it sends nothing
again.

Shapes: "Webhook events and payloads" (docs.github.com/webhooks) and octokit/webhooks, which say
too that an alert may be null, that `ref` is empty where a person acted, and that no field of a
secret's alert is certain but the action beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.errors import MalformedPayload
from tocsin.incidents.model.signals import HELD, Signal
from tocsin.incidents.vocabulary import Severity
from tocsin.signals.fields import moment, optional_text, record, text
from tocsin.signals.github import findings
from tocsin.signals.github.delivery import DELIVERY, EVENT, kept_of
from tocsin.signals.github.said import SOURCE, Delivery, Nothing, Said
from tocsin.signals.github.work import work_of
from tocsin.signals.reading import Reading, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tocsin.incidents.model.work import Work


def read(payload: Mapping[str, object]) -> Reading:
    """What one delivery says: a signal, or why it is none.

    `payload` is the body (`payload`) with the headers that tell what it is; a body that was
    pruned before is read the same.

    Raises:
        MalformedPayload: no delivery of GitHub's, or one that lacks what it must hold.
    """
    event = text(payload, EVENT)
    body = kept_of(event, record(payload, "payload"))
    if event == "ping":
        return Reading(noted=("GitHub asks whether anybody is there",))
    if event not in _READERS and event not in _WORK:
        return Reading(noted=(f"GitHub's {event[:64]} is none of ours",))
    try:
        one = _delivery(event, payload, body)
    except Nothing as why:
        return Reading(noted=(f"{event}: {why}",))
    noted: list[str] = []
    signals = _parts(lambda: _signal(one, _READERS[event](one)), noted) if event in _READERS else ()
    work: tuple[Work, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    try:
        work = _parts(lambda: work_of(one), noted) if event in _WORK else ()
    except MalformedPayload as error:
        if not signals:
            raise
        refusals = (Refusal.of(f"{event} as work", error),)  # what it warns of is not lost for that
    # What is no signal may be work, and the other way round: why it is not is worth no line then.
    silent = bool(signals or work) and event in _WORK
    noted = [] if silent else noted
    return Reading(signals=signals, refusals=refusals, noted=_noted(event, noted), work=work)


def _parts[T](part: Callable[[], T], noted: list[str]) -> tuple[T, ...]:
    try:
        return (part(),)
    except Nothing as why:
        noted.append(str(why))
        return ()


def _noted(event: str, why: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{event}: {one}" for one in dict.fromkeys(why))


def _delivery(event: str, payload: Mapping[str, object], body: Mapping[str, object]) -> Delivery:
    action = optional_text(body, "action")
    received = moment(payload, "received_at") if payload.get("received_at") is not None else None
    found = Delivery(
        event=event,
        guid=optional_text(payload, DELIVERY),
        action=action,
        body=body,
        received_at=received,
        repository=record(body, "repository"),
    )
    if found.repository.get("fork") is True:
        raise Nothing("of a fork")
    return found


def _signal(one: Delivery, said: Said) -> Signal:
    held = said.held_until is not None
    facts = {"repository": one.name, **said.facts}
    return Signal(
        id=one.id + HELD * held,
        source=SOURCE,
        rule=said.name,
        dedup_key=f"{one.whose}/{said.kind}",
        title=f"{one.name}: {said.title}",
        detail=said.detail,
        firing=said.firing,
        occurred_at=said.at,
        service=one.called,
        facts={name: str(value) for name, value in facts.items() if value not in (None, "")},
        correlation_id=one.guid or one.id,
        suppressed=held,
        held_until=said.held_until,
        hint=said.hint,
        only_told=said.told,
        withdraws=said.withdraws,
        yields=said.kind.startswith("workflow/"),
        named_only=said.kind.startswith("workflow/") and said.firing,
        link=said.link,
    )


_FAILED = {"failure": "failed", "timed_out": "blind", "startup_failure": "blind"}


def _own_result(one: Delivery, run: Mapping[str, object]) -> str:
    """How a run of the default branch ended; `Nothing` where it is none, or has no result."""
    if one.action != "completed":
        raise Nothing(f"{one.action or 'no action'} is no result")
    conclusion = optional_text(run, "conclusion")
    if conclusion not in _FAILED and conclusion != "success":
        raise Nothing(f"{conclusion or 'no conclusion'} is no result")
    whose = run.get("head_repository")
    head = record(run, "head_repository") if whose is not None else {}
    if optional_text(head, "full_name").lower() != one.name.lower():
        raise Nothing("of a fork")
    branch = optional_text(run, "head_branch")
    if branch != text(one.repository, "default_branch"):
        raise Nothing(f"on {branch or 'no branch'}, which is not the default branch")
    if optional_text(run, "event").startswith("pull_request"):
        raise Nothing("of a pull request")
    return conclusion


def _run(one: Delivery) -> Said:
    run = record(one.body, "workflow_run")
    conclusion = _own_result(one, run)
    path = text(run, "path").partition("@")[0]
    said = _FAILED.get(conclusion, "failed")
    attempt = run.get("run_attempt")
    ended = {
        "success": "passed",
        "failure": "failed",
    }.get(conclusion, f"did not look ({conclusion.replace('_', ' ')})")
    return Said(
        kind=f"workflow/{path}",
        name=f"workflow/{said}/{path}",
        title=f"{optional_text(run, 'name') or path} {ended}",
        at=moment(run, "updated_at"),
        firing=conclusion != "success",
        hint=Severity.LOW if said == "blind" else None,
        link=optional_text(run, "html_url"),
        facts={
            "workflow": path,
            "run": run.get("id") if isinstance(run.get("id"), int) else "",
            "attempt": attempt if isinstance(attempt, int) else "",
            "conclusion": conclusion,
            "commit": optional_text(run, "head_sha"),
        },
    )


_WORK = frozenset({"pull_request", "workflow_run", "deployment_status"})
"""Deliveries that may tell of work on an incident."""
_READERS = {
    "secret_scanning_alert": findings.secret,
    "secret_scanning_alert_location": findings.location,
    "code_scanning_alert": findings.code,
    "dependabot_alert": findings.dependency,
    "repository_vulnerability_alert": findings.dependency,
    "workflow_run": _run,
}
