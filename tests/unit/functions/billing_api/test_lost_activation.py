"""Whoever paid while their activation was lost is asked about, and let in by the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.harness.worlds.billing_office import IDENTITY, RAZORPAY, BillingOffice
from tocsin.adapters.billing.projection.memory import MemoryQuarantine
from tocsin.application.billing.projection.project import Projector
from tocsin.billing.projection.ordering import Answer, Verdict
from tocsin.billing.projection.refetch import Reason
from tocsin.billing.subscription import Status, Subscription

if TYPE_CHECKING:
    from tests.harness.worlds.world import World
    from tocsin.billing.identity import Identity
    from tocsin.billing.projection.refetch import LedgerReplay, RefetchRequest

OUTAGE = {"title": "Stripe is down", "severity": "high", "category": "operational"}


@dataclass
class Provider:
    """What it says of every subscription; None: it does not answer."""

    status: Status | None
    now: int
    ends: int = 0

    def fetch(self, identity: Identity, subscription: str) -> Answer:
        del identity
        if self.status is None:
            return Answer(Verdict.FAILED, http_status=503, detail="HTTP 503")
        said = Subscription(
            subscription, self.status, self.status.value, "price_1", self.ends, workspace="ws_1"
        )
        return Answer(Verdict.FOUND, said, date=self.now, http_status=200)


@pytest.fixture
def office(world: World) -> BillingOffice:
    return BillingOffice(world)


def declare(office: BillingOffice) -> str:
    status, body, _ = office.world.request("POST", "/v1/incidents", OUTAGE, person="kim")
    assert status == 201
    office.world.inbox.take_all()
    office.world.jump(1, sweep=False)
    return str(body["id"])


@dataclass
class Delayed:
    """The projector's own questions, to be asked later."""

    delays: list[int] = field(default_factory=list)

    def send(self, request: RefetchRequest | LedgerReplay, *, delay: int) -> None:
        del request
        self.delays.append(delay)


def projector_takes(office: BillingOffice, provider: Provider) -> list[int]:
    """The projector works the refetch queue off, as deployed; how long it puts off what it asks."""
    later = Delayed()
    projector = Projector(
        projection=office.projection, client=provider, queue=later, quarantine=MemoryQuarantine()
    )
    waiting, office.refetches[:] = list(office.refetches), []
    for request in waiting:
        projector.refetch(request, now=office.now)
    return later.delays


def test_pending_whose_activation_was_lost_asks_the_provider_during_an_incident(
    office: BillingOffice,
) -> None:
    office.has(Status.PENDING)
    office.world.jump(5, sweep=False)
    calm = office.entitlement()
    assert (calm["access"], calm["asked"], office.refetches) == ("no", False, [])
    declare(office)
    first = office.entitlement()
    assert (first["access"], first["why"], first["asked"]) == ("no", "status", True)
    (request,) = office.refetches
    assert (request.identity, request.subscription, request.reason) == (
        IDENTITY,
        "sub_1",
        Reason.ASKED,
    )
    assert office.entitlement()["asked"] is True
    assert len(office.refetches) == 1, "one question, however many look"
    projector_takes(office, Provider(Status.ACTIVE, office.now))
    then = office.entitlement()
    assert (then["access"], then["status"], then["asked"]) == ("yes", "active", False)


def test_who_has_not_paid_gets_in_by_no_incident_and_is_asked_about_ever_more_seldom(
    office: BillingOffice,
) -> None:
    ends = office.now + 86_400
    office.has(Status.PENDING)
    office.world.jump(60, sweep=False)
    declare(office)
    asked = list[int]()
    for minute in range(120):
        found = office.entitlement()
        assert found["access"] == "no"
        if office.refetches:
            asked.append(minute)
            projector_takes(office, Provider(Status.PENDING, office.now, ends))
        office.world.jump(1, sweep=False)
    waits = [after - before for before, after in pairwise(asked)]
    assert 8 < len(asked) < 14, asked
    assert waits == sorted(waits)
    assert waits[0] >= 6, "a tenth of its age"


def test_a_provider_that_is_down_is_asked_by_the_projector_and_not_by_everybody_who_looks(
    office: BillingOffice,
) -> None:
    office.has(Status.PENDING)
    office.world.jump(2, sweep=False)
    declare(office)
    office.entitlement()
    assert projector_takes(office, Provider(None, office.now)) == [60]
    office.world.jump(1, sweep=False)
    assert office.entitlement()["asked"] is False
    assert office.refetches == [], "the projector's own question is underway"


def test_a_queue_that_refuses_takes_the_answer_from_nobody(office: BillingOffice) -> None:
    office.has(Status.PENDING)
    office.world.jump(2, sweep=False)
    declare(office)
    office.queue_refuses = True
    assert office.entitlement()["asked"] is False
    office.queue_refuses = False
    assert office.entitlement()["asked"] is True


def test_nobody_is_asked_about_what_a_person_decided_or_what_another_one_gives(
    office: BillingOffice,
) -> None:
    office.has(Status.PENDING)
    until = datetime.fromtimestamp(office.now + 9_000, UTC).isoformat()
    body = {
        "provider": "stripe",
        "account": "acct_1",
        "mode": "live",
        "subscription": "sub_1",
        "status": "cancelled",
        "until": until,
        "reason": "asked by the customer",
    }
    path = "/v1/billing/corrections"
    assert office.request("POST", path, body, person="kim", group="commander")[0] == 201
    office.has(Status.PENDING, workspace="ws_2", name="sub_2")
    office.has(Status.ACTIVE, workspace="ws_2", name="sub_3", identity=RAZORPAY)
    office.world.jump(2, sweep=False)
    declare(office)
    assert office.entitlement()["asked"] is False
    assert office.entitlement("ws_2")["asked"] is False
    assert office.refetches == []
