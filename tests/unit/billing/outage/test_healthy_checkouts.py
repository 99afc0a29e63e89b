"""The checkout rule over many healthy days and over real outages, at every volume.

The figures of 10,000 days each stand in `docs/checkout-outages.md`, beside those of before.
"""

from __future__ import annotations

import statistics

import pytest

from tests.harness.models.checkout_days import Customers, false_declarations, minutes_to_declare

VOLUMES = (5, 20, 100, 200, 500)
ONE_IN = 1_000


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("errors", [1, 2])
@pytest.mark.parametrize("a_day", VOLUMES)
@pytest.mark.parametrize("days", [60, pytest.param(10_000, marks=pytest.mark.full)])
def test_healthy_days_are_declared_outages_once_in_a_thousand_at_most(
    days: int, a_day: int, errors: int, *, again: bool
) -> None:
    customers = Customers(a_day=a_day, errors=errors, again=again)
    assert false_declarations(customers, days) <= days // ONE_IN


@pytest.mark.parametrize(
    ("a_day", "share", "minutes", "seen"),
    [(20, 1, 180, 0.6), (100, 1, 45, 0.95), (500, 1, 20, 0.95), (500, 0.6, 40, 0.95)],
)
def test_a_real_outage_is_declared_within_what_the_page_says(
    a_day: int, share: float, minutes: int, seen: float
) -> None:
    customers = Customers(a_day=a_day, errors=1, again=True)
    waits = minutes_to_declare(customers, 60, share=share)
    known = [wait for wait in waits if wait is not None]
    assert len(known) >= seen * len(waits)
    assert statistics.median(known) <= minutes
