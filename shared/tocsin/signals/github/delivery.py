"""One delivery of GitHub's: that it is GitHub's, and as much of it as may be kept.

The signature is over the bytes that arrived ("Validating webhook deliveries", docs.github.com), so
it is checked before anything is decoded. What is kept is picked field by field: a payload of
`secret_scanning_alert_location` carries the secret in clear, and people write some into comments.
Where a payload tells its secret, that text is taken out of all else that was picked.
"""

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from typing import TYPE_CHECKING

from tocsin.errors import SignatureInvalid
from tocsin.signals.github.naming import names_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EVENT, DELIVERY = "X-GitHub-Event", "X-GitHub-Delivery"
SIGNATURE = "x-hub-signature-256"
_GIVEN = re.compile(r"sha256=([0-9a-f]{64})")
HIDDEN = "[secret]"

type Picked = Mapping[str, "Picked | None"]

_USER: Picked = {"login": None}
_WHOSE: Picked = {"id": None, "full_name": None, "fork": None}
_PACKAGE: Picked = {"ecosystem": None, "name": None}
_ALERT: Picked = {
    **dict.fromkeys(
        (
            *("number", "id", "state", "html_url", "created_at", "updated_at", "fixed_at"),
            *("dismissed_at", "auto_dismissed_at", "resolved_at", "dismissed_reason"),
            *("resolution", "validity", "publicly_leaked", "secret_type"),
            # of `repository_vulnerability_alert`, which `dependabot_alert` took the place of
            *("affected_package_name", "affected_range", "severity", "ghsa_id", "fixed_in"),
            *("dismiss_reason", "external_identifier"),
        )
    ),
    **dict.fromkeys(("dismissed_by", "resolved_by", "dismisser"), _USER),
    "rule": dict.fromkeys(("id", "description", "severity", "security_severity_level")),
    "tool": {"name": None},
    "most_recent_instance": {
        "ref": None,
        "commit_sha": None,
        "location": {"path": None, "start_line": None},
    },
    "dependency": {"package": _PACKAGE, "manifest_path": None, "scope": None},
    "security_advisory": dict.fromkeys(("ghsa_id", "cve_id", "summary", "severity")),
    "security_vulnerability": {
        "package": _PACKAGE,
        "severity": None,
        "vulnerable_version_range": None,
        "first_patched_version": {"identifier": None},
    },
}
_COMMENTED: Picked = {**_ALERT, "dismissed_comment": None}
_RUN: Picked = {
    **dict.fromkeys(
        (
            *("id", "name", "path", "event", "status", "conclusion", "head_branch", "head_sha"),
            *("run_attempt", "run_number", "html_url", "created_at", "updated_at"),
        )
    ),
    "head_repository": {"id": None, "full_name": None},
    "actor": {"type": None},
}
_CHANGE: Picked = {
    **dict.fromkeys(
        (
            *("number", "html_url", "title", "body", "merged", "merge_commit_sha"),
            *("created_at", "updated_at"),
        )
    ),
    "user": {"type": None},
    "head": {"ref": None, "sha": None, "repo": _WHOSE},
}
_DEPLOYED: Picked = {
    "deployment": dict.fromkeys(("id", "sha", "ref", "environment")),
    "deployment_status": dict.fromkeys(
        ("id", "state", "log_url", "target_url", "created_at", "updated_at")
    ),
    "workflow_run": {"head_repository": _WHOSE},
}
_ANY: Picked = {
    "action": None,
    "ref": None,
    "commit_oid": None,
    "repository": dict.fromkeys(
        ("id", "name", "full_name", "fork", "private", "default_branch", "html_url")
    ),
    "sender": _USER,
}
KEPT: Mapping[str, Picked] = {
    "secret_scanning_alert": {**_ANY, "alert": _ALERT},
    "secret_scanning_alert_location": {
        **_ANY,
        "alert": _ALERT,
        "location": {
            "type": None,
            "details": {"path": None, "start_line": None, "commit_sha": None},
        },
    },
    "code_scanning_alert": {**_ANY, "alert": _COMMENTED},
    "dependabot_alert": {**_ANY, "alert": _COMMENTED},
    "repository_vulnerability_alert": {**_ANY, "alert": _ALERT},
    "workflow_run": {**_ANY, "workflow_run": _RUN},
    "pull_request": {**_ANY, "pull_request": _CHANGE},
    "deployment_status": {**_ANY, **_DEPLOYED},
    "ping": {"hook_id": None, "repository": {"full_name": None}},
}
"""What is kept of each kind of delivery; of any other, only what it was about."""


def verify(headers: Mapping[str, str], body: bytes, secrets: Iterable[bytes]) -> None:
    """Whether one of the secrets signed these bytes; header names are lower case.

    Raises:
        SignatureInvalid: no `sha256` of them is given in the form GitHub gives it, or none fits.
    """
    given = _GIVEN.fullmatch(headers.get(SIGNATURE, ""))
    if given is None:
        raise SignatureInvalid("the delivery has no X-Hub-Signature-256 as GitHub writes it")
    proofs = [hmac.new(secret, body, sha256).hexdigest() for secret in secrets if secret]
    fitting = [proof for proof in proofs if hmac.compare_digest(proof, given[1])]
    if not fitting:
        raise SignatureInvalid


def kept_of(event: str, payload: Mapping[str, object]) -> dict[str, object]:
    """What may be kept of a delivery's payload."""
    picked = _pick(payload, KEPT.get(event, _ANY))
    change = picked.get("pull_request")
    if isinstance(change, dict) and isinstance(body := change.get("body"), str):
        change["body"] = " ".join(names_in(body))  # people paste anything into it
    alert = payload.get("alert")
    secret = alert.get("secret") if isinstance(alert, dict) else None
    if isinstance(secret, str) and secret:
        return {name: _without(secret, value) for name, value in picked.items()}
    return picked


def _pick(value: Mapping[str, object], wanted: Picked) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, inner in wanted.items():
        if name not in value:
            continue
        item = value[name]
        if inner is None:
            found[name] = item if not isinstance(item, dict | list) else {}
        else:
            found[name] = _pick(item, inner) if isinstance(item, dict) else _plain(item)
    return found


def _plain(item: object) -> object:
    """What stands where an object belongs: nothing, or something that readers will refuse."""
    return None if item is None else []


def _without(secret: str, value: object) -> object:
    if isinstance(value, str):
        return value.replace(secret, HIDDEN)
    if isinstance(value, dict):
        return {name: _without(secret, item) for name, item in value.items()}
    return value
