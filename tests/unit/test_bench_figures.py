"""The arithmetic of the benchmark; the times themselves are never tested."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.bench.figures import Figure, paired, quartiles, ratio, table, without_warm_up, write

if TYPE_CHECKING:
    from pathlib import Path


def test_a_ratio_is_of_medians_so_one_slow_round_moves_nothing() -> None:
    assert ratio([10.0, 12.0, 900.0], [40.0, 48.0, 50.0]) == 0.25


@pytest.mark.parametrize(("ours", "theirs"), [([], [1.0]), ([1.0], []), ([1.0], [0.0])])
def test_a_ratio_without_two_sides_is_refused(ours: list[float], theirs: list[float]) -> None:
    with pytest.raises(ValueError, match=r"a ratio needs|nothing can be compared"):
        ratio(ours, theirs)


def test_pairs_are_compared_within_their_turn_so_a_slow_turn_weighs_on_both_sides() -> None:
    ratios = paired([10.0, 100.0, 12.0], [20.0, 200.0, 10.0])

    assert ratios == [0.5, 0.5, 1.2]
    assert quartiles(ratios)[1] == 0.5


@pytest.mark.parametrize(
    ("ours", "theirs"), [([], []), ([1.0], [1.0, 2.0]), ([1.0, 1.0], [1.0, 0.0])]
)
def test_pairs_without_a_partner_are_refused(ours: list[float], theirs: list[float]) -> None:
    with pytest.raises(ValueError, match=r"pairs need|nothing can be compared"):
        paired(ours, theirs)


def test_quartiles_bound_the_middle_half() -> None:
    assert quartiles([4.0, 1.0, 2.0, 3.0, 5.0]) == (2.0, 3.0, 4.0)
    assert quartiles([7.0]) == (7.0, 7.0, 7.0)


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
