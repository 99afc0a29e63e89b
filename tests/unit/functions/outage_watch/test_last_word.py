"""What stakeholders hold is the last word: fresh, promised by a clock, and heard once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.harness.worlds.checkout import POLICY
from tests.harness.worlds.outage import WELL, Watched
from tocsin.billing.checkout.breaker import Phase
from tocsin.billing.outage.divergence import Comparison
from tocsin.billing.outage.memory import Memory
from tocsin.errors import StoreUnavailable
from tocsin.incidents.vocabulary import Severity

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import Incident

FROZEN = "Non-essential billing changes are frozen."
WORKING = "All billing systems are working"
AFFECTED = "Some payments are affected"


@pytest.fixture
def watched() -> Watched:
    found = Watched()
    found.minutes(1)
    return found


def fails(watched: Watched) -> None:
    watched.stripe.mode = "down"
    for _ in range(12):
        watched.buy()
    assert watched.checkout.phase("stripe") is Phase.OPEN
    watched.minutes(1)


def recovers(watched: Watched) -> None:
    watched.stripe.mode = "up"
    assert watched.minutes(25)["level"] == "operational"


def now_of(watched: Watched, incident: Incident) -> Incident:
    found = watched.world.store.load(incident.id)
    assert found is not None
    return found


def heard(watched: Watched) -> list[str]:
    return [subject for _, subject, _ in watched.sent]


def test_failing_again_within_one_incident_is_told_and_so_is_the_second_recovery(
    watched: Watched,
) -> None:
    fails(watched)
    incident = watched.alarm("checkout-stripe-failing")
    watched.minutes(1)
    for _ in range(2):
        recovers(watched)
        fails(watched)
        watched.minutes(1)
    recovers(watched)
    assert heard(watched) == [AFFECTED, WORKING] * 3
    assert {incident.id} == {told for told, _, _ in watched.sent}
    said = len(watched.sent)
    watched.minutes(20)
    assert len(watched.sent) == said, "each is told once"


def test_a_round_that_died_before_it_remembered_tells_nothing_twice(watched: Watched) -> None:
    fails(watched)
    watched.alarm("checkout-stripe-failing")
    before = watched.outages.texts["memory"]
    watched.minutes(1)
    watched.outages.texts["memory"] = before
    watched.minutes(3)
    assert heard(watched) == [AFFECTED]


@pytest.mark.parametrize(
    ("alarm", "severity", "minutes"),
    [
        ("checkout-stripe-failing", Severity.HIGH, 120),
        ("checkout-all-providers-failing", Severity.CRITICAL, 30),
    ],
)
def test_what_is_promised_is_what_the_table_promises_and_has_a_clock(
    watched: Watched, alarm: str, severity: Severity, minutes: int
) -> None:
    if severity is Severity.CRITICAL:
        watched.checkout.razorpay.mode = "down"
    fails(watched)
    incident = watched.alarm(alarm)
    assert incident.severity is severity
    watched.minutes(1)
    ((_, _, text),) = watched.sent
    due = now_of(watched, incident).communication.internal.next_by
    assert due is not None
    assert due == datetime.fromtimestamp(watched.now + minutes * 60, UTC)
    assert f"Next update by {due:%Y-%m-%d %H:%M} UTC." in text
    assert text.count("update by") == 1
    assert f"Next update: by {due:%Y-%m-%d %H:%M} UTC" in text


def test_changes_are_said_to_be_frozen_only_while_they_are(watched: Watched) -> None:
    watched.health["stripe"] = replace(WELL, disabled=True)
    watched.minutes(1)
    late = watched.alarm("webhooks-stripe-failing")
    watched.world.request(
        "POST",
        f"/v1/incidents/{late.id}/severity",
        {"severity": "medium", "reason": "customers feel nothing"},
        person="cy",
        group="commander",
    )
    assert now_of(watched, late).severity is Severity.MEDIUM
    watched.minutes(1)
    assert FROZEN not in watched.sent[-1][2]
    fails(watched)
    failing = watched.alarm("checkout-stripe-failing")
    watched.minutes(1)
    assert FROZEN in watched.sent[-1][2]
    said = len(watched.sent)

    lifted = {"step": "freeze", "reason": "a price has to be mended"}
    status, answer, _ = watched.world.request(
        "POST", f"/v1/incidents/{failing.id}/lift", lifted, person="cy", group="commander"
    )
    assert status in {200, 201}, answer
    watched.minutes(1)
    assert len(watched.sent) == said + 1
    assert FROZEN not in watched.sent[-1][2]


def test_two_incidents_of_one_outage_tell_a_change_once_and_both_have_it(watched: Watched) -> None:
    watched.checkout.razorpay.mode = "down"
    fails(watched)
    one = watched.alarm("checkout-stripe-failing")
    all_of_it = watched.alarm("checkout-all-providers-failing")
    watched.minutes(2)
    ((told, subject, _),) = watched.sent
    assert (told, subject) == (all_of_it.id, "Payments are not possible at the moment")
    another = watched.alarm("checkout-razorpay-failing")
    watched.minutes(2)
    assert len(watched.sent) == 1
    for incident in (one, all_of_it, another):
        internal = now_of(watched, incident).communication.internal
        assert internal.first_at is not None
        assert internal.next_by is not None


def test_another_trouble_of_the_same_level_is_other_news(watched: Watched) -> None:
    """Deliveries fail, and then what we know differs: the first is not left standing."""
    watched.health["stripe"] = replace(WELL, disabled=True)
    watched.minutes(1)
    watched.alarm("webhooks-stripe-failing")
    watched.minutes(1)
    assert "arrives late" in watched.sent[-1][2]
    watched.health.clear()
    for _ in range(13):
        watched.comparisons.record(POLICY.accounts["stripe"], Comparison(watched.now, 100, 9))
        watched.minutes(1)
    assert "arrives late" not in watched.sent[-1][2]
    assert "being checked against our records" in watched.sent[-1][2]


def close(watched: Watched, incident: Incident) -> None:
    """As people do who hold it for a false alarm: one asks, another agrees."""
    for person in ("cy", "kim"):
        status, answer, _ = watched.world.request(
            "POST",
            f"/v1/incidents/{incident.id}/close",
            {"resolution": "false_positive", "reason": "one customer's card"},
            person=person,
            group="commander",
        )
        assert status in {200, 201, 202}, answer
    assert not now_of(watched, incident).open


def test_a_recovery_after_all_incidents_were_closed_is_told_all_the_same(watched: Watched) -> None:
    fails(watched)
    incident = watched.alarm("checkout-stripe-failing")
    watched.minutes(1)
    assert heard(watched) == [AFFECTED]
    close(watched, incident)
    watched.minutes(2)
    assert heard(watched) == [AFFECTED, AFFECTED], "it fails all the same, and nothing is frozen"
    assert [FROZEN in text for _, _, text in watched.sent] == [True, False]
    recovers(watched)
    assert heard(watched) == [AFFECTED, AFFECTED, WORKING]
    told, _, text = watched.sent[-1]
    assert told == incident.id
    assert "update by" not in text, "no clock of a closed incident runs"
    assert now_of(watched, incident).communication.internal.next_by is None
    said = len(watched.sent)
    watched.minutes(20)
    assert len(watched.sent) == said, "once"
    assert Memory.read(watched.outages.texts["memory"]).word is None


def test_what_changes_after_all_incidents_were_closed_is_told_and_taken_back(
    watched: Watched,
) -> None:
    fails(watched)
    incident = watched.alarm("checkout-stripe-failing")
    watched.minutes(1)
    close(watched, incident)
    watched.checkout.razorpay.mode = "down"
    for _ in range(12):
        watched.buy()
    watched.minutes(2)
    assert heard(watched) == [AFFECTED, "Payments are not possible at the moment"]
    watched.checkout.razorpay.mode = "up"
    recovers(watched)
    assert heard(watched)[-1] == WORKING


def test_closed_and_recovered_in_one_round_is_told_by_the_next(watched: Watched) -> None:
    """The round in which nothing is wrong and nothing open any more forgets no word."""
    fails(watched)
    incident = watched.alarm("checkout-stripe-failing")
    watched.minutes(1)
    close(watched, incident)
    execute = watched.rounds.teller.execute

    def refusing(_command: object) -> NoReturn:
        raise StoreUnavailable("no answer")

    object.__setattr__(watched.rounds.teller, "execute", refusing)
    recovers(watched)
    assert watched.minutes(5)["failed"] == ["tell"]
    assert heard(watched) == [AFFECTED]
    object.__setattr__(watched.rounds.teller, "execute", execute)
    watched.minutes(1)
    assert heard(watched) == [AFFECTED, WORKING]


def test_a_memory_of_before_says_only_that_something_was_told() -> None:
    """The recovery of an outage that the version before had told of is told by this one."""
    before = Memory(told=("inc-1|degraded|stripe", "inc-1|stripe|9|checkout|True")).to_json()
    read = Memory.read(before.replace(',"word":null', ""))
    assert read.word is not None
    assert (read.word.gist, read.word.number) == ("", 0)
    assert Memory.read(Memory(told=("inc-1|stripe|9|checkout|True",)).to_json()).word is None
