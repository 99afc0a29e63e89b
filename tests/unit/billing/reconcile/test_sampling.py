"""The sample of a reconciliation: its size is exact, and its seed says who is in it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.billing.reconcile.sampling import Draw, Sampling

RULE = Sampling()
STATUSES, PLANS = ("active", "past_due", "paused"), ("basic", "pro")
POPULATIONS = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=6),
    st.lists(st.tuples(st.sampled_from(STATUSES), st.sampled_from(PLANS)), min_size=1, max_size=3),
    max_size=25,
)


@pytest.mark.parametrize(
    ("population", "size"),
    [(0, 0), (1, 1), (50, 48), (100, 95), (300, 189), (1_000, 258), (10_000, 294), (10**7, 299)],
)
def test_the_sizes_of_the_table(population: int, size: int) -> None:
    assert RULE.size(population) == size


@given(st.integers(1, 3_000), st.sampled_from([80, 90, 95, 99]), st.sampled_from([1, 2, 5, 10]))
@settings(max_examples=30, deadline=None)
def test_it_is_the_smallest_that_shows_one_of_the_wrong(
    population: int, confidence: int, wrong_percent: int
) -> None:
    """Against the textbook's fraction of ways, which is computed in no other way here."""
    wrong = -(-population * wrong_percent // 100)
    size = Sampling(confidence, wrong_percent).size(population)

    def missed(drawn: int) -> bool:
        return comb(population - wrong, drawn) * 100 > comb(population, drawn) * (100 - confidence)

    assert not missed(size)
    assert missed(size - 1)


def drawn(population: dict[str, list[tuple[str, str]]], seed: str, rule: Sampling) -> Draw:
    draw = Draw(seed, rule)
    for workspace, strata in population.items():
        draw.add(workspace, strata)
    return draw


@given(POPULATIONS, st.text(max_size=5), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_who_is_drawn_follows_from_seed_and_names_alone(
    population: dict[str, list[tuple[str, str]]], seed: str, order: object
) -> None:
    """Against sorting everybody; and told twice, in another order, one status at a time."""
    rule = Sampling(80, 10, per_stratum=2)
    names = sorted(
        population, key=lambda name: hashlib.sha256(f"{seed}\0{name}".encode()).hexdigest()
    )
    expected = set(names[: rule.size(len(names))])
    strata: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in names:
        for stratum in sorted(set(population[name])):
            strata[stratum].append(name)
    for members in strata.values():
        expected |= set(members[:2])

    draw = drawn(population, seed, rule)
    assert draw.drawn() == tuple(name for name in names if name in expected)
    assert draw.population == len(names)

    again = Draw(seed, rule)
    for name in reversed(names):
        for stratum in population[name]:
            again.add(name, [stratum])
    assert again.drawn() == draw.drawn()


def test_each_status_and_plan_is_there_five_times_or_with_all_it_has() -> None:
    population = {f"ws-{number}": [("active", "basic")] for number in range(1_000)}
    population |= {f"rare-{number}": [("paused", "pro")] for number in range(7)}
    population |= {"only": [("past_due", "pro")]}
    found = drawn(population, "s", RULE).drawn()
    assert sum(name.startswith("rare") for name in found) >= 5
    assert "only" in found
    assert RULE.size(1_008) <= len(found) <= RULE.size(1_008) + 6


def test_another_seed_draws_others() -> None:
    population = {f"ws-{number}": [("active", "basic")] for number in range(1_000)}
    assert drawn(population, "a", RULE).drawn() != drawn(population, "b", RULE).drawn()
