"""The verbs: what a responder can do to an incident, each one a command of the engine.

A verb is one line here, and by that line it is in the API, in the API's document and on the
command line. Its body is the command's fields; which person may do it, and when it means anything,
is decided by the engine and nowhere else. Verbs with steps name theirs in `step`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from tocsin.incidents.commands import freeze as f
from tocsin.incidents.commands import relations as k
from tocsin.incidents.commands.access import Authorize, ChangeAccess, LiftRestriction, Restrict
from tocsin.incidents.commands.closing import ApproveWaiver, AskWaiver, Close, Reopen
from tocsin.incidents.commands.containment import (
    FinishAction,
    LoseContainment,
    NameFixAsContainment,
    Observe,
    PlanAction,
    UndoAction,
    VerifyContainment,
    WithdrawAction,
)
from tocsin.incidents.commands.fix import (
    LinkFix,
    NameProviderCause,
    PauseFix,
    RecordDeploy,
    RecordRun,
    ResumeFix,
)
from tocsin.incidents.commands.opening import EndSignal
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

if TYPE_CHECKING:
    from tocsin.incidents.commands.base import Command

STEP = "step"


@dataclass(frozen=True, slots=True)
class Verb:
    """What it does, in a line, and the command it becomes: one, or one for each step.

    What it needs are the command's fields, and what of it may grow the command says too. `short` is
    what people type instead of its name.
    """

    about: str
    command: type[Command] | Mapping[str, type[Command]]
    short: str = ""

    @property
    def steps(self) -> Mapping[str, type[Command]]:
        """The commands by step; a verb without steps has the one step ``."""
        return self.command if isinstance(self.command, Mapping) else {"": self.command}


_CONTAIN = {
    "plan": PlanAction,
    "done": FinishAction,
    "withdraw": WithdrawAction,
    "undo": UndoAction,
    "by_fix": NameFixAsContainment,
    "lost": LoseContainment,
}
_VERIFY = {"observe": Observe, "contained": VerifyContainment}
_FREEZE = {"extend": f.ExtendFreeze, "lift": f.LiftFreeze, "allow": f.AllowChange}
_LIFT = {"freeze": f.LiftFreeze, "restriction": LiftRestriction}
_FIX = {
    "link": LinkFix,
    "provider": NameProviderCause,
    "run": RecordRun,
    "deploy": RecordDeploy,
}

VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "acknowledge": Verb("Say 'I have it'", Acknowledge, short="ack"),
        "escalate": Verb("Page more people now", Escalate),
        "page": Verb("Ask one person for an answer, at any hour", Page),
        "answer": Verb("Answer whoever asked for you by hand", Answer),
        "severity": Verb("Raise or lower the severity", ChangeSeverity),
        "category": Verb("Say what kind of incident it is", ChangeCategory),
        "note": Verb("Add a line to the record", AddNote),
        "assign": Verb("Give a role to a person", AssignRole),
        "handover": Verb("Pass your role on", HandOver),
        "leave": Verb("Give up your roles; refused while your work is open", Leave),
        "impact": Verb("Record the blast radius as far as known", RecordImpact),
        "beginning": Verb("Correct when harm began", CorrectBeginning),
        "checklist": Verb("Settle a checklist item", SettleItem),
        "evidence": Verb("Put what was found on the record, as it was found", RecordEvidence),
        "decide": Verb("Record a decision and what it was chosen over", RecordDecision),
        "link": Verb("Add a link with a purpose", AddLink),
        "channel": Verb("Record where people talk", RecordChannel),
        "correct": Verb("Supersede an entry; the old one stays", Correct),
        "clear": Verb("Say that a signal is over whose source is gone", EndSignal),
        "contain": Verb("Plan, finish, withdraw or undo containment actions", _CONTAIN),
        "verify": Verb("Record what looking showed, or that harm has stopped", _VERIFY),
        "fix": Verb("Link the fix and record its runs and deploys", _FIX),
        "pause": Verb("Stop the fix clock for a while", PauseFix),
        "resume": Verb("Let the fix clock run on", ResumeFix),
        "freeze": Verb("Hold or lift the deploy freeze, or let one change through", _FREEZE),
        "update": Verb("Record an update that was sent", RecordUpdate),
        "customers": Verb("Decide whether customers are told", DecideCustomers),
        "postmortem": Verb("Record the published postmortem", PublishPostmortem),
        "prevent": Verb("Verify a preventive action by its check", VerifyPrevention),
        "confirm": Verb("Report a criterion that is decided elsewhere", ConfirmCriterion),
        "waive": Verb("Ask to close without a criterion being met", AskWaiver),
        "approve": Verb("Agree to a waiver somebody else asked for", ApproveWaiver),
        "authorize": Verb("Let a person do one thing outside, once, as described", Authorize),
        "close": Verb("Close: resolved, false positive or duplicate", Close),
        "merge": Verb("Close another incident as the same as this one", k.Merge),
        "split": Verb("Open part of it as an incident of its own", k.Split),
        "reopen": Verb("Say that it was not over", Reopen),
        "restrict": Verb("Hide it from everybody without a part in it", Restrict),
        "lift": Verb("Lift the deploy freeze, or show it to everybody again", _LIFT),
        "access": Verb("Let a person in, or keep one out", ChangeAccess),
    }
)


def typed() -> Mapping[str, tuple[str, Verb]]:
    """Every word of the command line that is a verb: its name in the API, and the verb."""
    names = ((word, name) for name, verb in VERBS.items() for word in (verb.short, name) if word)
    return {word: (name, VERBS[name]) for word, name in names}
