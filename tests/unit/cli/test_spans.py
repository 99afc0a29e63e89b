"""Lengths of time and instants as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.cli.terminal.spans import read_instant, read_span, show_span
from tocsin.errors import BadInput


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        ("4h", timedelta(hours=4)),
        ("2d", timedelta(days=2)),
        ("1h30m", timedelta(minutes=90)),
        (" 1D ", timedelta(days=1)),
    ],
)
def test_lengths_are_read_in_the_units_people_use(text: str, span: timedelta) -> None:
    assert read_span(text) == span


@pytest.mark.parametrize("text", ["", "4", "h", "-5m", "5m4h", "1.5h", "0s", "4 h", "9" * 30 + "d"])
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(BadInput, match="write 90s"):
        read_span(text)


@given(st.integers(min_value=1, max_value=3_000 * 86_400))
def test_a_shown_length_reads_back_as_itself(seconds: int) -> None:
    span = timedelta(seconds=seconds)

    assert read_span(show_span(span)) == span


def test_lengths_behind_and_none_at_all_are_shown_too() -> None:
    assert show_span(timedelta(minutes=-5)) == "-5m"
    assert show_span(timedelta()) == "0s"
    assert show_span(timedelta(days=1, seconds=3)) == "1d3s"


@pytest.mark.parametrize(
    "text", ["2026-09-08T10:00-04:00", "2026-09-08T14:00Z", "2026-09-08T16:00+02:00"]
)
def test_instants_are_read_with_their_zone(text: str) -> None:
    assert read_instant(text) == datetime(2026, 9, 8, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-09-08T10:00", "2026-09-08", "10:00"])
def test_an_instant_without_a_zone_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"zone|instant"):
        read_instant(text)
