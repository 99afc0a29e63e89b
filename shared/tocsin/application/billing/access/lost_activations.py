"""Has providers asked about subscriptions whose activation may be lost, and waits for none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tocsin.billing.access.lost_activation import SOONEST, to_ask
from tocsin.billing.projection.refetch import Reason, RefetchRequest
from tocsin.errors import QueueUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.ordering import Row
    from tocsin.ports.billing.projection import RefetchQueue

MOST_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class LostActivations:
    """Sends the questions to the projector's queue: the answer here waits for no ill provider.

    `_asked` is what this process has sent of late: the row shows a question only once it was
    taken from the queue, and until then everybody who asks for the entitlement would send one more.
    """

    queue: RefetchQueue
    _asked: dict[tuple[Identity, str], int] = field(default_factory=dict)

    def ask(self, rows: Iterable[tuple[Identity, Row]], *, now: int) -> bool:
        """Whether an answer about one of these rows is on its way because of this."""
        underway = False
        for place in to_ask(rows, now=now):
            if now - self._asked.get(place, 0) >= SOONEST:
                wish = RefetchRequest(*place, Reason.ASKED, about=now)
                try:
                    self.queue.send(wish, delay=0)
                except QueueUnavailable:  # whoever asks next sends it
                    return underway
                if len(self._asked) >= MOST_REMEMBERED:
                    self._asked.clear()
                self._asked[place] = now
            underway = True
        return underway
