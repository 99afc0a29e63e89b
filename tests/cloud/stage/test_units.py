"""What one event costs, counted on the wire between the bundles and a DynamoDB that meters.

The same measurement that `make bench` prints; here its promises are kept or the test is red.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.app import ROOT
from tests.bench import units
from tests.bench.layouts import Layouts

if TYPE_CHECKING:
    from tests.bench.units import Units


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Units:
    work = tmp_path_factory.mktemp("units")
    return units.measure(Layouts(ROOT, work), work)


@pytest.mark.parametrize(
    ("case", "calls", "write_units"),
    [
        ("new", 2, 3),  # the put, and an update that also moves the row in its index
        ("duplicate", 1, 1),
        ("stale", 2, 2),
        ("irrelevant", 1, 1),
    ],
)
def test_an_event_costs_these_calls_and_units_and_no_read(
    measured: Units, case: str, calls: int, write_units: int
) -> None:
    assert measured.cases[case].plain() == {
        "calls": calls,
        "write_units": write_units,
        "read_units": 0,
    }


def test_a_stored_event_costs_hardly_more_than_one_unit(measured: Units) -> None:
    (mean,) = [each for each in units.figures(measured) if each.name.startswith("units.samples")]
    assert len(measured.stored) >= 30
    assert min(measured.stored.values()) >= 1
    assert mean.value <= 1.3
    assert not [figure.name for figure in units.figures(measured) if figure.kept is False]
