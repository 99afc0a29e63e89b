"""The one door to changing an incident: a command becomes events, or is refused.

Pure, total and deterministic: the same incident, command, policy and time give the same events,
and every refusal is an error with a code.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tocsin.errors import BadInput, IllegalTransition, StaleIfMatch, UnknownIncident
from tocsin.incidents import (
    access,
    authorizing,
    billing_exit,
    checklist,
    closing,
    communication,
    containing,
    fixing,
    freezing,
    merging,
    opening,
    pausing,
    prevention,
    reconciling,
    records,
    relating,
    replaying,
    roles,
    rounds,
    severity,
    waivers,
)
from tocsin.incidents import commands as c
from tocsin.incidents import commands_billing as b
from tocsin.incidents import commands_freeze as f
from tocsin.incidents import commands_record as w
from tocsin.incidents import commands_relations as k
from tocsin.incidents import commands_response as r
from tocsin.incidents.draft import Draft
from tocsin.incidents.elapse import elapse
from tocsin.incidents.events import Event
from tocsin.incidents.limits import COMMAND_ID
from tocsin.incidents.model import Incident
from tocsin.incidents.policy import Policy

type _Handler = Callable[[Draft, Any], None]


def decide(
    incident: Incident | None, command: c.Command, policy: Policy, now: datetime
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
        elapse(draft, pages=isinstance(command, c.Tick))
    HANDLERS[type(command)](draft, command)
    return tuple(draft.events)


def _moment(incident: Incident | None, now: datetime) -> datetime:
    """Whole milliseconds, and never before the newest entry: time does not run back here."""
    at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    if incident is None or incident.recorded_at is None:
        return at
    return max(at, incident.recorded_at)


def _check_envelope(incident: Incident | None, command: c.Command, at: datetime) -> None:
    opens = isinstance(command, c.OpenIncident | c.OpenFromSignals)
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


def _tick(_draft: Draft, _command: c.Tick) -> None:
    """All a tick does is let time pass, and that has been done."""


HANDLERS: dict[type[c.Command], _Handler] = {
    c.OpenIncident: opening.open_by_person,
    c.OpenFromSignals: opening.open_from_signals,
    c.MergeSignals: merging.merge_signals,
    c.Tick: _tick,
    c.Acknowledge: rounds.acknowledge,
    c.Escalate: rounds.escalate,
    c.ChangeSeverity: severity.change_severity,
    c.ChangeCategory: severity.change_category,
    c.AddNote: roles.add_note,
    c.AssignRole: roles.assign_role,
    c.HandOver: roles.hand_over,
    c.Leave: roles.leave,
    r.PlanAction: containing.plan_action,
    r.FinishAction: containing.finish_action,
    r.WithdrawAction: containing.withdraw_action,
    r.UndoAction: containing.undo_action,
    r.NameFixAsContainment: containing.name_fix,
    r.Observe: containing.observe,
    r.VerifyContainment: containing.verify,
    r.LoseContainment: containing.lose,
    r.LinkFix: fixing.link_fix,
    r.NameProviderCause: fixing.name_provider,
    r.RecordRun: fixing.record_run,
    r.RecordDeploy: fixing.record_deploy,
    r.RecordRelease: fixing.record_release,
    r.PauseFix: pausing.pause,
    r.ResumeFix: pausing.resume,
    r.AskWaiver: waivers.ask,
    r.ApproveWaiver: waivers.approve,
    r.Close: closing.close,
    r.AbsorbDuplicate: closing.absorb,
    r.Reopen: closing.reopen,
    r.ReopenFromSignals: closing.reopen_from_signals,
    b.RecordReconciliation: reconciling.record,
    f.ExtendFreeze: freezing.extend,
    f.LiftFreeze: freezing.lift,
    f.AllowChange: freezing.allow,
    b.RecordReplay: replaying.record_replay,
    k.GiveKeys: relating.give,
    k.TakeKeys: relating.take,
    b.ExamineCheckouts: billing_exit.examine_checkouts,
    k.StopDrill: relating.stop_drill,
    w.SettleItem: checklist.settle_item,
    w.RecordImpact: records.record_impact,
    w.CorrectBeginning: records.correct_beginning,
    w.RecordDecision: records.record_decision,
    w.RecordEvidence: records.record_evidence,
    w.AddLink: records.add_link,
    w.RecordChannel: records.record_channel,
    w.Correct: records.correct,
    w.RecordUpdate: communication.record_update,
    w.DecideCustomers: communication.decide_customers,
    w.PublishPostmortem: communication.publish_postmortem,
    w.VerifyPrevention: prevention.verify,
    w.ConfirmCriterion: records.confirm_criterion,
    w.Restrict: access.restrict,
    w.LiftRestriction: access.lift,
    w.ChangeAccess: access.change_access,
    w.Authorize: authorizing.authorize,
}
