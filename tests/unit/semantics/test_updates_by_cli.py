"""Updates (semantics 8) and what losing containment takes back (semantics 5), typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.told import ANA, BO, DI, ED, T0, Told

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

FIRST = ("--impact", "nobody can pay", "--mitigation", "rolling back", "--eta", "unknown")
CONTAINED = "We identified an issue affecting EU. We have contained the issue and are fixing it."
CONTAINING = "We identified an issue affecting EU. We are working to contain it."


def said(told: Told, audience: str = "internal") -> dict[str, Any]:
    found: dict[str, Any] = told.show()["communication"][audience]
    return found


def tell(
    told: Told, at: str, name: str, text: str = "news", *words: str, to: str = "internal"
) -> None:
    told.say(at, DI, "update", name, to, text, "--accepted", *words)


def criterion(told: Told, code: str = "communication_completed") -> dict[str, Any]:
    found = told.terminal.json("gate", told.id)["criteria"]
    return next(one for one in found if one["code"] == code)


def acknowledged(terminal: Terminal, severity: str) -> Told:
    told = Told(terminal).open(T0, severity)
    told.acknowledge(T0, DI)
    return told


@pytest.mark.parametrize(
    ("severity", "first", "then", "after"),
    [
        ("critical", "09-08 10:30", "09-08 10:40", "09-08 15:00"),
        ("high", "09-08 11:00", "09-08 12:10", "09-09 11:00"),
        ("medium", "09-09 10:00", "09-11 10:10", "-"),
        ("low", "-", "-", "-"),
    ],
)
def test_internal_updates_first_then_and_after_containment(
    terminal: Terminal, severity: str, first: str, then: str, after: str
) -> None:
    told = acknowledged(terminal, severity)
    assert told.wall(said(told)["next_by"]) == first
    tell(told, "09-08 10:10", "u1", "news", *FIRST)
    assert told.wall(said(told)["next_by"]) == then
    told.contain("09-08 10:59")
    tell(told, "09-08 11:00", "u2")
    assert told.wall(said(told)["next_by"]) == after


@pytest.mark.parametrize(
    ("severity", "first", "then", "after"),
    [
        ("critical", "09-08 11:00", "09-08 11:10", "09-09 11:00"),
        ("high", "09-08 14:00", "09-08 14:10", "09-09 11:00"),
        ("medium", "-", "-", "-"),
        ("low", "-", "-", "-"),
    ],
)
def test_customer_updates_first_then_and_after_containment_once_decided(
    terminal: Terminal, severity: str, first: str, then: str, after: str
) -> None:
    told = acknowledged(terminal, severity)
    assert said(told, "to_customers")["next_by"] is None
    told.say("09-08 10:05", DI, "customers", "--tell", "--reason", "they are hit")
    assert told.wall(said(told, "to_customers")["next_by"]) == first
    tell(told, "09-08 10:10", "u1", CONTAINING, *FIRST, to="customers")
    assert told.wall(said(told, "to_customers")["next_by"]) == then
    told.contain("09-08 10:59")
    tell(told, "09-08 11:00", "u2", CONTAINED, to="customers")
    assert told.wall(said(told, "to_customers")["next_by"]) == after


def test_a_low_owes_an_update_at_opening_and_at_closing(terminal: Terminal) -> None:
    told = acknowledged(terminal, "low")
    assert owed(told) == [("opening", T0)]
    tell(told, "09-08 10:20", "u1", "news", *FIRST)
    assert owed(told) == []
    told.contain("09-08 11:00")
    assert owed(told) == [("closing", "-")]
    told.repair("09-08 12:00")
    assert owed(told) == [("closing", "09-08 16:00")]
    tell(told, "09-08 16:00", "u2", "all is well", "--final", "--residual", "none")
    assert owed(told) == []


def test_a_medium_owes_an_update_at_the_fix_and_does_not_close_without(terminal: Terminal) -> None:
    told = acknowledged(terminal, "medium")
    told.say("09-08 10:05", DI, "customers", "--not-tell", "--reason", "nobody noticed")
    tell(told, "09-08 10:10", "u1", "news", *FIRST)
    told.contain("09-08 11:00")
    final = ("update", told.id, "u2", "internal", "all is well", "--accepted", "--final")
    refused = terminal.refused(*final, "--residual", "none", "--as", DI)
    assert refused == (6, "illegal_transition"), "it is not fixed"
    assert owed(told) == [("fix", "-")]
    follows = "the final update follows the fix: timeline and residual actions"
    assert criterion(told)["next_step"] == follows
    told.repair("09-08 12:00")
    assert owed(told) == [("fix", "09-08 12:00")]
    asked = {
        one.to
        for one in told.world.inbox.updates
        if "waited for the fix" in one.message.text and told.wall_at(one.at) == "09-08 12:00"
    }
    assert asked == {"di", "communications-primary"}
    assert criterion(told)["next_step"] == "send the internal update that is due with the fix"
    tell(told, "09-08 12:05", "u3", "it is fixed", "--final", "--residual", "none")
    assert owed(told) == []
    assert criterion(told)["status"] == "met"


def owed(told: Told) -> list[tuple[str, str]]:
    return [(one["step"], told.wall(one["due_at"])) for one in said(told)["owed"]]


def test_containment_lost_withdraws_what_customers_were_told(terminal: Terminal) -> None:
    told = acknowledged(terminal, "critical")
    told.say(T0, DI, "customers", "--tell", "--reason", "they are hit")
    tell(told, "09-08 10:10", "u1", CONTAINING, *FIRST, to="customers")
    assert "working to contain" in wording(told)
    told.contain("09-08 11:00")
    assert "We have contained" in wording(told)
    tell(told, "09-08 11:05", "u2", CONTAINED, to="customers")

    told.say("09-08 12:00", BO, "contain", "--reason", "errors are back", step="lost")

    asked = {one.to for one in told.world.inbox.all if "CORRECT CUSTOMERS" in one.message.subject}
    assert asked == {"di", "communications-primary"}
    assert "working to contain" in wording(told)
    assert said(told, "to_customers")["withdraw"] == ["u2"]
    assert told.wall(said(told, "to_customers")["next_by"]) == "09-08 13:00"
    again = ("update", told.id, "u3", "customers", CONTAINED, "--accepted", "--as", DI)
    assert terminal.refused(*again)[1] == "illegal_transition"
    told.say(T0, DI, "note", "the text stands on the timeline: it is corrected, not deleted")
    assert "u2" in [one["content"].get("update") for one in terminal.json("timeline", told.id)]
    tell(told, "09-08 12:10", "u3", CONTAINING, to="customers")
    assert criterion(told)["next_step"].startswith("correct update u2 to customers")
    tell(told, "09-08 12:15", "u4", CONTAINING, "--corrects", "u2", to="customers")
    assert said(told, "to_customers")["withdraw"] == []
    assert not criterion(told)["next_step"].startswith("correct")


@pytest.mark.parametrize("corrected", [False, True])
def test_what_was_not_corrected_at_closing_is_still_to_be_corrected_after_reopening(
    terminal: Terminal, *, corrected: bool
) -> None:
    told = acknowledged(terminal, "high")
    told.say(T0, DI, "customers", "--tell", "--reason", "they are hit")
    told.contain("09-08 11:00")
    tell(told, "09-08 11:05", "u1", CONTAINED, *FIRST, to="customers")
    told.say("09-08 12:00", BO, "contain", "--reason", "errors are back", step="lost")
    if corrected:
        tell(told, "09-08 12:10", "u2", CONTAINING, "--corrects", "u1", to="customers")
    told.say("09-08 12:20", ANA, "contain", "a0", "--reason", "no harm", step="undo")
    for person in (DI, ED):
        told.say("09-08 12:30", person, "close", "false_positive", "--reason", "a bad graph")
    assert told.show()["state"] == "closed"

    told.say("09-09 09:00", ANA, "reopen", "--reason", "it was real")

    left, due = ([], "-") if corrected else (["u1"], "09-09 13:00")
    assert said(told, "to_customers")["withdraw"] == left
    assert told.wall(said(told, "to_customers")["next_by"]) == due
    if corrected:
        return
    asked = {
        one.to
        for one in told.world.inbox.all
        if "CORRECT CUSTOMERS" in one.message.subject and "never corrected" in one.message.text
    }
    assert "di" in asked
    told.say("09-09 09:01", DI, "customers", "--not-tell", "--reason", "too few")
    assert criterion(told)["next_step"].startswith("correct update u1 to customers")
    tell(told, "09-09 09:10", "u3", CONTAINING, "--corrects", "u1", *FIRST, to="customers")
    assert said(told, "to_customers")["withdraw"] == []
    assert not criterion(told)["next_step"].startswith("correct")


def test_a_signal_that_keeps_firing_withdraws_it_too_even_after_the_final_update(
    terminal: Terminal,
) -> None:
    told = Told(terminal)
    told.begin("09-08 09:00")
    incident = terminal.world.alarm("api-5xx-high")
    assert incident is not None
    told.id = incident.id
    told.acknowledge("09-08 09:01", DI)
    told.say("09-08 09:02", DI, "customers", "--tell", "--reason", "they are hit")
    terminal.world.alarm("api-5xx-high", state="OK")
    told.contain("09-08 09:30")
    tell(told, "09-08 09:31", "u1", CONTAINED, *FIRST, to="customers")
    told.repair("09-08 09:31")
    tell(told, "09-08 09:32", "u2", "it is over", "--final", "--residual", "none", to="customers")
    terminal.world.alarm("api-5xx-high")
    told.until("09-08 09:43")
    assert told.show()["state"] == "acknowledged"
    assert said(told, "to_customers")["withdraw"] == ["u1"]
    assert told.wall(said(told, "to_customers")["next_by"]) == "09-08 13:42"


def wording(told: Told) -> str:
    return str(told.show()["communication"]["wording"])


def test_nothing_is_withdrawn_where_nobody_was_told(terminal: Terminal) -> None:
    told = acknowledged(terminal, "critical")
    told.contain("09-08 11:00")
    told.say("09-08 12:00", BO, "contain", "--reason", "errors are back", step="lost")
    assert said(told, "to_customers")["withdraw"] == []


def test_no_change_counts_when_confirmed_by_a_person_and_not_as_the_first(
    terminal: Terminal,
) -> None:
    told = acknowledged(terminal, "critical")
    words = ("update", told.id, "u0", "internal", "no change", "--accepted", "--no-change")
    assert terminal.refused(*words, "--as", ANA)[0] == 3
    tell(told, "09-08 10:20", "u1", "news", *FIRST)
    tell(told, "09-08 10:50", "u2", "no change", "--no-change")
    assert told.wall(said(told)["next_by"]) == "09-08 11:20"
    kept = [one["content"].get("kept_promise") for one in terminal.json("timeline", told.id)]
    assert kept.count(True) == 2


def test_not_telling_customers_needs_a_reason(terminal: Terminal) -> None:
    told = acknowledged(terminal, "high")
    assert terminal.refused("customers", told.id, "--not-tell", "--as", DI)[0] == 3
    told.say(T0, DI, "customers", "--not-tell", "--reason", "nobody noticed")
    assert told.show()["communication"]["customers"] is False


def test_later_than_the_table_is_the_commanders_to_promise(terminal: Terminal) -> None:
    told = acknowledged(terminal, "critical")
    later = ("--next-by", told.instant("09-08 12:00").isoformat())
    words = ("update", told.id, "u1", "internal", "news", "--accepted", *FIRST, *later)
    assert terminal.refused(*words, "--as", ANA)[0] == 4
    tell(told, "09-08 10:10", "u1", "news", *FIRST, *later)
    assert told.wall(said(told)["next_by"]) == "09-08 12:00"


def test_a_promise_is_kept_when_the_channel_accepted_and_not_when_it_refused(
    terminal: Terminal,
) -> None:
    told = acknowledged(terminal, "critical")
    told.say("09-08 10:29", DI, "update", "u1", "internal", "news", "--not-accepted", *FIRST)
    assert said(told)["failed"] == ["u1"]
    assert said(told)["first_at"] is None
    told.until("09-08 10:31")
    assert "update_missed" in [one["type"] for one in terminal.json("timeline", told.id)]


def test_the_first_update_is_advised_before_the_last(terminal: Terminal) -> None:
    told = acknowledged(terminal, "high")
    told.say("09-08 10:05", DI, "customers", "--not-tell", "--reason", "nobody noticed")
    assert criterion(told)["next_step"] == "send the first update: impact, mitigation and ETA"
    assert "final" not in " ".join(terminal.json("first", told.id)["brief"]["next"])


def test_customers_hear_nothing_before_it_is_decided_that_they_do(terminal: Terminal) -> None:
    told = acknowledged(terminal, "high")
    words = ("update", told.id, "u1", "customers", "we look into it", "--accepted", *FIRST)
    assert terminal.refused(*words, "--as", DI) == (6, "illegal_transition")
    told.say("09-08 10:05", DI, "customers", "--tell", "--reason", "they are hit")
    tell(told, "09-08 10:06", "u1", "we look into it", *FIRST, to="customers")
    assert said(told, "to_customers")["first_at"] is not None


def test_after_a_confirmed_exposure_not_telling_customers_takes_two_people(
    terminal: Terminal,
) -> None:
    told = acknowledged(terminal, "high")
    told.say("09-08 10:05", DI, "impact", "mails were readable", "--exposure", "confirmed")
    no = ("--not-tell", "--reason", "it was our own mail")
    for _ in range(2):
        told.say("09-08 10:06", DI, "customers", *no)
        assert told.show()["communication"]["customers"] is None, "one person is not enough"
    words = ("customers", told.id, *no, "--as", BO)
    assert terminal.refused(*words) == (4, "group_required")
    told.say("09-08 10:07", "communications-primary", "customers", *no)
    assert told.show()["communication"]["customers"] is False, "who is on duty stands in"
