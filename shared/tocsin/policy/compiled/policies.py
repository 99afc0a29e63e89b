"""The compiled policy as JSON, and where functions get it. Standard library only.

Functions load this and never see YAML, pydantic or the holidays library. Due times keep the
wording of the runbook. `version` ends in a digest of the content, which is checked on loading: a
file edited by hand is not a policy anybody compiled.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.errors import InvalidPolicy
from tocsin.incidents.runbook.targets import AtMilestone, BusinessDays, Elapsed, NextRelease
from tocsin.policy.compiled.decoding import decode_policy
from tocsin.policy.compiled.seal import is_sealed, seal
from tocsin.policy.compiled.targets import format_due

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.incidents.runbook.policy import Policy

DEFAULT_FILE = Path(__file__).with_name("default.json")
DEPLOYED_NAME = "deployed.json"
EARLIER_NAME = "earlier"
# Came later: left out where empty, so that a policy without it keeps its version.
_LEFT_OUT = frozenset(
    {
        *("claims", "smoke_tests", "doubts", "holidays_until"),
        *("hints", "overheard", "roles", "containment", "mode", "unknown"),
        *("noise", "group", "at_least", "within_minutes", "parents", "unsteady"),
        "freeze_fails_closed",
        *("work", "quality", "security", "production", "expected"),
    }
)
# A deadline wording, not a record: these four are written as one text.
_DUE = (Elapsed, BusinessDays, NextRelease, AtMilestone)


def to_json(policy: Policy) -> bytes:
    """The policy as stored and shipped; equal policies give equal bytes."""
    return (json.dumps(plain(policy), indent=1, ensure_ascii=False) + "\n").encode()


def from_json(raw: bytes) -> Policy:
    """The policy of `to_json`.

    Raises:
        InvalidPolicy: not a compiled policy of a schema this code reads, or changed since.
    """
    try:
        document = json.loads(raw)
        policy = decode_policy(document)
        intact = is_sealed(document)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as broken:
        raise InvalidPolicy(f"not a compiled policy: {broken!r}") from broken
    if not intact:
        raise InvalidPolicy(f"the policy {policy.version} was changed after it was compiled")
    return policy


def sealed(policy: Policy) -> Policy:
    """The policy with the digest of its content as the end of its version."""
    label = policy.version.partition("+")[0]
    return replace(policy, version=seal(label, plain(policy)))


@lru_cache(maxsize=1)
def default() -> Policy:
    """The policy shipped with this build, read once per process."""
    return from_json(DEFAULT_FILE.read_bytes())


class PackagedPolicies:
    """The policies of this build, from a folder beside this file unless told otherwise.

    New incidents get `deployed.json`, a team's own runbook, or the shipped `default.json` where
    there is none. `earlier/<version>.json` holds policies that incidents still open go by.
    """

    def __init__(self, folder: Path = DEFAULT_FILE.parent) -> None:
        self._folder = folder
        deployed = folder / DEPLOYED_NAME
        shipped = folder / DEFAULT_FILE.name
        self._current = _read(deployed if deployed.is_file() else shipped)
        self._known = {self._current.version: self._current}

    def current(self) -> Policy:
        return self._current

    def version(self, version: str) -> Policy:
        """The policy of that version.

        Raises:
            InvalidPolicy: no such version came with this build.
        """
        if version not in self._known:
            self._known.update((policy.version, policy) for policy in self._others())
        if version not in self._known:
            raise InvalidPolicy(f"no policy {version} came with this build", version=version)
        return self._known[version]

    def _others(self) -> Iterator[Policy]:
        yield _read(self._folder / DEFAULT_FILE.name)
        for file in sorted(self._folder.glob(f"{EARLIER_NAME}/*.json")):
            yield _read(file)


def _read(file: Path) -> Policy:
    return default() if file == DEFAULT_FILE else from_json(file.read_bytes())


def plain(value: Any) -> Any:
    """Plain JSON values; mappings keep their order, sets are sorted."""
    if isinstance(value, _DUE):
        return format_due(value)
    if is_dataclass(value):
        found = {item.name: getattr(value, item.name) for item in fields(value)}
        return {name: plain(item) for name, item in found.items() if item or name not in _LEFT_OUT}
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(map(plain, value))
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
