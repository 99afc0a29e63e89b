"""Deadlines against an oracle that counts minutes, for any start, severity history and pause."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.harness.models.deadline_oracle import ClockModel
from tests.harness.worlds.stories import ANA, BO, EVERYTHING, SAM, Story, make
from tocsin.incidents.commands.fix import PauseFix, ResumeFix
from tocsin.incidents.commands.people import Acknowledge
from tocsin.incidents.commands.severity import ChangeSeverity
from tocsin.incidents.vocabulary import ClockName, Severity

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import Round

MINUTE = timedelta(minutes=1)
FIRST = datetime(2026, 9, 1, tzinfo=UTC)

# From a quiet September to the week after the clocks have gone back (1 November).
starts = st.integers(min_value=0, max_value=70 * 24 * 60).map(lambda n: FIRST + n * MINUTE)
severities = st.sampled_from(Severity)
changes = st.lists(st.tuples(st.integers(min_value=1, max_value=3_000), severities), max_size=6)


def change(story: Story, at: datetime, severity: Severity) -> None:
    """Raises as anybody, lowers as everybody a lowering may need."""
    for who in (BO, SAM):
        if story.incident.severity is not severity:
            command = make(
                ChangeSeverity, who, groups=EVERYTHING, severity=severity, reason="as seen"
            )
            story.do(at, command)


@given(opened=starts, severity=severities)
def test_opening_deadlines_are_what_counting_minutes_gives(
    opened: datetime, severity: Severity
) -> None:
    story = Story().open(opened, severity)

    for name in (ClockName.CONTAIN, ClockName.FIX):
        assert story.clock(name).due_at == ClockModel(name, opened, severity).due


@given(opened=starts, severity=severities, history=changes)
def test_i2_raises_and_lowers_give_what_the_words_say_and_raises_never_move_later(
    opened: datetime, severity: Severity, history: list[tuple[int, Severity]]
) -> None:
    story = Story().open(opened, severity)
    models = {name: ClockModel(name, opened, severity) for name in ("contain", "fix")}
    at = opened

    for minutes, new in history:
        at += minutes * MINUTE
        old = story.incident.severity
        before = {name: clock.due_at for name, clock in story.incident.clocks.items()}
        if new is not old:
            change(story, at, new)
        for model in models.values():
            if new is not old:
                model.change(new)
            assert story.clock(ClockName(model.name)).due_at == model.due
        if new.rank < old.rank:
            for name, due in before.items():
                now = story.clock(name).due_at
                assert due is None or (now is not None and now <= due)


@given(
    opened=starts,
    severity=st.sampled_from([Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM]),
    wait=st.integers(min_value=0, max_value=3_000),
    length=st.integers(min_value=1, max_value=24 * 60),
    used=st.integers(min_value=1, max_value=24 * 60),
    then=st.none() | severities,
)
def test_a_pause_moves_the_fix_by_exactly_what_it_cost(
    *,
    opened: datetime,
    severity: Severity,
    wait: int,
    length: int,
    used: int,
    then: Severity | None,
) -> None:
    story = Story().open(opened, severity)
    fix = ClockModel("fix", opened, severity)
    contain = story.clock(ClockName.CONTAIN).due_at
    start = opened + wait * MINUTE
    end = start + min(length, used) * MINUTE
    pause = make(PauseFix, BO, groups=EVERYTHING, minutes=length, reason="vendor")
    story.do(start, pause)

    if used < length:
        story.do(end, make(ResumeFix, BO, groups=EVERYTHING))
    else:
        story.tick(end + 500 * MINUTE)
    fix.paused(start, end)

    assert story.clock(ClockName.FIX).due_at == fix.due
    assert story.clock(ClockName.CONTAIN).due_at == contain
    if then is not None and then is not severity:
        change(story, end + 501 * MINUTE, then)
        fix.change(then)
        assert story.clock(ClockName.FIX).due_at == fix.due


def asked_at(story: Story) -> Round:
    """The round less how often people were asked in it: what is late asks once for several."""
    return replace(story.round, asks=None)


@given(opened=starts, severity=severities, minutes=st.lists(st.integers(1, 400), max_size=12))
def test_however_the_sweep_runs_the_clocks_end_the_same(
    opened: datetime, severity: Severity, minutes: list[int]
) -> None:
    often, once, punctual = (Story().open(opened, severity) for _ in range(3))
    at = opened

    for step in minutes:
        at += step * MINUTE
        often.tick(at)
    once.tick(at)
    punctual.sweep_until(at)
    punctual.tick(at)

    assert often.incident.clocks == once.incident.clocks == punctual.incident.clocks
    assert asked_at(often) == asked_at(once) == asked_at(punctual)


@given(opened=starts, severity=severities, ack=st.integers(1, 120), silence=st.integers(1, 4_000))
def test_however_late_a_silence_is_noticed_the_new_round_counts_from_when_it_was_over(
    opened: datetime, severity: Severity, ack: int, silence: int
) -> None:
    late, punctual = (Story().open(opened, severity) for _ in range(2))
    end = opened + (ack + silence) * MINUTE
    for story in (late, punctual):
        story.do(opened + ack * MINUTE, make(Acknowledge, ANA))

    late.tick(end)
    punctual.sweep_until(end)
    punctual.tick(end)

    assert asked_at(late) == asked_at(punctual)
    assert late.incident.clocks == punctual.incident.clocks
