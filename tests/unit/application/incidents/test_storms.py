"""Storms in memory, at a small size; `tests/cloud/incidents/test_storms.py` has the whole one."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from tests.harness.fakes.application import HostileStore
from tests.harness.worlds.storms import Storm
from tocsin.errors import VersionConflict

if TYPE_CHECKING:
    from tocsin.ports.incidents import Commit


class Contended(HostileStore):
    """Every seventh write finds that somebody else was first."""

    def __init__(self) -> None:
        super().__init__()
        self._count, self._guard = 0, Lock()

    def commit(self, commit: Commit) -> None:
        with self._guard:
            self._count += 1
            lost = self._count % 7 == 0
        if lost:
            raise VersionConflict
        super().commit(commit)


def test_all_that_falls_due_at_once_is_acted_on_once_across_two_sweeps() -> None:
    store = Contended()
    storm = Storm(lambda: store)
    storm.everything_falls_due(storm.open(450))
