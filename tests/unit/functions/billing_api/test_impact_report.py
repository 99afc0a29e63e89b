"""The impact report over the API, held against what the providers and the customers know."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.harness.worlds.billing_office import IDENTITY, BillingOffice
from tests.harness.worlds.world import World
from tocsin.application.billing.projection.file_event import Filer
from tocsin.billing.errors import NoPaymentPath
from tocsin.billing.identity import Identity
from tocsin.billing.subscription import Status
from tocsin.cli import main
from tocsin.cli.billing import doubles as billing_doubles
from tocsin.cli.billing import impact as billing_impact
from tocsin.errors import TocsinError
from tocsin.providers.bodies.codec import keep
from tocsin.providers.http.events import workspace_of
from tocsin.providers.registry import webhook_reader

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLE = (
    Path(__file__).parents[4] / "events" / "stripe" / "subscription_updated_2025-03-31.basil.json"
)
SUBSCRIPTION = json.loads(SAMPLE.read_bytes())["data"]["object"]["id"]


OUTAGE = {"title": "Stripe is down", "severity": "high", "category": "operational"}


@pytest.fixture
def office() -> BillingOffice:
    return BillingOffice(World())


def iso(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat().replace("+00:00", "Z")


def report(office: BillingOffice, since: int, **query: str) -> dict[str, Any]:
    status, body, _ = office.request(
        "GET", "/v1/billing/impact", query={"since": iso(since), **query}
    )
    assert status == 200, body
    return body


def outage(office: BillingOffice) -> tuple[int, Counter[str]]:
    """Both fail for a while, in different ways; what every customer met, counted by them."""
    began, met, checkout = office.now, Counter[str](), office.checkout
    for number, (stripe, razorpay) in enumerate(
        [("down", "up"), ("late", "up"), ("down", "down"), ("lost", "down"), ("up", "up")] * 2
    ):
        checkout.stripe.mode, checkout.razorpay.mode = stripe, razorpay
        before = len(checkout.stripe.calls), len(checkout.razorpay.calls)
        try:
            provider = checkout.buy(f"k{number}").leg.provider
        except TocsinError:
            provider = ""
        stripe_failed = len(checkout.stripe.calls) > before[0] and stripe != "up"
        razorpay_failed = len(checkout.razorpay.calls) > before[1] and razorpay != "up"
        failed = stripe_failed + razorpay_failed
        met["failed_attempts"] += failed
        met["failed_over"] += bool(failed and provider)
        met["wanted"] += not provider
        met["not_tried"] += 0 if provider else 2 - failed
        checkout.pass_time(20)
    return began, met


def test_totals_reconcile_with_what_customers_met_and_with_the_lines(
    office: BillingOffice,
) -> None:
    began, met = outage(office)
    found = report(office, began - 1)
    for name in ("failed_attempts", "not_tried", "failed_over", "wanted"):
        assert found[name] == met[name] > 0
        assert found[name] == sum(line[name] for line in found["workspaces"])
    assert found["unpaid"] == {"INR": 49_900 * met["wanted"]}
    doubtful = [each for each in office.checkout.intents.unsettled() if each.double]
    assert found["doubles"] == len(doubtful) > 0
    assert found["double_amounts"] == {"INR": 49_900 * len(doubtful)}


def test_who_was_turned_away_by_an_open_breaker_is_in_the_report(office: BillingOffice) -> None:
    """A hundred and twenty come while both are shut; each of them wanted to pay."""
    began, checkout = office.now, office.checkout
    checkout.stripe.mode = checkout.razorpay.mode = "down"
    for number in range(120):
        with pytest.raises(NoPaymentPath):
            checkout.buy(f"k{number}")
        checkout.pass_time(1)
    found = report(office, began - 1)
    calls = len(checkout.stripe.calls) + len(checkout.razorpay.calls)
    assert calls < 30
    assert (found["wanted"], found["failed_over"]) == (120, 0)
    assert (found["failed_attempts"], found["not_tried"]) == (calls, 240 - calls)
    assert found["unpaid"] == {"INR": 49_900 * 120}
    assert len(found["workspaces"]) == 120
    at_stripe = report(office, began - 1, provider="stripe")
    assert at_stripe["wanted"] == 120
    assert at_stripe["not_tried"] == 120 - len(checkout.stripe.calls)


def test_late_payments_and_lost_access_of_who_was_touched(office: BillingOffice) -> None:
    began, _ = outage(office)
    office.has(Status.PAST_DUE, workspace="ws_k2", name="sub_late")
    office.has(Status.EXPIRED, workspace="ws_k3", name="sub_gone")
    found = report(office, began - 60)
    lines = {line["workspace"]: line for line in found["workspaces"]}
    assert lines["ws_k2"]["late"] == found["late"] == 1
    assert [each["until"] for each in lines["ws_k3"]["lost"]] == [None]
    assert lines["ws_k3"]["lost"][0]["seconds"] == 10


def test_a_spell_that_is_over_is_told_from_the_ledger(office: BillingOffice) -> None:
    """Whoever was suspended and is active again has a row that says nothing of it."""
    began = office.now
    for minutes, status in ((1, "past_due"), (5, "unpaid"), (65, "active")):
        tell(office, minutes, status, began + minutes * 60)
    office.world.wall.advance(timedelta(hours=2))
    found = report(office, began)
    assert found["history"] == "complete"
    (line,) = found["workspaces"]
    assert (line["workspace"], line["late"], found["late"]) == ("ws_9", 1, 1)
    assert found["late_amounts"] == line["late_amounts"] == {"INR": 49_900}
    assert line["lost"] == [
        {
            "since": iso(began + 5 * 60 + 2).replace("Z", ".000Z"),
            "until": iso(began + 65 * 60 + 2).replace("Z", ".000Z"),
            "seconds": 3_600,
        }
    ]
    assert line["credits"] == {"INR": -(-49_900 * 3_600 // (30 * 86_400))}
    kept = report(office, began, declared=iso(began + 60))["workspaces"]
    assert kept[0]["lost"] == [], "policy keeps who is suspended while an incident is open"
    assert kept[0]["late"] == 1
    assert report(office, began, workspace="ws_8")["late"] == 0
    assert report(office, began, provider="razorpay")["late"] == 0


@pytest.mark.parametrize(("until", "seconds"), [(None, [900]), (30, [900, 2_100])])
def test_access_that_a_correction_gave_back_was_lost_until_then(
    office: BillingOffice, until: int | None, seconds: list[int]
) -> None:
    """Suspended at 5 minutes, corrected at 20, paid at 65; the correction lasts, or 10 minutes."""
    began = office.now
    office.has(Status.SUSPENDED, workspace="ws_9", name=SUBSCRIPTION)
    for minutes, status in ((5, "unpaid"), (65, "active")):
        tell(office, minutes, status, began + minutes * 60 - 2)
    office.world.wall.advance(timedelta(minutes=20))
    wish = {
        "provider": "stripe",
        "account": "acct_1",
        "mode": "live",
        "subscription": SUBSCRIPTION,
        "status": "active",
        "until": iso(began + (until or 180) * 60),
        "reason": "paid by bank transfer",
    }
    laid_down = office.request("POST", "/v1/billing/corrections", wish, group="commander")
    assert laid_down[0] == 201, laid_down
    office.world.wall.advance(timedelta(hours=2))
    found = report(office, began)
    (line,) = found["workspaces"]
    assert [each["seconds"] for each in line["lost"]] == seconds
    cost = [-(-49_900 * each // (30 * 86_400)) for each in seconds]
    assert found["credits"] == line["credits"] == {"INR": sum(cost)}


def test_a_plan_without_a_price_is_counted_apart_and_the_totals_add_up(
    office: BillingOffice, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    began = office.now
    tell(office, 1, "past_due", began + 60, price="price_nobody_knows")
    tell(office, 5, "unpaid", began + 300, price="price_nobody_knows")
    office.world.wall.advance(timedelta(minutes=10))
    incident = declare(office)
    office.world.wall.advance(timedelta(minutes=110))
    found = report(office, began, declared=iso(began + 600))
    (line,) = found["workspaces"]
    assert (line["late"], len(line["lost"])) == (1, 1)
    assert found["amount_unknown"] == line["amount_unknown"] == 2
    assert found["late_amounts"] == found["credits"] == {}
    monkeypatch.setattr(billing_impact, "connect", lambda *_: Through(office, iso(began)))
    assert main.run(["billing", "impact", incident]) == 0
    shown = capsys.readouterr().out
    assert "2 late payments or spells whose amount is not known" in shown
    assert "???" not in shown
    assert main.run(["billing", "impact", incident, "--csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["amount_unknown"], row["late_amounts"]) == ("2", "")


def test_what_the_ledger_cannot_tell_is_said(office: BillingOffice) -> None:
    tell(office, 1, "sleeping", office.now)
    found = report(office, office.now - 3_600)
    assert (found["history"], found["late"]) == ("partial", 0)
    assert report(office, office.now - 30 * 86_400)["history"] == "partial"


def tell(
    office: BillingOffice,
    number: int,
    status: str,
    at: int,
    *,
    price: str = "price_1",
    identity: Identity = IDENTITY,
) -> None:
    """The provider says so at that second, and two seconds later we know."""
    document = json.loads(SAMPLE.read_bytes())
    live = identity.mode == "live"
    document |= {"id": f"evt_{number}", "created": at, "livemode": live}
    state = document["data"]["object"]
    state |= {"status": status, "livemode": live, "metadata": {"workspace": "ws_9"}}
    state["items"]["data"][0]["price"]["id"] = price
    filer = Filer(webhook_reader, keep, lambda: None, workspace_of)
    record, _ = filer(identity, document, now=at + 2, replay="")
    assert office.ledger.put(record)


@pytest.mark.parametrize(
    ("identity", "counts"),
    [
        (Identity("stripe", "acct_9", "live"), True),
        (Identity("stripe", "acct_1", "test"), False),
        (Identity("stripe", "acct_1/acct_shop", "live"), False),
    ],
    ids=["no key", "test mode", "connected, not listed"],
)
def test_the_report_tells_of_the_accounts_that_give_access_and_of_no_other(
    office: BillingOffice, identity: Identity, *, counts: bool
) -> None:
    """What the ledger holds is read without a key; test mode costs nobody anything."""
    began = office.now
    office.seen.note(identity, now=began)
    office.keyed = (IDENTITY, Identity("stripe", "acct_1", "test"))
    tell(office, 1, "past_due", began + 60, identity=identity)
    tell(office, 5, "unpaid", began + 300, identity=identity)
    office.world.wall.advance(timedelta(hours=2))
    found = report(office, began)
    assert [line["workspace"] for line in found["workspaces"]] == (["ws_9"] if counts else [])


def test_one_provider_or_one_workspace(office: BillingOffice) -> None:
    began, _ = outage(office)
    one = report(office, began - 1, workspace="ws_k2")
    assert [line["workspace"] for line in one["workspaces"]] == ["ws_k2"]
    at_razorpay = report(office, began - 1, provider="razorpay")
    assert all(line["providers"] == ["razorpay"] for line in at_razorpay["workspaces"])
    assert at_razorpay["failed_attempts"] < report(office, began - 1)["failed_attempts"]


@pytest.mark.parametrize("query", [{}, {"since": "yesterday"}, {"since": "2020-01-01T00:00:00Z"}])
def test_a_time_that_makes_no_sense_is_named(office: BillingOffice, query: dict[str, str]) -> None:
    status, body, _ = office.request("GET", "/v1/billing/impact", query=query)
    assert (status, body["field"]) == (400, "since")


class Declared(NamedTuple):
    """An incident, when its outage began and what customers met in it."""

    incident: str
    began: int
    met: Counter[str]


class Through:
    """The API as the command line sees it, in process."""

    def __init__(self, office: BillingOffice, began: str) -> None:
        self.office, self.began = office, began

    def get(self, path: str, **query: str | None) -> dict[str, Any]:
        if path.startswith("/v1/incidents/"):
            status, body, _ = self.office.world.request("GET", path, person="ana")
            assert status == 200, body
            return body
        if path == "/v1/billing/impact" and "workspace" in query:
            query["since"] = self.began  # the world's clock is not the terminal's
        asked = {name: value for name, value in query.items() if value is not None}
        status, body, _ = self.office.request("GET", path, query=asked)
        assert status == 200, body
        return body


@pytest.fixture
def declared(office: BillingOffice) -> Declared:
    """An incident that was opened when the outage had gone on for a while."""
    began, met = outage(office)
    office.world.wall.advance(timedelta(minutes=10))
    return Declared(declare(office), began, met)


def declare(office: BillingOffice) -> str:
    """Opens an incident now, by both clocks."""
    clock, wall = office.world.clock, office.world.wall
    clock.advance(wall.wall_now() - clock.incident_now())
    _, opened, _ = office.world.request("POST", "/v1/incidents", OUTAGE, person="ana")
    return str(opened["id"])


@pytest.fixture
def terminal(
    office: BillingOffice,
    declared: Declared,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., str]:
    through = Through(office, iso(declared.began - 1))
    for page in (billing_impact, billing_doubles):
        monkeypatch.setattr(page, "connect", lambda *_: through)

    def say(*words: str) -> str:
        assert main.run(["billing", *words]) == 0
        return capsys.readouterr().out

    return say


def test_what_failed_before_the_incident_was_declared_is_in_its_report(
    declared: Declared, terminal: Callable[..., str]
) -> None:
    totals = json.loads(terminal("impact", declared.incident, "--json"))
    for name in ("failed_attempts", "not_tried", "failed_over", "wanted"):
        assert totals[name] == declared.met[name] > 0


def test_an_incident_nobody_knows_has_no_report(office: BillingOffice) -> None:
    status, body, _ = office.request("GET", "/v1/billing/impact", query={"incident": "INC-1"})
    assert (status, body["code"]) == (404, "unknown_incident")


def test_the_command_writes_csv_whose_sums_are_its_totals(
    declared: Declared, terminal: Callable[..., str]
) -> None:
    lines = list(csv.DictReader(io.StringIO(terminal("impact", declared.incident, "--csv"))))
    totals = json.loads(terminal("impact", declared.incident, "--json"))
    for name in (
        "failed_attempts",
        "not_tried",
        "failed_over",
        "wanted",
        "late",
        "doubles",
        "amount_unknown",
    ):
        assert sum(int(line[name]) for line in lines) == totals[name]
    owed = sum(int(line["unpaid"].partition("=")[2] or 0) for line in lines)
    assert owed == totals["unpaid"]["INR"]


def test_a_person_reads_it_in_80_columns(declared: Declared, terminal: Callable[..., str]) -> None:
    """Everything that happened is there in words, whatever does not fit goes on a new line."""
    report_ = json.loads(terminal("impact", declared.incident, "--json"))
    shown = terminal("impact", declared.incident)
    assert max(map(len, shown.splitlines())) <= 80
    for line in report_["workspaces"]:
        assert f"\n{line['workspace']}" in shown
    whole = " ".join(shown.split("total of")[1].split())
    for number, what in (
        (report_["failed_attempts"], "attempts failed"),
        (report_["failed_over"], "taken by another provider"),
        (report_["wanted"], "wanted and never offered a page"),
        (report_["doubles"], "may be paid twice"),
    ):
        assert (f"{number} {what}" in whole) == (number > 0)
    assert f"({report_['unpaid']['INR']} INR)" in whole
    assert "_" not in shown.split("total of")[1], "no field names"


def test_one_workspace_on_one_screen(office: BillingOffice, terminal: Callable[..., str]) -> None:
    office.has(Status.ACTIVE, workspace="ws_k1", name="sub_1", identity=IDENTITY)
    screen = terminal("workspace", "ws_k1")
    for word in ("access", "yes", "failed_attempts", "double", "cancel 49900"):
        assert word in screen
    seen = json.loads(terminal("workspace", "ws_k1", "--json"))
    assert seen["entitlement"]["subscription"] == "sub_1"
    assert [each["workspace"] for each in seen["doubles"]] == ["ws_k1"]
    assert "ws_k1" in terminal("doubles")
