"""What an operator sees: quarantine, entitlements and corrections, typed and kept as text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tests.harness.transcripts import InProcess, Transcript
from tests.harness.worlds.billing_office import IDENTITY, BillingOffice
from tests.harness.worlds.world import a_world
from tocsin.billing.projection.ordering import Change
from tocsin.billing.projection.paid import NOTHING, told_by
from tocsin.billing.projection.quarantine import Poison
from tocsin.billing.subscription import Status
from tocsin.cli.billing import desk as billing_desk
from tocsin.cli.billing.desk import desk
from tocsin.cli.main import BAD_INPUT, FAILED_CHECK, NOT_ALLOWED, NOT_FOUND, OK
from tocsin.cli.terminal import api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tocsin.incidents.model.incident import Incident

NOW = 1_790_000_000
OUTAGE = {"title": "Stripe is down", "severity": "high", "category": "operational"}
COMMANDERS = {"kim"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[MotoCloud]:
    with moto_cloud() as running:
        yield running


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Transcript:
    return Transcript(capsys)


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[BillingOffice]:
    """Two subscriptions, and a command line that reaches them as whoever `--as` names."""
    with a_world() as world:
        world.reachable("ana", "bo", "kim")
        made = BillingOffice(world)
        made.has(Status.SUSPENDED, workspace="ws_northwind")
        made.has(Status.ACTIVE, workspace="ws_pune", name="sub_2")

        def connect(api_url: str | None, person: str | None) -> InProcess:
            who = person or "ana"
            return InProcess(made, who, "commander" if who in COMMANDERS else "responder")

        monkeypatch.setattr(api, "connect_to", connect)
        yield made


def test_what_was_set_aside_is_listed_shown_and_handed_on(
    cloud: MotoCloud, typed: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.reset()
    url = cloud.boto("sqs").create_queue(QueueName="tocsin-test-refetch")["QueueUrl"]
    made = desk(
        cloud.aws,
        subscriptions=cloud.table("billing-subscriptions"),
        events=cloud.table("billing-events"),
        operations=cloud.table("operations"),
        queue_url=url,
    )
    identity = "stripe#acct_1#live"
    pk = f"{identity}#2026092114#2"
    for poison in (
        Poison("stripe", "evt_1", "malformed_payload", "The body is damaged.", NOW, pk),
        Poison("stripe", "sub_9", "provider_missing", "HTTP 404", NOW, None, identity, "sub_9"),
    ):
        made.quarantine.put(poison)
    monkeypatch.setattr(billing_desk, "local_desk", lambda: made)

    typed.type("billing", "quarantine", "list")
    typed.type("billing", "quarantine", "show", "evt_1")
    typed.type("billing", "quarantine", "retry", "evt_1")
    assert typed.type("billing", "quarantine", "show", "evt_1") == NOT_FOUND
    typed.type("billing", "quarantine", "retry", "--all")
    typed.type("billing", "quarantine", "list")
    assert typed.matches("quarantine")


def test_an_entitlement_is_shown_with_its_reason(office: BillingOffice, typed: Transcript) -> None:
    typed.type("billing", "entitlement", "ws_pune")
    typed.type("billing", "entitlement", "ws_northwind")
    typed.type("billing", "entitlement", "ws_nobody")
    typed.say("a billing incident opens")
    office.world.request("POST", "/v1/incidents", OUTAGE, person="kim", group="commander")
    office.world.inbox.take_all()
    office.world.jump(1, sweep=False)
    typed.type("billing", "entitlement", "ws_northwind")
    assert typed.matches("entitlement")


def test_a_correction_is_refused_without_approval_and_logged_with_it(
    office: BillingOffice, typed: Transcript
) -> None:
    world = office.world
    _, opened, _ = world.request("POST", "/v1/incidents", OUTAGE, person="kim", group="commander")
    path = f"/v1/incidents/{opened['id']}/acknowledge"
    world.request("POST", path, person="kim", group="commander")
    world.inbox.take_all()
    until = f"{world.clock.now:%Y-%m-%d}T23:00:00Z"
    what = ("sub_1", "--account", "acct_1", "--status", "active", "--until", until)
    why = ("--reason", "paid by bank transfer")

    typed.say("a billing incident is open; kim is its commander")
    assert typed.type("billing", "correct", *what, *why) == NOT_ALLOWED
    approve = ("billing", "approve", opened["id"], *what, "--requester", "ana")
    assert typed.type(*approve, "--reason", "saw the transfer", "--as", "kim") == OK
    approval = f"{opened['id']}:{world.timeline(_incident(office, opened['id']))[-1].seq}"
    other = ("sub_2", *what[1:])
    assert typed.type("billing", "correct", *other, *why, "--approval", approval) == NOT_ALLOWED
    assert typed.type("billing", "correct", *what, *why, "--approval", approval) == OK
    assert typed.type("billing", "correct", *what, *why, "--approval", approval) == NOT_ALLOWED
    assert typed.type("billing", "entitlement", "ws_northwind") == OK
    month = f"{world.clock.now:%Y%m}"
    assert typed.type("billing", "corrections", "list", "--month", month) == OK
    assert typed.matches("corrections")


def test_correcting_to_cancelled_says_what_access_that_leaves(
    office: BillingOffice, typed: Transcript
) -> None:
    """None at once; with an end of access what was paid until then, and never what was not."""
    paid = office.now + 10 * 86_400
    row = office.has(Status.ACTIVE, workspace="ws_paid", name="sub_paid", ends_in=10 * 86_400)
    told = told_by(row.subscription, at=office.now) if row.subscription else NOTHING
    change = Change(row.ver, replace(row, ver=row.ver + 1, paid=told))
    assert office.projection.write(IDENTITY, "sub_paid", change)
    until = f"{office.world.clock.now + timedelta(days=30):%Y-%m-%d}T00:00:00Z"
    why = ("--reason", "asked by the customer", "--as", "kim")
    beyond = ("--access-until", until)
    for name, ends in (("sub_paid", ()), ("sub_paid", beyond), ("sub_1", beyond)):
        what = (name, "--account", "acct_1", "--status", "cancelled", "--until", until, *ends)
        assert typed.type("billing", "correct", *what, *why) == OK
    what = ("sub_1", "--account", "acct_1", "--status", "active", "--until", until)
    assert typed.type("billing", "correct", *what, *beyond, *why) == BAD_INPUT
    assert f"{datetime.fromtimestamp(paid, UTC):%Y-%m-%dT%H:%M}" in "\n".join(typed.lines)
    assert typed.matches("correct-to-cancelled")


def _incident(office: BillingOffice, incident: str) -> Incident:
    found = office.world.store.load(incident)
    assert found is not None
    return found


def test_the_way_out_of_an_outage_is_examined_drafted_and_sent(
    office: BillingOffice,
    typed: Transcript,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, opened, _ = office.world.request("POST", "/v1/incidents", OUTAGE, person="ana")
    incident = opened["id"]
    first = {"impact": "checkouts fail", "mitigation": "failed over", "eta": "unknown"}
    about = {"update": "u1", "audience": "internal", "text": "Down.", "accepted": True, **first}
    path = f"/v1/incidents/{incident}/update"
    status, _, _ = office.world.request("POST", path, about, person="ana")
    assert status == 200
    office.world.inbox.take_all()

    typed.say("nobody has bought anything yet: a probe is made, and expired at once")
    words = ("billing", "exit", incident, "--provider", "stripe")
    assert typed.type(*words, "--probe", "--check", hidden=("--key", "k1")) == FAILED_CHECK
    offered = [office.checkout.buy(f"s{number}") for number in range(3)]
    office.checkout.stripe.sessions[offered[0].leg.key].state = "running"
    typed.say("three workspaces have bought since, and one of them has paid")
    assert typed.type(*words, hidden=("--key", "k2")) == OK
    typed.say("the draft of the final update has every part it must have")
    assert typed.type("billing", "final", incident) == OK
    _, drafted, _ = office.world.request(
        "GET", f"/v1/incidents/{incident}/final-update", person="ana"
    )
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "final.txt"
    sent = ("billing", "final", incident, "--send", "final.txt")
    file.write_text("All is well again.", encoding="utf-8")
    typed.say("a text that says that all is well again has none of them")
    assert typed.type(*sent) == BAD_INPUT
    file.write_text(drafted["text"], encoding="utf-8")
    typed.say("as drafted, with words put to it by people, it goes out")
    assert typed.type(*sent) == OK
    assert [text for _, _, text in office.sent] == [drafted["text"]]
    assert typed.type("gate", incident) == OK

    assert typed.matches("billing-exit")
