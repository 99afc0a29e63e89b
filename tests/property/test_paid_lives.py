"""Paid means paid: over random lives at both providers the answer is what the life says.

The oracle knows what was charged and given back; ours has the providers' documents, in any order,
twice, late, or some of them never. Equal means both: nobody has access that was not paid or
granted, and nobody is cut off from what was. How often each kind of life was met is counted and
has a floor, so that a generator that forgets one fails.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.harness.models.lives import DAY, HOUR, Life, Ours, RazorpayLife, StripeLife, moments
from tocsin.billing.access import entitlement
from tocsin.billing.projection import learning
from tocsin.billing.projection.paid import Paid

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLE, FULL = 150, 20_000
MAKERS: dict[str, Callable[[random.Random], Life]] = {
    "stripe": lambda draw: StripeLife(draw).run(),
    "razorpay": lambda draw: RazorpayLife(draw).run(),
}
FLOORS = {
    "stripe": (
        *("ended_unpaid", "unpaid", "trial_cancelled", "refunded", "dispute_lost", "recovered"),
        *("cancelled_as_draft", "cancelled_paid", "cancelled_at_period_end", "left_past_due"),
        *("cancelled_refunded", "change_unpaid", "cancelled_change_unpaid", "trial_paused"),
        *("never_paid", "cancelled_past_due"),
    ),
    "razorpay": (
        *("ended_unpaid", "unpaid", "trial_cancelled", "refunded", "dispute_lost", "recovered"),
        *("resumed", "resumed_without_period", "cancelled_resumed", "cancelled_paused"),
        *("cancelled_paid", "cancelled_at_period_end", "completed", "cancelled_past_due"),
    ),
}


def in_order(life: Life, draw: random.Random) -> tuple[Ours, list[str]]:
    """Each event a second after it was made, and a look after every one."""
    ours, wrong = Ours(life, draw), []
    for number, (at, _) in enumerate(life.events):
        ours.deliver(ours.event(number), at=at + 1)
        following = life.events[number + 1][0] if number + 1 < len(life.events) else at + 2
        if following > at + 1:
            wrong += _differ(life, ours, at + 1)
    return ours, wrong


def any_order(life: Life, draw: random.Random) -> tuple[Ours, list[str]]:
    """Late by up to days, in any order, some twice, while a third of questions go unanswered."""
    ours = Ours(life, draw, silent=0.3)
    _deliver_late(life, ours, draw, range(len(life.events)))
    return ours, []


def with_gaps(life: Life, draw: random.Random) -> tuple[Ours, list[str]]:
    """As before, and no endpoint was told of invoices: what was paid has to be asked for."""
    ours = Ours(life, draw, silent=0.3)
    told = [
        number
        for number, (_, document) in enumerate(life.events)
        if not str(document.get("type", document.get("event"))).startswith("invoice.")
    ]
    _deliver_late(life, ours, draw, told)
    return ours, []


def replayed(life: Life, draw: random.Random) -> tuple[Ours, list[str]]:
    """Nothing came while it happened; then everything, shuffled, within a minute."""
    ours = Ours(life, draw)
    last = life.events[-1][0] + DAY
    numbers = list(range(len(life.events)))
    draw.shuffle(numbers)
    for number in numbers:
        ours.deliver(ours.event(number), at=last + draw.randint(0, 60))
    return ours, []


WAYS = {"in order": in_order, "any order": any_order, "gaps": with_gaps, "replayed": replayed}


def _deliver_late(life: Life, ours: Ours, draw: random.Random, numbers: range | list[int]) -> None:
    deliveries = []
    for number in numbers:
        at = life.events[number][0]
        for _ in range(1 + (draw.random() < 0.2)):
            late = draw.choice((1, 3, 600, 5 * HOUR, 3 * DAY)) * draw.random()
            deliveries.append((at + 1 + int(late), draw.random(), number))
    for at, _, number in sorted(deliveries):
        ours.deliver(ours.event(number), at=at)


def _differ(life: Life, ours: Ours, at: int) -> list[str]:
    expected, given = life.access(at), ours.access(at)
    if given is expected:
        return []
    return [f"{life.state_at(at)} at {at}: {given} and not {expected}"]


def wrong_in(life: Life, way: str, draw: random.Random) -> tuple[Ours, list[str]]:
    ours, wrong = WAYS[way](life, draw)
    ours.settle()
    last = max(ours.now, life.events[-1][0] + 1)
    return ours, wrong + [
        each for at in moments(life, draw, last) for each in _differ(life, ours, at)
    ]


def check(provider: str, lives: int) -> None:
    reached: Counter[str] = Counter()
    cost: Counter[str] = Counter()
    for seed in range(lives):
        way = list(WAYS)[seed % len(WAYS)]
        draw = random.Random(f"{provider}{seed}")
        life = MAKERS[provider](draw)
        reached += life.reached
        ours, wrong = wrong_in(life, way, draw)
        cost["events"] += len(life.events)
        cost["questions"] += ours.asked
        cost["about payment"] += ours.asked_for_payment
        assert not wrong, (seed, way, wrong, [each[1] for each in life.events], life.bills)
    sys.stdout.write(f"\n{provider}: {lives} lives, 0 wrong, {dict(cost)}\n{dict(reached)}\n")
    missing = [kind for kind in FLOORS[provider] if reached[kind] < lives / 1_000]
    assert not missing, f"not reached: {missing}"


@pytest.mark.parametrize("provider", MAKERS)
def test_access_is_what_was_paid_whatever_the_order(provider: str) -> None:
    check(provider, SAMPLE)


@pytest.mark.full
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("provider", MAKERS)
def test_access_is_what_was_paid_whatever_the_order_at_full_size(provider: str) -> None:
    check(provider, FULL)


def finds(provider: str, wanted: int, *, lives: int = 400) -> bool:
    """Whether so many of the lives end with a wrong answer; no more are lived than that takes."""
    found = 0
    for seed in range(lives):
        draw = random.Random(f"{provider}{seed}")
        life = MAKERS[provider](draw)
        _, wrong = wrong_in(life, list(WAYS)[seed % len(WAYS)], draw)
        found += bool(wrong)
        if found == wanted:
            return True
    return False


@pytest.mark.parametrize("provider", MAKERS)
def test_the_lives_find_a_rule_that_takes_the_providers_period_for_paid(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entitlement, "paid_until", lambda _paid, known: known.period_end)
    assert finds(provider, 21)


@pytest.mark.parametrize("provider", MAKERS)
def test_the_lives_find_a_rule_that_cuts_off_what_was_paid(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entitlement, "paid_until", lambda _paid, _known: None)
    assert finds(provider, 21)


@pytest.mark.parametrize("provider", MAKERS)
def test_the_lives_find_a_projector_that_forgets_what_stale_events_tell(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "learn", lambda *_given, **_named: None)
    assert finds(provider, 4)


@pytest.mark.parametrize("provider", MAKERS)
def test_the_lives_find_a_projector_that_never_asks_for_invoices(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Paid, "has_to_be_asked", lambda *_given, **_named: False)
    assert finds(provider, 4, lives=2_000)
