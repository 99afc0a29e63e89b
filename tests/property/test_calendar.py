"""The calendar against an oracle that walks minute by minute and shares no code with it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from tocsin.incidents.runbook.calendar import BusinessCalendar

MINUTE = timedelta(minutes=1)

# Zones that change at night, at midnight, by half an hour, eastwards, westwards and not at all.
ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Asia/Beirut",
    "Pacific/Chatham",
    "America/St_Johns",
    "UTC",
)
# Within a day or two of a clock change of some zone above, and anywhere in the year.
CHANGES = (
    datetime(2026, 3, 8, 6, tzinfo=UTC),
    datetime(2026, 11, 1, 5, tzinfo=UTC),
    datetime(2026, 3, 29, 0, tzinfo=UTC),
    datetime(2026, 10, 25, 0, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, tzinfo=UTC),
)


@st.composite
def weekly_hours(draw: st.DrawFn) -> dict[int, tuple[tuple[int, int], ...]]:
    hours = {}
    for weekday in draw(st.sets(st.integers(0, 6), min_size=1)):
        edges = draw(st.lists(st.integers(0, 96), min_size=2, max_size=6, unique=True))
        edges = sorted(edge * 15 for edge in edges[: len(edges) // 2 * 2])
        hours[weekday] = tuple(zip(edges[::2], edges[1::2], strict=True))
    return hours


@st.composite
def calendars(draw: st.DrawFn) -> BusinessCalendar:
    days = st.dates(date(2026, 3, 1), date(2026, 11, 15))
    return BusinessCalendar(
        zone=draw(st.sampled_from(ZONES)),
        weekly_hours=draw(weekly_hours()),
        closed_dates=frozenset(draw(st.sets(days, max_size=5))),
        minutes_per_day=draw(st.integers(1, 1440)),
        version="drawn",
    )


moments = st.one_of(
    st.builds(
        lambda change, by: change + by * MINUTE, st.sampled_from(CHANGES), st.integers(-2000, 2000)
    ),
    st.builds(
        lambda by: datetime(2026, 3, 1, tzinfo=UTC) + by * MINUTE, st.integers(0, 250 * 1440)
    ),
)


def minute_counts(cal: BusinessCalendar, moment: datetime) -> bool:
    local = moment.astimezone(ZoneInfo(cal.zone))
    if local.date() in cal.closed_dates:
        return False
    clock = local.hour * 60 + local.minute
    return any(start <= clock < end for start, end in cal.weekly_hours.get(local.weekday(), ()))


@given(calendars(), moments, st.integers(1, 2500))
def test_add_minutes_ends_with_the_minute_the_oracle_counts_last(
    cal: BusinessCalendar, start: datetime, minutes: int
) -> None:
    moment, left = start, minutes
    for _ in range(30 * 1440):
        left -= minute_counts(cal, moment)
        moment += MINUTE
        if left == 0:
            break
    assume(left == 0)
    assert cal.add_minutes(start, minutes) == moment


@given(calendars(), moments, st.integers(-60, 6 * 1440))
def test_minutes_between_counts_the_minutes_the_oracle_counts(
    cal: BusinessCalendar, start: datetime, length: int
) -> None:
    counted = sum(minute_counts(cal, start + by * MINUTE) for by in range(length))
    assert cal.minutes_between(start, start + length * MINUTE) == counted


@given(calendars(), moments)
def test_open_and_next_opening_agree_with_the_oracle(cal: BusinessCalendar, at: datetime) -> None:
    assert cal.is_open(at) == minute_counts(cal, at)
    moment = at
    for _ in range(10 * 1440):
        if minute_counts(cal, moment):
            break
        moment += MINUTE
    assume(minute_counts(cal, moment))
    assert cal.next_opening(at) == moment


@given(calendars(), moments, st.integers(0, 3000), st.integers(0, 3000))
def test_a_later_part_continues_where_the_earlier_part_ended(
    cal: BusinessCalendar, start: datetime, first: int, second: int
) -> None:
    together = cal.add_minutes(start, first + second)
    assert cal.add_minutes(cal.add_minutes(start, first), second) == together
    assert cal.minutes_between(start, together) == first + second


@given(calendars(), moments, st.timedeltas(timedelta(), timedelta(days=4)), st.integers(1, 2000))
def test_a_later_start_never_has_an_earlier_deadline(
    cal: BusinessCalendar, start: datetime, later: timedelta, minutes: int
) -> None:
    assert cal.add_minutes(start + later, minutes) >= cal.add_minutes(start, minutes)
