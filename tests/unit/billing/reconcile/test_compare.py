"""Comparing: each class, found exactly, by a world that knows what was broken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.billing.identity import Identity
from tocsin.billing.projection.ordering import Answer, Overlay, Row, Verdict
from tocsin.billing.reconcile.compare import (
    Healing,
    Kind,
    Mismatch,
    Subject,
    Unknown,
    compare,
    double,
)
from tocsin.billing.subscription import TERMINAL, Status, Subscription, SubscriptionItem
from tocsin.policy.compiled.billing_rules import current_billing_rules
from tocsin.providers.razorpay.objects import STATUS

RULES = current_billing_rules().access
NOW = 1_790_000_000
STRIPE = Identity("stripe", "acct_1", "live")
RAZORPAY = Identity("razorpay", "acc_2", "live")
KNOWN = [status for status in Status if status is not Status.UNKNOWN]
RUNNING = [status for status in KNOWN if status not in TERMINAL]

SUBSCRIPTIONS = st.builds(
    Subscription,
    id=st.just("sub_1"),
    status=st.sampled_from(KNOWN),
    raw_status=st.just("word"),
    plan=st.sampled_from(["price_a", "price_b"]),
    period_end=st.integers(NOW - 90 * 86_400, NOW + 90 * 86_400),
    collection_paused=st.booleans(),
    ends_at_period_end=st.booleans(),
    workspace=st.just("ws_1"),
)


def active(**changes: object) -> Subscription:
    plain = Subscription(
        "sub_1", Status.ACTIVE, "active", "price_a", NOW + 86_400, workspace="ws_1"
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def subject(
    held: Subscription | None,
    truth: Subscription | None,
    *,
    identity: Identity = STRIPE,
    verdict: Verdict | None = None,
    newest_event: int | None = None,
    overlay: Overlay | None = None,
) -> Subject:
    row = Row(ver=1, rev=1, subscription=held, applied=NOW - 100, overlay=overlay)
    said = verdict or (Verdict.FOUND if truth else Verdict.MISSING)
    return Subject(
        identity=identity,
        subscription="sub_1",
        row=row if held else None,
        answer=Answer(said, truth, detail="HTTP 503" if said is Verdict.FAILED else ""),
        newest_event=newest_event,
    )


def find(one: Subject, *, incident_open: bool = False) -> Mismatch | Unknown | None:
    return compare(one, RULES, now=NOW, incident_open=incident_open)


def kind_of(one: Subject) -> Kind | None:
    found = find(one)
    assert not isinstance(found, Unknown)
    return found.kind if found else None


@settings(max_examples=20, deadline=None)
@given(SUBSCRIPTIONS)
def test_what_agrees_is_no_mismatch(truth: Subscription) -> None:
    for incident_open in (True, False):
        assert find(subject(truth, truth), incident_open=incident_open) is None


@settings(max_examples=20, deadline=None)
@given(SUBSCRIPTIONS, st.sampled_from(["status", "plan", "period"]), st.data())
def test_one_broken_fact_is_called_by_its_name_and_several_are_an_older_picture(
    truth: Subscription, broken: str, data: st.DataObject
) -> None:
    """The oracle breaks facts and remembers which; what was broken is the answer."""
    breaks = {
        "status": lambda one: replace(
            one, status=data.draw(st.sampled_from([s for s in KNOWN if s is not one.status]))
        ),
        "plan": lambda one: replace(one, plan=one.plan + "_old"),
        "period": lambda one: replace(one, period_end=(one.period_end or 0) - 30 * 86_400),
    }
    held = breaks[broken](truth)
    assert kind_of(subject(held, truth)) == broken
    other = data.draw(st.sampled_from([each for each in breaks if each != broken]))
    assert kind_of(subject(breaks[other](held), truth)) == Kind.STALE
    assert kind_of(subject(held, truth, newest_event=NOW)) == Kind.STALE, "an event it missed"
    assert kind_of(subject(held, truth, newest_event=NOW - 100)) == broken, "no newer than it"


@pytest.mark.parametrize(
    ("held", "kind"),
    [
        (active(collection_paused=True), Kind.STATUS),
        (active(ends_at_period_end=True), Kind.PERIOD),
        (active(period_end=None), Kind.PERIOD),
        (active(raw_status="aktiv"), None),
    ],
)
def test_flags_count_and_the_providers_word_does_not(held: Subscription, kind: Kind | None) -> None:
    assert kind_of(subject(held, active())) == kind


@settings(max_examples=20, deadline=None)
@given(SUBSCRIPTIONS)
def test_only_an_answer_makes_an_orphan_and_only_of_what_runs(held: Subscription) -> None:
    found = find(subject(held, None))
    if held.status in TERMINAL:
        assert found is None
    else:
        assert isinstance(found, Mismatch)
        assert (found.kind, found.healing) == (Kind.ORPHAN, Healing.END)


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.UNREADABLE])
@settings(max_examples=20, deadline=None)
@given(held=st.none() | SUBSCRIPTIONS)
def test_no_answer_is_unknown_whatever_we_hold(verdict: Verdict, held: Subscription | None) -> None:
    assert isinstance(find(subject(held, None, verdict=verdict)), Unknown)


def test_a_word_nobody_knows_is_unknown_and_no_mismatch() -> None:
    truth = active(status=Status.UNKNOWN, raw_status="frozen")
    found = find(subject(active(), truth))
    assert isinstance(found, Unknown)
    assert "frozen" in found.why


def test_the_provider_alone_knowing_it_is_missing() -> None:
    found = find(subject(None, active()))
    assert isinstance(found, Mismatch)
    assert (found.kind, found.workspace, found.held) == (Kind.MISSING, "ws_1", {})
    assert found.says["status"] == "active"
    assert find(subject(None, None)) is None


@pytest.mark.parametrize("raw", ["created", "expired"])
def test_a_razorpay_link_that_nobody_paid_is_not_missing_for_no_event_tells_of_it(raw: str) -> None:
    unpaid = active(status=STATUS[raw], raw_status=raw)
    assert find(subject(None, unpaid, identity=RAZORPAY)) is None
    assert kind_of(subject(active(), unpaid, identity=RAZORPAY)) is Kind.STATUS


@pytest.mark.parametrize("raw", ["authenticated", "active", "halted", "cancelled"])
def test_a_razorpay_link_that_was_paid_is_missing_where_we_hold_nothing(raw: str) -> None:
    paid = active(status=STATUS[raw], raw_status=raw)
    assert kind_of(subject(None, paid, identity=RAZORPAY)) is Kind.MISSING


def test_stripes_incomplete_is_missing_for_it_has_an_event() -> None:
    unpaid = active(status=Status.PENDING, raw_status="incomplete")
    assert kind_of(subject(None, unpaid)) is Kind.MISSING


def overlay(status: Status, *, until: int = NOW + 60) -> Overlay:
    return Overlay(status, until, "", "mallory", 1)


@pytest.mark.parametrize(
    ("truth", "laid", "kind"),
    [
        (active(), overlay(Status.SUSPENDED), Kind.ENFORCEMENT),
        (active(status=Status.SUSPENDED), overlay(Status.ACTIVE), Kind.ENFORCEMENT),
        (active(), overlay(Status.TRIALING), None),
        (active(), overlay(Status.SUSPENDED, until=NOW), None),
    ],
)
def test_a_correction_that_changes_access_is_an_enforcement_mismatch(
    truth: Subscription, laid: Overlay, kind: Kind | None
) -> None:
    found = find(subject(truth, truth, overlay=laid))
    assert (found.kind if isinstance(found, Mismatch) else found) == kind
    if isinstance(found, Mismatch):
        assert found.held["corrected_by"] == "mallory"
        assert found.healing is Healing.LIFT


def test_counting_for_another_workspace_is_an_enforcement_mismatch() -> None:
    found = find(subject(active(workspace="ws_2"), active()))
    assert isinstance(found, Mismatch)
    assert (found.kind, found.held, found.says) == (
        Kind.ENFORCEMENT,
        {"workspace": "ws_2"},
        {"workspace": "ws_1"},
    )
    assert find(subject(active(), active(workspace=None))) is None, "it does not say whose it is"


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([STRIPE, RAZORPAY]), st.sampled_from(KNOWN)), max_size=5))
def test_double_is_two_running_subscriptions_wherever_they_are(
    parts: list[tuple[Identity, Status]],
) -> None:
    subjects = [
        subject(None, active(status=status, id=f"sub_{number}"), identity=identity)
        for number, (identity, status) in enumerate(parts)
    ]
    running = [status in {Status.ACTIVE, Status.TRIALING, Status.PAST_DUE} for _, status in parts]
    found = double("ws_1", subjects)
    assert (found is not None) == (sum(running) > 1)
    assert double("ws_1", subjects, frozenset({active().plan})) is None, "all are add-ons"
    if found:
        assert (found.kind, found.workspace, found.healing) == (
            Kind.DOUBLE,
            "ws_1",
            Healing.CHOOSE,
        )


def test_an_add_on_beside_what_it_is_added_to_is_no_double() -> None:
    plans = ["price_team", "price_seats+price_storage"]
    subjects = [
        subject(None, active(plan=plan, id=f"sub_{number}"), identity=STRIPE)
        for number, plan in enumerate(plans)
    ]
    assert double("ws_1", subjects) is not None
    assert double("ws_1", subjects, frozenset({"price_seats"})) is not None
    assert double("ws_1", subjects, frozenset({"price_seats", "price_storage"})) is None


def test_a_date_to_end_on_and_a_quantity_differ_but_not_from_what_was_never_kept() -> None:
    """A row from before has no quantity: that is no disagreement. A planned end it lacks is."""
    held, truth = active(quantity=3), active(quantity=4)
    found = find(subject(held, truth))
    assert isinstance(found, Mismatch)
    assert (found.kind, found.held["quantity"], found.says["quantity"]) == (Kind.PLAN, "3", "4")
    assert find(subject(active(), truth)) is None
    planned = find(subject(active(), active(ends_at=1_790_000_000)))
    assert isinstance(planned, Mismatch)
    assert (planned.kind, planned.says["ends_at"]) == (Kind.PERIOD, "2026-09-21T14:13:20Z")


def test_an_item_that_ends_apart_differs_by_its_own_end() -> None:
    """A row from before has no items: that is no disagreement."""

    def bought(month: int) -> Subscription:
        end = active().period_end or 0
        return active(items=(SubscriptionItem("m", month), SubscriptionItem("y", end)))

    found = find(subject(bought(1_790_000_000), bought(1_792_592_000)))
    assert isinstance(found, Mismatch)
    assert found.kind is Kind.PERIOD
    assert "m until 2026-09-21T14:13:20Z" in found.held["items"]
    assert find(subject(active(), bought(1_790_000_000))) is None
    assert find(subject(bought(1_790_000_000), bought(1_790_000_000))) is None


@settings(max_examples=20, deadline=None)
@given(SUBSCRIPTIONS, SUBSCRIPTIONS)
def test_nobody_is_said_to_lose_access_because_of_an_event_that_is_late(
    held: Subscription, truth: Subscription
) -> None:
    """While an incident is open a mismatch may name any difference of facts, but nothing that is
    proposed ends or lifts anything: what is wrong for want of an event is only asked for again."""
    found = find(subject(held, truth, newest_event=NOW), incident_open=True)
    assert found is None or (isinstance(found, Mismatch) and found.healing is Healing.REFETCH)


def test_an_id_is_of_the_object_and_its_class() -> None:
    first, again = find(subject(None, active())), find(subject(None, active(plan="price_b")))
    other = find(subject(active(plan="x"), active()))
    assert isinstance(first, Mismatch)
    assert isinstance(again, Mismatch)
    assert isinstance(other, Mismatch)
    assert first.id == again.id != other.id
