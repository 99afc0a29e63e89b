"""The outage watch in a world: what it sees, whom it tells, and that it ends when it is over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.checkout import POLICY
from tocsin.application.billing.reconcile.tell import ACTOR
from tocsin.billing.checkout.attempts import Result
from tocsin.billing.checkout.breaker import SUCCESSES_TO_CLOSE, Phase
from tocsin.billing.checkout.routing import CheckoutPolicy
from tocsin.billing.outage.divergence import Comparison
from tocsin.billing.outage.examination import PROBE_WORKSPACE
from tocsin.billing.outage.signs import Health
from tocsin.errors import SendFailed, StoreUnavailable
from tocsin.incidents.commands.billing import RecordReconciliation
from tocsin.incidents.model.outbox import STAKEHOLDERS
from tocsin.incidents.vocabulary import Category, Severity
from tocsin.notes import Metric
from tocsin.signals.cloudwatch.parser import parse

if TYPE_CHECKING:
    from tocsin.billing.identity import Identity
from tests.harness.worlds.outage import WELL, Watched


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_nothing_wrong_says_so_and_tells_nobody(watched: Watched) -> None:
    for _ in range(30):
        assert watched.buy() == "stripe"
        assert watched.minutes(1) == {"firing": {}, "level": "operational", "failed": []}
    status = watched.outages.status()
    assert status is not None
    assert status["providers"] == {"stripe": "working", "razorpay": "working"}
    assert watched.sent == []
    assert len(watched.announced) == 1


def test_an_outage_from_the_first_failure_to_recovery(watched: Watched) -> None:
    """Breaker, failover, status, incident with evidence, update, recovery, withdrawal."""
    watched.minutes(1)
    watched.stripe.mode = "down"
    bought = [watched.buy() for _ in range(5)]
    assert bought == ["razorpay"] * 5
    assert watched.checkout.phase("stripe") is Phase.OPEN
    answer = watched.minutes(1)
    assert answer["firing"] == {"stripe": ["checkout"]}
    status = watched.outages.status()
    assert status is not None
    assert (status["level"], status["providers"]["stripe"]) == ("degraded", "failing")
    assert watched.announced[-1]["level"] == "degraded"

    incident = watched.alarm("checkout-stripe-failing")
    assert (incident.category, incident.severity) == (Category.OPERATIONAL, Severity.HIGH)
    began = watched.now
    watched.minutes(1)
    (facts,) = watched.facts(incident)
    assert facts["provider"] == "stripe"
    assert facts["regions"] == "US"
    assert facts["workspaces"] == "ws_k1, ws_k2, ws_k3"
    assert facts["status_page"] == "https://status.stripe.com"
    assert "connect" in facts["examples"]
    assert facts["failed_attempts"] == "3"
    ((told, _, text),) = watched.sent
    assert told == incident.id
    assert "What not to promise" in text
    assert watched.now - began <= 1_800
    said = watched.world.store.load(incident.id)
    assert said is not None
    assert said.communication.internal.first_at is not None
    assert said.severity is Severity.HIGH, "evidence raises nothing"

    watched.minutes(5)
    assert len(watched.sent) == 1, "the same is told once"
    assert len(watched.facts(incident)) == 1

    watched.stripe.mode = "up"
    watched.pass_time(watched.checkout.breakers.load(POLICY.accounts["stripe"]).cooling)
    assert [watched.buy() for _ in range(3)] == ["stripe"] * 3
    assert watched.checkout.phase("stripe") is Phase.CLOSED
    assert watched.minutes(1)["firing"] == {"stripe": ["checkout"]}, "calm is counted first"
    assert watched.minutes(10)["firing"] == {}
    assert_withdrawn(watched)
    assert watched.facts(incident)[-1]["troubles"] == "checkout"
    cleared = watched.alarm("checkout-stripe-failing", state="OK")
    assert not cleared.firing
    said_so_far = len(watched.sent)
    watched.minutes(30)
    assert len(watched.sent) == said_so_far, "withdrawn once"

    hold_to_monitoring(watched, incident.id)
    watched.world.inbox.take_all()


def assert_withdrawn(watched: Watched) -> None:
    recovered = watched.outages.status()
    assert recovered is not None
    assert recovered["text"] == "Payments and subscriptions are working normally."
    assert recovered["next_update"] is None
    assert watched.announced[-1]["level"] == "operational"
    assert watched.sent[-1][1] == "All billing systems are working"


def hold_to_monitoring(watched: Watched, incident: str) -> None:
    """Contained, and fixed as a provider's trouble is: then nothing firing is left in the way."""

    def say(verb: str, person: str = "ana", **body: object) -> None:
        path = f"/v1/incidents/{incident}/{verb}"
        group = "commander" if person == "cy" else "responder"
        status, answer, _ = watched.world.request("POST", path, body, person=person, group=group)
        assert status in {200, 201}, answer
        watched.pass_time(60)

    say("acknowledge")
    say("contain", step="plan", action="a1", text="checkouts go to the other provider")
    say("contain", step="done", action="a1")
    for check in ("logs", "smoke_test", "targeted_check"):
        say("verify", step="observe", check=check, verdict="passed", detail="seen")
    say("verify", "bo", step="contained")
    say("fix", step="provider", provider="stripe")
    before = watched.world.store.load(incident)
    assert before is not None
    assert before.window is None, "nothing has been replayed yet"
    say("confirm", "cy", criterion="replay_completed", met=True, evidence="nothing was lost")
    unsettled = watched.world.store.load(incident)
    assert unsettled is not None
    assert unsettled.window is None, "nothing has been compared yet"
    watched.world.application.execute(
        RecordReconciliation(
            incident_id=incident,
            command_id="reconciliation-REC-1",
            actor=ACTOR,
            correlation_id="REC-1",
            reconciliation="REC-1",
            started_at=watched.world.clock.incident_now(),
            full=True,
            workspaces=300,
            compared=300,
            unresolved={},
            unknown=0,
            healed=0,
            accepted=0,
            signed_off_by="bo",
        )
    )
    after = watched.world.store.load(incident)
    assert after is not None
    assert after.window is not None, "monitoring has begun"


def test_what_fired_is_cleared_though_troubles_came_and_went(watched: Watched) -> None:
    """The first trouble ends before the second: both stand under one key."""
    watched.minutes(1)
    watched.stripe.mode = "down"
    for _ in range(3):
        watched.buy()
    watched.minutes(1)
    incident = watched.alarm("checkout-stripe-failing")
    watched.health["stripe"] = replace(WELL, disabled=True)
    watched.minutes(5)
    watched.stripe.mode = "up"
    watched.pass_time(watched.checkout.breakers.load(POLICY.accounts["stripe"]).cooling)
    assert [watched.buy() for _ in range(3)] == ["stripe"] * 3
    assert watched.minutes(12)["firing"] == {"stripe": ["endpoint"]}
    watched.alarm("checkout-stripe-failing", state="OK")
    now = watched.world.store.load(incident.id)
    assert now is not None
    assert now.firing, "an endpoint is still disabled"
    watched.health.clear()
    assert watched.minutes(12)["firing"] == {}
    after = watched.world.store.load(incident.id)
    assert after is not None
    assert not after.firing
    watched.world.inbox.take_all()


@pytest.mark.parametrize("how", ["refused", "forgotten"])
def test_a_recovery_that_could_not_be_told_is_told_later(watched: Watched, how: str) -> None:
    watched.minutes(1)
    watched.stripe.mode = "down"
    for _ in range(3):
        watched.buy()
    watched.minutes(1)
    incident = watched.alarm("checkout-stripe-failing")
    watched.minutes(1)
    watched.alarm("checkout-stripe-failing", state="OK")
    watched.stripe.mode = "up"
    watched.pass_time(watched.checkout.breakers.load(POLICY.accounts["stripe"]).cooling)
    assert [watched.buy() for _ in range(3)] == ["stripe"] * 3
    if how == "refused":
        execute = watched.rounds.teller.execute
        object.__setattr__(watched.rounds.teller, "execute", _raising)
        assert watched.minutes(12)["failed"] == ["tell"]
        object.__setattr__(watched.rounds.teller, "execute", execute)
    else:
        watched.minutes(5)
        memory = watched.outages.memory()
        watched.outages.remember(replace(memory, providers={}))
        still = watched.world.store.load(incident.id)
        assert still is not None
        assert still.firing, "calm was still being counted"
    watched.minutes(1)
    after = watched.world.store.load(incident.id)
    assert after is not None
    assert not after.firing
    assert watched.sent[-1][1] == "All billing systems are working"
    watched.world.inbox.take_all()


def _raising(_command: object) -> Any:
    raise StoreUnavailable


def test_at_one_checkout_in_twenty_minutes_a_creation_only_outage_is_seen_at_the_third(
    watched: Watched,
) -> None:
    for _ in range(6):
        watched.buy()
        watched.minutes(20)
    watched.stripe.mode = "garbled"
    began, firing = watched.now, dict[str, Any]()
    while not firing and watched.now - began < 7_200:
        watched.buy()
        firing = watched.minutes(20)["firing"]
    assert firing == {"stripe": ["checkout"]}
    assert watched.now - began == 60 * 60


def test_a_provider_that_answers_nothing_is_seen_in_three_minutes_without_any_traffic(
    watched: Watched,
) -> None:
    watched.health["stripe"] = Health(reachable=False)
    assert watched.minutes(2)["firing"] == {}
    assert watched.minutes(1)["firing"] == {"stripe": ["unreachable"]}
    watched.health.clear()
    assert watched.minutes(9)["firing"] == {"stripe": ["unreachable"]}
    assert watched.minutes(2)["firing"] == {}


def test_a_look_is_recorded_once_a_minute_and_by_who_knows_of_webhooks(watched: Watched) -> None:
    """Where events can be listed that is the other watch; ten of its looks confirm a recovery."""
    watched.minutes(2)
    watched.health["razorpay"] = Health(reachable=False)
    watched.minutes(1)
    assert watched.recorded == [("razorpay", True), ("razorpay", True), ("razorpay", False)]


def test_both_down_is_critical_and_says_that_nobody_can_pay(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    for provider in watched.checkout.providers.values():
        provider.mode = "down"
    for _ in range(4):
        assert watched.buy() == "no_payment_path"
    answer = watched.minutes(1)
    assert answer["level"] == "down"
    assert '"NoPaymentPath":[1.0]' in capsys.readouterr().out
    incident = watched.alarm("checkout-all-providers-failing")
    assert incident.severity is Severity.CRITICAL
    watched.minutes(1)
    assert {each["provider"] for each in watched.facts(incident)} == {"stripe", "razorpay"}
    watched.world.inbox.take_all()


@pytest.mark.parametrize(
    ("health", "trouble"),
    [
        (Health(reachable=True, events=20, undelivered=4), "deliveries"),
        (Health(reachable=True, events=90, undelivered=30), "backlog"),
        (Health(reachable=True, disabled=True), "endpoint"),
        (Health(reachable=True, downtime=True), "downtime"),
    ],
)
def test_what_makes_us_blind_is_seen_and_stops_no_payment(
    watched: Watched, health: Health, trouble: str
) -> None:
    watched.minutes(1)
    watched.health["stripe"] = health
    answer = watched.minutes(2)
    assert trouble in answer["firing"]["stripe"]
    status = watched.outages.status()
    assert status is not None
    assert status["providers"]["stripe"] == "delayed"
    assert watched.buy() == "stripe"


def test_a_change_within_a_promise_is_told_once_and_not_every_minute(watched: Watched) -> None:
    """News came late, now checkouts fail: the same headline and promise, another text."""
    watched.minutes(1)
    watched.health["stripe"] = replace(WELL, disabled=True)
    watched.minutes(1)
    incident = watched.alarm("webhooks-stripe-failing")
    watched.minutes(1)
    watched.stripe.mode = "down"
    assert [watched.buy() for _ in range(3)] == ["razorpay"] * 3
    watched.minutes(5)
    assert [subject for _, subject, _ in watched.sent] == ["Some payments are affected"] * 2
    assert "New payments through Stripe fail." in watched.sent[1][2]
    types = [entry.type for entry in watched.world.store.entries(incident.id)]
    assert types.count("update_recorded") == 2
    watched.world.inbox.take_all()


def test_divergence_opens_an_incident_and_is_over_when_a_comparison_says_so(
    watched: Watched,
) -> None:
    stripe = POLICY.accounts["stripe"]
    watched.comparisons.record(stripe, Comparison(watched.now, 200, 1))
    assert watched.minutes(2)["firing"] == {}, "one in two hundred is noise"
    watched.comparisons.record(stripe, Comparison(watched.now, 200, 2))
    assert watched.minutes(1)["firing"] == {"stripe": ["divergence"]}
    status = watched.outages.status()
    assert status is not None
    assert (status["level"], status["providers"]["stripe"]) == ("degraded", "delayed")
    assert "Subscriptions at Stripe are being checked" in status["text"]
    assert "late" not in status["text"]
    incident = watched.alarm("billing-stripe-diverges")
    assert (incident.category, incident.severity) == (Category.OPERATIONAL, Severity.HIGH)
    watched.minutes(1)
    (facts,) = watched.facts(incident)
    assert facts["counted"] == "divergence 2 of 200"

    assert watched.minutes(90)["firing"] == {"stripe": ["divergence"]}, "nobody compared again"
    watched.comparisons.record(stripe, Comparison(watched.now, 200, 0))
    assert watched.minutes(9)["firing"] == {"stripe": ["divergence"]}, "calm is counted first"
    assert watched.minutes(2)["firing"] == {}
    watched.world.inbox.take_all()


def test_silence_is_suspected_after_half_an_hour_and_settled_by_the_list(
    watched: Watched,
) -> None:
    watched.minutes(1)
    newest = watched.arrivals["stripe"] = watched.now
    quiet = Health(reachable=True, listed=(newest,))
    watched.health["stripe"] = quiet
    assert watched.minutes(60)["firing"] == {}, "quiet is not silent"
    watched.health["stripe"] = Health(
        reachable=True, listed=(watched.now - 400, watched.now - 500, newest)
    )
    assert watched.minutes(1)["firing"] == {"stripe": ["silence"]}


def test_stakeholders_are_told_by_the_outbox_which_is_never_silent(watched: Watched) -> None:
    world = watched.world
    watched.stripe.mode = "down"
    for _ in range(3):
        watched.buy()
    watched.minutes(1)
    world.refusals[STAKEHOLDERS] = SendFailed("the topic refused")
    watched.alarm("checkout-stripe-failing")
    watched.minutes(1)
    failed = world.meter.counts.get(Metric.MESSAGES_FAILED, 0)
    world.pump()
    assert world.meter.counts[Metric.MESSAGES_FAILED] > failed, "a refusal rings"
    assert [each.kind for each in world.inbox.updates] == []

    world.refusals.clear()
    for _ in range(5):
        world.jump(1)

    ((_, headline, text),) = watched.sent
    (told,) = world.inbox.updates
    assert told.message.subject.endswith(headline)
    assert told.message.text == text
    assert told.to == STAKEHOLDERS
    world.inbox.take_all()


def test_a_blind_eye_does_not_close_the_other(watched: Watched) -> None:
    watched.stripe.mode = "down"
    for _ in range(3):
        watched.buy()
    original = watched.rounds.probe

    def probe(identity: Identity, *, now: int) -> Health:
        if identity.provider == "razorpay":
            raise StoreUnavailable
        return original(identity, now=now)

    object.__setattr__(watched.rounds, "probe", probe)
    watched.minutes(1)
    watched.alarm("checkout-stripe-failing")
    answer = watched.minutes(1)
    assert answer["failed"] == ["look:razorpay"]
    assert answer["firing"] == {"stripe": ["checkout"]}
    assert len(watched.sent) == 1
    watched.world.inbox.take_all()


def test_doubtful_checkouts_are_settled_by_the_round(watched: Watched) -> None:
    watched.stripe.mode = "late"
    assert watched.buy() == "razorpay"
    assert watched.checkout.intents.unsettled()
    watched.stripe.mode = "up"
    watched.minutes(1)
    assert watched.checkout.intents.unsettled() == ()
    assert [s.state for s in watched.stripe.sessions.values()] == ["expired"]
    assert watched.checkout.intents.log[0].result is Result.DOUBT


def both_down(watched: Watched) -> None:
    """Nobody can pay, and both breakers are open."""
    watched.stripe.mode = watched.checkout.razorpay.mode = "down"
    assert [watched.buy() for _ in range(5)] == ["no_payment_path"] * 5
    assert [watched.checkout.phase(name) for name in POLICY.accounts] == [Phase.OPEN] * 2


def test_a_stand_in_that_recovered_is_asked_though_no_customer_needs_it(watched: Watched) -> None:
    """Both fail and both recover; everybody is served by the preferred one from then on."""
    both_down(watched)
    watched.minutes(20)
    watched.stripe.mode = watched.checkout.razorpay.mode = "up"
    watched.minutes(6)
    assert watched.buy() == "stripe"
    watched.minutes(3)
    assert watched.checkout.phase("razorpay") is Phase.CLOSED
    assert watched.minutes(12) == {"firing": {}, "level": "operational", "failed": []}
    asked = [(s.state, s.key) for s in watched.checkout.razorpay.sessions.values()]
    assert len(asked) == SUCCESSES_TO_CLOSE
    assert {state for state, _ in asked} == {"expired"}, "nothing is left to pay"
    assert watched.checkout.intents.unsettled() == ()


def test_with_nobody_buying_an_outage_is_over_all_the_same(watched: Watched) -> None:
    both_down(watched)
    watched.minutes(5)
    watched.stripe.mode = watched.checkout.razorpay.mode = "up"
    assert watched.minutes(20)["level"] == "operational"


def test_a_provider_that_is_down_is_asked_ever_more_seldom(watched: Watched) -> None:
    both_down(watched)
    calls = len(watched.stripe.calls)
    watched.minutes(60)
    assert 12 <= len(watched.stripe.calls) - calls <= 16
    assert watched.checkout.phase("stripe") is Phase.OPEN
    log = watched.checkout.intents.log
    assert not any(each.workspace == PROBE_WORKSPACE for each in log), "no customer met that"


def test_what_was_shut_and_refuses_the_probe_stays_shut_until_it_makes_a_page(
    watched: Watched,
) -> None:
    both_down(watched)
    watched.stripe.mode = "refuses"
    watched.minutes(10)
    assert watched.checkout.phase("stripe") is Phase.HALF_OPEN
    watched.stripe.mode = "up"
    watched.minutes(4)
    assert watched.checkout.phase("stripe") is Phase.CLOSED


def test_a_probe_that_cannot_be_sent_keeps_the_round_from_nothing(watched: Watched) -> None:
    both_down(watched)
    watched.pass_time(60)
    watched.checkout.intents.crash = "before"
    answer = watched.minutes(1)
    assert answer["failed"] == ["shut:stripe"]
    assert answer["firing"].keys() == {"stripe", "razorpay"}


class TestAllRefused:
    """An archived price, or a key without the right to sell: a trouble without a breaker."""

    def test_ten_refused_of_three_workspaces_and_none_accepted_is_said_and_is_over(
        self, watched: Watched
    ) -> None:
        watched.stripe.mode = "refuses"
        for number in range(10):
            assert watched.minutes(1)["firing"] == {}
            assert watched.buy(workspace=f"ws_{number % 3}") == "razorpay"
        assert watched.minutes(1)["firing"] == {"stripe": ["refused"]}
        assert watched.checkout.phase("stripe") is Phase.CLOSED
        assert ("checkout-stripe-failing", "ALARM") in rings(watched)
        status = watched.outages.status()
        assert status is not None
        assert status["providers"]["stripe"] == "failing"
        incident = watched.alarm("checkout-stripe-failing")
        watched.minutes(1)
        (facts,) = watched.facts(incident)
        assert facts["counted"] == "refused 10 of 10"
        assert facts["workspaces"] == "ws_0, ws_1, ws_2"
        assert "http_400" in facts["examples"]
        watched.stripe.mode = "up"
        assert watched.buy() == "stripe"
        assert watched.minutes(12)["firing"] == {}

    @pytest.mark.parametrize("spoiled", ["few", "two", "accepted"])
    def test_fewer_or_of_two_or_with_one_accepted_is_none(
        self, watched: Watched, spoiled: str
    ) -> None:
        watched.stripe.mode = "refuses"
        of = 2 if spoiled == "two" else 3
        for number in range(9 if spoiled == "few" else 20):
            accepted = spoiled == "accepted" and number % 7 == 0
            watched.stripe.mode = "up" if accepted else "refuses"
            watched.buy(workspace=f"ws_{number % of}")
            assert watched.minutes(1)["firing"] == {}


class TestTheLevelGoesByWhatIsSold:
    """`pro` costs rupees at both and dollars at Stripe alone."""

    def fails(self, watched: Watched) -> None:
        watched.stripe.mode = "down"
        assert [watched.buy() for _ in range(3)] == ["razorpay"] * 3

    def test_what_is_sold_only_where_it_fails_is_critical_once_it_is_wanted(
        self, watched: Watched
    ) -> None:
        self.fails(watched)
        assert watched.minutes(1)["level"] == "degraded"
        assert rings(watched) == [("checkout-stripe-failing", "ALARM")]
        assert watched.buy(currency="USD") == "no_payment_path"
        watched.minutes(1)
        assert rings(watched)[-1] == ("checkout-all-providers-failing", "ALARM")
        assert "Nobody can pay for pro in USD by any path." in str(watched.rung[-1])
        assert watched.alarm("checkout-all-providers-failing").severity is Severity.CRITICAL
        watched.minutes(1)
        assert "Payments for pro in USD cannot be taken now." in watched.sent[-1][2]
        watched.stripe.mode = "up"
        watched.minutes(25)
        assert rings(watched)[-1][1] == "OK"

    def test_a_provider_that_works_and_sells_nothing_is_no_way_to_pay(
        self, watched: Watched
    ) -> None:
        policy = POLICY.prices
        only_stripe = {
            what: replace(price, ids={"stripe": price.ids["stripe"]})
            for what, price in policy.items()
        }
        object.__setattr__(watched.checkout, "_policy", replace(POLICY, prices=only_stripe))
        watched.stripe.mode = "down"
        for _ in range(3):
            watched.buy()
        assert watched.minutes(1)["level"] == "down"
        assert ("checkout-all-providers-failing", "ALARM") in rings(watched)


def rings(watched: Watched) -> list[tuple[str, str]]:
    """Alarms and states as they were handed to those who open incidents."""
    said = [(one["AlarmName"], one["NewStateValue"]) for one in watched.rung]
    return [(name.removeprefix("tocsin-local-"), state) for name, state in said]


def test_an_outage_is_handed_over_once_when_it_begins_and_once_when_it_ends(
    watched: Watched,
) -> None:
    watched.minutes(1)
    assert rings(watched) == []
    watched.stripe.mode = "down"
    for _ in range(5):
        watched.buy()
    watched.minutes(3)
    assert rings(watched) == [("checkout-stripe-failing", "ALARM")]
    signal = parse(watched.rung[0])
    assert signal.firing
    assert signal.dedup_key in watched.rounds.key_of("checkout-stripe-failing")
    assert (signal.service, signal.title) == ("outage_watch", "Checkouts fail at stripe")
    watched.stripe.mode = "up"
    watched.pass_time(watched.checkout.breakers.load(POLICY.accounts["stripe"]).cooling)
    for _ in range(3):
        watched.buy()
    watched.minutes(12)
    assert rings(watched)[1:] == [("checkout-stripe-failing", "OK")]
    assert not parse(watched.rung[1]).firing


def test_an_outage_that_could_not_be_handed_over_is_handed_over_by_the_next_round(
    watched: Watched,
) -> None:
    watched.stripe.mode = "down"
    for _ in range(5):
        watched.buy()
    watched.deaf = True
    assert watched.minutes(1)["failed"] == ["ring"]
    watched.deaf = False
    watched.minutes(2)
    assert rings(watched) == [("checkout-stripe-failing", "ALARM")]


def test_nobody_who_sells_nothing_lacks_a_way_to_be_paid(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    watched.checkout.policy = lambda: CheckoutPolicy.read(  # type: ignore[method-assign]
        {"providers": {}, "plans": {}, "preferences": []}
    )
    watched.minutes(60)
    assert watched.rung == []
    assert "NoPaymentPath" not in capsys.readouterr().out
