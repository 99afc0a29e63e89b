"""The way out of an outage over the API: facts are taken, recorded, and seen by the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.billing_office import BillingOffice
from tocsin.errors import SendFailed
from tocsin.incidents.model.outbox import STAKEHOLDERS
from tocsin.incidents.vocabulary import Kind
from tocsin.notes import Metric

if TYPE_CHECKING:
    from tests.harness.worlds.world import World

OUTAGE = {"title": "Stripe is down", "severity": "high", "category": "operational"}
FIRST = {"impact": "checkouts fail", "mitigation": "failed over", "eta": "unknown"}
CHECKS, FINAL = "/v1/billing/exit-checks", "/v1/billing/final-updates"


@pytest.fixture
def office(world: World) -> BillingOffice:
    return BillingOffice(world)


def opened(office: BillingOffice, **changes: Any) -> str:
    body = {**OUTAGE, **changes}
    status, found, _ = office.world.request("POST", "/v1/incidents", body, person="ana")
    assert status == 201, found
    office.world.inbox.take_all()
    return str(found["id"])


def verb(office: BillingOffice, incident: str, name: str, body: dict[str, Any]) -> None:
    path = f"/v1/incidents/{incident}/{name}"
    status, found, _ = office.world.request("POST", path, body, person="ana")
    assert status == 200, found
    office.world.inbox.take_all()


def check(office: BillingOffice, incident: str, *, key: str = "k", **body: Any) -> tuple[int, Any]:
    status, found, _ = office.request(
        "POST",
        CHECKS,
        {"incident": incident, "provider": "stripe", **body},
        headers={"idempotency-key": key},
        group=body.pop("group", "responder"),
    )
    return status, found


def gate(office: BillingOffice, incident: str, code: str) -> dict[str, Any]:
    path = f"/v1/incidents/{incident}/gate"
    _, found, _ = office.world.request("GET", path, person="ana")
    return next(one for one in found["criteria"] if one["code"] == code)


def sold(office: BillingOffice, *, paid: bool = True) -> None:
    offered = [office.checkout.buy(f"s{number}") for number in range(3)]
    if paid:
        office.checkout.stripe.sessions[offered[0].leg.key].state = "running"


def test_real_sessions_and_a_payment_meet_the_gate(office: BillingOffice) -> None:
    incident = opened(office)
    status, found = check(office, incident, key="k0")
    assert (status, found["proven"]) == (200, False)
    assert found["lacks"] == ["too_few_sessions", "not_paid_nor_quiet"]
    assert gate(office, incident, "checkouts_succeed")["status"] == "unmet"

    sold(office)
    status, found = check(office, incident, key="k1")

    assert (status, found["proven"], found["workspaces"], found["paid"]) == (200, True, 3, 1)
    assert gate(office, incident, "checkouts_succeed")["status"] == "met"
    entry = office.world.store.entries(incident)[-1]
    assert (entry.type, entry.actor_ref) == ("checkouts_examined", "rule:billing-exit")
    assert entry.content["asked_by"] == "ana"


def test_a_probe_stands_in_for_sessions_and_is_gone_afterwards(office: BillingOffice) -> None:
    incident = opened(office)
    _, found = check(office, incident, probe=True)
    assert (found["probed"], found["lacks"]) == (True, ["not_paid_nor_quiet"])
    assert {one.state for one in office.checkout.stripe.sessions.values()} == {"expired"}


def test_the_same_key_records_once(office: BillingOffice) -> None:
    incident = opened(office)
    first = check(office, incident, probe=True)
    length = len(office.world.store.entries(incident))
    assert len(office.checkout.stripe.sessions) == 1
    sold(office)
    asked = len(office.checkout.stripe.calls)
    assert check(office, incident, probe=True) == first, "though more was sold meanwhile"
    assert len(office.world.store.entries(incident)) == length
    assert len(office.checkout.stripe.calls) == asked, "the provider is not asked again"


def test_the_same_key_with_another_wish_is_refused_and_does_nothing(office: BillingOffice) -> None:
    incident = opened(office)
    check(office, incident)
    length = len(office.world.store.entries(incident))
    other = opened(office, title="Stripe is down again")
    for answer in (
        check(office, incident, provider="razorpay"),
        check(office, incident, provider=None),
        check(office, incident, probe=True),
        check(office, other),
        send(office, incident, "x", "k"),
    ):
        assert (answer[0], answer[1]["code"]) == (422, "idempotency_key_reused")
    assert len(office.world.store.entries(incident)) == length
    assert office.sent == []


@pytest.mark.parametrize(
    ("body", "group", "status", "code"),
    [
        ({"provider": "paypal"}, "responder", 400, "bad_input"),
        ({"provider": None}, "responder", 400, "bad_input"),
        ({"incident": "INC-NONE"}, "responder", 404, "unknown_incident"),
        ({"probe": "yes"}, "responder", 400, "bad_input"),
        ({"charge": True}, "responder", 400, "bad_input"),
        ({}, "viewer", 403, "group_required"),
    ],
)
def test_what_is_refused(
    office: BillingOffice, body: dict[str, Any], group: str, status: int, code: str
) -> None:
    incident = opened(office)
    before = office.world.store.load(incident)
    answered, found, _ = office.request(
        "POST", CHECKS, {"incident": incident, "provider": "stripe", **body}, group=group
    )
    assert (answered, found["code"]) == (status, code)
    assert office.world.store.load(incident) == before
    assert office.checkout.stripe.sessions == {}


def test_a_restricted_incident_is_unknown_to_whoever_has_no_part(office: BillingOffice) -> None:
    incident = opened(office, restricted=True)
    status, found, _ = office.request(
        "POST", CHECKS, {"incident": incident, "provider": "stripe"}, person="eve"
    )
    assert (status, found["code"]) == (404, "unknown_incident")


def test_who_was_paged_for_a_restricted_incident_may_take_its_facts(office: BillingOffice) -> None:
    incident = opened(office, restricted=True)
    asked = {"incident": incident, "provider": "stripe"}
    status, found, _ = office.request("POST", CHECKS, asked, person="mitigation-primary")
    assert (status, found.get("code")) != (404, "unknown_incident"), found


def drafted(office: BillingOffice, incident: str) -> str:
    path = f"/v1/incidents/{incident}/final-update"
    status, found, _ = office.world.request("GET", path, person="ana")
    assert (status, found["lacks"]) == (200, [])
    return str(found["text"])


def send(office: BillingOffice, incident: str, text: str, key: str = "f") -> tuple[int, Any]:
    status, found, _ = office.request(
        "POST",
        FINAL,
        {"incident": incident, "text": text},
        headers={"idempotency-key": key},
    )
    return status, found


def test_the_drafted_final_update_is_sent_and_meets_the_gate(office: BillingOffice) -> None:
    incident = opened(office)
    check(office, incident)
    update = {"update": "u1", "audience": "internal", "text": "Down.", "accepted": True, **FIRST}
    verb(office, incident, "update", update)
    text = drafted(office, incident)

    status, found = send(office, incident, text)

    assert (status, found["lacks"]) == (200, [])
    assert found["sent_at"]
    assert office.sent == [(incident, "Final update: Stripe is down", text)]
    assert gate(office, incident, "residual_update_sent")["status"] == "met"
    assert send(office, incident, text)[0] == 200
    assert len(office.sent) == 1, "the same request is not sent again"
    status, found = send(office, incident, f"{text} ")
    assert (status, found["code"], len(office.sent)) == (422, "idempotency_key_reused", 1)


def test_a_final_update_without_its_parts_is_not_sent(office: BillingOffice) -> None:
    incident = opened(office)
    status, found = send(office, incident, "All is well again.")
    assert (status, found["code"]) == (400, "bad_input")
    assert "timeline, counts, corrections, residual actions" in found["detail"]
    assert office.sent == []


def test_it_is_not_sent_before_there_was_a_first_one(office: BillingOffice) -> None:
    incident = opened(office)
    status, found = send(office, incident, drafted(office, incident))
    assert (status, found["code"]) == (409, "illegal_transition")
    assert office.sent == []


def test_a_channel_that_refuses_is_tried_again_under_the_same_id(office: BillingOffice) -> None:
    world, incident = office.world, opened(office)
    update = {"update": "u1", "audience": "internal", "text": "Down.", "accepted": True, **FIRST}
    verb(office, incident, "update", update)
    text = drafted(office, incident)
    world.refusals[STAKEHOLDERS] = SendFailed("the topic refused")
    assert send(office, incident, text)[0] == 200
    assert gate(office, incident, "residual_update_sent")["status"] == "met"
    world.pump()
    assert world.inbox.updates == []
    assert world.meter.counts[Metric.MESSAGES_FAILED] > 0

    world.refusals.clear()
    for _ in range(5):
        world.jump(1)

    (told,) = world.inbox.updates
    assert told.message.text == text
    assert told.message.subject == "INC-1 | Final update: Stripe is down"
    world.inbox.take_all()


def test_a_drills_final_update_says_so_first(office: BillingOffice) -> None:
    incident = opened(office, kind=Kind.DRILL.value)
    update = {"update": "u1", "audience": "internal", "text": "Down.", "accepted": True, **FIRST}
    verb(office, incident, "update", update)
    send(office, incident, drafted(office, incident))
    ((_, subject, text),) = office.sent
    assert subject.startswith("[DRILL] ")
    assert text.startswith("[DRILL] ")
