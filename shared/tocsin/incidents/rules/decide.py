"""The one door to changing an incident: a command becomes events, or is refused.

Pure, total and deterministic: the same incident, command, policy and time give the same events,
and every refusal is an error with a code.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tocsin.errors import BadInput, IllegalTransition, StaleIfMatch, UnknownIncident
from tocsin.incidents.commands import billing as b
from tocsin.incidents.commands import freeze as f
from tocsin.incidents.commands import relations as k
from tocsin.incidents.commands.access import Authorize, ChangeAccess, LiftRestriction, Restrict
from tocsin.incidents.commands.base import Command, Tick
from tocsin.incidents.commands.closing import (
    AbsorbDuplicate,
    ApproveWaiver,
    AskWaiver,
    Close,
    Reopen,
    ReopenFromSignals,
)
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
from tocsin.incidents.commands.fix import (
    LinkFix,
    NameProviderCause,
    PauseFix,
    RecordDeploy,
    RecordRelease,
    RecordRun,
    ResumeFix,
)
from tocsin.incidents.commands.opening import (
    EndSignal,
    HearClears,
    MergeSignals,
    OpenFromSignals,
    OpenIncident,
)
from tocsin.incidents.commands.people import (
    Acknowledge,
    Answer,
    AssignRole,
    Escalate,
    HandOver,
    Leave,
    Page,
)
from tocsin.incidents.commands.record import (
    AddLink,
    AddNote,
    Correct,
    CorrectBeginning,
    RecordChannel,
    RecordDecision,
    RecordEvidence,
    RecordImpact,
    SeeLink,
    SettleItem,
)
from tocsin.incidents.commands.severity import ChangeCategory, ChangeSeverity
from tocsin.incidents.commands.updates import (
    ConfirmCriterion,
    DecideCustomers,
    PublishPostmortem,
    RecordUpdate,
    VerifyPrevention,
)
from tocsin.incidents.events.base import Event
from tocsin.incidents.limits import COMMAND_ID
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.rules import freeze as freezing
from tocsin.incidents.rules import relations as relating
from tocsin.incidents.rules import severity
from tocsin.incidents.rules.access import authorize, change_access, lift_restriction, restrict
from tocsin.incidents.rules.billing import examine_checkouts, record_reconciliation, record_replay
from tocsin.incidents.rules.closing import (
    absorb_duplicate,
    approve_waiver,
    ask_waiver,
    close_incident,
    reopen_from_signals,
    reopen_incident,
)
from tocsin.incidents.rules.containment import (
    end_block,
    finish_action,
    lose_containment,
    name_fix,
    observe,
    plan_action,
    undo_action,
    verify_containment,
    warn_of_block,
    withdraw_action,
)
from tocsin.incidents.rules.draft import Draft
from tocsin.incidents.rules.elapse import elapse
from tocsin.incidents.rules.fix import (
    link_fix,
    name_provider,
    pause_fix,
    record_deploy,
    record_release,
    record_run,
    resume_fix,
)
from tocsin.incidents.rules.opening import (
    end_signal,
    hear_clears,
    merge_signals,
    open_by_person,
    open_from_signals,
)
from tocsin.incidents.rules.people import (
    acknowledge,
    add_note,
    assign_role,
    escalate,
    leave,
)
from tocsin.incidents.rules.record import (
    add_link,
    confirm_criterion,
    correct_beginning,
    correct_entry,
    record_channel,
    record_decision,
    record_evidence,
    record_impact,
    see_link,
    settle_item,
)
from tocsin.incidents.rules.requests import answer, hand_over, page
from tocsin.incidents.rules.updates import (
    decide_customers,
    publish_postmortem,
    record_update,
    verify_prevention,
)
from tocsin.incidents.runbook.policy import Policy

type _Handler = Callable[[Draft, Any], None]


def decide(
    incident: Incident | None, command: Command, policy: Policy, now: datetime
) -> tuple[Event, ...]:
    """The events of `command`, after those of the time that passed; () changes nothing.

    `policy` is the one the incident was opened under. `now` is incident time.

    Raises:
        TocsinError: a leaf that says why the command is refused; nothing has happened then.
    """
    at = _moment(incident, now)
    _check_envelope(incident, command, at)
    draft = Draft(incident, command, policy, at)
    if incident is not None:
        elapse(draft, pages=isinstance(command, Tick))
    HANDLERS[type(command)](draft, command)
    return tuple(draft.events)


def _moment(incident: Incident | None, now: datetime) -> datetime:
    """Whole milliseconds, and never before the newest entry: time does not run back here."""
    at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    if incident is None or incident.recorded_at is None:
        return at
    return max(at, incident.recorded_at)


def _check_envelope(incident: Incident | None, command: Command, at: datetime) -> None:
    opens = isinstance(command, OpenIncident | OpenFromSignals)
    if incident is None and not opens:
        raise UnknownIncident(f"there is no incident {command.incident_id}")
    if incident is not None and opens:
        raise IllegalTransition(f"{incident.id} exists already")
    if incident is not None and command.if_match not in (None, incident.version):
        raise StaleIfMatch(f"version {command.if_match} is not {incident.version}")
    if len(command.command_id) > COMMAND_ID:
        raise BadInput(f"a command id has at most {COMMAND_ID} characters")
    if command.occurred_at is not None and command.occurred_at > at:
        raise BadInput("occurred_at lies in the future")


def _tick(_draft: Draft, _command: Tick) -> None:
    """All a tick does is let time pass, and that has been done."""


HANDLERS: dict[type[Command], _Handler] = {
    OpenIncident: open_by_person,
    OpenFromSignals: open_from_signals,
    MergeSignals: merge_signals,
    HearClears: hear_clears,
    EndSignal: end_signal,
    Tick: _tick,
    Acknowledge: acknowledge,
    Escalate: escalate,
    Page: page,
    Answer: answer,
    ChangeSeverity: severity.change_severity,
    ChangeCategory: severity.change_category,
    AddNote: add_note,
    AssignRole: assign_role,
    HandOver: hand_over,
    Leave: leave,
    PlanAction: plan_action,
    FinishAction: finish_action,
    WithdrawAction: withdraw_action,
    UndoAction: undo_action,
    NameFixAsContainment: name_fix,
    Observe: observe,
    VerifyContainment: verify_containment,
    LoseContainment: lose_containment,
    WarnOfBlock: warn_of_block,
    EndBlock: end_block,
    LinkFix: link_fix,
    NameProviderCause: name_provider,
    RecordRun: record_run,
    RecordDeploy: record_deploy,
    RecordRelease: record_release,
    PauseFix: pause_fix,
    ResumeFix: resume_fix,
    AskWaiver: ask_waiver,
    ApproveWaiver: approve_waiver,
    Close: close_incident,
    AbsorbDuplicate: absorb_duplicate,
    Reopen: reopen_incident,
    ReopenFromSignals: reopen_from_signals,
    b.RecordReconciliation: record_reconciliation,
    f.ExtendFreeze: freezing.extend,
    f.LiftFreeze: freezing.lift,
    f.AllowChange: freezing.allow,
    b.RecordReplay: record_replay,
    k.GiveKeys: relating.give,
    k.TakeKeys: relating.take,
    b.ExamineCheckouts: examine_checkouts,
    k.StopDrill: relating.stop_drill,
    SettleItem: settle_item,
    RecordImpact: record_impact,
    CorrectBeginning: correct_beginning,
    RecordDecision: record_decision,
    RecordEvidence: record_evidence,
    AddLink: add_link,
    SeeLink: see_link,
    RecordChannel: record_channel,
    Correct: correct_entry,
    RecordUpdate: record_update,
    DecideCustomers: decide_customers,
    PublishPostmortem: publish_postmortem,
    VerifyPrevention: verify_prevention,
    ConfirmCriterion: confirm_criterion,
    Restrict: restrict,
    LiftRestriction: lift_restriction,
    ChangeAccess: change_access,
    Authorize: authorize,
}
