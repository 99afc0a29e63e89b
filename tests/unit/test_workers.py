"""Tests that share what is made once a session run in one worker, also after an update of xdist."""

from __future__ import annotations

from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.harness.workers import ONE_WORKER, ByPlace, group_of

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/infra/test_bundles.py::test_a[x@y]", "bundles"),
        ("tests/infra/test_alarms.py::test_a", "infra"),
        ("tests/cloud/stage/test_lifecycle.py::test_a", "lifecycle"),
        ("tests/cloud/stage/test_denials.py::test_a[billing_api]", "cloud"),
        ("tests/e2e/test_demo.py::test_a", "cloud"),
        ("tests/unit/test_workers.py::test_a", "tests/unit/test_workers.py::test_a"),
    ],
)
def test_the_first_place_a_test_lies_in_counts(nodeid: str, group: str) -> None:
    assert group_of(nodeid) == group


@pytest.mark.parametrize("place", ONE_WORKER)
def test_every_place_exists(place: str) -> None:
    assert (ROOT / place).exists()


def test_xdist_still_asks_for_the_group_by_this_name() -> None:
    assert ByPlace._split_scope is not LoadScopeScheduling._split_scope
