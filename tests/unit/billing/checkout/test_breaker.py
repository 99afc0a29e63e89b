"""The breaker: what it lets through, and when it opens and closes."""

from __future__ import annotations

from dataclasses import replace

from tocsin.billing.checkout.breaker import (
    CALM_AFTER,
    FIRST_COOLING,
    LONGEST_COOLING,
    PROBE_LOST_AFTER,
    SUCCESSES_TO_CLOSE,
    Breaker,
    Phase,
    admit,
    after_failure,
    after_nothing,
    after_success,
)

NOW = 1_790_000_000
OPEN = Breaker(Phase.OPEN, since=NOW, ver=1, openings=1, began_at=NOW)


def opened(breaker: Breaker, *, at: int) -> Breaker:
    moved = after_failure(breaker, failing=True, now=at)
    assert moved is not None
    return moved


def probing(at: int = NOW + FIRST_COOLING) -> Breaker:
    moved = admit(OPEN, now=at).next
    assert moved is not None
    return moved


def test_a_closed_one_costs_no_write() -> None:
    assert admit(Breaker(), now=NOW).allowed
    assert admit(Breaker(), now=NOW).next is None
    assert after_success(Breaker(), now=NOW) is None
    assert after_failure(Breaker(), failing=False, now=NOW) is None


def test_it_opens_when_the_rule_says_so_and_lets_nothing_through_while_it_cools() -> None:
    breaker = opened(Breaker(), at=NOW)
    assert (breaker.phase, breaker.ver, breaker.began_at) == (Phase.OPEN, 1, NOW)
    assert not admit(breaker, now=NOW + FIRST_COOLING - 1).allowed
    assert admit(breaker, now=NOW + FIRST_COOLING).allowed


def test_one_probe_at_a_time() -> None:
    breaker = probing()
    assert breaker.phase is Phase.HALF_OPEN
    assert not admit(breaker, now=breaker.since + 1).allowed
    passed = after_success(breaker, now=breaker.since + 2)
    assert passed is not None
    assert admit(passed, now=breaker.since + 3).allowed


def test_a_probe_that_never_reports_gives_its_place_back() -> None:
    breaker = probing()
    assert not admit(breaker, now=breaker.probed_at + PROBE_LOST_AFTER - 1).allowed
    assert admit(breaker, now=breaker.probed_at + PROBE_LOST_AFTER).allowed


def test_a_probe_that_says_nothing_of_health_gives_its_place_back_at_once() -> None:
    freed = after_nothing(probing())
    assert freed is not None
    assert freed.successes == 0
    assert admit(freed, now=freed.since + 1).allowed
    assert after_nothing(Breaker()) is None


def test_it_closes_after_several_successes_in_a_row_and_not_after_one() -> None:
    breaker, now = probing(), NOW + FIRST_COOLING
    for number in range(1, SUCCESSES_TO_CLOSE + 1):
        now += 1
        moved = after_success(breaker, now=now)
        assert moved is not None
        assert (moved.phase is Phase.CLOSED) == (number == SUCCESSES_TO_CLOSE)
        breaker = moved if moved.phase is Phase.CLOSED else admit(moved, now=now).next or moved
    assert breaker.began_at is None


def test_a_failed_probe_opens_it_again_for_twice_as_long_up_to_a_limit() -> None:
    breaker, seen = OPEN, []
    for _ in range(6):
        seen.append(breaker.cooling)
        probe = admit(breaker, now=breaker.since + breaker.cooling).next
        assert probe is not None
        breaker = opened(probe, at=probe.since + 1)
        assert breaker.began_at == NOW
    assert seen == [30, 60, 120, 240, LONGEST_COOLING, LONGEST_COOLING]


def test_flapping_keeps_the_long_cooling_and_calm_forgets_it() -> None:
    closed = Breaker(Phase.CLOSED, since=NOW, ver=9, openings=3)
    assert opened(closed, at=NOW + CALM_AFTER - 1).openings == 4
    assert opened(closed, at=NOW + CALM_AFTER).openings == 1


def test_a_late_success_of_a_call_from_before_changes_nothing() -> None:
    assert after_success(OPEN, now=NOW + 1) is None
    assert after_failure(OPEN, failing=True, now=NOW + 1) is None


def test_every_change_raises_the_version_by_one() -> None:
    probe = probing()
    for before, after in (
        (OPEN, probe),
        (probe, after_success(probe, now=NOW + 31)),
        (probe, after_failure(probe, failing=False, now=NOW + 31)),
        (probe, after_nothing(probe)),
        (
            replace(probe, successes=SUCCESSES_TO_CLOSE - 1),
            after_success(replace(probe, successes=SUCCESSES_TO_CLOSE - 1), now=NOW + 31),
        ),
    ):
        assert after is not None
        assert after.ver == before.ver + 1
