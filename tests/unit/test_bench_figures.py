"""The arithmetic of the benchmark; the times themselves are never tested."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.bench.figures import Figure, ratio, table, without_warm_up, write

if TYPE_CHECKING:
    from pathlib import Path


def test_a_ratio_is_of_medians_so_one_slow_round_moves_nothing() -> None:
    assert ratio([10.0, 12.0, 900.0], [40.0, 48.0, 50.0]) == 0.25


@pytest.mark.parametrize(("ours", "theirs"), [([], [1.0]), ([1.0], []), ([1.0], [0.0])])
def test_a_ratio_without_two_sides_is_refused(ours: list[float], theirs: list[float]) -> None:
    with pytest.raises(ValueError, match=r"a ratio needs|nothing can be compared"):
        ratio(ours, theirs)


def test_the_first_round_is_left_out() -> None:
    assert without_warm_up({"a": [9.0, 1.0, 2.0]}) == {"a": [1.0, 2.0]}


@pytest.mark.parametrize(
    ("value", "limit", "kept"), [(0.95, 0.95, True), (0.951, 0.95, False), (7.0, None, None)]
)
def test_a_limit_is_the_largest_value_that_keeps_the_promise(
    value: float, limit: float | None, *, kept: bool | None
) -> None:
    assert Figure("cold_start.x.ratio_boto3", value, limit).kept is kept


def test_the_table_says_what_was_missed() -> None:
    lines = table(
        [
            Figure("ingest.ratio_floor", 1.5, 1.25, "CPU per event"),
            Figure("cold_start.webhook_ingest.zip_kb", 512.0),
        ]
    ).splitlines()

    assert lines[0].split() == ["figure", "value", "limit"]
    assert " ".join(lines[1].split()) == "ingest.ratio_floor 1.5 <= 1.25 MISSED CPU per event"
    assert lines[2].split() == ["cold_start.webhook_ingest.zip_kb", "512"]


def test_the_file_holds_figures_limits_and_what_they_came_from(tmp_path: Path) -> None:
    path = tmp_path / "new" / "bench.json"

    write(path, [Figure("a.b", 1.23456, 1.0), Figure("c", 2.0)], {"seconds": {"a": [1, 2]}})

    assert json.loads(path.read_text()) == {
        "figures": {"a.b": 1.2346, "c": 2.0},
        "limits": {"a.b": 1.0},
        "missed": ["a.b"],
        "measured": {"seconds": {"a": [1, 2]}},
    }
