"""The outage rules: what they ring for, what they keep quiet about, and when it is over."""

from __future__ import annotations

import random
from dataclasses import replace
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


def attempt(at: int, result: Result = Result.OFFERED, who: str = "") -> Attempt:
    """One attempt of a wish and a workspace of its own, or of `who`."""
    return Attempt(
        at=at * 1000,
        intent=f"int_{who or at}",
        provider="stripe",
        result=result,
        code="",
        elapsed=100,
        workspace=f"ws_{who or at}",
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
    """Half of ten in five minutes or of five in half an hour, or three customers in a row."""

    def test_by_volume(self) -> None:
        half = [Result.OFFERED, Result.FAILED] * 5
        assert checkouts(log(half, every=10), now=NOW) == Tally(5, 10, broken=True, why="volume")

    @pytest.mark.parametrize(
        "results",
        [
            [Result.OFFERED, Result.FAILED] * 3 + [Result.OFFERED] * 3,  # nine: too few to say
            [Result.OFFERED] * 6 + [Result.FAILED] * 5,  # under half
        ],
    )
    def test_too_few_or_too_little(self, results: list[Result]) -> None:
        assert not checkouts(log(results, every=10), now=NOW).broken

    def test_what_is_refused_for_what_it_asked_does_not_count(self) -> None:
        assert not checkouts(log([Result.REFUSED] * 30, every=5), now=NOW).broken
        tally = checkouts(log([Result.REFUSED] * 30 + [Result.DOUBT] * 3, every=5), now=NOW)
        assert (tally.bad, tally.total, tally.why) == (3, 3, "low_traffic")

    @pytest.mark.parametrize(("count", "calm"), [(3, 1_800), (4, 600)])
    def test_low_traffic_so_many_fail_and_none_works_for_so_long(
        self, count: int, calm: int
    ) -> None:
        failures = log([Result.FAILED] * count, every=120)
        assert checkouts(failures, now=NOW).why == "low_traffic"
        assert not checkouts(failures[:2], now=NOW).broken
        for age, broken in ((calm - 1, False), (calm, True)):
            before = [attempt(NOW - age - number) for number in range(6)]
            assert checkouts([*before, *failures], now=NOW).broken is broken

    def test_one_customer_who_asks_again_and_again_is_one(self) -> None:
        """With one wish or with a new one each time; two others beside it make three."""
        for times in (3, 30):
            one_wish = [attempt(NOW - 30 * n, Result.DOUBT, "ann") for n in range(times)]
            many = [replace(each, intent=f"int_{number}") for number, each in enumerate(one_wish)]
            for its in (one_wish, many):
                assert not checkouts(its, now=NOW).broken
                two = [*its, attempt(NOW - 5, Result.DOUBT, "bo")]
                assert not checkouts(two, now=NOW).broken
                three = [*two, attempt(NOW - 4, Result.DOUBT, "cy")]
                assert checkouts(three, now=NOW).broken
        working = [attempt(NOW - 40 * n, Result.OFFERED, f"well{n}") for n in range(20)]
        assert not checkouts([*working, *many], now=NOW).broken

    def test_a_wish_that_worked_when_it_was_asked_again_is_no_failure(self) -> None:
        failed = [attempt(NOW - 200 + n, Result.FAILED, f"c{n}") for n in range(10)]
        assert checkouts(failed, now=NOW).why == "volume"
        served = [attempt(NOW - 100 + n, Result.OFFERED, f"c{n}") for n in range(6)]
        tally = checkouts([*failed, *served], now=NOW)
        assert (tally.bad, tally.total, tally.broken) == (4, 10, False)

    def test_for_a_good_part_at_low_volume(self) -> None:
        """Five wishes in half an hour, half of them failing, of four workspaces that fail."""
        some = log([Result.FAILED, Result.OFFERED] * 3 + [Result.FAILED], every=4 * MINUTE)
        assert checkouts(some, now=NOW) == Tally(4, 7, broken=True, why="partly")
        assert not checkouts(some[2:], now=NOW).broken, "three that fail, of five"
        same = [replace(each, workspace="ws_ann") if each.failed else each for each in some]
        assert not checkouts(same, now=NOW).broken
        assert not checkouts(some, now=NOW + 20 * MINUTE).broken

    def test_what_is_not_known_yet_counts_as_nothing(self) -> None:
        asked = log([Result.UNKNOWN] * 30, every=10)
        assert checkouts(asked, now=NOW) == Tally(0, 0, broken=False)

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
        """One in a hundred fails, now and then asked again too, and a lull at night."""
        dice, attempts, rings = random.Random(seed), [], 0
        again = ""
        for at in range(NOW - 7 * 86_400, NOW, every):
            if at % 86_400 < 6 * HOUR and dice.random() < 0.9:
                continue
            fails, who = bool(again) or dice.random() < 0.01, again or str(at)
            attempts.append(attempt(at, Result.FAILED if fails else Result.OFFERED, who))
            again = who if fails and not again and dice.random() < 0.2 else ""
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
