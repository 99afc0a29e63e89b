"""Each action: a dry run changes nothing, a second run is none, an undo restores what was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.harness.fakes.crashes import Killed
from tests.harness.fakes.targets import KEY
from tests.harness.worlds.containing import ANA_IS, BO_IS, CY_IS, INPUTS, VIEWER_IS, Containing
from tests.harness.worlds.stories import ANA, make
from tocsin.containment.registry import ACTIONS
from tocsin.containment.runs import LEASE, Purpose, RunState
from tocsin.errors import (
    ApprovalRequired,
    BadInput,
    Conflict,
    GroupRequired,
    IdempotencyKeyReused,
    IllegalTransition,
    NotAllowed,
    NotFound,
    NotVerifiable,
    PayloadTooLarge,
)
from tocsin.incidents import limits
from tocsin.incidents.commands.containment import PlanAction
from tocsin.incidents.model.parts import ActionState

EVERY = pytest.mark.parametrize("action", ACTIONS.names)


def taken_back(world: Containing, action: str) -> None:
    """Undone, with another person's yes where it takes one."""
    run = world.contained(action)
    if ACTIONS.entry(action).undo_others:
        with pytest.raises(ApprovalRequired):
            world.undo(run)
        world.agree(run, Purpose.UNDO)
    assert world.undo(run).state is RunState.UNDONE


def test_every_action_has_a_case_here() -> None:
    assert INPUTS.keys() == set(ACTIONS.names)


@EVERY
def test_i11_every_action_has_a_dry_run_that_changes_nothing(action: str) -> None:
    world = Containing()
    before, entries = world.account.whole(), world.types()

    dry = world.desk.dry_run(ANA_IS, world.ask(action))

    assert dry.preview.changes
    assert dry.preview.affected
    assert (world.account.whole(), world.types()) == (before, entries)
    assert world.runs.of(world.incident) == ()


@EVERY
def test_i11_executed_verified_and_undone_the_whole_account_is_what_it_was(action: str) -> None:
    world = Containing()
    before = world.account.whole()
    run = world.contained(action)
    assert world.account.whole() != before

    settled = dict.fromkeys(run.left_open, "looked at, and shut")
    assert world.desk.verify(ANA_IS, world.incident, run.id, settled).state is RunState.VERIFIED
    taken_back(world, action)

    assert world.account.whole() == before
    assert world.runs.ledger().live == {}


@EVERY
def test_a_second_run_and_a_second_undo_are_none(action: str) -> None:
    world = Containing()
    run = world.contained(action)
    state = world.account.whole()

    assert world.desk.execute(ANA_IS, world.incident, run.id) == run
    assert world.plan(action) == run
    assert (world.account.whole(), world.account.changes) == (state, 1)

    taken_back(world, action)
    world.undo(run)
    assert world.account.changes == 2
    assert world.desk.execute(ANA_IS, world.incident, run.id).state is RunState.UNDONE


@EVERY
@pytest.mark.parametrize("point", ["before change", "after change"])
def test_killed_while_executing_the_next_sweep_repairs_it(action: str, point: str) -> None:
    world = Containing()
    run = world.plan(action)
    world.crashes.plan(point)
    with pytest.raises(Killed):
        world.desk.execute(ANA_IS, world.incident, run.id)
    with pytest.raises(Conflict, match="somebody is at"):
        world.desk.execute(ANA_IS, world.incident, run.id)

    world.later(LEASE)
    assert world.desk.sweep() == {}

    assert world.now(run).state is RunState.EXECUTED
    assert world.account.changes == 1
    assert world.state().containment.actions[run.id].state is ActionState.DONE


@EVERY
@pytest.mark.parametrize("point", ["before change", "after change"])
def test_killed_while_undoing_the_next_sweep_repairs_it(action: str, point: str) -> None:
    world = Containing()
    before = world.account.whole()
    run = world.contained(action)
    if ACTIONS.entry(action).undo_others:
        with pytest.raises(ApprovalRequired):
            world.undo(run)
        world.agree(run, Purpose.UNDO)
    world.crashes.plan(point)
    with pytest.raises(Killed):
        world.undo(run)

    world.later(LEASE)
    assert world.desk.sweep() == {}

    assert world.now(run).state is RunState.UNDONE
    assert world.account.whole() == before


def test_the_incident_hears_of_the_choice_the_action_and_both_states() -> None:
    world = Containing()
    run = world.contained("access-key-off")

    entries = list(world.world.store.entries(world.incident))
    types = [entry.type for entry in entries]
    heard = [each for each in types if each.startswith(("decision", "action", "evidence"))]
    assert heard == [
        "decision_recorded",
        "action_changed",
        "action_changed",
        "evidence_recorded",
        "evidence_recorded",
    ]
    assert world.now(run).decision == entries[types.index("decision_recorded")].seq
    texts = [dict(e.content)["text"] for e in entries if e.type == "evidence_recorded"]
    assert texts == ['{"status":"Active"}', '{"status":"Inactive"}']


def test_undo_restores_that_nothing_was_set_and_touches_no_other_entry() -> None:
    world = Containing()
    run = world.contained("role-sessions-revoked")
    world.later(timedelta(hours=2))
    world.undo(run)
    assert world.account.policies == {}

    block = world.contained("ip-block", key="c2")
    world.account.lists["blocked/0a1b2c3d"].add("192.0.2.1/32")
    world.undo(block)
    assert world.account.lists["blocked/0a1b2c3d"] == {"198.51.100.7/32", "192.0.2.1/32"}


def test_undo_restores_a_version_and_its_weights() -> None:
    world = Containing()
    world.account.aliases["api:live"] = {"version": "7", "weight of 8": "0.1"}
    with pytest.raises(Conflict, match="a shift is running"):
        world.plan("lambda-alias-rollback")
    inputs = {**INPUTS["lambda-alias-rollback"], "during_shift": "yes"}
    run = world.contained("lambda-alias-rollback", inputs=inputs)
    assert world.account.aliases["api:live"] == {"version": "6"}

    world.undo(run)

    assert world.account.aliases["api:live"] == {"version": "7", "weight of 8": "0.1"}


def test_a_version_deleted_meanwhile_is_not_gone_back_to() -> None:
    world = Containing()
    run = world.contained("lambda-alias-rollback")
    world.account.versions.remove("7")

    with pytest.raises(Conflict, match=r"version 7 does not exist .* left as \[version = 6\]"):
        world.undo(run)

    assert world.account.aliases["api:live"] == {"version": "6"}
    world.account.versions.remove("5")
    with pytest.raises(Conflict, match="version 5 does not exist"):
        world.plan(
            "lambda-alias-rollback",
            key="c2",
            inputs={**INPUTS["lambda-alias-rollback"], "version": "5"},
        )


def test_who_deploys_an_alias_is_told_in_the_dry_run() -> None:
    world = Containing()
    world.account.deployed_by = "CloudFormation stack shop"
    found = world.desk.dry_run(ANA_IS, world.ask("lambda-alias-rollback")).preview.warnings
    assert found == (
        "CloudFormation stack shop deploys it, and its next deployment moves it again",
    )


def change_by_another(world: Containing, action: str) -> None:
    account = world.account
    match action:
        case "access-key-off":
            account.keys[KEY] = "Expired"
        case "role-sessions-revoked":
            account.policies["worker"] = "{}"
        case "lambda-alias-rollback":
            account.aliases["api:live"] = {"version": "8"}
        case _:
            account.lists["blocked/0a1b2c3d"] = {"192.0.2.1/32"}


@pytest.mark.parametrize("action", [name for name in ACTIONS.names if name != "ip-block"])
def test_an_undo_over_anothers_change_is_refused_with_both_states(action: str) -> None:
    world = Containing()
    run = world.contained(action)
    change_by_another(world, action)
    state = world.account.whole()
    world.later(timedelta(hours=2))
    if ACTIONS.entry(action).undo_others and action == "access-key-off":
        with pytest.raises(ApprovalRequired):
            world.undo(run)
        world.agree(run, Purpose.UNDO)

    with pytest.raises(Conflict, match=r"left as \[.*\], found as \["):
        world.undo(run)

    assert world.account.whole() == state
    assert world.now(run).state is RunState.CONFLICT
    assert world.desk.let_go(BO_IS, world.incident, run.id, reason="right as it is")
    assert world.account.whole() == state
    assert world.runs.ledger().live == {}


def test_what_another_has_lifted_counts_as_undone() -> None:
    world = Containing()
    run = world.contained("ip-block")
    change_by_another(world, "ip-block")
    assert world.undo(run).state is RunState.UNDONE
    assert world.account.lists["blocked/0a1b2c3d"] == {"192.0.2.1/32"}


@EVERY
def test_what_changed_between_asking_and_running_is_not_overwritten(action: str) -> None:
    world = Containing()
    run = world.plan(action)
    if action == "ip-block":
        world.account.lists["blocked/0a1b2c3d"].add("203.0.113.0/24")
    else:
        change_by_another(world, action)
    state = world.account.whole()

    with pytest.raises(Conflict, match="has changed since it was asked"):
        world.desk.execute(ANA_IS, world.incident, run.id)

    assert world.account.whole() == state


def test_what_changes_at_the_last_moment_is_not_overwritten_either() -> None:
    world = Containing()
    run = world.plan("lambda-alias-rollback")
    looks = iter(range(9))

    def meanwhile() -> None:
        if next(looks) == 1:
            world.account.aliases["api:live"] = {"version": "8"}

    world.account.after_look = meanwhile
    with pytest.raises(Conflict):
        world.desk.execute(ANA_IS, world.incident, run.id)
    assert world.account.aliases["api:live"] == {"version": "8"}


def test_what_iam_refuses_fails_and_lets_go_of_the_target() -> None:
    world = Containing()
    run = world.plan("access-key-off")
    world.account.denied = True
    with pytest.raises(NotAllowed, match="AccessDenied"):
        world.desk.execute(ANA_IS, world.incident, run.id)
    assert world.now(run).state is RunState.FAILED
    assert world.state().containment.actions[run.id].state is ActionState.WITHDRAWN
    world.account.denied = False
    assert world.contained("access-key-off", key="c2").state is RunState.EXECUTED


def test_a_target_that_is_gone_ends_the_run() -> None:
    world = Containing()
    run = world.plan("access-key-off")
    world.crashes.plan("before change")
    with pytest.raises(Killed):
        world.desk.execute(ANA_IS, world.incident, run.id)
    del world.account.keys[KEY]
    world.later(LEASE)
    assert run.id in world.desk.sweep()
    assert world.now(run).state is RunState.FAILED
    assert world.desk.sweep() == {}
    with pytest.raises(NotFound):
        world.plan("access-key-off", key="c2")


def test_the_key_alone_is_not_verified_while_something_stays_open() -> None:
    world = Containing()
    world.account.key_around |= {"password": "set", "other_keys": "AKIAFAKEOTHEROTHER77"}
    run = world.contained("access-key-off")
    with pytest.raises(NotVerifiable, match="password") as refused:
        world.desk.verify(ANA_IS, world.incident, run.id, {"sessions": "ended at noon"})
    assert refused.value.context["missing"] == "password, other_keys"

    del world.account.key_around["password"], world.account.key_around["other_keys"]
    done = world.desk.verify(ANA_IS, world.incident, run.id, {"sessions": "ended at noon"})
    assert done.settled == {"sessions": "ended at noon"}


def test_what_is_not_in_force_any_more_is_not_verified() -> None:
    world = Containing()
    run = world.contained("lambda-alias-rollback")
    change_by_another(world, "lambda-alias-rollback")
    with pytest.raises(Conflict, match=r"found as"):
        world.desk.verify(ANA_IS, world.incident, run.id, {})
    assert world.now(run).state is RunState.CONFLICT


def test_a_key_of_a_session_leads_to_the_sessions() -> None:
    world = Containing()
    with pytest.raises(BadInput, match="role-sessions-revoked"):
        world.plan("access-key-off", inputs={"key": "ASIAFAKEKEYOFATEST23"})


def test_two_blocks_in_one_list_are_both_in_force_and_one_target_twice_is_not() -> None:
    world = Containing()
    world.contained("ip-block")
    other = {**INPUTS["ip-block"], "addresses": "192.0.2.9"}
    world.contained("ip-block", key="c2", inputs=other)
    assert {"203.0.113.0/24", "192.0.2.9/32"} <= world.account.lists["blocked/0a1b2c3d"]

    world.contained("lambda-alias-rollback", key="c3")
    again = {**INPUTS["lambda-alias-rollback"], "version": "5"}
    second = world.plan("lambda-alias-rollback", key="c4", inputs=again)
    with pytest.raises(Conflict, match="undo that one"):
        world.desk.execute(ANA_IS, world.incident, second.id)


def test_a_block_ends_when_its_time_is_over_and_no_other_action_has_an_end() -> None:
    world = Containing()
    run = world.contained("ip-block", lasts=timedelta(hours=1))
    world.later(timedelta(minutes=59, seconds=59))
    world.desk.sweep()
    assert world.now(run).state is RunState.EXECUTED
    world.later(timedelta(seconds=1))
    assert world.desk.sweep() == {}
    assert world.now(run).state is RunState.UNDONE
    assert world.account.lists["blocked/0a1b2c3d"] == {"198.51.100.7/32"}
    assert world.state().containment.actions[run.id].state is ActionState.UNDONE
    with pytest.raises(BadInput, match="stays until it is undone"):
        world.plan("access-key-off", key="c2", lasts=timedelta(hours=1))
    with pytest.raises(BadInput, match=r"lasts at most"):
        world.plan("ip-block", key="c3", lasts=timedelta(days=8))


@pytest.mark.parametrize(
    ("inputs", "field"),
    [({}, "key"), ({"key": "x"}, "key"), ({"key": KEY, "user": "ana"}, "user")],
)
def test_inputs_that_do_not_read_are_refused(inputs: dict[str, str], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        Containing().plan("access-key-off", inputs=inputs)
    assert refused.value.context["field"] == field


@pytest.mark.parametrize("text", ["203.0.113.9/24", "10.0.0.0/33", "2001:db8::/129", "...."])
def test_a_range_that_is_unclear_is_refused(text: str) -> None:
    inputs = {**INPUTS["ip-block"], "addresses": text}
    with pytest.raises(BadInput, match=r"no address and no range|needs `addresses`"):
        Containing().plan("ip-block", inputs=inputs)


def test_a_key_of_a_request_stands_for_one_run() -> None:
    world = Containing()
    world.plan("access-key-off")
    with pytest.raises(IdempotencyKeyReused):
        world.plan("role-sessions-revoked")


def test_a_viewer_does_nothing() -> None:
    world = Containing()
    with pytest.raises(GroupRequired):
        world.plan("access-key-off", VIEWER_IS)
    run = world.contained("access-key-off")
    with pytest.raises(GroupRequired):
        world.desk.execute(VIEWER_IS, world.incident, run.id)
    with pytest.raises(GroupRequired):
        world.desk.undo(VIEWER_IS, world.incident, run.id, reason="x")
    with pytest.raises(GroupRequired):
        world.desk.verify(VIEWER_IS, world.incident, run.id, {})
    with pytest.raises(GroupRequired):
        world.desk.let_go(VIEWER_IS, world.incident, run.id, reason="x")


def test_a_run_in_force_is_undone_and_not_let_go() -> None:
    world = Containing()
    run = world.contained("ip-block")
    with pytest.raises(IllegalTransition, match="undo it"):
        world.desk.let_go(CY_IS, world.incident, run.id, reason="x")


def test_of_two_who_carry_one_run_out_at_once_one_does() -> None:
    world = Containing()
    run = world.plan("access-key-off")
    meanwhile = iter([lambda: world.desk.execute(BO_IS, world.incident, run.id)])

    def another() -> None:
        if (step := next(meanwhile, None)) is not None:
            step()

    world.account.after_look = another
    with pytest.raises(Conflict, match="at the same moment"):
        world.desk.execute(ANA_IS, world.incident, run.id)

    assert world.account.changes == 1
    assert world.now(run).executed_by == "bo"


def test_a_state_too_large_for_the_record_is_named_by_its_hash_and_kept_with_the_run() -> None:
    world = Containing()
    world.account.policies["worker"] = large = "x" * 9_000
    run = world.contained("role-sessions-revoked")
    assert run.before is not None
    assert run.before.owned == {"policy": large}
    entries = world.world.store.entries(world.incident)
    texts = [dict(e.content)["text"] for e in entries if e.type == "evidence_recorded"]
    assert run.id in str(texts[0])
    world.later(timedelta(hours=2))
    world.undo(run)
    assert world.account.policies == {"worker": large}


def test_an_incident_that_can_hear_nothing_more_keeps_nobody_from_containing() -> None:
    world = Containing()
    run = world.plan("access-key-off")
    for number in range(limits.ACTIONS - 1):
        text = f"by hand {number}"
        command = make(PlanAction, ANA, incident_id=world.incident, action=f"a{number}", text=text)
        world.world.application.execute(command)
    with pytest.raises(PayloadTooLarge):
        world.plan("ip-block", key="c2")
    assert world.desk.execute(ANA_IS, world.incident, run.id).state is RunState.EXECUTED
    assert world.runs.due(at=world.world.wall.wall_now(), limit=9) == ()
