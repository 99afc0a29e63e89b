"""Containment: planned, done, looked at, verified, and sometimes lost again (semantics 5).

The contain clock stops when somebody verifies, at that entry's time. Doing something is not
containing, and a look from before the last action proves nothing about it.
"""

from datetime import datetime

from tocsin.errors import BadInput, GroupRequired, IllegalTransition, NotVerifiable, PayloadTooLarge
from tocsin.incidents import limits
from tocsin.incidents.clocks import cadence
from tocsin.incidents.clocks.asked import allowed, in_charge, people
from tocsin.incidents.clocks.promises import due_after, target_of
from tocsin.incidents.commands.containment import (
    EndBlock,
    FinishAction,
    LoseContainment,
    NameFixAsContainment,
    Observe,
    PlanAction,
    UndoAction,
    VerifyContainment,
    WarnOfBlock,
    WithdrawAction,
)
from tocsin.incidents.events.containment import (
    ActionChanged,
    BlockEnding,
    ContainmentLost,
    ContainmentVerified,
    FixNamedAsContainment,
    Observed,
)
from tocsin.incidents.model.incident import RoundReason
from tocsin.incidents.model.parts import Action, ActionState
from tocsin.incidents.queries.containment import missing_for_verification
from tocsin.incidents.rules.draft import CLOCK, Draft, reason_of
from tocsin.incidents.rules.fix import settle_window
from tocsin.incidents.rules.people import acknowledge_first, page_people, start_round
from tocsin.incidents.vocabulary import (
    Attainment,
    Audience,
    Category,
    ClockName,
    Kind,
    Role,
    Severity,
)


def plan_action(draft: Draft, command: PlanAction) -> None:
    """Adds an action to the plan. Its id is free text of the plan, used once."""
    draft.require_open()
    draft.responder()
    actions = draft.incident.containment.actions
    if command.action in actions:
        raise IllegalTransition(f"{command.action} is planned already")
    if len(actions) >= limits.ACTIONS:
        raise PayloadTooLarge(f"an incident plans at most {limits.ACTIONS} actions")
    text = limits.line("text", command.text)
    _change(draft, limits.name("action", command.action), text, ActionState.PLANNED, "")


def finish_action(draft: Draft, command: FinishAction) -> None:
    """The acting person carried it out, and so cannot verify a critical or high alone."""
    draft.require_open()
    draft.responder()
    action = _action(draft, command.action, ActionState.PLANNED)
    acknowledge_first(draft)
    _change(draft, command.action, action.text, ActionState.DONE, "")


def withdraw_action(draft: Draft, command: WithdrawAction) -> None:
    """It will not be done, and why."""
    draft.require_open()
    draft.responder()
    action = _action(draft, command.action, ActionState.PLANNED)
    reason = reason_of(command.reason)
    _change(draft, command.action, action.text, ActionState.WITHDRAWN, reason)


def undo_action(draft: Draft, command: UndoAction) -> None:
    """What was done has been taken back."""
    draft.require_open()
    draft.responder()
    action = _action(draft, command.action, ActionState.DONE)
    _change(draft, command.action, action.text, ActionState.UNDONE, reason_of(command.reason))


def name_fix(draft: Draft, command: NameFixAsContainment) -> None:
    """No containment but the fix itself."""
    draft.require_open()
    draft.responder()
    draft.add(FixNamedAsContainment(**draft.stamp, reason=reason_of(command.reason)))


def observe(draft: Draft, command: Observe) -> None:
    """Records a look; `not_applicable` needs its reason as much as a result its evidence."""
    draft.require_open()
    person = draft.responder()
    draft.add(
        Observed(
            **draft.stamp,
            check=command.check,
            verdict=command.verdict,
            person=person,
            detail=limits.body("detail", command.detail),
            stored=command.stored,
        )
    )


def verify_containment(draft: Draft, command: VerifyContainment) -> None:
    """Stops the contain clock, now.

    Raises:
        NotVerifiable: something is missing; `missing` names it.
        GroupRequired: the person may not verify this one.
    """
    draft.require_open()
    person = draft.responder()
    incident = draft.incident
    if incident.contained:
        raise IllegalTransition("containment is verified already")
    if command.effective_at is not None and command.effective_at > draft.at:
        raise BadInput("harm cannot have stopped in the future")
    if missing := missing_for_verification(incident):
        raise NotVerifiable(f"missing: {', '.join(missing)}", missing=", ".join(missing))
    _check_verifier(draft, person)
    acknowledge_first(draft)
    clock = draft.incident.clocks.get(ClockName.CONTAIN)
    met_before = clock is not None and not clock.running
    draft.add(
        ContainmentVerified(
            **draft.stamp,
            person=person,
            effective_at=command.effective_at,
            met_before=met_before or None,
        )
    )
    settle_window(draft)


def lose_containment(draft: Draft, command: LoseContainment) -> None:
    """A person says that harm is back."""
    draft.require_open()
    draft.responder()
    if not draft.incident.contained:
        raise IllegalTransition("containment is not verified")
    acknowledge_first(draft)
    reason = reason_of(command.reason)
    _lost(draft, reason, by_clock=None)
    if draft.incident.round is not None:
        start_round(draft, RoundReason.CONTAINMENT_LOST, draft.at, draft.actor, why=reason)
        acknowledge_first(draft)


def warn_of_block(draft: Draft, command: WarnOfBlock) -> None:
    """Says ahead of it that a block ends by itself, to who is in charge and who had set it."""
    draft.require_open()
    _action(draft, command.action, ActionState.DONE)
    told = (*in_charge(draft.incident, draft.policy), draft.actor.id)
    draft.add(
        BlockEnding(
            actor=CLOCK,
            at=draft.at,
            occurred_at=draft.at,
            action=command.action,
            until=command.until,
            people=allowed(told, draft.incident),
        )
    )


def end_block(draft: Draft, command: EndBlock) -> None:
    """What held harm back is gone: where containment was verified, it is lost.

    Nobody has seen it, so people are asked who has it, as after a signal.
    """
    draft.require_open()
    action = _action(draft, command.action, ActionState.DONE)
    reason = reason_of(command.reason)
    _change(draft, command.action, action.text, ActionState.UNDONE, reason)
    if not draft.incident.contained:
        return
    why = f"{command.action} has ended"
    _lost(draft, why, by_clock=draft.at)
    if draft.incident.round is not None:
        start_round(draft, RoundReason.CONTAINMENT_LOST, draft.at, CLOCK, why=why)
        page_people(draft)


def lose_containment_to_signal(draft: Draft, since: datetime) -> None:
    """A signal has been firing for longer than a flap: harm is back since `since`.

    Everything that counts from the loss counts from then, however late a sweep notices. Nobody has
    seen it yet, so people are asked who has it.
    """
    reason = "a signal kept firing"
    _lost(draft, reason, by_clock=since)
    if draft.incident.round is not None:
        start_round(draft, RoundReason.CONTAINMENT_LOST, since, CLOCK, why=reason)


def _check_verifier(draft: Draft, person: str) -> None:
    incident = draft.incident
    if incident.category is Category.SECURITY:
        draft.require(Role.SECURITY_OWNER)
    if incident.severity not in (Severity.CRITICAL, Severity.HIGH):
        return
    executed = {
        action.by
        for action in incident.containment.actions.values()
        if action.state is ActionState.DONE
    }
    if person in executed:
        raise GroupRequired(f"{person} executed containment and does not verify it as well")


def _action(draft: Draft, action_id: str, wanted: ActionState) -> Action:
    action = draft.incident.containment.actions.get(action_id)
    if action is None:
        raise BadInput(f"no containment action is called {action_id!r}")
    if action.state is not wanted:
        raise IllegalTransition(f"{action_id} is {action.state}")
    return action


def _change(draft: Draft, action: str, text: str, state: ActionState, reason: str) -> None:
    draft.add(
        ActionChanged(
            **draft.stamp,
            action=action,
            text=text,
            state=state,
            person=draft.actor.id,
            reason=reason,
        )
    )


def _lost(draft: Draft, reason: str, *, by_clock: datetime | None) -> None:
    stamp = draft.stamp
    if by_clock is not None:
        stamp |= {"actor": CLOCK, "occurred_at": by_clock}
    told = by_clock is None and draft.incident.kind is not Kind.BACKFILLED
    asked = people([Audience.PRIMARY], draft.incident, draft.policy) if told else ()
    asked = tuple(person for person in asked if person != draft.actor.id)
    since = by_clock or draft.at
    moved = cadence.lost(draft.incident, draft.policy, since)
    claimed = draft.incident.communication.to_customers.claimed
    draft.add(
        ContainmentLost(
            **stamp,
            reason=reason,
            people=asked,
            updates=moved,
            withdrawn=claimed,
            since=by_clock,
            recovery_due=_working_due(draft, since),
        )
    )
    settle_window(draft, why="containment was lost")


def _working_due(draft: Draft, since: datetime) -> datetime | None:
    """By when harm that is back is to stop again, where the promise was met and its time is over.

    None: the clock runs on with the time it had.
    """
    clock = draft.incident.clocks.get(ClockName.CONTAIN)
    if clock is None or clock.attainment is not Attainment.MET or clock.due_at is None:
        return None
    if since < clock.due_at:
        return None
    target = target_of(draft.policy, draft.incident.severity, ClockName.CONTAIN)
    return due_after(target, since, draft.policy.calendar)
