"""Pull requests, runs and deployments as work on an incident.

Read is what members of the repository wrote or made: a pull request from a fork, a run for one and
a deployment of one are nothing, whatever they are called, and so is everything that a bot wrote.
What follows from somebody's comment or issue starts runs too; those check no fix.

Shapes: "Webhook events and payloads" (docs.github.com/webhooks): `pull_request`, `workflow_run`,
`deployment_status`. `head.repo` is null where the fork is gone, `merge_commit_sha` of one that is
open is a trial merge, and a deployment's `workflow_run` is null where no workflow made it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tocsin.errors import MalformedPayload
from tocsin.incidents.model.work import Seen, Work, WorkKind
from tocsin.signals.fields import moment, optional_text, record, text
from tocsin.signals.github.naming import names_in, names_in_branch
from tocsin.signals.github.said import SOURCE, Delivery, Nothing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_OWN = frozenset({"push", "pull_request", "merge_group", "schedule", "workflow_dispatch"})
"""What starts a run that checks a commit; of what else does, strangers choose when."""
_ENDED = frozenset({"success", "failure", "error"})


def work_of(one: Delivery) -> Work:
    """What a delivery tells of work.

    Raises:
        Nothing: it tells of none, and why.
        MalformedPayload: it lacks what it must hold.
    """
    reader = _READERS.get(one.event)
    if reader is None:
        raise Nothing("no work")
    return reader(one)


def _change(one: Delivery) -> Work:
    change = record(one.body, "pull_request")
    head = record(change, "head")
    _of_this_repository(one, head, "repo")
    by = record(change, "user") if change.get("user") is not None else {}
    if _is_bot(by):
        raise Nothing("by a bot")
    branch, title = text(head, "ref"), optional_text(change, "title")
    names = (*names_in(f"{title} {optional_text(change, 'body')}"), *names_in_branch(branch))
    if not names:
        raise Nothing("it names no incident")
    merged = change.get("merged") is True
    commit = _commit(change, "merge_commit_sha") if merged else ""
    where = optional_text(one.repository, "html_url")
    return Work(
        id=one.id,
        source=SOURCE,
        kind=WorkKind.CHANGE,
        names=tuple(dict.fromkeys(names)),
        title=title,
        url=optional_text(change, "html_url"),
        at=_when(one, change),
        commit=commit,
        commit_url=f"{where}/commit/{commit}" if commit and where else "",
        branch=branch,
    )


def _run(one: Delivery) -> Work:
    run = record(one.body, "workflow_run")
    _of_this_repository(one, run, "head_repository")
    if optional_text(run, "event") not in _OWN:
        raise Nothing("started by something else than a commit")
    actor = record(run, "actor") if run.get("actor") is not None else {}
    branch, ended = optional_text(run, "head_branch"), one.action == "completed"
    path, conclusion = text(run, "path").partition("@")[0], optional_text(run, "conclusion")
    seen = Seen(
        source=SOURCE,
        kind=WorkKind.RUN,
        commit=_commit(run, "head_sha"),
        repository=one.called,
        name=path,
        number=_number(run, "id"),
        attempt=_number(run, "run_attempt"),
        conclusion=conclusion if ended else "",
        url=optional_text(run, "html_url"),
        at=_when(one, run),
    )
    return Work(
        id=one.id,
        source=SOURCE,
        kind=WorkKind.RUN,
        names=() if _is_bot(actor) else names_in_branch(branch),
        title=f"{optional_text(run, 'name') or path} on {branch}",
        url=seen.url,
        at=seen.at,
        commit=seen.commit,
        branch=branch,
        seen=seen,
        whose=one.whose,
        repository=one.name,
        on_default=branch == optional_text(one.repository, "default_branch"),
    )


def _deployment(one: Delivery) -> Work:
    made, status = record(one.body, "deployment"), record(one.body, "deployment_status")
    if one.body.get("workflow_run") is not None:
        _of_this_repository(one, record(one.body, "workflow_run"), "head_repository")
    state, ref = text(status, "state"), optional_text(made, "ref")
    if state not in _ENDED:
        raise Nothing(f"{state} is no result")
    environment = text(made, "environment")
    seen = Seen(
        source=SOURCE,
        kind=WorkKind.DEPLOYMENT,
        commit=_commit(made, "sha"),
        repository=one.called,
        name=environment,
        number=_number(made, "id"),
        conclusion="success" if state == "success" else "failure",
        url=optional_text(status, "log_url") or optional_text(status, "target_url"),
        at=_when(one, status),
    )
    return Work(
        id=one.id,
        source=SOURCE,
        kind=WorkKind.DEPLOYMENT,
        names=names_in_branch(ref),
        title=f"deployed to {environment}",
        url=seen.url,
        at=seen.at,
        commit=seen.commit,
        branch=ref,
        seen=seen,
    )


def _of_this_repository(one: Delivery, parent: Mapping[str, object], key: str) -> None:
    """That it comes from this repository and from no fork, be it gone or not."""
    whose = record(parent, key) if parent.get(key) is not None else {}
    if whose.get("fork") is True or optional_text(whose, "full_name").lower() != one.name.lower():
        raise Nothing("of a fork")


def _is_bot(user: Mapping[str, object]) -> bool:
    return optional_text(user, "type") == "Bot"


def _commit(parent: Mapping[str, object], key: str) -> str:
    found = text(parent, key)
    if not _SHA.fullmatch(found):
        raise MalformedPayload(f"`{key}` must be a commit", field=key)
    return found


def _number(parent: Mapping[str, object], key: str) -> int:
    number = parent.get(key)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 10**18:
        raise MalformedPayload(f"`{key}` must be a whole number", field=key)
    return number


def _when(one: Delivery, parent: Mapping[str, object]) -> datetime:
    for key in ("updated_at", "created_at"):
        if parent.get(key) is not None:
            return moment(parent, key)
    if one.received_at is None:
        raise MalformedPayload("`updated_at` must be a time", field="updated_at")
    return one.received_at


_READERS = {"pull_request": _change, "workflow_run": _run, "deployment_status": _deployment}
