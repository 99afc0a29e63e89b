"""Ports for tests of the application: time and ids are values, and a store that loses races."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tocsin.adapters.incidents.memory import MemoryIncidents
from tocsin.errors import InvalidPolicy, StoreUnavailable, VersionConflict
from tocsin.policy.compiled.policies import default

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from tocsin.incidents.runbook.policy import Policy
    from tocsin.ports.incidents import Commit


@dataclass
class ManualClock:
    """Incident time that moves only when a test moves it."""

    now: datetime

    def incident_now(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> datetime:
        self.now += by
        return self.now


@dataclass
class CountingIds:
    """Ids and salts that count up, so that a failure names the same incident twice."""

    count: int = 0

    def _next(self) -> int:
        self.count += 1
        return self.count

    def incident_id(self, *, drill: bool) -> str:
        return f"{'DRL' if drill else 'INC'}-{self._next():026d}"

    def unique_id(self) -> str:
        return f"{self._next():026d}"

    def salt(self) -> bytes:
        return self._next().to_bytes(32)


@dataclass
class Policies:
    """Policies by version; the first is the current one. Unless told, of a stage without a room."""

    known: list[Policy] = field(default_factory=lambda: [replace(default(), chat_room=None)])

    def current(self) -> Policy:
        return self.known[0]

    def version(self, version: str) -> Policy:
        for policy in self.known:
            if policy.version == version:
                return policy
        raise InvalidPolicy(f"no policy {version}")


class HostileStore(MemoryIncidents):
    """A store in which others write first, or which fails after writing.

    `before_commit` runs before each commit; it may write to the store itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conflicts = 0
        self.lose_answers = 0
        self.commits = 0
        self.before_commit: Callable[[Commit], None] | None = None

    def commit(self, commit: Commit) -> None:
        self.commits += 1
        if (rival := self.before_commit) is not None:
            self.before_commit = None
            rival(commit)
        if self.conflicts > 0:
            self.conflicts -= 1
            raise VersionConflict
        super().commit(commit)
        if self.lose_answers > 0:
            self.lose_answers -= 1
            raise StoreUnavailable("the answer was lost")
