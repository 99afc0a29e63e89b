"""One minute's work: do what is due, and send again what nobody marked as sent.

What is beyond one round goes to a queue, and is worked off from there by the same code at the same
time: a storm must not take hours to notice. While there is still more the sweep goes on; it stops
early enough to end before its successor starts. Unsent messages go to the
notifier between two sweeps, so that they cannot crowd due incidents out of the index's answer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any, Protocol

from tocsin.errors import MalformedPayload, Unavailable
from tocsin.notes import Event, Gauge, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tocsin.application.heartbeats.keep import Pulse
    from tocsin.application.incidents.outcome import SweepReport
    from tocsin.application.incidents.sweep import Ticked
    from tocsin.application.releases.tell import Told
    from tocsin.application.reports.ringing import Rung
    from tocsin.incidents.model.outbox import OutboxKey
    from tocsin.notes import Notes
    from tocsin.ports.incidents import DueQueue

ROUNDS = 10
REDRIVEN_AT_ONCE = 50


class Sweeps(Protocol):
    """The part of the engine that time moves."""

    def sweep(self, *, queue: DueQueue | None = None) -> SweepReport: ...

    def tick(self, incidents: Iterable[str]) -> Ticked: ...

    def stop_drills(self) -> Ticked: ...

    def expect_runs(self) -> None: ...

    def tell_releases(self, *, has_time: Callable[[], bool]) -> Told: ...

    def tell_week(self, week: str, tell: Callable[[int], None]) -> None: ...

    def listen(self, *, has_time: Callable[[], bool]) -> Pulse: ...

    def ring_reports(self, *, has_time: Callable[[], bool]) -> Rung: ...

    def reporters_waiting(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeper:
    """The ports of a sweep; `notify` calls the notifier and returns its results.

    The first round gives to `queue` what is beyond it; later rounds do what the queue did not take.
    `read` tells which incidents a message of the queue names.
    """

    engine: Sweeps
    notify: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    notes: Notes
    read: Callable[[str], Iterable[str]]
    queue: DueQueue | None = None

    def run(self, *, has_time: Callable[[], bool]) -> dict[str, Any]:
        """Sweeps until nothing is due, the time is up, or it has gone on for long.

        Returns:
            The report as JSON: `sweeps`, `due`, `changed` and `failed` incidents, how many were
            `handed_on`, the notifier's results as `redriven`, how many incidents were `told` of a
            release, and whether there is `more`.

        Raises:
            Unavailable: the index did not answer; or the notifier, and all that is due was done.
        """
        changed: list[str] = []
        failed: dict[str, str] = {}
        redriven: Counter[str] = Counter()
        due, more, rounds, handed_on = 0, True, 0, 0
        silent: Unavailable | None = None
        self._stop_drills()
        self._expect_runs()
        self._listen(has_time)
        self._ring_reports(has_time)
        while more and rounds < ROUNDS and has_time():
            report = self.engine.sweep(queue=None if rounds else self.queue)
            handed_on += report.handed_on
            rounds, due, more = rounds + 1, due + report.due, report.more
            changed += report.changed
            failed |= report.failed
            for week in report.weeks:
                self._tell_week(week)
            if silent is None:
                try:
                    redriven.update(self._redrive(report.outbox_due))
                except Unavailable as error:
                    silent = error  # clocks do not wait for messages
        self._tell(due, changed, failed, more=more)
        told = self._tell_releases(has_time)
        self._write_to_reporters(has_time)
        if silent is not None:
            raise silent
        return {
            "sweeps": rounds,
            "due": due,
            "changed": changed,
            "failed": failed,
            "handed_on": handed_on,
            "redriven": dict(redriven),
            "told": told,
            "more": more,
        }

    def work_off(self, messages: Iterable[tuple[str, str]]) -> list[str]:
        """Ticks what messages of the queue name; answers with those to be delivered again.

        Each is an id and a body. A message is done when each of its incidents is: acting on the
        others again does nothing.
        """
        again: list[str] = []
        changed: list[str] = []
        failed: dict[str, str] = {}
        for name, body in messages:
            try:
                incidents = self.read(body)
            except MalformedPayload as error:
                self.notes.refused(Event.RECORD_FAILED, error)
                again.append(name)
                continue
            ticked = self.engine.tick(incidents)
            changed += ticked.changed
            failed |= ticked.failed
            if ticked.failed:
                again.append(name)
        self._tell(len(changed) + len(failed), changed, failed, more=False)
        return again

    def _stop_drills(self) -> None:
        """Drills give way to what is real; where that fails, clocks are looked at all the same."""
        try:
            stopped = self.engine.stop_drills()
        except Exception as error:  # noqa: BLE001 - see above
            self._could_not(error)
            return
        for drill in stopped.changed:
            self.notes.info(Event.INCIDENT_CHANGED, incident=drill)
        self._tell_failed(stopped.failed.items())

    def _listen(self, has_time: Callable[[], bool]) -> None:
        """Heartbeats that stay away; where that fails, clocks are looked at all the same."""
        try:
            pulse = self.engine.listen(has_time=has_time)
        except Exception as error:  # noqa: BLE001 - see above
            self._could_not(error)
            return
        for name, reason in pulse.failed:
            self.notes.warning(Event.RECORD_FAILED, heartbeat=name, reason=reason)
            self.notes.count(Metric.UNEXPECTED_ERRORS)

    def _expect_runs(self) -> None:
        """Workflows that have to run; like `_listen`."""
        try:
            self.engine.expect_runs()
        except Exception as error:  # noqa: BLE001 - see `_listen`
            self._could_not(error)

    def _ring_reports(self, has_time: Callable[[], bool]) -> None:
        """Reports that wait for nobody, or have waited long enough; like `_listen`."""
        try:
            rung = self.engine.ring_reports(has_time=has_time)
        except Exception as error:  # noqa: BLE001 - see `_listen`
            self._could_not(error)
            return
        for reference, reason in rung.failed:
            self.notes.warning(Event.RECORD_FAILED, report=reference, reason=reason)
            self.notes.count(Metric.UNEXPECTED_ERRORS)

    def _write_to_reporters(self, has_time: Callable[[], bool]) -> None:
        """The notifier asks and tells those who reported; after all that pages people."""
        try:
            for reference in self.engine.reporters_waiting():
                if not has_time():
                    return
                self.notify({"report": {"reference": reference}})
        except Exception as error:  # noqa: BLE001 - see `_listen`
            self._could_not(error)

    def _tell_week(self, week: str) -> None:
        """Tells operations what no rule knew; where that fails, it stays due."""
        try:
            self.engine.tell_week(week, lambda keys: self.notes.gauge(Gauge.SIGNALS_UNKNOWN, keys))
        except Exception as error:  # noqa: BLE001 - clocks do not wait for it
            self._could_not(error)

    def _tell_releases(self, has_time: Callable[[], bool]) -> int:
        """Tells incidents of releases; where that fails, clocks have been looked at already."""
        try:
            told = self.engine.tell_releases(has_time=has_time)
        except Exception as error:  # noqa: BLE001 - see above
            self._could_not(error)
            return 0
        self._tell_failed(told.failed)
        return len(told.incidents)

    def _redrive(self, keys: Sequence[OutboxKey]) -> Counter[str]:
        results: Counter[str] = Counter()
        for part in batched(keys, REDRIVEN_AT_ONCE, strict=False):
            items = [{"incident": key.incident, "sk": key.sk} for key in part]
            results.update(self.notify({"redrive": items}))
        return results

    def _tell(
        self, due: int, changed: Sequence[str], failed: Mapping[str, str], *, more: bool
    ) -> None:
        if due:
            self.notes.count(Metric.ITEMS_DUE, due)
        self._tell_failed(failed.items())
        if more:
            self.notes.warning(Event.SWEEP_BEHIND, due=due)
        self.notes.info(Event.SWEEP_DONE, due=due, changed=len(changed), failed=len(failed))

    def _tell_failed(self, failed: Iterable[tuple[str, str]]) -> None:
        for incident, reason in failed:
            self.notes.warning(Event.RECORD_FAILED, incident=incident, reason=reason)
            self.notes.count(Metric.UNEXPECTED_ERRORS)

    def _could_not(self, error: Exception) -> None:
        self.notes.failed(Event.RECORD_FAILED, error)
        self.notes.count(Metric.UNEXPECTED_ERRORS)
