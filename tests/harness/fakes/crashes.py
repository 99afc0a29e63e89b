"""Killing a function at a chosen point, as a timeout or a lost machine does.

`Killed` is no `Exception`: nothing in the program may catch it and tidy up, because nothing
gets the chance to.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tocsin.adapters.incidents.memory import MemoryIncidents

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from tocsin.incidents.model.outbox import OutboxItem, OutboxKey
    from tocsin.ports.incidents import Commit
    from tocsin.ports.messages import Message, Sender


class Killed(BaseException):
    """The process is gone."""


class Crashes:
    """Which points kill, and how many kills are left; `happened` counts those that did."""

    def __init__(self) -> None:
        self._planned: Counter[str] = Counter()
        self.happened: Counter[str] = Counter()

    def plan(self, point: str, times: int = 1) -> None:
        self._planned[point] += times

    def cancel(self) -> None:
        """Forgets the kills that found nothing to kill."""
        self._planned.clear()

    def at(self, point: str) -> None:
        if self._planned[point] > 0:
            self._planned[point] -= 1
            self.happened[point] += 1
            raise Killed(point)


class StreamedIncidents(MemoryIncidents):
    """The memory store with a stream of outbox inserts, and points at which it may die.

    Points: `before claim`, `after claim`, `before mark`, `after mark`. `pause_before_mark` is
    called once, in the place of an owner that falls asleep there.
    """

    def __init__(self, crashes: Crashes) -> None:
        super().__init__()
        self.stream: list[OutboxKey] = []
        self.pause_before_mark: Callable[[OutboxKey], None] | None = None
        self._crashes = crashes

    def commit(self, commit: Commit) -> None:
        super().commit(commit)
        self.stream += [item.key for each in commit.whole for item in each.outbox]

    def claim_outbox(
        self, key: OutboxKey, *, owner: str, wall_now: datetime, lease: timedelta
    ) -> OutboxItem | None:
        self._crashes.at("before claim")
        claimed = super().claim_outbox(key, owner=owner, wall_now=wall_now, lease=lease)
        self._crashes.at("after claim")
        return claimed

    def mark_sent(
        self, key: OutboxKey, *, owner: str, sent_at: datetime, tried: tuple[str, ...] = ()
    ) -> None:
        self._crashes.at("before mark")
        if (pause := self.pause_before_mark) is not None:
            self.pause_before_mark = None
            pause(key)
        super().mark_sent(key, owner=owner, sent_at=sent_at, tried=tried)
        self._crashes.at("after mark")


class CrashingSender:
    """A sender that may die after the message left (`after send`)."""

    def __init__(self, sender: Sender, crashes: Crashes) -> None:
        self._sender = sender
        self._crashes = crashes

    def send(self, message: Message) -> str:
        channel_id = self._sender.send(message)
        self._crashes.at("after send")
        return channel_id
