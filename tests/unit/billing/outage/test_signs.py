"""The outage rules: what they ring for, what they keep quiet about, and when it is over."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tocsin.billing.checkout.attempts import Attempt, Result
from tocsin.billing.outage.signs import (
    ARRIVALS_KEPT,
    BACKLOG_EVENTS,
    CHECKOUTS,
    DELIVERIES,
    RECOVERED_AFTER,
    Arrivals,
    Tally,
    Watched,
    backlog,
    checkouts,
    silence,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = 1_790_000_000
MINUTE, HOUR = 60, 3_600
BAD, FINE = Tally(3, 3, broken=True), Tally(0, 9, broken=False)


def attempt(at: int, result: Result = Result.OFFERED) -> Attempt:
    return Attempt(
        at=at * 1000,
        intent=f"int_{at}",
        provider="stripe",
        result=result,
        code="",
        elapsed=100,
        workspace="ws",
        region="IN",
        plan="pro",
        amount=100,
        currency="INR",
    )


def log(results: Iterable[Result], *, every: int, until: int = NOW) -> list[Attempt]:
    results = list(results)
    first = until - every * (len(results) - 1)
    return [attempt(first + number * every, result) for number, result in enumerate(results)]


class TestCheckouts:
    """Half of at least ten in five minutes; or three failures in a row and no success lately."""

    def test_by_volume(self) -> None:
        half = [Result.OFFERED, Result.FAILED] * 5
        assert checkouts(log(half, every=10), now=NOW) == Tally(5, 10, broken=True, why="volume")

    @pytest.mark.parametrize(
        "results",
        [
            [Result.OFFERED, Result.FAILED] * 4 + [Result.OFFERED],  # nine: too few to say
            [Result.OFFERED] * 6 + [Result.FAILED] * 5,  # under half
        ],
    )
    def test_too_few_or_too_little(self, results: list[Result]) -> None:
        assert not checkouts(log(results, every=10), now=NOW).broken

    def test_what_is_refused_for_what_it_asked_does_not_count(self) -> None:
        assert not checkouts(log([Result.REFUSED] * 30, every=5), now=NOW).broken
        tally = checkouts(log([Result.REFUSED] * 30 + [Result.DOUBT] * 3, every=5), now=NOW)
        assert (tally.bad, tally.total, tally.why) == (3, 3, "low_traffic")

    def test_low_traffic_three_failures_and_no_success_in_ten_minutes(self) -> None:
        failures = log([Result.FAILED] * 3, every=120)
        assert checkouts(failures, now=NOW).why == "low_traffic"
        assert not checkouts(failures[:2], now=NOW).broken
        recent = [*failures, attempt(NOW - 599)]
        assert not checkouts(recent, now=NOW).broken

    def test_a_success_between_failures_starts_the_count_again(self) -> None:
        mixed = log([Result.FAILED, Result.FAILED, Result.OFFERED, Result.FAILED], every=1_000)
        assert not checkouts(mixed, now=NOW).broken

    def test_one_checkout_in_twenty_minutes_is_noticed_at_the_third_failure(self) -> None:
        healthy = log([Result.OFFERED] * 6, every=20 * MINUTE, until=NOW - HOUR)
        for failures in (1, 2, 3):
            outage = log([Result.DOUBT] * failures, every=20 * MINUTE, until=NOW)
            assert checkouts([*healthy, *outage], now=NOW).broken == (failures == 3)
        assert NOW - outage[0].second == 40 * MINUTE

    def test_attempts_of_an_outage_that_is_over_do_not_count(self) -> None:
        failures = log([Result.FAILED] * 20, every=10)
        assert checkouts(failures, now=NOW).broken
        assert not checkouts(failures, now=NOW, after=NOW + 1).broken

    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize(
        "every", [20 * MINUTE, 3 * MINUTE, pytest.param(20, marks=pytest.mark.full)]
    )
    def test_seven_healthy_noisy_days_ring_never(self, seed: int, every: int) -> None:
        """One in a hundred fails, now and then two in a row, and a lull at night."""
        dice, attempts, rings = random.Random(seed), [], 0
        failing_next = False
        for at in range(NOW - 7 * 86_400, NOW, every):
            if at % 86_400 < 6 * HOUR and dice.random() < 0.9:
                continue
            fails = failing_next or dice.random() < 0.01
            failing_next = not failing_next and fails and dice.random() < 0.2
            attempts.append(attempt(at, Result.FAILED if fails else Result.OFFERED))
            recent = attempts[-(7_200 // every + 2) :][-400:]
            rings += checkouts(recent, now=at).broken
        assert len(attempts) > 300
        assert any(each.failed for each in attempts)
        assert rings == 0


class TestOtherRules:
    """Deliveries, backlog and silence."""

    def test_every_rule_says_what_it_counts(self) -> None:
        for rule in (CHECKOUTS, DELIVERIES):
            assert rule.numerator
            assert rule.denominator
            assert not rule.broken(rule.minimum - 1, rule.minimum - 1)
            assert rule.broken(rule.minimum, rule.minimum)

    def test_a_backlog_is_many_and_not_fewer_than_before(self) -> None:
        assert backlog(BACKLOG_EVENTS, BACKLOG_EVENTS - 5).broken
        assert not backlog(BACKLOG_EVENTS, BACKLOG_EVENTS + 1).broken
        assert not backlog(BACKLOG_EVENTS - 1, 0).broken
        assert not backlog(BACKLOG_EVENTS, None).broken

    @pytest.mark.parametrize(
        ("gap", "suspected_after"), [(60, 1_800), (600, 1_800), (1_200, 3_600), (HOUR, 3 * HOUR)]
    )
    def test_silence_is_suspected_after_half_an_hour_or_three_gaps(
        self, gap: int, suspected_after: int
    ) -> None:
        arrivals = Arrivals(tuple(NOW - gap * number for number in range(10, -1, -1)))
        assert arrivals.suspect_at() == NOW + suspected_after
        listed = [NOW + 10, NOW + 20]
        assert silence(arrivals, listed, now=NOW + suspected_after - 1) is None
        found = silence(arrivals, listed, now=NOW + suspected_after)
        assert found is not None
        assert found.broken

    def test_the_list_settles_it(self) -> None:
        arrivals, later = Arrivals((NOW - 60, NOW)), NOW + 1_800
        quiet = silence(arrivals, [NOW, NOW - 60], now=later)
        assert quiet is not None
        assert not quiet.broken
        just_made = silence(arrivals, [later - 10], now=later)
        assert just_made is not None
        assert not just_made.broken
        for age, broken in ((3_599, False), (3_600, True)):
            alone = silence(arrivals, [NOW + 60], now=NOW + 60 + age)
            assert alone is not None
            assert alone.broken is broken
        assert silence(arrivals, None, now=later) is None
        assert silence(Arrivals(), [NOW], now=later) is None

    def test_arrivals_keep_the_newest_and_nothing_older(self) -> None:
        arrivals = Arrivals()
        for at in [*range(NOW, NOW + 100), NOW, None]:
            arrivals = arrivals.noted(at)
        assert len(arrivals.times) == ARRIVALS_KEPT
        assert arrivals.times[-1] == NOW + 99
        assert arrivals.usual_gap == 1


class TestWatched:
    """Over only after a calm spell; not knowing is not calm."""

    def test_it_fires_at_once_and_is_over_after_ten_calm_minutes(self) -> None:
        watched = Watched().seen(BAD, now=NOW)
        assert (watched.firing, watched.since) == (True, NOW)
        assert watched.seen(FINE, now=NOW + RECOVERED_AFTER - 1).firing
        assert not watched.seen(FINE, now=NOW + RECOVERED_AFTER).firing

    def test_a_relapse_begins_the_calm_again_and_keeps_the_beginning(self) -> None:
        watched = Watched().seen(BAD, now=NOW).seen(BAD, now=NOW + 500)
        assert watched.since == NOW
        assert watched.seen(FINE, now=NOW + RECOVERED_AFTER).firing
        assert not watched.seen(FINE, now=NOW + 500 + RECOVERED_AFTER).firing

    def test_not_knowing_is_not_calm(self) -> None:
        watched = Watched().seen(BAD, now=NOW).seen(None, now=NOW + 590)
        assert watched.seen(FINE, now=NOW + RECOVERED_AFTER).firing
        assert not Watched().seen(None, now=NOW).firing
