"""What is containable changes by two people's word, and never for what waits already."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.harness.fakes.targets import KEY
from tests.harness.fakes.time import START, VirtualWallClock
from tests.harness.worlds.containing import ANA_IS, BO_IS, CY_IS, LISTED, VIEWER_IS, Containing
from tocsin.adapters.containment.memory import MemoryRulebook
from tocsin.application.containment.desk import Who
from tocsin.application.containment.ruling import RulesDesk
from tocsin.containment.guards import Rules
from tocsin.containment.rulebook import MOST, PROPOSAL_LASTS, Rulebook
from tocsin.containment.runs import Purpose
from tocsin.errors import (
    ApprovalInvalid,
    ApprovalRequired,
    BadInput,
    GroupRequired,
    IllegalTransition,
    MissingReason,
    NotAllowed,
    SecondPersonRequired,
    TocsinError,
)
from tocsin.incidents.vocabulary import Group, Severity

WANTED = Rules(containable=("user/deployer",), protected=("user/break-glass",))


def a_desk() -> tuple[RulesDesk, VirtualWallClock]:
    wall = VirtualWallClock(START)
    return RulesDesk(book=MemoryRulebook(), wall=wall), wall


def bound(book: Rulebook) -> str:
    assert book.proposal is not None
    return book.proposal.bound


def test_before_anybody_has_said_so_nothing_is_containable() -> None:
    desk, _ = a_desk()
    assert desk.book.load().rules == Rules()
    world = Containing()
    world.under(containable=desk.book.load().rules.containable)
    with pytest.raises(NotAllowed, match="not in the list"):
        world.plan("access-key-off")


def test_one_proposes_another_agrees_and_both_are_kept_with_why() -> None:
    desk, wall = a_desk()
    waiting = desk.propose(BO_IS, WANTED, why="the deployer's keys")
    assert desk.book.load().rules == Rules()

    desk.agree(CY_IS, shown=bound(waiting))

    book = desk.book.load()
    assert (book.rules, book.proposal) == (WANTED, None)
    (edition,) = desk.book.editions(limit=9)
    assert edition == book.edition
    assert (edition.number, edition.proposed_by, edition.agreed_by, edition.why) == (
        *(1, "bo", "cy"),
        "the deployer's keys",
    )
    assert edition.at == wall.wall_now()


@pytest.mark.parametrize(
    ("who", "error"),
    [
        (BO_IS, SecondPersonRequired),
        (replace(BO_IS, person="BO@laptop"), SecondPersonRequired),
        (ANA_IS, GroupRequired),
        (VIEWER_IS, GroupRequired),
    ],
)
def test_no_yes_is_that_of(who: Who, error: type[TocsinError]) -> None:
    desk, _ = a_desk()
    waiting = desk.propose(BO_IS, WANTED, why="the deployer's keys")
    with pytest.raises(error):
        desk.agree(who, shown=bound(waiting))
    assert desk.book.load().number == 0


def test_a_yes_is_to_just_what_was_shown_and_for_a_day() -> None:
    desk, wall = a_desk()
    first = desk.propose(BO_IS, WANTED, why="the deployer's keys")
    second = desk.propose(BO_IS, replace(WANTED, protected=()), why="without the account")
    with pytest.raises(ApprovalInvalid, match="look at it again"):
        desk.agree(CY_IS, shown=bound(first))
    wall.advance(PROPOSAL_LASTS - timedelta(seconds=1))
    assert desk.agree(CY_IS, shown=bound(second)).number == 1
    with pytest.raises(IllegalTransition):
        desk.agree(CY_IS, shown=bound(second))
    third = desk.propose(BO_IS, WANTED, why="with it again")
    wall.advance(PROPOSAL_LASTS)
    with pytest.raises(ApprovalInvalid, match="too long ago"):
        desk.agree(CY_IS, shown=bound(third))


def test_who_is_to_approve_does_not_let_themselves_in() -> None:
    desk, _ = a_desk()
    named = replace(WANTED, approvers=("bo", "cy"))
    desk.agree(CY_IS, shown=bound(desk.propose(BO_IS, named, why="two of us")))
    eve = Who(person="eve", groups=frozenset({Group.COMMANDER}))
    with pytest.raises(GroupRequired, match="none of those"):
        desk.propose(eve, replace(named, approvers=("eve",)), why="me")
    waiting = desk.propose(BO_IS, replace(named, approvers=("bo", "eve")), why="her too")
    with pytest.raises(GroupRequired, match="none of those"):
        desk.agree(eve, shown=bound(waiting))
    assert desk.agree(CY_IS, shown=bound(waiting)).rules.approvers == ("bo", "eve")


def test_a_change_never_serves_an_approval_that_waits() -> None:
    desk, _ = a_desk()
    listed = Rules(containable=LISTED)
    desk.agree(CY_IS, shown=bound(desk.propose(BO_IS, listed, why="what there is")))
    world = Containing(severity=Severity.MEDIUM)
    world.desk = replace(world.desk, rules=desk.book.load().rules)
    run = world.agree(world.plan("access-key-off"), Purpose.EXECUTE, CY_IS)

    more = replace(listed, approvers=("bo", "cy"))
    desk.agree(BO_IS, shown=bound(desk.propose(CY_IS, more, why="two of us")))
    world.desk = replace(world.desk, rules=desk.book.load().rules)
    with pytest.raises(ApprovalRequired):
        world.desk.execute(ANA_IS, world.incident, run.id)
    with pytest.raises(ApprovalInvalid, match="ask anew"):
        world.agree(run, Purpose.EXECUTE, BO_IS)
    assert world.account.keys[KEY] == "Active"


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        (replace(WANTED, containable=("deployer",)), "containable"),
        (replace(WANTED, containable=("user/a b",)), "containable"),
        (replace(WANTED, containable=("role/tocsin-local-responder",)), "containable"),
        (replace(WANTED, protected=("user/deployer",)), "protected"),
        (replace(WANTED, approvers=("bo",)), "approvers"),
        (replace(WANTED, approvers=("bo", "Bo@example.com")), "approvers"),
        (replace(WANTED, wide=("192.0.2.1/24",)), "wide"),
        (replace(WANTED, per_hour=0), "per_hour"),
        (replace(WANTED, per_hour=5, per_incident=6), "per_hour"),
        (replace(WANTED, containable=tuple(f"user/{n}" for n in range(MOST + 1))), "containable"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(rules: Rules, field: str) -> None:
    desk, _ = a_desk()
    with pytest.raises(BadInput) as refused:
        desk.propose(BO_IS, rules, why="the deployer's keys")
    assert refused.value.context["field"] == field


def test_a_change_says_why_changes_something_and_never_what_is_ours() -> None:
    desk, _ = a_desk()
    with pytest.raises(MissingReason):
        desk.propose(BO_IS, WANTED, why=" ")
    with pytest.raises(BadInput, match="nothing differs"):
        desk.propose(BO_IS, Rules(), why="again")
    bare = replace(WANTED, own=())
    kept = desk.agree(CY_IS, shown=bound(desk.propose(BO_IS, bare, why="the deployer's keys")))
    assert kept.rules.own == Rules().own
