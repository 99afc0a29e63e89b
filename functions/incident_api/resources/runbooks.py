"""Runbooks as they are published: everybody reads them, commanders publish."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.incident_api.bodies import NewRunbook
from tocsin.application.runbooks.publish import PublishDesk
from tocsin.errors import InvalidPolicy, InvalidSettings
from tocsin.incidents.runbook.policy import Change
from tocsin.incidents.timeline.entry import format_time, parse_time
from tocsin.notes import Event
from tocsin.policy.authoring.diff import changes
from tocsin.policy.compiled.policies import plain, to_json
from tocsin.runtime.web.answers import answer, view_of
from tocsin.runtime.web.fields import count, if_match

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from functions.incident_api.call import Call
    from tocsin.application.runbooks.versions import PublishedPolicies
    from tocsin.incidents.runbook.policy import ChangedKey, Policy
    from tocsin.runtime.web.http import Response

_LARGEST_NUMBER = 999_999
_PAGE, _LARGEST_PAGE = 20, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """Who published what, when and why. `number` 0 is what came with the deployment.

    `changed` holds at most 200 keys and 400 characters of each value; `differences` counts all.
    """

    number: int
    version: str
    published_by: str
    published_at: datetime | None
    why: str
    previous: str
    changed: tuple[ChangedKey, ...]
    differences: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Published runbooks, the newest first; `newest` is what new incidents go by, if readable.

    `newest` is 0 while nothing is published: then it is `deployed`. `next` as `cursor` continues.
    """

    policies: tuple[PolicyVersion, ...]
    newest: int
    deployed: str
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDocument:
    """A version with the compiled policy, as `tocsin runbook compile` writes it."""

    version: PolicyVersion
    policy: Mapping[str, Any]


def publish(call: Call) -> Response:
    """Makes a compiled runbook the one that new incidents go by."""
    given = call.read(NewRunbook)
    made, new = _desk(call).publish(
        json.dumps(given.policy).encode(),
        why=given.why,
        expected=if_match(call.request.headers),
        key=call.key,
    )
    if new:
        call.watch.journal.info(
            Event.POLICY_PUBLISHED,
            person=call.caller.person,
            number=made.number,
            version=made.version,
            differences=made.differences,
        )
    headers = {"etag": f'"{made.number}"'} | ({} if new else {"idempotency-replayed": "true"})
    return answer(201 if new else 200, view_of(PolicyVersion, made), headers=headers)


def listed(call: Call) -> Response:
    """What was published, the newest first."""
    query, policies = call.request.query, _policies(call)
    limit = count(query, "limit", default=_PAGE, largest=_LARGEST_PAGE) or 1
    before = count(query, "cursor", default=0, largest=_LARGEST_NUMBER) or None
    found = policies.versions.page(before=before, limit=limit)
    newest = found if before is None else policies.versions.page(limit=1)
    number = newest[0].number if newest else 0
    view = Policies(
        policies=tuple(view_of(PolicyVersion, each) for each in found),
        newest=number,
        deployed=policies.build.current().version,
        next=str(found[-1].number) if found and found[-1].number > 1 else None,
    )
    return answer(200, view, headers={"etag": f'"{number}"'})


def shown(call: Call) -> Response:
    """One version and its policy; 0 is what came with the deployment."""
    number = count(call.request.path_parameters, "number", default=0, largest=_LARGEST_NUMBER)
    if not number:
        build = _policies(call).build.current()
        return answer(200, PolicyDocument(version=_deployed(build), policy=plain(build)))
    found = _desk(call).numbered(number)
    if not found.intact:
        raise InvalidPolicy(f"policy version {number} was changed after it was published")
    change = Change(
        author=found.published_by,
        changed_at=format_time(found.published_at),
        reason=found.why,
        previous=found.previous,
        keys=found.changed,
    )
    policy = json.loads(found.document) | {"change": plain(change)}
    return answer(200, PolicyDocument(version=view_of(PolicyVersion, found), policy=policy))


def _policies(call: Call) -> PublishedPolicies:
    if (published := call.application.published) is None:
        raise InvalidSettings("this function was not given the operations table")
    return published


def _desk(call: Call) -> PublishDesk:
    return PublishDesk(
        policies=_policies(call),
        write=to_json,
        compare=changes,
        person=call.caller.person,
        groups=call.caller.groups,
        now=call.now,
    )


def _deployed(build: Policy) -> PolicyVersion:
    made = build.change
    return PolicyVersion(
        number=0,
        version=build.version,
        published_by=made.author if made else "",
        published_at=parse_time(made.changed_at) if made else None,
        why=made.reason if made else "came with the deployment",
        previous=made.previous if made else "",
        changed=made.keys if made else (),
        differences=len(made.keys) if made else 0,
        sha256=hashlib.sha256(to_json(build)).hexdigest(),
    )
