"""Runbooks as they are published: everybody reads them, commanders publish."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from functions.incident_api import answers_policies as shape
from tocsin.application.runbooks.publish import PublishDesk
from tocsin.errors import InvalidPolicy, InvalidSettings
from tocsin.incidents.runbook.policy import Change
from tocsin.incidents.timeline.entry import format_time
from tocsin.policy.authoring.diff import changes
from tocsin.policy.compiled.policies import plain, to_json
from tocsin.runtime.watch.names import Event
from tocsin.runtime.web.fields import count, if_match
from tocsin.runtime.web.http import answer

if TYPE_CHECKING:
    from functions.incident_api.call import Call
    from tocsin.application.runbooks.versions import PublishedPolicies
    from tocsin.incidents.runbook.policy import ChangedKey, Policy
    from tocsin.ports.runbooks import PolicyVersion
    from tocsin.runtime.web.http import Response

_LARGEST_NUMBER = 999_999
_PAGE, _LARGEST_PAGE = 20, 50


def publish(call: Call) -> Response:
    """Makes a compiled runbook the one that new incidents go by."""
    given = call.body()
    document, why = given.mapping("policy"), given.text("why", "")
    given.done()
    made, new = _desk(call).publish(
        json.dumps(document).encode(),
        why=why,
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
    return answer(201 if new else 200, _version(made), headers=headers)


def listed(call: Call) -> Response:
    """What was published, the newest first."""
    query, policies = call.request.query, _policies(call)
    limit = count(query, "limit", default=_PAGE, largest=_LARGEST_PAGE) or 1
    before = count(query, "cursor", default=0, largest=_LARGEST_NUMBER) or None
    found = policies.versions.page(before=before, limit=limit)
    newest = found if before is None else policies.versions.page(limit=1)
    number = newest[0].number if newest else 0
    view = shape.Policies(
        policies=[_version(each) for each in found],
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
        return answer(200, shape.PolicyDocument(version=_deployed(build), policy=plain(build)))
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
    return answer(200, shape.PolicyDocument(version=_version(found), policy=policy))


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


def _version(published: PolicyVersion) -> shape.PolicyVersion:
    return {
        "number": published.number,
        "version": published.version,
        "published_by": published.published_by,
        "published_at": format_time(published.published_at),
        "why": published.why,
        "previous": published.previous,
        "changed": _lines(published.changed),
        "differences": published.differences,
        "sha256": published.sha256,
    }


def _deployed(build: Policy) -> shape.PolicyVersion:
    made = build.change
    return {
        "number": 0,
        "version": build.version,
        "published_by": made.author if made else "",
        "published_at": made.changed_at if made else None,
        "why": made.reason if made else "came with the deployment",
        "previous": made.previous if made else "",
        "changed": _lines(made.keys if made else ()),
        "differences": len(made.keys) if made else 0,
        "sha256": hashlib.sha256(to_json(build)).hexdigest(),
    }


def _lines(changed: tuple[ChangedKey, ...]) -> list[shape.ChangedLine]:
    return [{"key": each.key, "old": each.old, "new": each.new} for each in changed]
