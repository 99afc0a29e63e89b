"""The rule of a storm by itself: whatever comes when, never more than a telephone takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tocsin.people.storm import IN_FULL, WINDOW, Left, Texts, bundles, takes

T0 = datetime(2026, 9, 8, 14, 0, tzinfo=UTC)


def at(seconds: int, *, critical: bool = False, name: str = "") -> Left:
    return Left(T0 + timedelta(seconds=seconds), critical, name or f"m-{seconds}-{critical}")


def left(*messages: Left) -> tuple[list[int], Texts]:
    """Which of some messages, by their place, leave in full."""
    texts, taken = Texts(), []
    for place, message in enumerate(messages):
        after = takes(texts, message, waited=False)
        if after is not None:
            texts = after
            taken.append(place)
    return taken, texts


def test_of_thirty_critical_ones_three_leave() -> None:
    assert left(*(at(second, critical=True) for second in range(30)))[0] == [0, 1, 2]


def test_a_place_is_kept_for_the_first_critical_until_it_has_left() -> None:
    many = [at(second) for second in range(20)]
    assert left(*many)[0] == [0, 1]
    assert left(*many, at(20, critical=True), at(21, critical=True), at(22))[0] == [0, 1, 20]
    assert left(at(0, critical=True), *many[1:])[0] == [0, 1, 2]


def test_a_minute_later_there_is_room_again() -> None:
    storm = [at(0, critical=True), at(1), at(2), at(59, critical=True)]
    assert left(*storm, at(60, critical=True), at(61), at(62))[0] == [0, 1, 2, 4, 5, 6]


def test_the_same_message_again_takes_no_second_place() -> None:
    taken, texts = left(at(0, name="a"), at(5, name="a"), at(6, name="b"), at(7, name="a"))
    assert taken == [0, 1, 2, 3]
    assert [one.message_id for one in texts.full] == ["a", "b"]


def test_what_has_waited_goes_with_the_bundle() -> None:
    assert takes(Texts(), at(0), waited=True) is None
    assert takes(Texts(), at(0, critical=True), waited=True) is None


def test_a_bundle_leaves_at_most_once_a_minute() -> None:
    first = bundles(Texts(), T0)
    assert first is not None
    assert bundles(first, T0 + timedelta(seconds=59)) is None
    second = bundles(first, T0 + WINDOW)
    assert second is not None
    assert second.epoch == 2
    assert first.next_bundle(T0) == T0 + WINDOW


@given(
    st.lists(st.tuples(st.integers(0, 240), st.booleans(), st.booleans()), min_size=1, max_size=60)
)
def test_no_minute_has_more_than_three_and_none_is_without_its_first_critical(
    messages: list[tuple[int, bool, bool]],
) -> None:
    ordered = sorted(messages, key=lambda one: one[0])
    texts, full = Texts(), list[Left]()
    for number, (second, critical, waited) in enumerate(ordered):
        message = at(second, critical=critical, name=str(number))
        after = takes(texts, message, waited=waited)
        if after is not None:
            texts = after
            full.append(message)
        elif critical and not waited:
            since = message.at - WINDOW
            assert any(one.critical and one.at > since for one in full), "the first one leaves"
    for one in full:
        minute = [other for other in full if one.at <= other.at < one.at + WINDOW]
        assert len(minute) <= IN_FULL


def test_a_clock_that_was_set_back_holds_nothing_back() -> None:
    """As between two drills on one stage: what left "in an hour" says nothing about now."""
    _, storm = left(at(3600, critical=True), at(3601), at(3602))
    bundled = bundles(storm, T0 + timedelta(seconds=3660))
    assert bundled is not None
    assert takes(bundled, at(0), waited=False) is not None
    assert bundled.next_bundle(T0) == T0
    assert bundles(bundled, T0) is not None


def test_a_host_some_seconds_ahead_still_counts() -> None:
    _, storm = left(at(5, critical=True), at(6), at(7))
    assert takes(storm, at(0), waited=False) is None
    bundled = bundles(storm, T0 + timedelta(seconds=8))
    assert bundled is not None
    assert bundled.next_bundle(T0) == T0 + timedelta(seconds=68)
