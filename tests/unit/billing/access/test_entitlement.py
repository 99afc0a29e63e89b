"""What a workspace may use: status by status, to the second, with corrections and incidents."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tocsin.billing.access.entitlement import Access, AccessRule, entitlement
from tocsin.billing.identity import Identity
from tocsin.billing.projection.ordering import Overlay, Row
from tocsin.billing.projection.paid import Invoice, Paid
from tocsin.billing.subscription import Status, Subscription, SubscriptionItem
from tocsin.policy.compiled.billing_rules import current_billing_rules

NOW = 10_000
POLICY = current_billing_rules().access
ACTIVE = Subscription("sub_1", Status.ACTIVE, "active", "price_1", NOW - 1)
STRIPE = Identity("stripe", "acct_1", "live")
RAZORPAY = Identity("razorpay", "acc_1", "live")


def row(status: Status, *, end: int | None = NOW - 1, name: str = "sub_1") -> Row:
    subscription = Subscription(name, status, status.value, "price_1", end)
    return Row(ver=3, rev=2, subscription=subscription, since=9_000, source="evt_1")


def answer(*rows: Row, incident_open: bool = False, now: int = NOW) -> tuple[Access, str]:
    found = entitlement(
        [(STRIPE, each) for each in rows], POLICY, now=now, incident_open=incident_open
    )
    return found.access, found.why


@pytest.mark.parametrize("status", Status)
def test_each_status_has_its_policy(status: Status) -> None:
    assert answer(row(status)) == (POLICY[status].access, "status")


def test_an_answer_says_from_what_it_comes() -> None:
    found = entitlement([(STRIPE, row(Status.ACTIVE))], POLICY, now=NOW, incident_open=False)
    assert (found.plan, found.subscription, found.since, found.source, found.rev, found.as_of) == (
        "price_1",
        "sub_1",
        9_000,
        "evt_1",
        2,
        NOW,
    )


def test_what_is_paid_for_is_used_up_to_its_last_second() -> None:
    ended = row(Status.CANCELLED, end=NOW)
    assert answer(ended, now=NOW - 1) == (Access.YES, "paid_period")
    assert answer(ended, now=NOW) == (Access.NO, "status")
    assert answer(row(Status.CANCELLED, end=None)) == (Access.NO, "status")
    assert answer(row(Status.EXPIRED, end=NOW + 9)) == (Access.NO, "status")


def test_nobody_loses_access_for_a_missing_event_while_an_incident_is_open() -> None:
    for status in (Status.SUSPENDED, Status.PAUSED):
        assert answer(row(status), incident_open=True) == (Access.GRACE, "incident")
    for status in (Status.CANCELLED, Status.EXPIRED, Status.PENDING):
        assert answer(row(status), incident_open=True) == (Access.NO, "status")


def test_a_team_may_give_more_during_an_incident_and_the_reason_says_so() -> None:
    generous = {**POLICY, Status.PENDING: AccessRule(Access.NO, Access.YES)}
    rows = [(STRIPE, row(Status.PENDING))]
    found = entitlement(rows, generous, now=NOW, incident_open=True)
    assert (found.access, found.why) == (Access.YES, "incident")
    calm = entitlement(rows, generous, now=NOW, incident_open=False)
    assert (calm.access, calm.why) == (Access.NO, "status")


def test_a_correction_goes_first_while_it_lasts() -> None:
    overlay = Overlay(
        Status.ACTIVE, until=NOW, approval="APPR-1", by="commander-primary", base_rev=2
    )
    corrected = replace(row(Status.SUSPENDED), overlay=overlay)
    assert answer(corrected, now=NOW - 1) == (Access.YES, "correction")
    assert answer(corrected, now=NOW) == (Access.NO, "status")
    locked = replace(row(Status.ACTIVE), overlay=replace(overlay, status=Status.SUSPENDED))
    assert answer(locked, now=NOW - 1, incident_open=True) == (Access.NO, "correction")


def test_the_best_of_several_counts_and_two_that_give_access_are_noticed() -> None:
    suspended, active = row(Status.SUSPENDED), row(Status.ACTIVE, name="sub_2")
    assert answer(suspended, active) == (Access.YES, "status")
    rows = [(STRIPE, active), (RAZORPAY, row(Status.PAST_DUE, name="sub_3"))]
    found = entitlement(rows, POLICY, now=NOW, incident_open=False)
    assert (found.subscription, found.double) == ("sub_2", True)
    assert not entitlement(
        [(STRIPE, suspended), rows[0]], POLICY, now=NOW, incident_open=False
    ).double


@pytest.mark.parametrize("other", [STRIPE, RAZORPAY], ids=["one provider", "two"])
def test_two_running_ones_are_a_possible_double_unless_one_is_an_add_on(other: Identity) -> None:
    seats = replace(ACTIVE, id="sub_2", plan="price_seats+price_storage")
    rows = [(STRIPE, row(Status.ACTIVE)), (other, Row(ver=1, subscription=seats))]

    def twice(*add_ons: str) -> bool:
        return entitlement(
            rows, POLICY, now=NOW, incident_open=False, add_ons=frozenset(add_ons)
        ).double

    assert twice()
    assert twice("price_seats"), "what is bought with it is none"
    assert not twice("price_seats", "price_storage")


def test_after_an_upgrade_the_running_subscription_is_answered_and_nobody_pays_twice() -> None:
    """A cancelled yearly one that was paid, and the monthly one bought since."""
    paid = Paid(paid=(Invoice(NOW + 300 * 86_400, "in_1"),))
    old = replace(row(Status.CANCELLED, end=NOW + 300 * 86_400, name="sub_old"), paid=paid)
    new = row(Status.ACTIVE, end=NOW + 29 * 86_400, name="sub_new")
    for rows in ([(STRIPE, old), (STRIPE, new)], [(STRIPE, new), (STRIPE, old)]):
        found = entitlement(rows, POLICY, now=NOW, incident_open=False)
        assert (found.subscription, found.double) == ("sub_new", False)
    both = entitlement(
        [(STRIPE, new), (STRIPE, row(Status.ACTIVE, name="sub_more"))],
        POLICY,
        now=NOW,
        incident_open=False,
        add_ons=frozenset(),
    )
    assert both.double


def test_a_planned_end_is_told_in_every_form_and_not_told_is_not_no() -> None:
    def planned(identity: Identity, **changes: int | bool) -> tuple[int | None, bool]:
        state = Subscription("s", Status.ACTIVE, "active", "p", NOW + 20, **changes)  # type: ignore[arg-type]
        found = entitlement(
            [(identity, Row(ver=1, subscription=state))], POLICY, now=NOW, incident_open=False
        )
        return found.ends_at, found.end_told

    assert planned(STRIPE, ends_at=NOW + 5) == (NOW + 5, True)
    assert planned(STRIPE, ends_at_period_end=True) == (NOW + 20, True)
    assert planned(STRIPE) == (None, True)
    assert planned(RAZORPAY) == (None, False)


def test_what_is_still_running_long_after_its_announced_end_has_ended() -> None:
    state = Subscription("s", Status.ACTIVE, "active", "p", NOW, ends_at_period_end=True)
    running = Row(ver=1, subscription=state)
    last = NOW + 14 * 86_400
    assert answer(running, now=last - 1) == (Access.YES, "status")
    assert answer(running, now=last) == (Access.NO, "grace_over")
    assert answer(running, now=last, incident_open=True) == (Access.YES, "incident")
    renewing = Row(ver=1, subscription=replace(state, ends_at_period_end=False))
    assert answer(renewing, now=last) == (Access.YES, "status"), "nothing was announced"


def test_quantity_and_paused_collection_are_in_the_answer() -> None:
    state = Subscription(
        "s", Status.ACTIVE, "active", "p", NOW + 20, collection_paused=True, quantity=7
    )
    rows = [(STRIPE, Row(ver=1, subscription=state))]
    found = entitlement(rows, POLICY, now=NOW, incident_open=False)
    assert (found.quantity, found.collection_paused) == (7, True)


def test_what_paused_collection_gives_is_the_runbooks_to_say() -> None:
    """Stripe's `pause_collection`: the status stays active while no money is taken."""
    paused = replace(row(Status.ACTIVE), subscription=replace(ACTIVE, collection_paused=True))
    assert answer(paused) == (Access.YES, "collection_paused")
    strict = {**POLICY, Status.ACTIVE: replace(POLICY[Status.ACTIVE], collection_paused=Access.NO)}

    def given(one: Row) -> tuple[Access, str]:
        found = entitlement([(STRIPE, one)], strict, now=NOW, incident_open=False)
        return found.access, found.why

    assert given(paused) == (Access.NO, "collection_paused")
    assert given(row(Status.ACTIVE)) == (Access.YES, "status")
    overlay = Overlay(Status.ACTIVE, until=NOW + 1, approval="", by="kim", base_rev=2)
    assert given(replace(paused, overlay=overlay)) == (Access.YES, "correction")
    silent = {**POLICY, Status.ACTIVE: AccessRule(Access.YES, Access.YES)}
    found = entitlement([(STRIPE, paused)], silent, now=NOW, incident_open=False)
    assert (found.access, found.why) == (Access.YES, "status"), "a runbook from before"


def corrected(
    to: Status, *, over: Row, access_until: int | None = None, until: int = NOW + 99
) -> Row:
    overlay = Overlay(to, until, approval="", by="kim", base_rev=2, access_until=access_until)
    return replace(over, overlay=overlay)


PAID = Paid(paid=(Invoice(NOW + 50, "in_1"),))
NO_ACCESS = [status for status in Status if POLICY[status].access is Access.NO]


@pytest.mark.parametrize("to", NO_ACCESS)
@pytest.mark.parametrize("status", Status)
def test_a_correction_to_ended_ends_it_at_once_also_in_a_paid_period(
    status: Status, to: Status
) -> None:
    """A person has decided: for instance of a customer who was given their money back by hand."""
    for over in (row(status, end=NOW + 50), replace(row(status, end=NOW + 50), paid=PAID)):
        for incident_open in (False, True):
            one = corrected(to, over=over)
            assert answer(one, incident_open=incident_open) == (Access.NO, "correction")


@pytest.mark.parametrize("to", NO_ACCESS)
def test_a_correction_to_ended_that_says_until_when_leaves_what_was_paid_until_then(
    to: Status,
) -> None:
    paid = replace(row(Status.ACTIVE, end=NOW + 50), paid=PAID)
    sooner = corrected(to, over=paid, access_until=NOW + 20)
    assert answer(sooner, now=NOW + 19) == (Access.YES, "correction")
    assert answer(sooner, now=NOW + 20) == (Access.NO, "correction")
    later = corrected(to, over=paid, access_until=NOW + 80)
    assert answer(later, now=NOW + 49) == (Access.YES, "correction")
    assert answer(later, now=NOW + 50) == (Access.NO, "correction"), "no more than was paid"
    found = entitlement([(STRIPE, later)], POLICY, now=NOW, incident_open=False)
    assert (found.until, found.corrected_until) == (NOW + 50, NOW + 99)


@pytest.mark.parametrize("status", [Status.PAST_DUE, Status.SUSPENDED, Status.PAUSED])
def test_a_correction_to_ended_never_gives_what_was_not_paid(status: Status) -> None:
    """Whatever end it names. Nothing is known of payment: the row is from before that was kept."""
    over = row(status, end=NOW + 50)
    assert answer(corrected(Status.CANCELLED, over=over, access_until=NOW + 40)) == (
        Access.NO,
        "correction",
    )
    active = corrected(
        Status.CANCELLED, over=row(Status.ACTIVE, end=NOW + 50), access_until=NOW + 40
    )
    assert answer(active, now=NOW + 39) == (Access.YES, "correction")
    assert answer(active, now=NOW + 40) == (Access.NO, "correction")


def test_items_that_end_apart_end_where_a_correction_ends_them_at_the_latest() -> None:
    items = (SubscriptionItem("p_month", NOW + 30, 2), SubscriptionItem("p_year", NOW + 300, 5))
    state = Subscription("s", Status.ACTIVE, "active", "p", NOW + 300, items=items)
    paid = Paid(paid=(Invoice(NOW + 30, "in_1"), Invoice(NOW + 300, "in_2")))
    over = Row(ver=1, subscription=state, paid=paid)
    one = corrected(Status.CANCELLED, over=over, access_until=NOW + 90)
    found = entitlement([(STRIPE, one)], POLICY, now=NOW, incident_open=False)
    assert [(each.plan, each.end) for each in found.items] == [
        ("p_month", NOW + 30),
        ("p_year", NOW + 90),
    ]
    rest = entitlement([(STRIPE, one)], POLICY, now=NOW + 40, incident_open=False)
    assert ([each.plan for each in rest.items], rest.quantity) == (["p_year"], 5)


def test_without_a_subscription_there_is_no_access() -> None:
    assert answer() == (Access.NO, "no_subscription")
    assert answer(Row(ver=1, pending_until=NOW)) == (Access.NO, "no_subscription")
