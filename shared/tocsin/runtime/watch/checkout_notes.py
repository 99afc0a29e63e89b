"""What operators see of checkouts: a line and a count for each attempt and move of a breaker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.billing.checkout.attempts import Attempt, Result
from tocsin.billing.checkout.breaker import Phase
from tocsin.notes import Event, Metric

if TYPE_CHECKING:
    from tocsin.billing.checkout.breaker import Breaker
    from tocsin.billing.identity import Identity
    from tocsin.runtime.watch.invocation import Watch

_COUNTED: dict[Result, str | None] = {
    Result.OFFERED: Metric.CHECKOUTS_OFFERED,
    Result.FAILED: Metric.CHECKOUTS_FAILED,
    Result.DOUBT: Metric.CHECKOUTS_FAILED,
    Result.REFUSED: Metric.CHECKOUTS_REFUSED,
    Result.NOT_TRIED: Metric.CHECKOUTS_TURNED_AWAY,
    Result.UNKNOWN: None,
}


@dataclass(frozen=True, slots=True)
class Notes:
    """Implements `note` of `application.billing.checkout.start.Checkouts`."""

    watch: Watch

    def __call__(self, what: Attempt | Breaker, whose: Identity) -> None:
        if isinstance(what, Attempt):
            self.watch.journal.info(
                Event.CHECKOUT_ATTEMPTED,
                provider=whose.provider,
                intent=what.intent,
                result=what.result,
                code=what.code,
                elapsed_ms=what.elapsed,
                failed_over=what.failed_over,
            )
            if (counted := _COUNTED[what.result]) is not None:
                self.watch.meter.count(counted, provider=whose.provider)
            return
        self.watch.journal.info(
            Event.BREAKER_MOVED, provider=whose.provider, phase=what.phase, openings=what.openings
        )
        if what.phase is Phase.OPEN:
            self.watch.meter.count(Metric.BREAKERS_OPENED, provider=whose.provider)
