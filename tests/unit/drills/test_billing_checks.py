"""Each check of the billing half holds on what it describes, and fails on each way to be wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tocsin.drills.billing import checks
from tocsin.drills.billing.checks import Projected
from tocsin.drills.billing.forgery import REFUSED, attempts
from tocsin.drills.stage import fingerprint
from tocsin.local.sandbox.clients.official import ProviderTruth
from tocsin.local.sandbox.clients.stripe import Sent

REAL = ProviderTruth("sub_1", "active", 1_800_000_000, "price_1", "ws-1")
ROW = Projected("active", "price_1", 1_800_000_000, 3)


def sent(event: str, status: int | None = 200) -> Sent:
    good = status == 200
    return Sent(event, "t", "we", 1, status, None if good else "refused", (), good, 0.1)


def test_disorder_needs_duplicates_and_events_out_of_place() -> None:
    made = ["a", "b", "c"]
    mixed = [sent(one) for one in ("b", "a", "c", "a")]
    assert checks.disordered(mixed, made).passed
    for wrong in ("abc", "abcc", "bac", ""):
        assert not checks.disordered([sent(one) for one in wrong], made).passed


def test_accepted_means_every_attempt_and_every_event() -> None:
    assert checks.accepted([sent("a"), sent("a"), sent("b")], {"a", "b"}).passed
    assert checks.accepted([sent("a"), sent("x", 500)], {"a"}).passed  # not of this run
    for wrong in (
        [sent("a")],
        [sent("a"), sent("b", 500), sent("b")],
        [sent("a"), sent("b", None)],
    ):
        assert not checks.accepted(wrong, {"a", "b"}).passed
    assert not checks.accepted([], set()).passed


def test_every_event_is_stored_once() -> None:
    assert checks.each_once(iter(["a", "b"]), ["a", "b"]).passed
    assert not checks.each_once(iter(["a"]), ["a", "b"]).passed
    assert not checks.each_once(iter(["a", "b", "b"]), ["a", "b"]).passed


@pytest.mark.parametrize(
    "wrong",
    [
        replace(ROW, raw_status="incomplete"),
        replace(ROW, plan="price_2"),
        replace(ROW, period_end=None),
        replace(ROW, period_end=1_800_000_001),
        None,
    ],
)
def test_a_projection_must_equal_the_provider_in_status_period_and_price(
    wrong: Projected | None,
) -> None:
    assert checks.equal({"sub_1": REAL}, {"sub_1": ROW}).passed
    rows = {"sub_1": wrong} if wrong else {}
    assert not checks.equal({"sub_1": REAL}, rows).passed


def test_nothing_to_compare_is_no_success() -> None:
    assert not checks.equal({}, {}).passed


def test_a_repeated_event_changes_no_byte_and_is_accepted() -> None:
    before = fingerprint({("p", "s"): {"t": 1, "b": b"x"}})
    assert checks.ledger_untouched(before, before, [sent("a")]).passed
    other = fingerprint({("p", "s"): {"t": 2, "b": b"x"}})
    assert not checks.ledger_untouched(before, other, [sent("a")]).passed
    assert not checks.ledger_untouched(before, before, [sent("a", 500)]).passed
    assert not checks.ledger_untouched(before, before, []).passed


def test_a_fingerprint_sees_every_attribute_and_no_order() -> None:
    one = {("p", "a"): {"x": 1, "y": 2}, ("p", "b"): {"x": 1}}
    same = {("p", "b"): {"x": 1}, ("p", "a"): {"y": 2, "x": 1}}
    assert fingerprint(one) == fingerprint(same)
    assert fingerprint(one) != fingerprint({("p", "a"): {"x": 1, "y": 2}})
    assert fingerprint({1: {"b": b"x"}}) != fingerprint({1: {"b": b"y"}})


def test_a_revision_that_rose_is_a_change() -> None:
    assert checks.projection_untouched({"s": ROW}, {"s": ROW}).passed
    assert not checks.projection_untouched({"s": ROW}, {"s": replace(ROW, rev=4)}).passed
    assert not checks.projection_untouched({"s": ROW}, {}).passed


def test_a_stale_event_must_leave_the_row_right_before_and_after() -> None:
    old = replace(ROW, raw_status="incomplete")
    assert checks.stale(REAL, ROW, ROW).passed
    for before, after in ((ROW, old), (old, ROW), (None, ROW), (ROW, None)):
        assert not checks.stale(REAL, before, after).passed


def test_every_forgery_has_its_own_answer_and_leaves_nothing() -> None:
    assert checks.forged(dict(REFUSED), REFUSED).passed
    for name in REFUSED:
        assert not checks.forged({**REFUSED, name: (200, "")}, REFUSED).passed
    assert checks.not_stored([]).passed
    assert not checks.not_stored(["evt"]).passed


def test_forgeries_are_one_of_each_kind_under_ids_of_their_own() -> None:
    events = [{"id": f"evt_{number}", "livemode": False} for number in range(9)]
    forged = attempts(events, "whsec_x", run="r1")
    assert [one.name for one in forged] == list(REFUSED)
    assert len({one.event["id"] for one in forged}) == len(REFUSED)
    assert not {one.event["id"] for one in forged} & {event["id"] for event in events}
