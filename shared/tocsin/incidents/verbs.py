"""The verbs: what a responder can do to an incident, each one a command of the engine.

A verb is one line here, and by that line it is in the API, in the API's document and on the
command line. Its body is the command's fields; which person may do it, and when it means anything,
is decided by the engine and nowhere else. Verbs with steps name theirs in `step`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tocsin.incidents import commands as c
from tocsin.incidents import commands_freeze as f
from tocsin.incidents import commands_record as w
from tocsin.incidents import commands_relations as k
from tocsin.incidents import commands_response as r

STEP = "step"


@dataclass(frozen=True, slots=True)
class Verb:
    """What it does, in a line, and the command it becomes: one, or one for each step."""

    about: str
    command: type[c.Command] | Mapping[str, type[c.Command]]

    @property
    def steps(self) -> Mapping[str, type[c.Command]]:
        """The commands by step; a verb without steps has the one step ``."""
        return self.command if isinstance(self.command, Mapping) else {"": self.command}


_CONTAIN = {
    "plan": r.PlanAction,
    "done": r.FinishAction,
    "withdraw": r.WithdrawAction,
    "undo": r.UndoAction,
    "by_fix": r.NameFixAsContainment,
    "lost": r.LoseContainment,
}
_VERIFY = {"observe": r.Observe, "contained": r.VerifyContainment}
_FREEZE = {"extend": f.ExtendFreeze, "lift": f.LiftFreeze, "allow": f.AllowChange}
_LIFT = {"freeze": f.LiftFreeze, "restriction": w.LiftRestriction}
_FIX = {
    "link": r.LinkFix,
    "provider": r.NameProviderCause,
    "run": r.RecordRun,
    "deploy": r.RecordDeploy,
}

VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "acknowledge": Verb("Say 'I have it'", c.Acknowledge),
        "escalate": Verb("Page more people now", c.Escalate),
        "severity": Verb("Raise or lower the severity", c.ChangeSeverity),
        "category": Verb("Say what kind of incident it is", c.ChangeCategory),
        "note": Verb("Add a line to the record", c.AddNote),
        "assign": Verb("Give a role to a person", c.AssignRole),
        "handover": Verb("Pass your role on", c.HandOver),
        "leave": Verb("Give up your roles; refused while your work is open", c.Leave),
        "impact": Verb("Record the blast radius as far as known", w.RecordImpact),
        "beginning": Verb("Correct when harm began", w.CorrectBeginning),
        "checklist": Verb("Settle a checklist item", w.SettleItem),
        "evidence": Verb("Put what was found on the record, as it was found", w.RecordEvidence),
        "decide": Verb("Record a decision and what it was chosen over", w.RecordDecision),
        "link": Verb("Add a link with a purpose", w.AddLink),
        "channel": Verb("Record where people talk", w.RecordChannel),
        "correct": Verb("Supersede an entry; the old one stays", w.Correct),
        "contain": Verb("Plan, finish, withdraw or undo containment actions", _CONTAIN),
        "verify": Verb("Record what looking showed, or that harm has stopped", _VERIFY),
        "fix": Verb("Link the fix and record its runs and deploys", _FIX),
        "pause": Verb("Stop the fix clock for a while", r.PauseFix),
        "resume": Verb("Let the fix clock run on", r.ResumeFix),
        "freeze": Verb("Hold or lift the deploy freeze, or let one change through", _FREEZE),
        "update": Verb("Record an update that was sent", w.RecordUpdate),
        "customers": Verb("Decide whether customers are told", w.DecideCustomers),
        "postmortem": Verb("Record the published postmortem", w.PublishPostmortem),
        "prevent": Verb("Verify a preventive action by its check", w.VerifyPrevention),
        "confirm": Verb("Report a criterion that is decided elsewhere", w.ConfirmCriterion),
        "waive": Verb("Ask to close without a criterion being met", r.AskWaiver),
        "approve": Verb("Agree to a waiver somebody else asked for", r.ApproveWaiver),
        "authorize": Verb("Let a person do one thing outside, once, as described", w.Authorize),
        "close": Verb("Close: resolved, false positive or duplicate", r.Close),
        "merge": Verb("Close another incident as the same as this one", k.Merge),
        "split": Verb("Open part of it as an incident of its own", k.Split),
        "reopen": Verb("Say that it was not over", r.Reopen),
        "restrict": Verb("Hide it from everybody without a part in it", w.Restrict),
        "lift": Verb("Lift the deploy freeze, or show it to everybody again", _LIFT),
        "access": Verb("Let a person in, or keep one out", w.ChangeAccess),
    }
)
