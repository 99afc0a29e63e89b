"""Late payments and lost access, read back: whose time counts, what ends a spell, what is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tocsin.billing.access.corrections import Correction, Logged, SeenAccess, gave_access
from tocsin.billing.access.entitlement import Access
from tocsin.billing.identity import Identity
from tocsin.billing.outage.history import NOTICED_LATE, Told, late_payments, lost_access
from tocsin.billing.outage.impact import LatePayment, LostAccess
from tocsin.billing.subscription import Status, Subscription

NOW = 1_790_000_000
HOUR = 3_600
STATE = Subscription("sub_1", Status.ACTIVE, "active", "price_1", NOW + 9 * HOUR, workspace="ws_1")
IDENTITY = Identity("stripe", "acct_1", "live")
KEPT_IN_INCIDENT = frozenset({Status.SUSPENDED})


def told(status: Status, made: int, known: int | None = None, name: str = "sub_1") -> Told:
    state = replace(STATE, id=name, status=status, raw_status=status.value)
    return Told("stripe", state, NOW + made, NOW + (made if known is None else known))


def price(_plan: str) -> tuple[int, str]:
    return 1_000, "EUR"


def given(state: Subscription, at: int) -> bool:
    """An incident opened two hours in: from then on policy keeps who is suspended."""
    if at >= NOW + 2 * HOUR and state.status in KEPT_IN_INCIDENT:
        return True
    return state.status in {Status.ACTIVE, Status.TRIALING, Status.PAST_DUE}


def late(*states: Told) -> list[tuple[int, int | None]]:
    found = late_payments(states, since=NOW, until=NOW + 9 * HOUR, price=price)
    assert all(
        (each.amount, each.currency, each.workspace) == (1_000, "EUR", "ws_1") for each in found
    )
    return [(each.due_at - NOW, each.paid_at and each.paid_at - NOW) for each in found]


def lost(*states: Told, corrected: Any = None) -> list[tuple[int, int | None]]:
    found = lost_access(
        states, since=NOW, until=NOW + 9 * HOUR, price=price, access=given, corrected=corrected
    )
    return [(each.since - NOW, each.until and each.until - NOW) for each in found]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([(Status.PAST_DUE, 10), (Status.ACTIVE, 500)], [(10, 500)]),
        ([(Status.PAST_DUE, 10)], [(10, None)]),
        ([(Status.PAST_DUE, 10), (Status.SUSPENDED, 90), (Status.ACTIVE, 500)], [(10, 500)]),
        ([(Status.PAST_DUE, 10), (Status.CANCELLED, 90)], [(10, None)]),
        (
            [(Status.PAST_DUE, 1), (Status.ACTIVE, 2), (Status.PAST_DUE, 3), (Status.ACTIVE, 4)],
            [(1, 2), (3, 4)],
        ),
        ([(Status.ACTIVE, 10), (Status.ACTIVE, 20)], []),
        ([(Status.PAST_DUE, -10), (Status.ACTIVE, 20)], []),  # it became late before
        ([(Status.PAST_DUE, 10 * HOUR)], []),
    ],
)
def test_a_payment_is_late_from_when_the_provider_says_until_it_says_paid(
    states: list[tuple[Status, int]], expected: list[tuple[int, int | None]]
) -> None:
    ordered = [told(status, made) for status, made in states]
    assert late(*ordered) == late(*reversed(ordered)) == expected


def test_two_subscriptions_are_two_payments() -> None:
    states = [told(Status.PAST_DUE, 1, name="a"), told(Status.PAST_DUE, 2, name="b")]
    assert late(*states, told(Status.ACTIVE, 3, name="a")) == [(1, 3), (2, None)]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        # Suspended at the provider at 10, heard at 70; active at 100, heard only at 2,000.
        ([(Status.SUSPENDED, 10, 70), (Status.ACTIVE, 100, 2_000)], [(70, 2_000)]),
        ([(Status.SUSPENDED, 10, 70)], [(70, None)]),
        ([(Status.SUSPENDED, 2 * HOUR, 2 * HOUR)], []),  # kept: the incident was open by then
        ([(Status.EXPIRED, 2 * HOUR, 2 * HOUR)], [(2 * HOUR, None)]),
        ([(Status.CANCELLED, 10, 70)], []),
        ([(Status.PAUSED, 10, 70), (Status.ACTIVE, 500, 501)], []),
        ([(Status.SUSPENDED, 10, 70), (Status.CANCELLED, 90, 95)], [(70, 95)]),
        # An older state that comes later takes nothing away.
        ([(Status.ACTIVE, 100, 110), (Status.SUSPENDED, 10, 2_000)], []),
        # Paid and not let in: the event came an hour late. In time, it is no loss.
        ([(Status.PENDING, 10, 12), (Status.ACTIVE, 60, HOUR)], [(60, HOUR)]),
        ([(Status.PENDING, 10, 12), (Status.ACTIVE, 60, 60 + NOTICED_LATE)], []),
        # Both came with the replay.
        ([(Status.PENDING, 10, HOUR), (Status.ACTIVE, 60, HOUR)], [(60, HOUR)]),
        ([(Status.ACTIVE, 60, HOUR)], []),  # a renewal that came late took nothing away
        ([(Status.SUSPENDED, -HOUR, -HOUR), (Status.ACTIVE, 10, 20)], [(-HOUR, 20)]),
        ([(Status.SUSPENDED, -HOUR, -HOUR), (Status.ACTIVE, -100, -90)], []),
    ],
)
def test_access_is_lost_from_when_we_took_it_until_we_gave_it_back(
    states: list[tuple[Status, int, int]], expected: list[tuple[int, int | None]]
) -> None:
    assert lost(*(told(*each) for each in states)) == expected


@pytest.mark.parametrize(
    ("given_between", "left"),
    [
        ([], [(70, 2_000)]),
        ([(500, HOUR)], [(70, 500)]),  # restored by a person, and that lasted
        ([(500, 1_000)], [(70, 500), (1_000, 2_000)]),  # it ended before the payment came
        ([(500, 1_000), (1_000, 1_500)], [(70, 500), (1_500, 2_000)]),
        ([(-HOUR, 500)], [(500, 2_000)]),  # laid down before anything was lost
        ([(0, HOUR)], []),
        ([(0, 70), (2_000, HOUR)], [(70, 2_000)]),
    ],
)
def test_what_a_correction_gave_was_not_lost(
    given_between: list[tuple[int, int]], left: list[tuple[int, int]]
) -> None:
    states = (told(Status.SUSPENDED, 10, 70), told(Status.ACTIVE, 100, 2_000))
    corrected = {
        ("stripe", "sub_1"): [(NOW + start, NOW + end) for start, end in given_between],
        ("razorpay", "sub_1"): [(NOW, NOW + 9 * HOUR)],
        ("stripe", "sub_2"): [(NOW, NOW + 9 * HOUR)],
    }
    assert lost(*states, corrected=corrected) == left


def test_a_spell_that_lasts_goes_on_where_the_correction_ends() -> None:
    states = [told(Status.SUSPENDED, 10, 70)]
    for end, left in ((1_000, [(70, 500), (1_000, None)]), (10 * HOUR, [(70, 500)])):
        corrected = {("stripe", "sub_1"): [(NOW + 500, NOW + end)]}
        assert lost(*states, corrected=corrected) == left


def test_corrections_hold_until_they_end_are_lifted_or_replaced() -> None:
    def line(at: int, status: Status | None, until: int, access: Access = Access.YES) -> Logged:
        end = None if status is None else NOW + until
        wanted = Correction(IDENTITY, "sub_1", status, end, "because")
        seen = SeenAccess(status or Status.SUSPENDED, access, corrected=status is not None)
        return Logged(f"{at}#x", NOW + at, wanted, "ana", seen, seen, 1)

    lines = [
        line(100, Status.ACTIVE, 1_000),
        line(200, Status.ACTIVE, 2_000),
        line(500, None, 0, Access.NO),
        line(600, Status.ACTIVE, 700),
        line(800, Status.SUSPENDED, 900, Access.NO),
    ]
    spans = gave_access([*reversed(lines)])
    assert spans == {
        ("stripe", "sub_1"): [
            (NOW + 100, NOW + 200),
            (NOW + 200, NOW + 500),
            (NOW + 600, NOW + 700),
        ]
    }


def test_without_a_price_there_is_no_amount() -> None:
    states = [told(Status.SUSPENDED, 10, 70)]
    (late_one,) = late_payments(states, since=NOW, until=NOW + HOUR, price=lambda _plan: None)
    (spell,) = lost_access(
        states, since=NOW, until=NOW + HOUR, price=lambda _plan: None, access=given
    )
    assert (late_one.amount, late_one.currency) == (spell.amount, spell.currency) == (None, None)
    assert spell.credit(now=NOW + HOUR) is None


def test_a_spell_that_ended_costs_its_time_and_one_that_lasts_until_now() -> None:
    ended = LostAccess("ws", NOW, NOW + 30 * 86_400, 1_000, "EUR")
    assert ended.credit(now=NOW + 90 * 86_400) == 1_000
    assert replace(ended, until=None).credit(now=NOW + 15 * 86_400) == 500
    assert LatePayment("ws", "stripe", "sub", 5, "EUR", NOW, NOW + 1).paid_at == NOW + 1
