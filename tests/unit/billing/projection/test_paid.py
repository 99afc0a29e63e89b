"""What is known to be paid: maxima over evidence, so that order and repetition do not matter."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.billing.access.entitlement import Access, one_subscription
from tocsin.billing.projection.ordering import Row
from tocsin.billing.projection.paid import NOTHING, Invoice, Mark, Paid, told_by
from tocsin.billing.subscription import Status, Subscription
from tocsin.policy.compiled.billing_rules import current_billing_rules

POLICY = current_billing_rules().access
DAY = 86_400
SEP_1, SEP_12, SEP_30, OCT_9, OCT_31 = (1_788_220_800 + day * DAY for day in (0, 11, 29, 38, 60))

ends = st.integers(0, 9)
marks = st.none() | st.builds(Mark, ends, ends)
invoices = st.lists(st.builds(Invoice, ends, st.sampled_from("abc")), max_size=8).map(tuple)
evidence = st.builds(
    Paid, paid=invoices, back=invoices, running=marks, unpaid=marks, trial=marks, asked=marks
).map(NOTHING.with_)


def told(status: Status, end: int, *, at: int) -> Paid:
    return told_by(Subscription("sub_1", status, status.value, "price_1", end), at=at)


def access(status: Status, end: int | None, paid: Paid, *, now: int) -> Access:
    subscription = Subscription("sub_1", status, status.value, "price_1", end)
    row = Row(ver=1, rev=1, subscription=subscription, paid=paid)
    found = one_subscription(row, POLICY, now=now, incident_open=False)
    assert found is not None
    return found.access


@given(evidence, evidence, evidence)
def test_evidence_is_the_same_in_any_order_and_however_often(a: Paid, b: Paid, c: Paid) -> None:
    assert a.with_(b) == b.with_(a)
    assert a.with_(b).with_(c) == a.with_(b.with_(c))
    assert a.with_(a) == a
    assert a.with_(b).with_(a) == a.with_(b)


def test_failed_renewal_then_cancelled_gives_nothing_from_the_cancellation_on() -> None:
    """Active to Sep 30; past_due Oct 1 to 31; canceled Oct 9: no access from Oct 9."""
    pieces = [
        told(Status.ACTIVE, SEP_30, at=SEP_1),
        told(Status.ACTIVE, OCT_31, at=SEP_30),
        told(Status.PAST_DUE, OCT_31, at=SEP_30 + 3_600),
    ]
    for order in permutations(pieces):
        paid = NOTHING
        for piece in order:
            paid = paid.with_(piece)
        assert access(Status.CANCELLED, OCT_31, paid, now=OCT_9) is Access.NO
        assert access(Status.SUSPENDED, OCT_31, paid, now=OCT_9) is Access.NO


def test_cancelled_in_a_paid_period_uses_it_up() -> None:
    """Active to Sep 30, cancelled Sep 12 at period's end: yes until Sep 30."""
    paid = told(Status.ACTIVE, SEP_30, at=SEP_1)
    assert access(Status.CANCELLED, SEP_30, paid, now=SEP_12) is Access.YES
    assert access(Status.CANCELLED, SEP_30, paid, now=SEP_30 - 1) is Access.YES
    assert access(Status.CANCELLED, SEP_30, paid, now=SEP_30) is Access.NO


def test_grace_ends_fourteen_days_after_what_was_paid() -> None:
    paid = Paid(paid=(Invoice(SEP_30, "in_1"),), unpaid=Mark(SEP_30, OCT_31))
    last = SEP_30 + 14 * DAY
    assert access(Status.PAST_DUE, OCT_31, paid, now=last - 1) is Access.GRACE
    assert access(Status.PAST_DUE, OCT_31, paid, now=last) is Access.NO
    assert access(Status.PAST_DUE, SEP_30, NOTHING, now=SEP_30 + 370 * DAY) is Access.NO


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.COMPLETED])
def test_a_row_from_before_keeps_its_answer_until_the_invoice_was_asked_for(
    status: Status,
) -> None:
    assert access(status, SEP_30, NOTHING, now=SEP_12) is Access.YES
    assert access(status, SEP_30, Paid(asked=Mark(SEP_12, SEP_30)), now=SEP_12) is Access.NO


def test_a_refund_takes_away_what_its_invoice_gave_and_no_more() -> None:
    twice = Paid(paid=(Invoice(SEP_30, "in_1"), Invoice(OCT_31, "in_2")))
    back = Paid(back=(Invoice(OCT_31, "in_2"),), running=Mark(SEP_30, OCT_31))
    assert twice.with_(back).until == SEP_30


def test_a_trial_is_not_paid() -> None:
    paid = told(Status.TRIALING, SEP_30, at=SEP_1)
    assert access(Status.TRIALING, SEP_30, paid, now=SEP_12) is Access.YES
    assert access(Status.CANCELLED, SEP_30, paid, now=SEP_12) is Access.NO
