"""What goes wrong beneath a life: a store and channels that fail as real ones do.

Each trouble is planned and then happens at the next call that it fits. An answer can be lost after
the write was made; a process can die between any two calls; a write can lose a race; the index
can be late. What happened is counted: a trouble that never happens proves nothing.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from tocsin.adapters.incidents.memory import MemoryIncidents
from tocsin.errors import StoreUnavailable, VersionConflict
from tocsin.incidents.model.outbox import OutboxKey
from tocsin.incidents.vocabulary import MessageKind
from tocsin.ports.incidents import DueItems

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.outbox import OutboxItem
    from tocsin.ports.incidents import Commit


class Trouble(StrEnum):
    """What can happen to a call."""

    CONFLICT = "a write loses a race"
    LOST_ANSWER = "the answer of a write is lost"
    THROTTLED = "a call is throttled"
    DIED_BEFORE_WRITE = "the process dies before a write"
    DIED_AFTER_WRITE = "the process dies after a write"
    DIED_BEFORE_SENDING = "the process dies before it sends"
    DIED_AFTER_SENDING = "the process dies after it sent"
    DIED_BEFORE_MARK = "the process dies before it marks a message as sent"
    LATE_INDEX = "the due index answers late"
    DEAD_CHANNEL = "a channel takes nothing"


class Died(BaseException):
    """The process is gone: nothing may catch it and tidy up."""


class Troubles:
    """Which troubles are to come, and how often each has happened."""

    def __init__(self) -> None:
        self._planned: Counter[Trouble] = Counter()
        self.happened: Counter[Trouble] = Counter()

    def plan(self, trouble: Trouble, times: int = 1) -> None:
        self._planned[trouble] += times

    def end(self) -> None:
        """From now on nothing goes wrong."""
        self._planned.clear()

    def now(self, trouble: Trouble) -> bool:
        """Whether it happens to this call."""
        if self._planned[trouble] <= 0:
            return False
        self._planned[trouble] -= 1
        self.happened[trouble] += 1
        return True

    def waiting(self) -> bool:
        return any(self._planned.values())

    def die(self, trouble: Trouble) -> None:
        if self.now(trouble):
            raise Died(trouble)


class TroubledIncidents(MemoryIncidents):
    """The memory store with a stream, over which troubles come."""

    def __init__(self, troubles: Troubles) -> None:
        super().__init__()
        self._troubles = troubles
        self._decoded: dict[str, tuple[str, Incident | None]] = {}
        self.asked: dict[str, datetime] = {}
        """When somebody was last asked about an incident, in full or in a bundle."""
        self.unsent: dict[OutboxKey, None] = {}
        self.stream: list[OutboxKey] = []
        self.commits = 0

    def load(self, incident_id: str) -> Incident | None:
        self._throttle()
        return self.seen(incident_id)

    def seen(self, incident_id: str) -> Incident | None:
        """What is stored, past every trouble. A text is decoded once: most have not changed."""
        text = self._snapshots.get(incident_id, "")
        known = self._decoded.get(incident_id)
        if known is None or known[0] != text:
            known = self._decoded[incident_id] = (text, super().load(incident_id))
        return known[1]

    def commit(self, commit: Commit) -> None:
        self._throttle()
        self._troubles.die(Trouble.DIED_BEFORE_WRITE)
        if self._troubles.now(Trouble.CONFLICT):
            raise VersionConflict
        super().commit(commit)
        self.commits += 1
        for each in commit.whole:
            self.stream += [item.key for item in each.outbox]
            self.unsent |= dict.fromkeys(item.key for item in each.outbox)
        self._troubles.die(Trouble.DIED_AFTER_WRITE)
        if self._troubles.now(Trouble.LOST_ANSWER):
            raise StoreUnavailable("the answer was lost")

    def due(self, *, at: datetime, limit: int) -> DueItems:
        self._throttle()
        if self._troubles.now(Trouble.LATE_INDEX):
            return DueItems(incidents=(), outbox=(), more=False)
        now = int(at.timestamp())
        incidents = sorted((second, name) for name, second in self._due.items() if second <= now)
        messages = sorted((self._outbox[key].due_at, key.incident, key.sk) for key in self.unsent)
        outbox = [OutboxKey(incident=name, sk=sk) for due, name, sk in messages if due <= at]
        held = sorted((second, key) for key, second in self._held_until() if second <= now)
        return DueItems(
            incidents=tuple(name for _, name in incidents[:limit]),
            outbox=tuple(outbox[:limit]),
            more=max(len(incidents), len(outbox), len(held)) > limit,
            held=tuple(key for _, key in held[:limit]),
            weeks=tuple(sorted(week for week, second in self._told_at() if second <= now)),
        )

    def _told_at(self) -> Iterator[tuple[str, int]]:
        """The weeks whose unknown signals are to be told of, and in which second."""
        yield from ((week, second) for week, second in self._weeks.items() if second is not None)

    def _held_until(self) -> Iterator[tuple[str, int]]:
        """What is held back of a key, and in which second that ends."""
        for key, item in self._held.items():
            if "due_sk" in item:
                yield key, int(item["due_sk"]["N"])

    def claim_outbox(
        self, key: OutboxKey, *, owner: str, wall_now: datetime, lease: timedelta
    ) -> OutboxItem | None:
        self._throttle()
        claimed = super().claim_outbox(key, owner=owner, wall_now=wall_now, lease=lease)
        self._troubles.die(Trouble.DIED_BEFORE_SENDING)
        return claimed

    def mark_sent(
        self, key: OutboxKey, *, owner: str, sent_at: datetime, tried: tuple[str, ...] = ()
    ) -> None:
        self._troubles.die(Trouble.DIED_BEFORE_MARK)
        super().mark_sent(key, owner=owner, sent_at=sent_at, tried=tried)
        del self.unsent[key]
        asking = self._outbox[key].kind is MessageKind.PAGE
        if asking and tried and (tried[-1].endswith(" sent") or " bundled " in tried[-1]):
            self.asked[key.incident] = sent_at

    def next_due(self) -> datetime | None:
        """When a sweep next finds an incident, a message, what was held back, or a week's list."""
        unsent = [self._outbox[key].due_at for key in self.unsent]
        weeks = (second for _, second in self._told_at())
        seconds = (*self._due.values(), *(second for _, second in self._held_until()), *weeks)
        marks = [datetime.fromtimestamp(second, UTC) for second in seconds]
        return min((*unsent, *marks), default=None)

    def ids(self) -> list[str]:
        """Every incident there is, in the order they were opened."""
        return list(self._snapshots)

    def whole(self) -> tuple[object, ...]:
        """All that a refused command must leave as it was."""
        return (
            dict(self._snapshots),
            {name: len(found) for name, found in self._entries.items()},
            dict(self._pointers),
            dict(self._due),
            len(self._outbox),
        )

    def _throttle(self) -> None:
        if self._troubles.now(Trouble.THROTTLED):
            raise StoreUnavailable("throttled")
