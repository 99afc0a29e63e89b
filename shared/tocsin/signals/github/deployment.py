"""`deployment_protection_rule`: GitHub asks whether a deployment may go out.

The shape is that of "Webhook events and payloads" (docs.github.com/webhooks), the answer that of
"Creating custom deployment protection rules". The address to answer at is not kept: it must be the
one that repository and run have on the configured host, and is made again from them, so that no
payload can have a token sent elsewhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tocsin.errors import MalformedPayload
from tocsin.incidents.model.deployments import Deployment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

EVENT = "deployment_protection_rule"
_REPOSITORY = re.compile(r"[A-Za-z0-9-]{1,100}/[A-Za-z0-9._-]{1,100}")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LONGEST_ENVIRONMENT = 255
_PULLS = 20


def callback_of(api: str, repository: str, run: int) -> str:
    """Where a deployment is answered."""
    return f"{api}/repos/{repository}/actions/runs/{run}/deployment_protection_rule"


def asked(payload: Mapping[str, object], *, api: str, at: datetime) -> Deployment | None:
    """The deployment that is asked about at `at`; None where GitHub only tells of one.

    Raises:
        MalformedPayload: it lacks what an answer needs, or wants it sent to another place than
            `api`, the base address of GitHub's API.
    """
    if payload.get("action") != "requested":
        return None
    repository = _record(payload, "repository")
    name, callback = _text(repository, "full_name"), _text(payload, "deployment_callback_url")
    environment = _text(payload, "environment")
    run = _run(callback, api, name)
    if not _REPOSITORY.fullmatch(name) or name.endswith(("/.", "/..")):
        raise MalformedPayload("no repository is called so", field="repository")
    if not environment or len(environment) > _LONGEST_ENVIRONMENT:
        raise MalformedPayload("no environment is called so", field="environment")
    deployment = payload.get("deployment")
    known = deployment if isinstance(deployment, dict) else {}
    sha = payload.get("sha") or known.get("sha") or ""
    if not isinstance(sha, str) or not _COMMIT.fullmatch(sha):
        raise MalformedPayload("no commit is called so", field="sha")
    pulls = payload.get("pull_requests")
    return Deployment(
        id=str(_number(known, "id")) if "id" in known else f"{run}-{environment}",
        repository=name,
        repository_id=_number(repository, "id"),
        run=run,
        environment=environment,
        sha=sha,
        pulls=_pulls(pulls),
        installation=_number(_record(payload, "installation"), "id"),
        requested_at=at,
        due_at=at,
    )


def _run(callback: str, api: str, repository: str) -> int:
    """The run's number, from an address that is exactly the one it must be."""
    digits = re.fullmatch(
        r".*/actions/runs/([1-9][0-9]{0,18})/deployment_protection_rule", callback
    )
    run = int(digits[1]) if digits else 0
    if not run or callback != callback_of(api, repository, run):
        raise MalformedPayload(
            "the callback is not on the configured host of GitHub, or not of this repository",
            field="deployment_callback_url",
        )
    return run


def _pulls(value: object) -> tuple[int, ...]:
    found = value if isinstance(value, list) else []
    numbers = (one.get("number") for one in found[:_PULLS] if isinstance(one, dict))
    return tuple(n for n in numbers if isinstance(n, int) and not isinstance(n, bool))


def _record(payload: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = payload.get(name)
    if not isinstance(value, dict):
        raise MalformedPayload(f"`{name}` is missing", field=name)
    return value


def _text(payload: Mapping[str, object], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not value.isprintable():
        raise MalformedPayload(f"`{name}` is no text", field=name)
    return value


def _number(payload: Mapping[str, object], name: str) -> int:
    value = payload.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise MalformedPayload(f"`{name}` is no number", field=name)
    return value
