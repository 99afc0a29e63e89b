"""Ids sort by the time they were made, and no two are alike."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tocsin.runtime.clock import wall_clock
from tocsin.runtime.ids import SystemIds, sortable

FIRST = datetime(2026, 9, 8, 14, 0, tzinfo=UTC)
moments = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2900, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.just(UTC),
)
randomness = st.binary(min_size=10, max_size=10)


@given(moments, randomness, moments, randomness)
def test_an_id_of_a_later_millisecond_sorts_after_an_earlier_one(
    first: datetime, first_random: bytes, second: datetime, second_random: bytes
) -> None:
    if second - first >= timedelta(milliseconds=1):
        assert sortable(first, first_random) < sortable(second, second_random)


@given(moments, randomness, randomness)
def test_ids_of_one_millisecond_differ_exactly_when_their_randomness_does(
    moment: datetime, one: bytes, other: bytes
) -> None:
    assert (sortable(moment, one) == sortable(moment, other)) == (one == other)


def test_a_drill_is_told_from_a_real_incident_by_its_id_alone() -> None:
    ids = SystemIds(wall_clock())
    shape = r"-[0-9A-HJKMNP-TV-Z]{26}"
    assert re.fullmatch("INC" + shape, ids.incident_id(drill=False))
    assert re.fullmatch("DRL" + shape, ids.incident_id(drill=True))


def test_ids_and_salts_do_not_repeat() -> None:
    ids = SystemIds(wall_clock())
    assert len({ids.unique_id() for _ in range(2_000)}) == 2_000
    assert len({ids.salt() for _ in range(2_000)}) == 2_000
    assert len(ids.salt()) == 32


def test_the_known_id_of_a_known_moment() -> None:
    """Worked by hand: 1788876000000 ms in base 32, then 00 01 .. 09 in groups of five bits."""
    assert sortable(FIRST, bytes(range(10))) == "01M20N32R0" + "000G40R40M30E209"
