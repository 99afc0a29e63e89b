"""When new checkouts are proven to succeed: the table of what is counted and what is lacking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.billing.checkout.attempts import Attempt, Result
from tocsin.billing.checkout.breaker import Breaker, Phase
from tocsin.billing.outage.examination import (
    QUIET_VOLUME,
    SESSIONS,
    Lack,
    Probed,
    counted_from,
    examine,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = 1_790_000_000
CLOSED = Breaker()
GOOD, LEFT, NONE = Probed("cs_1", expired=True), Probed("cs_1", expired=False), Probed(None, False)


def attempt(ago: int, *, workspace: str = "ws", result: Result = Result.OFFERED) -> Attempt:
    return Attempt(
        at=(NOW - ago) * 1000,
        intent=f"int_{ago}_{workspace}",
        provider="stripe",
        result=result,
        code="",
        elapsed=5,
        workspace=workspace,
        region="IN",
        plan="pro",
        amount=1,
        currency="INR",
    )


def sold(count: int, *, every: int = 60) -> list[Attempt]:
    """So many sessions by different workspaces, the newest now."""
    return [attempt(index * every, workspace=f"ws_{index}") for index in range(count)]


SAME = [attempt(ago, workspace="one") for ago in range(9)]
BROKEN = [attempt(ago, workspace=f"ws_{ago}", result=Result.FAILED) for ago in range(3)]


@pytest.mark.parametrize(
    ("attempts", "paid", "probe", "since", "lacks"),
    [
        ([], 0, None, NOW - 3600, {Lack.TOO_FEW_SESSIONS, Lack.NOT_PAID_NOR_QUIET}),
        (sold(3), 1, None, NOW - 3600, set()),
        (sold(2), 1, None, NOW - 3600, {Lack.TOO_FEW_SESSIONS}),
        (SAME, 1, None, NOW - 3600, {Lack.TOO_FEW_SESSIONS}),
        (sold(3), 0, None, NOW - 3600, {Lack.NOT_PAID_NOR_QUIET}),
        (sold(10), 0, None, NOW - 3600, set()),
        (sold(9), 0, None, NOW - 3600, {Lack.NOT_PAID_NOR_QUIET}),
        (sold(10), 0, None, NOW - 1799, {Lack.NOT_PAID_NOR_QUIET}),
        (
            [*sold(12), attempt(1700, result=Result.DOUBT)],
            0,
            None,
            NOW - 3600,
            {Lack.NOT_PAID_NOR_QUIET},
        ),
        ([*sold(12), attempt(1801, result=Result.FAILED)], 0, None, NOW - 3600, set()),
        ([*sold(12), attempt(5, result=Result.REFUSED)], 0, None, NOW - 3600, set()),
        ([], 1, GOOD, NOW - 3600, set()),
        ([], 0, GOOD, NOW - 3600, {Lack.NOT_PAID_NOR_QUIET}),
        ([], 1, NONE, NOW - 3600, {Lack.PROBE_FAILED}),
        (sold(5), 1, LEFT, NOW - 3600, {Lack.PROBE_LEFT_OPEN}),
        (BROKEN, 1, GOOD, NOW - 3600, {Lack.FAILING}),
        (sold(5), 1, None, NOW - 61, {Lack.TOO_FEW_SESSIONS}),
    ],
)
def test_what_is_lacking(
    attempts: Sequence[Attempt], paid: int, probe: Probed | None, since: int, lacks: set[Lack]
) -> None:
    found = examine(attempts, CLOSED, since=since, now=NOW, paid=paid, probe=probe)
    assert set(found.lacks) == lacks


@pytest.mark.parametrize("phase", [Phase.OPEN, Phase.HALF_OPEN])
def test_a_breaker_that_is_not_closed_is_no_recovery(phase: Phase) -> None:
    breaker = Breaker(phase=phase, since=NOW - 60)
    since = counted_from(breaker, opened=0, now=NOW)
    assert since == NOW
    assert Lack.BREAKER_OPEN in examine(sold(20), breaker, since=since, now=NOW, paid=1).lacks


@pytest.mark.parametrize(
    ("closed", "opened", "ago"), [(600, 900, 600), (900, 600, 600), (90_000, 90_000, 86_400)]
)
def test_sessions_count_from_the_recovery_and_never_from_before_the_incident(
    closed: int, opened: int, ago: int
) -> None:
    breaker = Breaker(since=NOW - closed)
    assert counted_from(breaker, opened=NOW - opened, now=NOW) == NOW - ago


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(0, 4000), st.sampled_from("abcd"), st.sampled_from(list(Result))),
        max_size=25,
    ),
    st.integers(0, 1),
)
def test_proof_always_rests_on_enough_sessions_and_a_payment_or_quiet(
    log: list[tuple[int, str, Result]], paid: int
) -> None:
    attempts = [attempt(ago, workspace=name, result=result) for ago, name, result in log]
    found = examine(attempts, CLOSED, since=NOW - 3600, now=NOW, paid=paid)
    if found.lacks:
        return
    counted = [one for one in attempts if one.worked and one.second >= NOW - 3600]
    assert len({one.workspace for one in counted}) >= SESSIONS
    half_hour = [one for one in attempts if one.second >= NOW - 1800]
    assert paid or not any(one.failed for one in half_hour)
    assert paid or sum(one.worked for one in half_hour) >= QUIET_VOLUME
