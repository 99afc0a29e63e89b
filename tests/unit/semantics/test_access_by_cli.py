"""Who may see and answer (semantics 11 and 13), typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.worlds.told import ANA, BO, DI, SAM, T0, Told

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

COMMANDER, SECURITY_OWNER, BACKUP = "commander-primary", "security-primary", "security-reviewer"
SPEAKER, LEAD = "communications-primary", "engineering-lead"


@pytest.fixture
def exposed(terminal: Terminal) -> Told:
    """A security incident that ana opened and that is hidden a minute later."""
    told = Told(terminal).open(T0, "critical", "--category", "security")
    told.say("09-08 10:01", ANA, "impact", "one bucket was public", "--exposure", "possible")
    assert told.show()["restricted"]
    return told


def knows(told: Told, person: str) -> bool:
    """Whether `show` has it for the person; so have, or have not, `first` and `board`."""
    seen = set()
    for words in (("show", told.id), ("first", told.id)):
        code, _, err = told.terminal.run(*words, "--as", person)
        assert code in (0, 5), err
        seen.add(code == 0)
    seen.add(told.id in {one["id"] for one in told.terminal.json("board", "--as", person)})
    assert len(seen) == 1
    return seen.pop()


@pytest.mark.parametrize("person", [ANA, COMMANDER, SECURITY_OWNER])
def test_who_opened_and_who_was_paged_see_it_and_have_it(exposed: Told, person: str) -> None:
    assert knows(exposed, person)
    exposed.acknowledge("09-08 10:02", person)
    assert exposed.show()["round"]["acknowledged_by"] == person


def test_on_duty_for_an_empty_role_is_enough_until_somebody_has_it(exposed: Told) -> None:
    assert knows(exposed, SPEAKER)
    exposed.say("09-08 10:02", SAM, "assign", "communications_owner", BO)
    assert not knows(exposed, SPEAKER)
    assert knows(exposed, BO)


def test_the_backup_sees_it_from_their_page_on(exposed: Told) -> None:
    assert not knows(exposed, BACKUP)
    exposed.until("09-08 10:05")
    assert knows(exposed, BACKUP)
    exposed.acknowledge("09-08 10:06", BACKUP)


def test_whoever_is_named_by_no_message_is_told_that_there_is_none(exposed: Told) -> None:
    assert terminal_says(exposed, DI) == (5, "unknown_incident")
    assert terminal_says(exposed, BO) == (5, "unknown_incident")


def test_everybody_a_message_about_it_reached_can_open_it(exposed: Told) -> None:
    exposed.until("09-09 10:30")
    reached = {one.to for one in exposed.world.inbox.all if not one.to.startswith("audience:")}
    assert {COMMANDER, BACKUP, LEAD} < reached
    assert {person for person in reached if not knows(exposed, person)} == set()


def test_kept_out_outweighs_having_been_paged_or_having_opened(exposed: Told) -> None:
    for person in (ANA, COMMANDER):
        words = (person, "--not-allowed", "--reason", "it is about their account")
        exposed.say("09-08 10:02", SAM, "access", *words)
        assert not knows(exposed, person)


def test_who_opened_a_hidden_one_sees_it_without_having_said_anything_else(
    terminal: Terminal,
) -> None:
    told = Told(terminal).open(T0, "high", "--category", "security", "--restricted")
    assert knows(told, ANA)
    assert not knows(told, BO)


def terminal_says(told: Told, person: str) -> tuple[int, str]:
    return told.terminal.refused("show", told.id, "--as", person)
