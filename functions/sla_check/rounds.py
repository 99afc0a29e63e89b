"""One minute's work: do what is due, and send again what nobody marked as sent.

The sweep goes on while the index says there is more, because a storm must not take hours to
notice; it stops early enough to end before its successor starts. Unsent messages go to the
notifier between two sweeps, so that they cannot crowd due incidents out of the index's answer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any

from tocsin.runtime.names import Event, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tocsin.incidents.outbox import OutboxKey
    from tocsin.runtime.application import Application
    from tocsin.runtime.invocation import Watch

ROUNDS = 10
REDRIVEN_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeper:
    """The ports of a sweep; `notify` calls the notifier and returns its results."""

    application: Application
    notify: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    watch: Watch

    def run(self, *, has_time: Callable[[], bool]) -> dict[str, Any]:
        """Sweeps until nothing is due, the time is up, or it has gone on for long.

        Returns:
            The report as JSON: `sweeps`, `due`, `changed` and `failed` incidents, the notifier's
            results as `redriven`, and whether there is `more`.

        Raises:
            Unavailable: the index or the notifier did not answer.
        """
        changed: list[str] = []
        failed: dict[str, str] = {}
        redriven: Counter[str] = Counter()
        due, more, rounds = 0, True, 0
        while more and rounds < ROUNDS and has_time():
            report = self.application.sweep()
            rounds, due, more = rounds + 1, due + report.due, report.more
            changed += report.changed
            failed |= report.failed
            redriven.update(self._redrive(report.outbox_due))
        self._tell(due, changed, failed, more=more)
        return {
            "sweeps": rounds,
            "due": due,
            "changed": changed,
            "failed": failed,
            "redriven": dict(redriven),
            "more": more,
        }

    def _redrive(self, keys: Sequence[OutboxKey]) -> Counter[str]:
        results: Counter[str] = Counter()
        for part in batched(keys, REDRIVEN_AT_ONCE, strict=False):
            items = [{"incident": key.incident, "sk": key.sk} for key in part]
            results.update(self.notify({"redrive": items}))
        return results

    def _tell(
        self, due: int, changed: Sequence[str], failed: Mapping[str, str], *, more: bool
    ) -> None:
        journal, meter = self.watch.journal, self.watch.meter
        meter.count(Metric.SWEEPS)
        meter.count(Metric.ITEMS_DUE, due)
        for incident, reason in failed.items():
            journal.warning(Event.RECORD_FAILED, incident=incident, reason=reason)
            meter.count(Metric.UNEXPECTED_ERRORS)
        if more:
            journal.warning(Event.SWEEP_BEHIND, due=due)
        journal.info(Event.SWEEP_DONE, due=due, changed=len(changed), failed=len(failed))
