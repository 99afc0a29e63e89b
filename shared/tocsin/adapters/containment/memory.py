"""Runs and rules in memory: the twins of `containment.store` and `.rulebook`; both as stored."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from tocsin.adapters.containment.rulebook import book_of, book_text, edition_of, edition_text
from tocsin.adapters.containment.store import is_due, ledger_of, ledger_text, run_of, run_text
from tocsin.containment.guards import Ledger
from tocsin.containment.rulebook import Rulebook
from tocsin.containment.runs import due_at
from tocsin.errors import ConditionFailed

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.containment.rulebook import Edition
    from tocsin.containment.runs import Run


class MemoryRuns:
    """A `RunStore` that forgets everything with the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._texts: dict[tuple[str, str], str] = {}
        self._ledger = ledger_text(Ledger())

    def get(self, incident: str, run: str) -> Run | None:
        text = self._texts.get((incident, run))
        return None if text is None else run_of(text)

    def of(self, incident: str) -> tuple[Run, ...]:
        found = (run_of(text) for (of, _), text in self._texts.items() if of == incident)
        return tuple(sorted(found, key=lambda run: (run.asked_at, run.id)))

    def ledger(self) -> Ledger:
        return ledger_of(self._ledger)

    def save(self, run: Run, *, ledger: Ledger | None = None) -> None:
        with self._lock:
            known = self.get(run.incident, run.id)
            if (0 if known is None else known.ver) != run.ver - 1:
                raise ConditionFailed
            if ledger is not None and self.ledger().ver != ledger.ver - 1:
                raise ConditionFailed
            self._texts[run.incident, run.id] = run_text(run)
            if ledger is not None:
                self._ledger = ledger_text(ledger)

    def due(self, *, at: datetime, limit: int) -> tuple[Run, ...]:
        read = map(run_of, self._texts.values())
        found = [run for run in read if is_due(run, at)]
        return tuple(sorted(found, key=lambda run: due_at(run) or at))[:limit]


class MemoryRulebook:
    """A `RuleStore` that forgets everything with the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._book = book_text(Rulebook())
        self._editions: list[str] = []

    def load(self) -> Rulebook:
        return book_of(self._book)

    def save(self, book: Rulebook, *, edition: Edition | None = None) -> None:
        with self._lock:
            if self.load().ver != book.ver - 1:
                raise ConditionFailed
            self._book = book_text(book)
            if edition is not None:
                self._editions.append(edition_text(edition))

    def editions(self, *, limit: int) -> tuple[Edition, ...]:
        return tuple(map(edition_of, self._editions[::-1][:limit]))
