"""Tests that share what is made once a session run in one worker, also after an update of xdist."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.harness.workers import ONE_WORKER, SECONDS, ByPlace, group_of

ROOT = Path(__file__).parents[2]


class FakeConfig:
    """As much of pytest's configuration as the scheduler asks for."""

    option = SimpleNamespace(loadscopereorder=True)

    def getvalue(self, _name: str) -> list[str]:
        return ["popen"]


class FakeNode:
    """A worker that notes what it is sent."""

    def __init__(self) -> None:
        self.sent: list[list[int]] = []
        self.shutting_down = False

    def send_runtest_some(self, indices: list[int]) -> None:
        self.sent.append(indices)

    def shutdown(self) -> None:
        self.shutting_down = True


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/infra/test_bundles.py::test_a[x@y]", "bundles"),
        ("tests/infra/test_alarms.py::test_a", "infra"),
        ("tests/cloud/stage/test_lifecycle.py::test_a", "lifecycle"),
        ("tests/cloud/stage/test_denials.py::test_a[billing_api]", "cloud"),
        ("tests/e2e/test_demo.py::test_a", "cloud"),
        ("tests/unit/test_workers.py::test_a", "tests/unit/test_workers.py"),
    ],
)
def test_the_first_place_a_test_lies_in_counts(nodeid: str, group: str) -> None:
    assert group_of(nodeid) == group


@pytest.mark.parametrize("place", ONE_WORKER)
def test_every_place_exists(place: str) -> None:
    assert (ROOT / place).exists()


@pytest.mark.parametrize("group", SECONDS)
def test_whatever_is_said_to_be_long_exists(group: str) -> None:
    assert group in ONE_WORKER.values() or (ROOT / group).exists()


def test_the_longest_begins_first_and_a_file_is_as_long_as_it_has_tests() -> None:
    queue = ByPlace(FakeConfig())
    node = FakeNode()
    names = [f"tests/unit/test_{size}.py::test_{n}" for size in (2, 4, 3) for n in range(size)]
    names += ["tests/property/test_checkout_machine.py::test_a", "tests/cloud/test_b.py::test_b"]
    queue.add_node(node)
    queue.add_node_collection(node, names)
    queue.schedule()
    for done in range(len(names)):
        queue.mark_test_complete(node, list(chain.from_iterable(node.sent))[done])
    files = [names[sent[0]].partition("::")[0] for sent in node.sent]
    assert files == [
        "tests/cloud/test_b.py",
        "tests/property/test_checkout_machine.py",
        "tests/unit/test_4.py",
        "tests/unit/test_3.py",
        "tests/unit/test_2.py",
    ]


def test_xdist_still_asks_for_the_group_by_this_name() -> None:
    assert ByPlace._split_scope is not LoadScopeScheduling._split_scope
