"""Where reports, the addresses of who sent them, and the form's limits are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tocsin.incidents.model.correspondents import Correspondent
from tocsin.incidents.model.reports import Gate, Owed, Report, Via


@dataclass(frozen=True, slots=True)
class ReportPage:
    """Some reports, the newest first; `cursor` continues after them."""

    items: tuple[Report, ...]
    cursor: str | None


class ReportStore(Protocol):
    """Reports by their number. Every write names the version it was made from."""

    def put(self, report: Report, correspondent: Correspondent | None = None) -> None:
        """Keeps a new report, and who waits for its outcome: both or none.

        Raises:
            ConditionFailed: its number is taken.
        """
        ...

    def get(self, reference: str) -> Report | None: ...

    def save(self, report: Report, *, expected: int) -> None:
        """Writes the report over its version `expected`.

        Raises:
            ConditionFailed: it has another version by now.
        """
        ...

    def listed(self, *, limit: int, cursor: str | None = None) -> ReportPage: ...

    def due(self, via: Via, *, at: datetime, limit: int) -> Sequence[Report]:
        """Those that came so and are due, the longest due first."""
        ...

    def gate(self) -> Gate | None: ...

    def save_gate(self, gate: Gate, *, expected: int) -> None:
        """Raises `ConditionFailed` if it has another version by now; 0 is none."""
        ...

    def correspondent(self, reference: str) -> Correspondent | None: ...

    def save_correspondent(self, one: Correspondent, *, expected: int) -> None:
        """Raises `ConditionFailed` if it has another version by now, or is gone."""
        ...

    def forget(self, one: Correspondent) -> None:
        """Erases an address."""
        ...

    def to_be_written_to(self, *, at: datetime, limit: int) -> tuple[str, ...]:
        """The reports whose correspondents something is to be written to."""
        ...

    def owe(self, one: Owed) -> None:
        """Keeps that reports are to be answered, in the place of what is kept of that incident."""
        ...

    def owed(self, *, at: datetime, limit: int) -> tuple[Owed, ...]:
        """Those that are due, the longest due first."""
        ...

    def settle(self, one: Owed) -> None:
        """Forgets it, unless another is kept of its incident by now."""
        ...

    def take(self, what: str, *, most: int, until: datetime) -> bool:
        """Counts one more of `what`, unless that would be more than `most`; whether it was.

        What it is counted by may be forgotten after `until`, real time.
        """
        ...
