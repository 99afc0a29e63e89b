"""Each check of the outage chapters holds on what it describes, and fails on every other."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.billing.checkout.breaker import Breaker, Phase
from tocsin.drills.outage import checks

SOLD = {"provider": "razorpay", "failed_over": True, "url": "https://pay/1"}
FINAL = """x
Timeline
- 2026-09-08T14:00Z opened
Counts
- replay RPL-1: 14 events missing, 14 inserted, 6 duplicates
- reconciliation REC-1: 20 subscriptions compared, 1 healed
Corrections
none
Residual actions
none"""
FIGURES = {"RPL-1": "14 inserted", "REC-1": "1 healed"}
MET: dict[str, Any] = {"criteria": [{"code": code, "status": "met"} for code in checks.CRITERIA]}


def changed(code: str, status: str) -> dict[str, Any]:
    return {
        "criteria": [
            {"code": one["code"], "status": status if one["code"] == code else "met"}
            for one in MET["criteria"]
        ]
    }


def test_every_checkout_of_the_outage_is_at_the_other_provider() -> None:
    assert checks.failed_over([SOLD, SOLD]).passed
    for wrong in ([], [SOLD, {**SOLD, "provider": "stripe"}], [{**SOLD, "failed_over": False}]):
        assert not checks.failed_over(wrong).passed


def test_one_key_is_one_page() -> None:
    assert checks.one_page(SOLD, dict(SOLD)).passed
    assert not checks.one_page(SOLD, {**SOLD, "url": "https://pay/2"}).passed
    assert not checks.one_page({}, {}).passed


def test_a_failing_probe_proves_nothing() -> None:
    assert checks.unproven({"proven": False, "lacks": ["probe_failed", "failing"]}).passed
    for wrong in ({"proven": True, "lacks": []}, {"proven": False, "lacks": ["failing"]}, {}):
        assert not checks.unproven(wrong).passed


def test_what_is_lost_is_what_the_provider_dropped() -> None:
    assert checks.lost({"a", "b", "c"}, {"a"}, {"b", "c"}).passed
    assert not checks.lost({"a"}, {"a"}, set()).passed
    assert not checks.lost({"a", "b"}, {"a"}, {"a"}).passed


@pytest.mark.parametrize(
    ("state", "contain", "holds"),
    [("contained", "met", True), ("contained", "missed", False), ("acknowledged", "met", False)],
)
def test_containment_is_verified_in_time(state: str, contain: str, *, holds: bool) -> None:
    clocks = {"clocks": {"contain": {"attainment": contain}}}
    assert checks.contained({"state": state}, clocks).passed is holds


def test_a_plan_finds_what_was_lost_and_changes_nothing() -> None:
    plan = {"stage": "complete", "counts": {"missing": 2}}
    assert checks.planned(plan, {"a", "b"}, {"a", "b"}).passed
    assert not checks.planned(plan, {"a", "b"}, {"a"}).passed
    assert not checks.planned(plan, {"a"}, {"a"}).passed
    assert not checks.planned({**plan, "stage": "stalled"}, {"a", "b"}, {"a", "b"}).passed


@pytest.mark.parametrize(
    ("lost", "mine", "count", "holds"),
    [
        ({"a", "b"}, {"a", "b"}, 2, True),
        ({"a", "b"}, {"a"}, 2, False),
        ({"a"}, {"a", "b"}, 1, False),
        ({"a"}, {"a"}, 2, False),
        (set(), set(), 0, False),
    ],
)
def test_a_replay_inserts_what_was_lost(
    lost: set[str], mine: set[str], count: int, *, holds: bool
) -> None:
    assert checks.inserted(lost, mine, count).passed is holds


def test_a_replay_is_proven_complete_and_without_a_second_effect() -> None:
    whole = {"stage": "complete", "proven": True, "unchanged": True}
    assert checks.proven(whole).passed
    for name in whole:
        assert not checks.proven({**whole, name: False}).passed


def test_every_subscription_has_caught_up() -> None:
    assert checks.caught_up({}, 3).passed
    assert not checks.caught_up({"sub_1": "active, here past_due"}, 3).passed
    assert not checks.caught_up({}, 0).passed


def test_comparing_finds_what_is_wrong_and_nothing_else() -> None:
    found = {"mismatches": [{"subscription": "sub_1"}], "not_comparable": 0}
    assert checks.compared(found, ["sub_1"]).passed
    assert not checks.compared(found, ["sub_2"]).passed
    assert not checks.compared(found, ["sub_1", "sub_2"]).passed
    assert not checks.compared({**found, "not_comparable": 1}, ["sub_1"]).passed
    assert not checks.compared({"mismatches": []}, []).passed


def test_healed_means_signed_equal_and_nothing_open() -> None:
    found = {"healed": 1, "open": 0, "signed_off_by": "bo"}
    assert checks.healed(found, {}, 1).passed
    assert not checks.healed(found, {"sub_1": "differs"}, 1).passed
    for wrong in ({"healed": 0}, {"open": 1}, {"signed_off_by": None}):
        assert not checks.healed({**found, **wrong}, {}, 1).passed


@pytest.mark.parametrize(("proven", "workspaces"), [(False, 3), (True, 2), (None, 5)])
def test_checkouts_succeed_by_three_workspaces(proven: bool | None, workspaces: int) -> None:  # noqa: FBT001
    assert checks.succeed({"proven": True, "workspaces": 3}).passed
    assert not checks.succeed({"proven": proven, "workspaces": workspaces}).passed


def test_a_probe_is_there_expired_and_unpaid() -> None:
    gone = {"status": "expired", "payment_status": "unpaid"}
    assert checks.probe_gone([gone]).passed
    for wrong in (
        [],
        [gone, gone],
        [{**gone, "status": "open"}],
        [{**gone, "payment_status": "paid"}],
    ):
        assert not checks.probe_gone(wrong).passed


def test_it_stays_shut_for_exactly_what_is_unmet() -> None:
    assert checks.stays_shut(409, "gate_unmet", ["a"], {"a"}).passed
    assert not checks.stays_shut(200, "", ["a"], {"a"}).passed
    assert not checks.stays_shut(409, "gate_unmet", [], {"a"}).passed


def test_the_final_update_arrived_once_with_its_parts_and_figures() -> None:
    assert checks.told([FINAL], "2026-09-08T14:00", FIGURES).passed
    assert not checks.told([], "2026-09-08T14:00", FIGURES).passed
    assert not checks.told([FINAL, FINAL], "2026-09-08T14:00", FIGURES).passed
    assert not checks.told([FINAL], "2026-09-08T15:00", FIGURES).passed
    for wrong in ({"RPL-1": "15 inserted"}, {"REC-2": "1 healed"}, {"REC-1": "14 inserted"}):
        assert not checks.told([FINAL], "2026-09-08T14:00", wrong).passed
    for part in checks.PARTS:
        assert not checks.told([FINAL.replace(part, "Else")], "2026-09-08T14:00", FIGURES).passed


def test_every_criterion_is_met_and_none_waived_or_missing() -> None:
    assert checks.all_met(MET).passed
    for code in checks.CRITERIA:
        for status in ("unmet", "waived"):
            assert not checks.all_met(changed(code, status)).passed
    assert not checks.all_met({"criteria": MET["criteria"][1:]}).passed


def test_closed_means_resolved() -> None:
    assert checks.closed({"state": "closed", "resolution": "resolved"}).passed
    assert not checks.closed({"state": "closed", "resolution": "duplicate"}).passed
    assert not checks.closed({"state": "monitoring", "resolution": None}).passed


def test_an_open_breaker_sends_everybody_to_the_other_one_and_asks_the_first_nothing() -> None:
    late = [{"provider": "razorpay"}, {"provider": "razorpay"}]
    assert checks.breaker_open(Phase.OPEN, late, 0).passed
    assert not checks.breaker_open(Phase.CLOSED, late, 0).passed
    assert not checks.breaker_open(Phase.OPEN, late, 1).passed
    assert not checks.breaker_open(Phase.OPEN, [*late, {"provider": "stripe"}], 0).passed
    assert not checks.breaker_open(Phase.OPEN, [{"code": "no_payment_path"}], 0).passed


def test_a_replay_is_refused_for_the_open_breaker_and_for_nothing_else() -> None:
    body = {"code": "recovery_not_confirmed", "unmet": "breaker_open,too_few_probes"}
    assert checks.refused(409, body).passed
    assert not checks.refused(202, {"id": "RPL-1"}).passed
    assert not checks.refused(409, body | {"unmet": "too_few_probes"}).passed
    assert not checks.refused(409, body | {"code": "replay_running"}).passed


def test_a_breaker_closes_after_one_opening() -> None:
    assert checks.breaker_closed(Breaker(Phase.CLOSED, openings=1)).passed
    assert not checks.breaker_closed(Breaker(Phase.HALF_OPEN, openings=1)).passed
    assert not checks.breaker_closed(Breaker(Phase.CLOSED, openings=2)).passed
    assert not checks.breaker_closed(Breaker()).passed, "it never opened"


def test_a_replay_is_taken_without_an_override() -> None:
    assert checks.unforced(202, {"id": "RPL-1", "override": None}).passed
    assert not checks.unforced(202, {"id": "RPL-1", "override": "no time"}).passed
    assert not checks.unforced(409, {"unmet": "too_few_probes"}).passed
