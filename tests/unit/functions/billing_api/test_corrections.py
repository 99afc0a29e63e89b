"""Corrections: who may, what an open incident asks for, and that each is done once and logged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.billing_office import IDENTITY, BillingOffice
from tocsin.billing.access.corrections import ACTION, Correction, moment
from tocsin.billing.projection.ordering import Change
from tocsin.billing.subscription import Status

if TYPE_CHECKING:
    from tests.harness.worlds.world import World

OUTAGE = {"title": "Stripe is down", "severity": "high", "category": "operational"}
PATH = "/v1/billing/corrections"


@pytest.fixture
def office(world: World) -> BillingOffice:
    made = BillingOffice(world)
    world.reachable("ana", "bo", "kim")
    made.has(Status.SUSPENDED)
    return made


def wish(office: BillingOffice, **changes: Any) -> dict[str, Any]:
    return {
        "provider": "stripe",
        "account": "acct_1",
        "mode": "live",
        "subscription": "sub_1",
        "status": "active",
        "until": moment(office.now + 3600),
        "reason": "paid by bank transfer, ticket 77",
    } | changes


def correct(
    office: BillingOffice, body: dict[str, Any], *, group: str = "responder", **options: Any
) -> tuple[int, dict[str, Any], dict[str, str]]:
    return office.request("POST", PATH, body, group=group, **options)


def declare(world: World) -> str:
    """A billing incident whose commander is kim."""
    _, body, _ = world.request("POST", "/v1/incidents", OUTAGE, person="kim", group="commander")
    path = f"/v1/incidents/{body['id']}/acknowledge"
    assert world.request("POST", path, person="kim", group="commander")[0] == 200
    world.inbox.take_all()
    return str(body["id"])


def approve(
    world: World, incident: str, body: dict[str, Any], *, person: str = "kim", **changes: Any
) -> tuple[int, str]:
    """The status of the commander's answer, and the approval's id."""
    lines = [f"{name}={body[name]}" for name in ("provider", "account", "mode", "subscription")]
    said = ("status", "until", "access_until")
    lines += [f"{name}={body[name]}" for name in said if name in body]
    given = {
        "action": ACTION,
        "input": lines if "status" in body else [*lines, "lift=true"],
        "requester": "ana",
        "reason": "customer locked out, checked the transfer",
    } | changes
    path = f"/v1/incidents/{incident}/authorize"
    options: dict[str, Any] = {"person": person, "group": "commander"}
    status, shown, _ = world.request("POST", path, given, **options)
    return status, f"{incident}:{shown.get('version', 0)}"


def test_outside_an_incident_a_commander_corrects_and_the_log_says_it_all(
    office: BillingOffice,
) -> None:
    body = wish(office)
    status, line, _ = correct(office, body, group="commander")
    assert status == 201
    assert line["before"] == {
        "status": "suspended",
        "access": "no",
        "corrected": False,
        "until": None,
    }
    assert line["after"] == {
        "status": "active",
        "access": "yes",
        "corrected": True,
        "until": line["until"],
    }
    assert (line["by"], line["reason"], line["approver"]) == ("ana", body["reason"], None)
    found = office.entitlement()
    assert (found["access"], found["why"], found["corrected_by"]) == ("yes", "correction", "ana")
    assert office.request("GET", PATH)[1]["corrections"] == [line]


def test_a_correction_ends_by_itself_and_the_projection_never_knew(office: BillingOffice) -> None:
    before = office.projection.read(IDENTITY, "sub_1")
    assert before is not None
    correct(office, wish(office), group="commander")
    after = office.projection.read(IDENTITY, "sub_1")
    assert after is not None
    assert replace(after, overlay=None) == before
    office.world.jump(60, sweep=False)
    assert office.entitlement()["why"] == "status"


def test_the_projection_goes_on_tracking_the_provider_under_a_correction(
    office: BillingOffice,
) -> None:
    correct(office, wish(office), group="commander")
    row = office.projection.read(IDENTITY, "sub_1")
    assert row is not None
    assert row.subscription is not None
    ended = replace(row.subscription, status=Status.EXPIRED)
    newer = replace(row, ver=row.ver + 1, rev=row.rev + 1, subscription=ended)
    assert office.projection.write(IDENTITY, "sub_1", Change(row.ver, newer))
    assert office.entitlement()["access"] == "yes"
    office.world.jump(60, sweep=False)
    found = office.entitlement()
    assert (found["access"], found["status"], found["rev"]) == ("no", "expired", row.rev + 1)


def test_lifting_takes_it_away_at_once_and_is_a_line_of_its_own(office: BillingOffice) -> None:
    body = wish(office)
    correct(office, body, group="commander")
    where = {key: body[key] for key in ("provider", "account", "mode", "subscription", "reason")}
    status, line, _ = office.request("POST", f"{PATH}/lift", where, group="commander")
    assert (status, line["status"], line["until"]) == (201, None, None)
    assert (line["before"]["access"], line["after"]["access"]) == ("yes", "no")
    assert office.entitlement()["access"] == "no"
    status, problem, _ = office.request("POST", f"{PATH}/lift", where, group="commander")
    assert (status, problem["code"]) == (409, "nothing_to_lift")
    assert len(office.request("GET", PATH)[1]["corrections"]) == 2


@pytest.mark.parametrize(("group", "code"), [("responder", "group_required"), ("viewer", None)])
def test_outside_an_incident_nobody_else_may(
    office: BillingOffice, group: str, code: str | None
) -> None:
    status, problem, _ = correct(office, wish(office), group=group)
    assert (status, problem["code"]) == (403, code or "group_required")
    assert office.corrections.lines == {}


@pytest.mark.parametrize("group", ["responder", "commander", "security"])
def test_during_a_billing_incident_nobody_may_without_the_commanders_approval(
    office: BillingOffice, world: World, group: str
) -> None:
    incident = declare(world)
    status, problem, _ = correct(office, wish(office), group=group)
    assert (status, problem["code"], problem["incident"]) == (403, "approval_required", incident)
    assert "subscription=sub_1" in problem["input"]
    assert office.corrections.lines == {}
    assert office.entitlement()["corrected_by"] is None


def test_with_the_commanders_approval_it_is_done_once(office: BillingOffice, world: World) -> None:
    incident, body = declare(world), wish(office)
    status, approval = approve(world, incident, body)
    assert status == 200
    (entry,) = [each for each in world.store.entries(incident) if each.type == "act_authorized"]
    assert approval == f"{incident}:{entry.seq}"
    assert (entry.actor_ref, entry.content["requester"]) == ("person:kim", "ana")

    status, line, _ = correct(office, body | {"approval": approval})
    assert (status, line["approval"], line["approver"]) == (201, approval, "kim")
    assert line["before"]["access"] == "grace", "what it gave while the incident is open"

    status, problem, _ = correct(office, body | {"approval": approval})
    assert (status, problem["code"], problem["why"]) == (403, "approval_invalid", "used")
    assert len(office.corrections.lines) == 1


@pytest.mark.parametrize(
    ("changes", "person", "why"),
    [
        ({"status": "trialing"}, "ana", "another act"),
        ({"until": "2026-09-08T20:00:00Z"}, "ana", "another act"),
        ({"subscription": "sub_2"}, "ana", "another act"),
        ({}, "bo", "another person"),
    ],
)
def test_an_approval_is_for_that_very_act_by_that_very_person(
    office: BillingOffice, world: World, changes: dict[str, str], person: str, why: str
) -> None:
    office.has(Status.SUSPENDED, name="sub_2")
    incident, body = declare(world), wish(office)
    _, approval = approve(world, incident, body)
    status, problem, _ = correct(office, body | changes | {"approval": approval}, person=person)
    assert (status, problem["code"], problem["why"]) == (403, "approval_invalid", why)
    assert office.corrections.lines == {}


def test_an_approval_ends(office: BillingOffice, world: World) -> None:
    incident, body = declare(world), wish(office, until=moment(office.now + 86_400))
    _, approval = approve(world, incident, body, minutes=10)
    world.clock.advance(timedelta(minutes=10))
    status, problem, _ = correct(office, body | {"approval": approval})
    assert (status, problem["why"]) == (403, "expired")


def test_what_is_no_approval_opens_nothing(office: BillingOffice, world: World) -> None:
    incident, body = declare(world), wish(office)
    for shown in ("yes", f"{incident}:1", f"{incident}:999", f"{incident}:x", "INC-OTHER:3"):
        status, problem, _ = correct(office, body | {"approval": shown})
        assert (status, problem["code"]) == (403, "approval_invalid"), shown


def test_an_approval_of_a_closed_incident_opens_nothing_at_the_next(
    office: BillingOffice, world: World
) -> None:
    incident, body = declare(world), wish(office)
    _, approval = approve(world, incident, body)
    wanted = {"resolution": "false_positive", "reason": "a test alarm"}
    path = f"/v1/incidents/{incident}/close"
    for person in ("kim", "lee"):  # a second person agrees
        _, said, _ = world.request("POST", path, wanted, person=person, group="commander")
    assert said["state"] == "closed"
    world.inbox.take_all()
    declare(world)
    status, problem, _ = correct(office, body | {"approval": approval})
    assert (status, problem["code"], problem["why"]) == (403, "approval_invalid", "unknown")


def test_only_the_commander_approves_and_never_for_themselves(
    office: BillingOffice, world: World
) -> None:
    incident, body = declare(world), wish(office)
    assert approve(world, incident, body, requester="kim")[0] == 403
    path = f"/v1/incidents/{incident}/authorize"
    given = {"action": ACTION, "input": ["a=b"], "requester": "bo", "reason": "x"}
    status, problem, _ = world.request("POST", path, given, person="ana")
    assert (status, problem["code"]) == (403, "group_required")


def test_lifting_during_an_incident_needs_an_approval_too(
    office: BillingOffice, world: World
) -> None:
    body = wish(office, until=moment(office.now + 86_400))
    correct(office, body, group="commander")
    incident = declare(world)
    where = {key: body[key] for key in ("provider", "account", "mode", "subscription", "reason")}
    assert office.request("POST", f"{PATH}/lift", where)[1]["code"] == "approval_required"
    _, approval = approve(world, incident, where)
    assert office.request("POST", f"{PATH}/lift", where | {"approval": approval})[0] == 201


def test_the_same_key_is_one_correction_and_another_wish_is_refused(
    office: BillingOffice,
) -> None:
    key, body = {"idempotency-key": "k-1"}, wish(office)
    first = correct(office, body, group="commander", headers=key)
    again = correct(office, body, group="commander", headers=key)
    assert (first[0], again[0], again[1]) == (201, 200, first[1])
    assert again[2]["idempotency-replayed"] == "true"
    other = correct(office, wish(office, status="paused"), group="commander", headers=key)
    assert (other[0], other[1]["code"]) == (422, "idempotency_key_reused")
    assert len(office.corrections.lines) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": " "}, "missing_reason"),
        ({"reason": "x" * 2_001}, "payload_too_large"),
        ({"status": "unknown"}, "bad_input"),
        ({"status": "happy"}, "bad_input"),
        ({"until": "2020-01-01T00:00:00Z"}, "bad_input"),
        ({"until": "2030-01-01T00:00:00Z"}, "bad_input"),
        ({"until": "tomorrow"}, "bad_input"),
        ({"until": None}, "bad_input"),
        ({"provider": "paypal"}, "bad_input"),
        ({"mode": "both"}, "bad_input"),
        ({"account": "a#b"}, "bad_input"),
        ({"subscription": ""}, "bad_input"),
        ({"subscription": "sub_nowhere"}, "unknown_subscription"),
        ({"surprise": 1}, "bad_input"),
    ],
)
def test_a_wish_that_cannot_be_meant_is_refused_and_changes_nothing(
    office: BillingOffice, changes: dict[str, Any], code: str
) -> None:
    _, problem, _ = correct(office, wish(office, **changes), group="commander")
    assert problem["code"] == code
    assert office.corrections.lines == {}


def test_what_an_approval_is_bound_to_names_everything_but_the_reason() -> None:
    one = Correction(IDENTITY, "sub_1", Status.ACTIVE, 1_790_000_000, "a")
    assert one.lines == replace(one, reason="b").lines
    assert one.digest != replace(one, reason="b").digest
    others = [
        replace(one, subscription="sub_2"),
        replace(one, status=Status.PAUSED),
        replace(one, until=1_790_000_001),
        replace(one, identity=replace(IDENTITY, mode="test")),
        replace(one, status=None, until=None),
    ]
    assert len({each.lines for each in [one, *others]}) == len(others) + 1


def test_a_correction_to_cancelled_takes_a_paid_period_away_at_once_unless_it_says_until_when(
    office: BillingOffice,
) -> None:
    row = office.has(Status.CANCELLED, workspace="ws_2", name="sub_2", ends_in=5_000)
    assert row.subscription is not None
    assert office.entitlement("ws_2")["why"] == "paid_period"
    until = moment(office.now + 9_000)
    ending = wish(office, subscription="sub_2", status="cancelled", until=until)
    status, line, _ = correct(office, ending, group="commander")
    assert (status, line["after"]["access"], line["access_until"]) == (201, "no", None)
    found = office.entitlement("ws_2")
    assert (found["access"], found["why"]) == ("no", "correction")
    for asked, given in ((3_000, 3_000), (8_000, 5_000)):
        until = moment(office.now + asked)
        status, line, _ = correct(office, ending | {"access_until": until}, group="commander")
        assert (status, line["after"]["access"]) == (201, "yes")
        assert line["access_until"] == until.replace("Z", ".000Z")
        assert line["after"]["until"] == moment(office.now + given).replace("Z", ".000Z")
        assert office.entitlement("ws_2")["until"] == line["after"]["until"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "active", "access_until": 60}, "without access"),
        ({"access_until": 3_601}, "not after `until`"),
        ({"access_until": -1}, "lies ahead"),
    ],
)
def test_an_end_of_access_that_cannot_be_meant_is_refused(
    office: BillingOffice, changes: dict[str, Any], said: str
) -> None:
    given = {"status": "cancelled"} | changes
    body = wish(office, **given | {"access_until": moment(office.now + given["access_until"])})
    status, problem, _ = correct(office, body, group="commander")
    assert (status, problem["code"], problem.get("field")) == (400, "bad_input", "access_until")
    assert said in problem["detail"]


def test_an_approval_is_of_the_end_of_access_too(office: BillingOffice) -> None:
    incident = declare(office.world)
    body = wish(office, status="cancelled", access_until=moment(office.now + 60))
    _, approval = approve(office.world, incident, body)
    for other in (
        {name: value for name, value in body.items() if name != "access_until"},
        body | {"access_until": moment(office.now + 61)},
    ):
        status, problem, _ = correct(office, other | {"approval": approval})
        assert (status, problem["code"]) == (403, "approval_invalid")
    assert correct(office, body | {"approval": approval})[0] == 201
