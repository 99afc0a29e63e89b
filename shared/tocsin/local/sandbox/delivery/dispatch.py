"""Sends webhooks: a few workers, one queue ordered by time, bounded retries, a log of it all.

As at the provider, only a 2xx is success (a redirect is not), every attempt is signed afresh with
the real time, and giving up is final. Waits between attempts are fractions of a second instead of
hours, since nobody waits for hours here.
"""

from __future__ import annotations

import heapq
import http.client
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tocsin.local.sandbox.delivery import fates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tocsin.local.sandbox.delivery.fates import Fates
    from tocsin.local.sandbox.delivery.orders import Delivery
    from tocsin.local.sandbox.delivery.wire import Message
    from tocsin.local.sandbox.endpoint import Endpoint

_ATTEMPTS_KEPT: Final = 200_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: `status` is None when there was no answer, and `error` says why."""

    event: str
    kind: str
    endpoint: str
    number: int
    status: int | None
    error: str | None
    notes: tuple[str, ...]
    at: float
    seconds: float

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004  # what 2xx means


@dataclass(order=True, slots=True)
class _Queued:
    due: float
    order: int
    delivery: Delivery = field(compare=False)
    number: int = field(compare=False, default=1)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a dispatcher asks others: the message and endpoint of a delivery, provider time.

    `disable` is told when an endpoint has failed for too long.
    """

    message_of: Callable[[Delivery, Endpoint], Message | None]
    endpoint_of: Callable[[str], Endpoint | None]
    now: Callable[[], int]
    disable: Callable[[str], None]
    fates: Fates


class Dispatcher:
    """The queue and its workers."""

    def __init__(self, around: Surroundings, *, workers: int = 8) -> None:
        self.attempts: deque[Attempt] = deque(maxlen=_ATTEMPTS_KEPT)
        self._around = around
        self._failing_since: dict[str, int] = {}
        self._queue: list[_Queued] = []
        self._changed = threading.Condition()
        self._order = self._busy = 0
        self._stopping = False
        self._open: dict[str, set[str]] = {}
        self._threads = [
            threading.Thread(target=self._work, name=f"webhooks-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def send(self, deliveries: Iterable[Delivery]) -> None:
        """Queues deliveries in the order given."""
        with self._changed:
            for delivery in deliveries:
                self._push(delivery, time.monotonic() + delivery.delay_seconds)
                self._open.setdefault(delivery.event, set()).add(delivery.endpoint)
            self._changed.notify_all()

    def delivered(self, event: str) -> bool:
        """False while a delivery of the event is pending, or when all its attempts failed."""
        with self._changed:
            return not self._open.get(event)

    def drain(self, seconds: float) -> int:
        """Waits until nothing is queued or under way; how many are left when time is up."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while (left := len(self._queue) + self._busy) and time.monotonic() < deadline:
                self._changed.wait(max(0.0, deadline - time.monotonic()))
            return left

    def forget(self) -> None:
        """Empties queue and log, for a sandbox that starts over."""
        with self._changed:
            self._queue.clear()
            self._open.clear()
            self._failing_since.clear()
            self.attempts.clear()

    def stop(self) -> None:
        """Ends the workers; what is queued is not sent."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=2)

    def _push(self, delivery: Delivery, due: float, number: int = 1) -> None:
        self._order += 1
        heapq.heappush(self._queue, _Queued(due, self._order, delivery, number))

    def _take(self) -> _Queued | None:
        with self._changed:
            while not self._stopping:
                wait = self._queue[0].due - time.monotonic() if self._queue else None
                if wait is not None and wait <= 0:
                    self._busy += 1
                    return heapq.heappop(self._queue)
                self._changed.wait(wait)
            return None

    def _work(self) -> None:
        connections: dict[str, http.client.HTTPConnection] = {}
        while (queued := self._take()) is not None:
            try:
                self._attempt(queued, connections)
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()
        for connection in connections.values():
            connection.close()

    def _attempt(self, queued: _Queued, connections: dict[str, http.client.HTTPConnection]) -> None:
        delivery, around = queued.delivery, self._around
        endpoint = around.endpoint_of(delivery.endpoint)
        if endpoint is None or not endpoint.enabled:
            # Removed or disabled meanwhile: the provider does not send it later either.
            around.fates.mark(delivery.endpoint, delivery.event, fates.DISABLED)
            return
        message = around.message_of(delivery, endpoint)
        if message is None:
            return
        at, began = time.time(), time.monotonic()
        status, error = _post(endpoint, message, connections)
        attempt = Attempt(
            event=delivery.event,
            kind=delivery.kind,
            endpoint=endpoint.id,
            number=queued.number,
            status=status,
            error=error,
            notes=delivery.notes,
            at=at,
            seconds=time.monotonic() - began,
        )
        with self._changed:
            self.attempts.append(attempt)
        if attempt.succeeded:
            self._succeed(delivery)
        else:
            self._fail(queued, endpoint)

    def _succeed(self, delivery: Delivery) -> None:
        self._around.fates.arrive(delivery.endpoint, delivery.event)
        with self._changed:
            self._failing_since.pop(delivery.endpoint, None)
            waiting = self._open.get(delivery.event, set())
            waiting.discard(delivery.endpoint)
            if not waiting:
                self._open.pop(delivery.event, None)

    def _fail(self, queued: _Queued, endpoint: Endpoint) -> None:
        """Tries again later while both attempts and provider time allow it."""
        delivery, now = queued.delivery, self._around.now()
        with self._changed:
            since = self._failing_since.setdefault(endpoint.id, now)
            late = delivery.made_at is not None and now - delivery.made_at >= endpoint.retried_for
            if queued.number < endpoint.max_attempts and not late:
                wait = endpoint.backoff_seconds * 2 ** (queued.number - 1)
                self._push(delivery, time.monotonic() + wait, queued.number + 1)
            else:
                self._around.fates.mark(endpoint.id, delivery.event, fates.GAVE_UP)
        if now - since >= endpoint.disabled_after:
            self._around.disable(endpoint.id)


def _post(
    endpoint: Endpoint, message: Message, connections: dict[str, http.client.HTTPConnection]
) -> tuple[int | None, str | None]:
    """Sends one event; the status, or why there is none."""
    url = urlsplit(endpoint.url)
    kept = connections.pop(url.netloc, None)
    for connection in (kept, http.client.HTTPConnection(url.netloc)):
        if connection is None:
            continue
        connection.timeout = endpoint.patience
        try:
            connection.request("POST", url.path or "/", message.body, dict(message.headers))
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as problem:
            connection.close()
            if connection is kept and not isinstance(problem, TimeoutError):
                continue  # the other side may close what was idle: that is no answer of its
            return None, f"{type(problem).__name__}: {problem}"
        connections[url.netloc] = connection
        return answer.status, None
    return None, "no connection"
