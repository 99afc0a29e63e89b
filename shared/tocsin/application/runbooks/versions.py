"""Published runbooks: what is kept of each, and how incidents come by theirs.

New incidents go by the newest one published, and where there is none by that of the build. An
incident keeps the one it was opened under, wherever that is.

No trouble with a published runbook may keep an incident from being opened or from going on: what
cannot be read is told, and the nearest one that can be read stands in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.application.runbooks.rehearse import rehearse
from tocsin.errors import InvalidPolicy, StoreUnavailable, TocsinError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tocsin.incidents.runbook.policy import Policy
    from tocsin.ports.runbooks import PolicySource, PolicyVersion, PolicyVersions
    from tocsin.ports.time import WallClock


KEPT = timedelta(seconds=1)

"""How long the newest is used without a look: a storm of alarms reads once a second and not for
every incident, and what is published counts at once."""

LOOK_BACK = 5

"""How many versions are tried, newest first, before that of the build stands in."""

MOST_KNOWN = 32


@dataclass(slots=True, kw_only=True)
class PublishedPolicies:
    """A `PolicySource` of what was published over what came with the build.

    `read` makes a policy of a document. `tell` hears of what could not be read.
    """

    build: PolicySource
    versions: PolicyVersions
    read: Callable[[bytes], Policy]
    wall: WallClock
    tell: Callable[[TocsinError], None] = lambda _error: None
    _known: dict[str, Policy] = field(default_factory=dict)
    _rehearsed: set[str] = field(default_factory=set)
    _newest: Policy | None = None
    _read_at: datetime | None = None

    def current(self) -> Policy:
        """The newest that will do; the last one known while the store does not answer."""
        now = self.wall.wall_now()
        if self._read_at is None or not self._read_at <= now < self._read_at + KEPT:
            try:
                self._newest = self._look()
            except StoreUnavailable as error:
                self.tell(error)
            self._read_at = now
        return self._newest or self.build.current()

    def version(self, version: str) -> Policy:
        """The policy of that version; the current one for one that this code cannot read.

        Raises:
            InvalidPolicy: it neither came with this build nor was published.
            StoreUnavailable: it did not come with this build, and the rest cannot be read now.
        """
        if (known := self._known.get(version)) is not None:
            return known
        try:
            return self.build.version(version)
        except InvalidPolicy:
            if (found := self.versions.find(version)) is None:
                raise
        try:
            return self.policy_of(found)
        except InvalidPolicy as error:
            self.tell(error)
            return self.current()

    def policy_of(self, published: PolicyVersion) -> Policy:
        """The policy of a published version.

        Raises:
            InvalidPolicy: it was changed since, or this code reads no such policies.
        """
        if (known := self._known.get(published.version)) is not None:
            return known
        if not published.intact:
            raise InvalidPolicy(
                f"policy version {published.number} was changed after it was published",
                number=published.number,
            )
        try:
            policy = self.read(published.document)
        except InvalidPolicy as error:
            raise InvalidPolicy(
                f"policy version {published.number} cannot be read: {error.detail}",
                number=published.number,
            ) from error
        if len(self._known) == MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[published.version] = policy
        return policy

    def forget(self) -> None:
        """Looks again at the next question: something was published here."""
        self._read_at = None

    def _look(self) -> Policy | None:
        for published in self._newest_first():
            try:
                return self._rehearsed_policy(published)
            except InvalidPolicy as error:
                self.tell(error)
        return None

    def _rehearsed_policy(self, published: PolicyVersion) -> Policy:
        """Tried once in the life of an environment: whoever published it may have another build."""
        policy = self.policy_of(published)
        if policy.version not in self._rehearsed:
            rehearse(policy, self.wall.wall_now())
            self._rehearsed.add(policy.version)
        return policy

    def _newest_first(self) -> Iterator[PolicyVersion]:
        """One read as long as the newest will do, and two at most."""
        newest = self.versions.page(limit=1)
        yield from newest
        if newest:
            yield from self.versions.page(before=newest[0].number, limit=LOOK_BACK - 1)
