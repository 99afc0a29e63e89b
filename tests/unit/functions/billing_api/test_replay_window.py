"""The window of a replay, from its incident: by which facts, and which of them is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.billing_office import IDENTITY, BillingOffice
from tests.unit.functions.billing_api.test_replay_api import recovered
from tocsin.adapters.people.memory import MemoryRequests
from tocsin.billing.checkout.attempts import Attempt, Result
from tocsin.billing.event import Envelope, EventClass, IdSource
from tocsin.billing.identity import Identity
from tocsin.billing.outage.recovery import Probe, confirmed_at
from tocsin.billing.projection.ledger_key import LedgerRecord
from tocsin.incidents.timeline.entry import format_time

if TYPE_CHECKING:
    from tests.harness.worlds.world import World

MINUTE, HOUR = 60, 3_600


@pytest.fixture
def office(world: World) -> BillingOffice:
    return BillingOffice(world)


def opened(office: BillingOffice) -> str:
    """An incident opened three hours ago; by now the provider is well again."""
    status, body, _ = office.world.request(
        "POST",
        "/v1/incidents",
        {"title": "nobody can pay", "severity": "low", "category": "operational"},
        person="ana",
        headers={"idempotency-key": "i-1"},
    )
    assert status == 201, body
    office.world.jump(180, sweep=False)
    office.world.inbox.take_all()
    return str(body["id"])


def arrived(office: BillingOffice, at: int, name: str = "evt_1") -> None:
    envelope = Envelope(
        id=name,
        id_source=IdSource.PROVIDER,
        type="invoice.paid",
        event_class=EventClass.IRRELEVANT,
        created=at - 1,
        object_type=None,
        object_id=None,
        subscription=None,
        api_version=None,
        account=None,
        live=True,
    )
    office.hours.ledger.put(LedgerRecord(IDENTITY, "default", envelope, at, b""))


def bought(office: BillingOffice, at: int, result: Result = Result.OFFERED) -> None:
    attempt = Attempt(
        at * 1000, f"i{at}", "stripe", result, "ok", 80, "ws_1", "eu", "pro", 1, "USD"
    )
    log: Any = office.checkout.checkouts.intents
    log.log.append(attempt)


def iso(seconds: int) -> str:
    return format_time(datetime.fromtimestamp(seconds, UTC))


def planned(office: BillingOffice, *, ok: int = 202, **body: Any) -> dict[str, Any]:
    status, found, _ = office.request("POST", "/v1/replays", {"dry_run": True} | body)
    assert status == ok, found
    return found


def test_from_a_quarter_of_an_hour_before_the_last_good_to_the_confirmed_recovery(
    office: BillingOffice,
) -> None:
    incident = opened(office)
    began = office.now - 3 * HOUR
    arrived(office, began - 20 * MINUTE)
    arrived(office, began + 5 * MINUTE, "evt_after_harm_began")
    bought(office, began - 50 * MINUTE)
    bought(office, began - 2 * MINUTE, Result.FAILED)
    recovered(office)

    plan = planned(office, incident=incident)

    assert plan["start"] == iso(began - 65 * MINUTE)
    assert plan["end"] == iso(office.now - 2 * MINUTE), "the tenth of twelve good looks"
    assert (plan["provider"], plan["account"], plan["mode"]) == ("stripe", "acct_1", "live")
    assert plan["window_facts"] == (
        f"last good webhook {iso(began - 20 * MINUTE).replace('.000', '')}; "
        f"last good checkout {iso(began - 50 * MINUTE).replace('.000', '')}; "
        f"recovery confirmed {iso(office.now - 2 * MINUTE).replace('.000', '')}"
    )


def test_either_end_can_be_corrected_and_the_other_is_found(office: BillingOffice) -> None:
    incident = opened(office)
    recovered(office)
    start = iso(office.now - 5 * HOUR)
    assert planned(office, incident=incident, start=start)["start"] == start
    arrived(office, office.now - 4 * HOUR)
    end = iso(office.now - HOUR)
    found = planned(office, incident=incident, end=end)
    assert (found["start"], found["end"]) == (iso(office.now - 4 * HOUR - 15 * MINUTE), end)


@pytest.mark.parametrize(
    ("known", "missing", "words"),
    [
        ((), "last_good,recovery", "say `start`"),
        (("recovery",), "last_good", "say `start`"),
        (("event",), "recovery", "say `end`"),
        (("event", "recovery", "breaker"), "recovery", "say `end`"),
    ],
)
def test_what_is_missing_is_said(
    office: BillingOffice, known: tuple[str, ...], missing: str, words: str
) -> None:
    incident = opened(office)
    if "event" in known:
        arrived(office, office.now - 3 * HOUR - 1)
    if "recovery" in known:
        recovered(office)
    office.breaker_closed = "breaker" not in known
    found = planned(office, ok=409, incident=incident)
    assert (found["code"], found["missing"]) == ("window_unknown", missing)
    assert words in found["detail"]
    assert office.woken == []


@pytest.mark.parametrize("remembered", [True, False])
def test_a_start_sent_again_is_the_first_one_though_the_facts_of_its_window_are_gone(
    office: BillingOffice, *, remembered: bool
) -> None:
    incident = opened(office)
    arrived(office, office.now - 3 * HOUR - 1)
    recovered(office)
    key, wish = {"idempotency-key": "k"}, {"incident": incident, "dry_run": True}
    status, first, _ = office.request("POST", "/v1/replays", wish, headers=key)
    assert status == 202
    office.breaker_closed = False
    if not remembered:  # whoever started it died before writing that down
        office.requests = MemoryRequests()
        office.__post_init__()
    status, again, headers = office.request("POST", "/v1/replays", wish, headers=key)
    assert (status, again["id"], again["start"], again["end"]) == (
        200,
        first["id"],
        first["start"],
        first["end"],
    )
    assert headers["idempotency-replayed"] == "true"
    other = wish | {"dry_run": False}
    status, refused, _ = office.request("POST", "/v1/replays", other, headers=key)
    assert (status, refused["code"]) == (422, "idempotency_key_reused")
    assert office.woken == [first["id"]] * 2, "its first driver may never have been woken"


def test_a_key_that_started_nothing_is_told_what_is_missing(office: BillingOffice) -> None:
    incident = opened(office)
    key = {"idempotency-key": "k"}
    status, body, _ = office.request("POST", "/v1/replays", {"incident": incident}, headers=key)
    assert (status, body["code"]) == (409, "window_unknown")


def test_which_account_is_meant_has_to_be_clear(office: BillingOffice) -> None:
    incident = opened(office)
    other = replace(IDENTITY, account="acct_2")
    office.identities = (IDENTITY, other, Identity("razorpay", "acc_1", "live"))
    assert planned(office, ok=404, incident="INC-none")["code"] == "unknown_incident"
    unclear = planned(office, ok=400, incident=incident)
    assert (unclear["code"], unclear["field"]) == ("bad_input", "account")
    assert "stripe#acct_1#live, stripe#acct_2#live, razorpay#acc_1#live" in unclear["detail"]
    arrived(office, office.now - 3 * HOUR - 1)
    recovered(office)
    assert planned(office, incident=incident, account="acct_1")["account"] == "acct_1"


def test_who_may_not_see_the_incident_learns_nothing_of_its_window(office: BillingOffice) -> None:
    incident = opened(office)
    path = f"/v1/incidents/{incident}/restrict"
    body = {"reason": "customers"}
    status, answer, _ = office.world.request(
        "POST", path, body, person="sam", group="security", headers={"idempotency-key": "r"}
    )
    assert status == 200, answer
    office.world.inbox.take_all()
    status, found, _ = office.request(
        "POST", "/v1/replays", {"dry_run": True, "incident": incident}, person="eve"
    )
    assert (status, found["code"]) == (404, "unknown_incident")


def test_who_was_asked_about_a_restricted_incident_may_replay_for_it(office: BillingOffice) -> None:
    """Paged before it was hidden, and asked for by hand after: neither holds a role."""
    incident = opened(office)
    for verb, body in (
        ("restrict", {"reason": "customers"}),
        ("page", {"person": "mitigation-primary", "reason": "what was lost?"}),
    ):
        path = f"/v1/incidents/{incident}/{verb}"
        status, answer, _ = office.world.request(
            "POST", path, body, person="sam", group="security", headers={"idempotency-key": verb}
        )
        assert status == 200, answer
    office.world.inbox.take_all()
    arrived(office, office.now - 3 * HOUR - 1)
    recovered(office)
    wish = {"dry_run": True, "incident": incident}
    for person in ("mitigation-primary", "commander-primary"):
        status, found, _ = office.request("POST", "/v1/replays", wish, person=person)
        assert status == 202, (person, found)


def test_a_repeated_wish_is_the_same_replay_though_its_window_has_moved_on(
    office: BillingOffice,
) -> None:
    incident = opened(office)
    arrived(office, office.now - 3 * HOUR - 1)
    recovered(office)
    body, key = {"incident": incident}, {"idempotency-key": "k-1"}
    first = office.request("POST", "/v1/replays", body, headers=key)
    office.probes.record(IDENTITY, Probe(office.now - 720, succeeded=True, by_webhook=True))
    again = office.request("POST", "/v1/replays", body, headers=key)
    assert (first[0], again[0]) == (202, 200), again[1]
    assert again[1]["id"] == first[1]["id"]
    assert again[1]["end"] == first[1]["end"]


@pytest.mark.parametrize(
    ("looks", "closed", "expected"),
    [
        ([(60 * n, True) for n in range(12)], 0, 540),
        ([(60 * n, True) for n in range(12)], 600, 600),
        ([(60 * n, True) for n in range(9)], 0, None),
        ([(60 * n, n != 4) for n in range(15)], 0, 840),
        ([(120 * n, True) for n in range(12)], 0, None),
        ([(120 * n, True) for n in range(5)] + [(600 + 60 * n, True) for n in range(10)], 0, 840),
        ([], 0, None),
    ],
)
def test_recovery_is_confirmed_by_the_first_ten_good_looks_in_a_row(
    looks: list[tuple[int, bool]], closed: int, expected: int | None
) -> None:
    probes = [Probe(at, succeeded=ok, by_webhook=True) for at, ok in looks]
    assert confirmed_at(probes, closed_since=closed) == expected
