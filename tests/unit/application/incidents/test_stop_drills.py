"""A real critical stops every drill, whatever is the matter with one of them (semantics 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.worlds.desk import Desk
from tocsin.errors import StoreUnavailable, VersionConflict
from tocsin.incidents.vocabulary import Kind, Severity

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import Incident


class Broken(Desk):
    """A desk whose store fails for some incidents, each in its way, when it is asked for them."""

    def __init__(self) -> None:
        super().__init__()
        self.breaks: dict[str, Exception] = {}
        load = self.store.load

        def asked(incident_id: str, **how: bool) -> Incident | None:
            if incident_id in self.breaks:
                raise self.breaks[incident_id]
            return load(incident_id, **how)

        self.store.load = asked  # type: ignore[method-assign] # a fault of this one


@pytest.fixture
def desk() -> Broken:
    return Broken()


def drills(desk: Desk, count: int) -> list[str]:
    return [desk.open(Severity.HIGH, kind=Kind.DRILL).id for _ in range(count)]


@pytest.mark.parametrize("error", [VersionConflict("lost"), ValueError("a value is missing")])
def test_one_that_cannot_be_stopped_keeps_no_other_going(desk: Broken, error: Exception) -> None:
    first, second, third = drills(desk, 3)
    desk.open(Severity.CRITICAL)
    desk.breaks = {second: error}
    stopped = desk.engine.stop_drills()
    assert set(stopped.changed) == {first, third}
    assert list(stopped.failed) == [second]
    desk.breaks = {}
    assert desk.engine.stop_drills().changed == (second,)


def test_a_critical_that_cannot_be_read_hides_no_other(desk: Broken) -> None:
    (drill,) = drills(desk, 1)
    desk.open(Severity.CRITICAL)
    desk.advance(1)
    newest = desk.open(Severity.CRITICAL, title="nobody signs in").id
    desk.breaks = {newest: ValueError("a value is missing")}
    assert desk.engine.stop_drills().changed == (drill,)


def test_a_store_that_does_not_answer_is_no_incident_that_cannot_be_read(desk: Broken) -> None:
    drills(desk, 1)
    critical = desk.open(Severity.CRITICAL).id
    desk.breaks = {critical: StoreUnavailable()}
    with pytest.raises(StoreUnavailable):
        desk.engine.stop_drills()
