"""Publishing a runbook: the next version, with who changed what, when and why.

Commanders publish. Whoever publishes says which version they looked at; if another came meanwhile,
nothing is written, because what was shown as changed would no longer be what changes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.application.runbooks.rehearse import check
from tocsin.errors import (
    BadInput,
    GroupRequired,
    IdempotencyKeyReused,
    MissingReason,
    PayloadTooLarge,
    StaleIfMatch,
    UnknownName,
    VersionConflict,
)
from tocsin.incidents import limits
from tocsin.incidents.runbook.policy import ChangedKey, Policy
from tocsin.incidents.vocabulary import BECOME_COMMANDER, Group
from tocsin.ports.runbooks import Asked, PolicyVersion

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tocsin.application.runbooks.versions import PublishedPolicies

LONGEST = 400_000
"""Bytes of a compiled policy; the shipped one has 35,000. Packed it is far from an item's end."""
KEYS = 200
VALUE = 400
"""How much of what changed is kept: so many keys, so many characters of each value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishDesk:
    """The published runbooks of one deployment, as one person sees and changes them.

    `write` makes a document of a policy; `compare` finds the keys that differ. `now` is incident
    time.
    """

    policies: PublishedPolicies
    write: Callable[[Policy], bytes]
    compare: Callable[[Policy, Policy], tuple[ChangedKey, ...]]
    person: str
    groups: frozenset[Group]
    now: datetime

    def publish(
        self, sent: bytes, *, why: str, expected: int | None, key: str
    ) -> tuple[PolicyVersion, bool]:
        """The version that was published, and whether that was now.

        `sent` is a compiled policy; its record of changes is not kept. `expected` is the number of
        the newest version the person has seen, 0 before the first.

        Raises:
            GroupRequired: only a commander changes what everybody goes by.
            MissingReason: it is not said why.
            InvalidPolicy: it is none, or incidents could not go by it.
            PayloadTooLarge: it is longer than a runbook is.
            BadInput: nothing differs, or it is not said what was seen.
            StaleIfMatch: another version came meanwhile.
            IdempotencyKeyReused: the key was used for another policy or reason.
        """
        if Group.COMMANDER not in self.groups:
            raise GroupRequired(f"only commanders publish a runbook: {BECOME_COMMANDER}")
        if not why.strip():
            raise MissingReason("say why the runbook changes", field="why")
        reason = limits.line("why", why)
        policy = replace(self.policies.read(sent), change=None)
        document = self.write(policy)
        if len(document) > LONGEST:
            raise PayloadTooLarge(f"a compiled policy has at most {LONGEST} bytes", limit=LONGEST)
        asked = self._asked(document, reason, key)
        if (before := self._before(asked)) is not None:
            return before, False
        made = self._next(policy, document, reason, expected)
        try:
            self.policies.versions.publish(made, asked and replace(asked, number=made.number))
        except VersionConflict:
            if (before := self._before(asked)) is not None:
                return before, False
            raise self._stale(made.number - 1, self._newest()) from None
        self.policies.forget()
        return made, True

    def numbered(self, number: int) -> PolicyVersion:
        """The version of that number.

        Raises:
            UnknownName: nobody published it.
        """
        if (found := self.policies.versions.number(number)) is None:
            raise UnknownName(f"there is no policy version {number}", kind="policy")
        return found

    def _next(
        self, policy: Policy, document: bytes, reason: str, expected: int | None
    ) -> PolicyVersion:
        newest = self._newest()
        if expected is None:
            raise BadInput(f'say which version you saw: If-Match: "{newest}" is the newest')
        if expected != newest:
            raise self._stale(expected, newest)
        self.policies.forget()
        current = self.policies.current()
        check(policy, build=self.policies.build.current(), now=self.now)
        differing = self.compare(current, policy)
        if not differing:
            raise BadInput("nothing differs from the runbook in force: nothing was published")
        return PolicyVersion(
            number=newest + 1,
            version=policy.version,
            document=document,
            sha256=hashlib.sha256(document).hexdigest(),
            published_by=self.person,
            published_at=self.now,
            why=reason,
            previous=current.version,
            changed=tuple(map(_bounded, differing[:KEYS])),
            differences=len(differing),
        )

    def _newest(self) -> int:
        return next((each.number for each in self.policies.versions.page(limit=1)), 0)

    def _stale(self, expected: int, newest: int) -> StaleIfMatch:
        return StaleIfMatch(
            f"version {newest} is the newest by now, not {expected}: look at what it changed, "
            "then publish again",
            newest=newest,
        )

    def _asked(self, document: bytes, reason: str, key: str) -> Asked | None:
        if not key:
            return None
        wish = hashlib.sha256(document + b"\n" + reason.encode()).hexdigest()
        digest = hashlib.sha256(f"{self.person}\n{key}".encode()).hexdigest()
        return Asked(digest=digest, wish=wish, number=0)

    def _before(self, asked: Asked | None) -> PolicyVersion | None:
        """What the same request led to when it came first."""
        if asked is None or (known := self.policies.versions.asked(asked.digest)) is None:
            return None
        if known.wish != asked.wish:
            raise IdempotencyKeyReused("this key was used for another runbook or reason")
        return self.numbered(known.number)


def _bounded(changed: ChangedKey) -> ChangedKey:
    return ChangedKey(changed.key, *(_cut(value) for value in (changed.old, changed.new)))


def _cut(value: str | None) -> str | None:
    return None if value is None else limits.shortened(value, VALUE)
