"""The impact report: lines that add up to its totals, and texts that come from one situation."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.worlds.checkout import CheckoutWorld
from tocsin.billing.access.freeze import SHIPPED, BillingChange, Holding, permit
from tocsin.billing.checkout.attempts import Attempt, Result
from tocsin.billing.errors import BillingFrozen
from tocsin.billing.outage.impact import MONTH_SECONDS, LatePayment, LostAccess, Records, impact
from tocsin.billing.outage.signs import Trouble
from tocsin.billing.outage.wording import DEGRADED, DOWN, OPERATIONAL, Situation, word

NOW = 1_790_000_000
BASE = Attempt(
    at=NOW * 1000,
    intent="int_1",
    provider="stripe",
    result=Result.FAILED,
    code="connect",
    elapsed=10,
    workspace="ws_1",
    region="IN",
    plan="pro",
    amount=100,
    currency="INR",
)
attempts = st.lists(
    st.builds(
        lambda number, workspace, provider, result: replace(
            BASE,
            intent=f"int_{workspace}_{number}",
            workspace=f"ws_{workspace}",
            provider=provider,
            result=result,
            amount=100 + number,
            currency="INR" if number % 2 else "USD",
        ),
        st.integers(0, 3),
        st.integers(0, 3),
        st.sampled_from(["stripe", "razorpay"]),
        st.sampled_from(Result),
    ),
    max_size=30,
)


@given(attempts)
def test_totals_are_the_sums_of_what_was_recorded(found: list[Attempt]) -> None:
    """Against counts made directly over the records, not over the report's lines."""
    report = impact(Records(tuple(found)), since=NOW - 1, until=NOW + 1)
    failed = [each for each in found if each.result in {Result.FAILED, Result.DOUBT}]
    skipped = [each for each in found if each.result is Result.NOT_TRIED]
    met = [each for each in found if each in failed or each in skipped]
    assert (report.failed_attempts, report.not_tried) == (len(failed), len(skipped))
    assert {line.workspace for line in report.workspaces} == {each.workspace for each in met}
    served = {each.intent for each in found if each.worked}
    unserved = {each.intent: each for each in met if each.intent not in served}
    assert report.wanted == len(unserved)
    assert report.failed_over == len({each.intent for each in met} & served)
    owed: Counter[str] = Counter()
    for each in unserved.values():
        owed[each.currency] += each.amount
    assert report.unpaid == dict(sorted(owed.items()))


def test_only_the_window_and_the_provider_asked_for() -> None:
    records = Records(
        (
            BASE,
            replace(BASE, at=(NOW - 100) * 1000, intent="int_2"),
            replace(BASE, provider="razorpay", intent="int_3"),
            replace(BASE, provider="razorpay", result=Result.OFFERED),
        )
    )
    report = impact(records, since=NOW, until=NOW, provider="stripe")
    assert (report.failed_attempts, report.failed_over, report.wanted) == (1, 1, 0)


def test_late_payments_lost_access_and_doubles_are_in_their_workspaces_line() -> None:
    world = CheckoutWorld()
    world.stripe.mode = "late"
    world.buy("k1")
    double = world.intents.unsettled()[0].double
    assert double is not None
    late = LatePayment("ws_2", "stripe", "in_1", 500, "USD", NOW - 60, None)
    lost = LostAccess("ws_3", NOW - 86_400, None, 3_000, "INR")
    report = impact(
        Records(late=(late,), lost=(lost,), doubles=(double,)), since=NOW - 60, until=NOW
    )
    assert [line.workspace for line in report.workspaces] == ["ws_2", "ws_3", "ws_k1"]
    assert report.late_amounts == {"USD": 500}
    assert report.double_amounts == {"INR": 49_900}
    assert report.credits == {"INR": 100}  # a day of thirty


priced = st.sampled_from([(500, "USD"), (900, "INR"), (None, None)])


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 2), priced, st.booleans()), max_size=8))
def test_what_has_no_known_price_is_counted_and_in_no_amount(
    found: list[tuple[int, tuple[int | None, str | None], bool]],
) -> None:
    late = tuple(
        LatePayment(f"ws_{each}", "stripe", "in_1", *money, NOW, None)
        for each, money, is_late in found
        if is_late
    )
    lost = tuple(
        LostAccess(f"ws_{each}", NOW - MONTH_SECONDS, NOW, *money)
        for each, money, is_late in found
        if not is_late
    )
    report = impact(Records(late=late, lost=lost), since=NOW, until=NOW)
    unknown = [money for _, money, _ in found if money[0] is None]
    assert report.amount_unknown == len(unknown)
    assert report.amount_unknown == sum(line.amount_unknown for line in report.workspaces)
    counted: Counter[str] = Counter()
    for _, (amount, currency), _ in found:
        if amount is not None and currency is not None:
            counted[currency] += amount
    assert counted == Counter(report.late_amounts) + Counter(report.credits)
    assert (report.late, sum(len(line.lost) for line in report.workspaces)) == (
        len(late),
        len(lost),
    )


@pytest.mark.parametrize("change", BillingChange)
def test_a_freeze_lets_through_what_is_essential_and_nothing_else(change: BillingChange) -> None:
    holding, essential = (Holding("INC-1", "v1"),), {"v1": frozenset(SHIPPED)}
    permit(change, (), essential=essential.__getitem__)
    if change in SHIPPED:
        permit(change, holding, essential=essential.__getitem__)
    else:
        with pytest.raises(BillingFrozen) as refused:
            permit(change, holding, essential=essential.__getitem__)
        assert refused.value.context == {"change": change.value, "incident": "INC-1"}


def test_each_incident_goes_by_its_own_policy_and_one_that_forbids_is_enough() -> None:
    essential = {"wide": frozenset(BillingChange), "none": frozenset[BillingChange]()}
    wide, none = Holding("INC-1", "wide"), Holding("INC-2", "none")
    permit(BillingChange.DISCOUNT, (wide,), essential=essential.__getitem__)
    with pytest.raises(BillingFrozen) as refused:
        permit(BillingChange.CHECKOUT, (wide, none), essential=essential.__getitem__)
    assert refused.value.context["incident"] == "INC-2"


def situation(**troubles: Trouble) -> Situation:
    return Situation(
        providers=("stripe", "razorpay"),
        troubles={provider: frozenset({trouble}) for provider, trouble in troubles.items()},
        since=NOW,
        next_update=NOW + 1_800,
        as_of=NOW,
    )


def test_one_provider_failing_names_who_fails_who_works_and_when_more_is_said() -> None:
    down = situation(stripe=Trouble.CHECKOUT)
    said = word(down)
    assert down.level == DEGRADED
    for text in (said.public, said.stakeholders, " ".join(said.support)):
        assert "New payments through Stripe fail." in text
        assert "New payments go through Razorpay" in text
        assert "2026-09-21 14:43 UTC" in text
    assert [line.partition(":")[0] for line in said.support] == [
        "What fails",
        "What works",
        "What to say",
        "What not to promise",
        "Next update",
    ]


def test_nobody_can_pay() -> None:
    down = situation(stripe=Trouble.CHECKOUT, razorpay=Trouble.UNREACHABLE)
    assert down.level == DOWN
    assert "Stripe and Razorpay fail" in word(down).public
    assert "go through" not in word(down).public


def test_late_news_stops_no_payment() -> None:
    late = situation(stripe=Trouble.SILENCE)
    assert (late.level, late.failing) == (DEGRADED, ())
    assert "arrives late" in word(late).public
    assert "New payments work." in word(late).public


def test_recovery_withdraws_all_of_it_and_nothing_ever_claims_containment() -> None:
    assert situation().level == OPERATIONAL
    assert word(situation()).public == "Payments and subscriptions are working normally."
    for case in (situation(), situation(stripe=Trouble.CHECKOUT)):
        said = word(case)
        assert "contained the issue" not in f"{said.public} {said.stakeholders}"
