"""Who has to agree, and every way of getting by without them that was thought of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.harness.fakes.targets import KEY, LIST
from tests.harness.worlds.containing import (
    ANA_IS,
    BO_IS,
    CY_IS,
    INPUTS,
    LISTED,
    Containing,
)
from tocsin.application.containment.desk import Who
from tocsin.containment import guards
from tocsin.containment.guards import Rules, others_needed
from tocsin.containment.registry import ACTIONS, Reversal
from tocsin.containment.runs import Purpose, RunState, bound
from tocsin.errors import (
    ApprovalInvalid,
    ApprovalRequired,
    Conflict,
    GroupRequired,
    IllegalTransition,
    NotAllowed,
    SecondPersonRequired,
    TocsinError,
)
from tocsin.incidents.vocabulary import Group, Kind, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.containment.runs import Run

COMMANDER = frozenset({Group.COMMANDER})


def medium() -> Containing:
    """Where there is time, two look."""
    return Containing(severity=Severity.MEDIUM)


def test_where_harm_is_severe_one_acts_at_once_and_where_there_is_time_two_look() -> None:
    assert Containing().contained("access-key-off").state is RunState.EXECUTED
    world = medium()
    run = world.plan("access-key-off")
    with pytest.raises(ApprovalRequired) as refused:
        world.desk.execute(ANA_IS, world.incident, run.id)
    assert refused.value.context["agree"] == bound(run, Purpose.EXECUTE)
    assert world.agree(run, Purpose.EXECUTE).state is RunState.APPROVED
    assert world.desk.execute(ANA_IS, world.incident, run.id).state is RunState.EXECUTED


def agreed_by(
    person: str, groups: frozenset[Group] = COMMANDER
) -> Callable[[Containing, Run], None]:
    def attack(world: Containing, run: Run) -> None:
        world.agree(run, Purpose.EXECUTE, Who(person=person, groups=groups))

    return attack


def other_target(world: Containing, run: Run) -> None:
    other = world.plan("role-sessions-revoked", key="c2")
    agreed = bound(other, Purpose.EXECUTE)
    world.desk.approve(BO_IS, world.incident, run.id, purpose=Purpose.EXECUTE, agreed=agreed)


def other_inputs(world: Containing, run: Run) -> None:
    agreed = bound(replace(run, inputs={"key": "AKIAFAKEOTHEROTHER77"}), Purpose.EXECUTE)
    world.desk.approve(BO_IS, world.incident, run.id, purpose=Purpose.EXECUTE, agreed=agreed)


def for_the_undo(world: Containing, run: Run) -> None:
    world.agree(run, Purpose.UNDO)


def too_late(world: Containing, run: Run) -> None:
    world.later(guards.APPROVAL_LASTS)
    world.agree(run, Purpose.EXECUTE)


def after_other_approvers(world: Containing, run: Run) -> None:
    world.under(approvers=("bo", "eve"))
    world.agree(run, Purpose.EXECUTE)


def after_another_list(world: Containing, run: Run) -> None:
    world.under(containable=(*LISTED, "user/another"))
    world.agree(run, Purpose.EXECUTE)


ATTACKS: list[tuple[str, Callable[[Containing, Run], None], type[TocsinError]]] = [
    ("self", agreed_by("ana"), SecondPersonRequired),
    ("another session of the same", agreed_by("ana@laptop-2"), SecondPersonRequired),
    ("another writing of the same", agreed_by("ANA"), SecondPersonRequired),
    ("letters that look like the same", agreed_by("\uff41\uff4e\uff41"), SecondPersonRequired),
    ("a responder", agreed_by("dee", frozenset({Group.RESPONDER})), GroupRequired),
    ("another target", other_target, ApprovalInvalid),
    ("changed input", other_inputs, ApprovalInvalid),
    ("of another purpose", for_the_undo, IllegalTransition),
    ("expired", too_late, ApprovalInvalid),
    ("the roster changed since", after_other_approvers, ApprovalInvalid),
    ("the list changed since", after_another_list, ApprovalInvalid),
]


@pytest.mark.parametrize(
    ("attack", "error"), [each[1:] for each in ATTACKS], ids=[each[0] for each in ATTACKS]
)
def test_an_approval_of(
    attack: Callable[[Containing, Run], None], error: type[TocsinError]
) -> None:
    world = medium()
    run = world.plan("access-key-off")
    with pytest.raises(error):
        attack(world, run)
    with pytest.raises((ApprovalRequired, Conflict)):
        world.desk.execute(ANA_IS, world.incident, run.id)
    assert world.account.keys[KEY] == "Active"


def test_one_who_agreed_does_not_carry_it_out_on_their_own_word() -> None:
    world = medium()
    run = world.plan("access-key-off")
    world.agree(run, Purpose.EXECUTE)
    with pytest.raises(ApprovalRequired):
        world.desk.execute(BO_IS, world.incident, run.id)
    with pytest.raises(SecondPersonRequired):
        world.agree(run, Purpose.EXECUTE)
    assert world.desk.execute(CY_IS, world.incident, run.id).executed_by == "cy"


@pytest.mark.parametrize(
    "changed",
    [
        {"inputs": {"key": "AKIAFAKEOTHEROTHER77"}},
        {"slot": "access-key/AKIAFAKEOTHEROTHER77"},
        {"action": "role-sessions-revoked"},
        {"lasts_seconds": 9},
        {"id": "run-another"},
        {"asked_by": "eve"},
    ],
)
def test_what_is_changed_after_the_yes_is_agreed_to_by_nobody(changed: dict[str, object]) -> None:
    world = medium()
    run = world.agree(world.plan("access-key-off"), Purpose.EXECUTE)
    with pytest.raises(ApprovalRequired):
        guards.check_approvals(
            replace(run, **changed),  # type: ignore[arg-type] # one field of several types
            Purpose.EXECUTE,
            1,
            by="ana",
            rules=world.desk.rules,
            at=world.world.wall.wall_now(),
        )


def test_a_yes_that_waits_is_worth_nothing_once_it_is_late_or_the_rules_have_changed() -> None:
    world = medium()
    late = world.plan("access-key-off")
    world.agree(late, Purpose.EXECUTE)
    world.later(guards.APPROVAL_LASTS)
    with pytest.raises(Conflict, match="ask anew"):
        world.desk.execute(ANA_IS, world.incident, late.id)

    other = world.plan("access-key-off", key="c2")
    world.agree(other, Purpose.EXECUTE)
    world.under(approvers=("bo",))
    with pytest.raises(ApprovalRequired):
        world.desk.execute(ANA_IS, world.incident, other.id)
    assert world.account.keys[KEY] == "Active"


def test_an_approval_is_spent_once() -> None:
    world = medium()
    run = world.plan("access-key-off")
    world.agree(run, Purpose.EXECUTE)
    done = world.desk.execute(ANA_IS, world.incident, run.id)
    assert [each.spent_at for each in done.approvals] == [done.executed_at]
    shown_again = replace(done, state=RunState.APPROVED)
    with pytest.raises(ApprovalRequired):
        guards.check_approvals(
            shown_again,
            Purpose.EXECUTE,
            1,
            by="ana",
            rules=world.desk.rules,
            at=world.world.wall.wall_now(),
        )
    with pytest.raises(IllegalTransition):
        world.agree(run, Purpose.EXECUTE)


class TestAnUndo:
    """It can give back what containment took."""

    def test_of_a_key_takes_another_person_who_agrees_to_just_that(self) -> None:
        world = Containing()
        run = world.contained("access-key-off")
        with pytest.raises(ApprovalRequired):
            world.undo(run)
        with pytest.raises(SecondPersonRequired):
            world.agree(run, Purpose.UNDO, ANA_IS)
        with pytest.raises(GroupRequired):
            world.agree(run, Purpose.UNDO, Who(person="dee", groups=frozenset({Group.RESPONDER})))
        world.agree(run, Purpose.UNDO)
        with pytest.raises(ApprovalRequired):
            world.undo(run, BO_IS)
        assert world.undo(run).state is RunState.UNDONE
        assert world.account.keys[KEY] == "Active"

    def test_is_refused_while_a_signal_of_the_incident_fires(self) -> None:
        world = Containing()
        incident = world.world.alarm("api-outage")
        assert incident is not None
        world.incident = incident.id
        run = world.contained("access-key-off")
        with pytest.raises(Conflict, match="a signal is firing, and whoever holds the key"):
            world.undo(run)
        alias = world.contained("lambda-alias-rollback", key="c2")
        assert world.undo(alias).state is RunState.UNDONE

        world.world.alarm("api-outage", state="OK")
        with pytest.raises(ApprovalRequired):
            world.undo(run)
        world.agree(run, Purpose.UNDO)
        assert world.undo(run).state is RunState.UNDONE

    def test_of_a_session_deny_is_free_once_the_longest_session_has_ended(self) -> None:
        world = Containing()
        run = world.contained("role-sessions-revoked")
        world.later(timedelta(seconds=3599))
        with pytest.raises(ApprovalRequired):
            world.undo(run)
        world.later(timedelta(seconds=1))
        assert world.undo(run).state is RunState.UNDONE

    def test_asked_under_other_rules_or_long_ago_is_asked_anew_and_the_old_yes_is_gone(
        self,
    ) -> None:
        world = Containing()
        run = world.contained("access-key-off")
        with pytest.raises(ApprovalRequired):
            world.undo(run)
        world.agree(run, Purpose.UNDO)
        world.under(approvers=("bo", "eve"))
        with pytest.raises(ApprovalRequired):
            world.undo(run)
        assert world.now(run).approvals == ()
        world.agree(run, Purpose.UNDO)
        world.later(guards.APPROVAL_LASTS)
        with pytest.raises(ApprovalRequired):
            world.undo(run)
        assert world.account.keys[KEY] == "Inactive"

    def test_nobody_agrees_to_one_that_nobody_asked_for(self) -> None:
        world = Containing()
        run = world.contained("access-key-off")
        with pytest.raises(IllegalTransition):
            world.agree(run, Purpose.UNDO)


def test_i11_what_cannot_be_undone_takes_a_second_person_however_severe() -> None:
    for action in ACTIONS:
        final = replace(action, reversal=Reversal.IRREVERSIBLE)
        assert others_needed(final, Severity.CRITICAL, {}, Rules()) == 1
        assert others_needed(action, Severity.CRITICAL, {}, Rules()) == 0
        assert action.reversal is Reversal.RESTORES


def test_i11_every_action_whose_undo_gives_something_back_takes_a_second_person_for_it() -> None:
    assert {action.name: bool(action.reopens) for action in ACTIONS} == {
        action.name: action.undo_others > 0 for action in ACTIONS
    }
    assert [action.name for action in ACTIONS if action.lasts] == ["ip-block"], "only blocks end"


@pytest.mark.parametrize(
    ("addresses", "others"),
    [
        ("0.0.0.0/0", 1),
        ("203.0.0.0/15", 1),
        ("203.0.0.0/16", 0),
        ("2001:db8::/31", 1),
        ("2001:db8::/32", 0),
        ("192.0.2.77", 1),
        ("192.0.2.0/23", 1),
        ("192.0.3.1", 0),
    ],
)
def test_everything_the_office_and_the_balancer_are_blocked_by_two(
    addresses: str, others: int
) -> None:
    action = ACTIONS.entry("ip-block")
    rules = Rules(wide=("192.0.2.0/24",))
    assert others_needed(action, "critical", {"addresses": addresses}, rules) == others


class TestTargets:
    """Listed and tagged, and never ours."""

    @pytest.mark.parametrize(
        ("rules", "says"),
        [
            ({"containable": ("user/another",)}, "not in the list"),
            ({"protected": ("deployer",)}, "protected"),
            ({"protected": ("user/deployer",)}, "protected"),
            ({"own": ("dep",)}, "Tocsin's own"),
        ],
    )
    def test_rules_are_asked_when_it_is_asked_for_and_when_it_is_done(
        self, rules: dict[str, tuple[str, ...]], says: str
    ) -> None:
        world = Containing()
        run = world.plan("access-key-off")
        world.under(**rules)
        with pytest.raises(NotAllowed, match=says):
            world.plan("access-key-off", key="c2")
        with pytest.raises(NotAllowed, match=says):
            world.desk.execute(ANA_IS, world.incident, run.id)
        assert world.account.keys[KEY] == "Active"

    def test_a_tag_alone_or_a_place_in_the_list_alone_is_not_enough(self) -> None:
        world = Containing()
        del world.account.tags["user/deployer"]
        with pytest.raises(NotAllowed, match="tocsin:containable=none"):
            world.plan("access-key-off")
        world.account.tags["user/deployer"] = "yes"
        world.under(containable=())
        with pytest.raises(NotAllowed, match="not in the list"):
            world.plan("access-key-off")

    def test_drills_act_on_what_is_a_drills_and_incidents_on_what_is_not(self) -> None:
        drill, real = Containing(kind=Kind.DRILL), Containing()
        with pytest.raises(NotAllowed, match="tocsin:containable=drill only"):
            drill.plan("access-key-off")
        for world in (drill, real):
            world.account.tags["user/deployer"] = "drill"
        assert drill.contained("access-key-off").state is RunState.EXECUTED
        with pytest.raises(NotAllowed, match="tocsin:containable=yes only"):
            real.plan("access-key-off")

    def test_so_many_in_an_hour_and_no_more(self) -> None:
        world = Containing()
        world.under(per_incident=2)
        for number in range(2):
            block = {**INPUTS["ip-block"], "addresses": f"192.0.2.{number}"}
            world.contained("ip-block", key=f"b{number}", inputs=block)
        run = world.plan("access-key-off")
        with pytest.raises(NotAllowed, match="2 actions were begun within the hour"):
            world.desk.execute(ANA_IS, world.incident, run.id)
        world.later(timedelta(hours=1))
        assert world.desk.execute(ANA_IS, world.incident, run.id).state is RunState.EXECUTED

    def test_a_list_of_the_other_family_is_not_written_to(self) -> None:
        world = Containing()
        with pytest.raises(Conflict, match="holds IPV4, and these are IPV6"):
            world.plan("ip-block", inputs={"set": LIST, "addresses": "2001:db8::1"})
