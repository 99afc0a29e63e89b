"""An example of every command that a person may send, and an incident that takes it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.harness.worlds.desk import T0, Desk
from tests.harness.worlds.stories import ANA, BO, CY, FIRST_UPDATE, GITHUB, INCIDENT, SAM, signal
from tocsin.incidents.commands import access as a
from tocsin.incidents.commands import base as e
from tocsin.incidents.commands import billing as b
from tocsin.incidents.commands import closing as c
from tocsin.incidents.commands import containment as n
from tocsin.incidents.commands import fix as x
from tocsin.incidents.commands import freeze as f
from tocsin.incidents.commands import opening as o
from tocsin.incidents.commands import people as p
from tocsin.incidents.commands import record as r
from tocsin.incidents.commands import relations as k
from tocsin.incidents.commands import severity as v
from tocsin.incidents.commands import updates as u
from tocsin.incidents.model.parts import (
    ChannelKind,
    Check,
    Exposure,
    ItemState,
    LinkPurpose,
    Preventive,
    RunKind,
    UpdateAudience,
    Verdict,
)
from tocsin.incidents.queries.prevention import prevention_name
from tocsin.incidents.vocabulary import Audience, Category, Resolution, Role, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.model.incident import Incident

type Case = tuple[type[Command], Any, dict[str, Any], Callable[[Desk], Incident]]


def critical(desk: Desk) -> Incident:
    incident = desk.alarm("api-outage")
    desk.ask(incident, p.Acknowledge, BO)
    return desk.load(incident)


def security(desk: Desk) -> Incident:
    return desk.open(Severity.HIGH, Category.SECURITY)


def planned(desk: Desk) -> Incident:
    incident = critical(desk)
    desk.ask(incident, n.PlanAction, ANA, action="act", text="roll back")
    return incident


def done(desk: Desk) -> Incident:
    incident = planned(desk)
    desk.ask(incident, n.FinishAction, ANA, action="act")
    return incident


def contained(desk: Desk) -> Incident:
    incident = critical(desk)
    desk.engine.receive([signal(desk.clock.now, name="api-outage", firing=False)])
    desk.contain(incident, ANA)
    return incident


def closed(desk: Desk) -> Incident:
    incident = desk.alarm("api-5xx")
    for who in (BO, CY):
        desk.ask(incident, c.Close, who, resolution=Resolution.FALSE_POSITIVE, reason="nothing")
    return incident


def asked_for(desk: Desk) -> Incident:
    incident = critical(desk)
    desk.ask(incident, p.Page, BO, person="ana", reason="come")
    return incident


def holds_a_role(desk: Desk) -> Incident:
    incident = critical(desk)
    desk.ask(incident, p.AssignRole, CY, role=Role.SECURITY_OWNER, person="ana")
    return incident


def restricted(desk: Desk) -> Incident:
    incident = critical(desk)
    desk.ask(incident, a.Restrict, SAM, reason="who knows")
    return incident


def published(desk: Desk) -> Incident:
    incident = critical(desk)
    work = Preventive(text="add a test", owner="cy", due_at=T0)
    fields: dict[str, Any] = {
        "url": "https://example.com/pm",
        "root_cause": "cause",
        "actions": (work,),
    }
    desk.ask(incident, u.PublishPostmortem, **fields)
    return incident


def two(desk: Desk) -> Incident:
    desk.open(Severity.MEDIUM)
    return critical(desk)


URL = "https://example.com/1"
CASES: tuple[Case, ...] = (
    (a.Restrict, BO, {"reason": "why"}, critical),
    (a.LiftRestriction, BO, {"reason": "why"}, restricted),
    (a.ChangeAccess, BO, {"person": "zoe", "allowed": True, "reason": "why"}, critical),
    (
        a.Authorize,
        BO,
        {"action": "act", "input": ("one",), "requester": "ana", "minutes": 5, "reason": "why"},
        critical,
    ),
    (c.AskWaiver, BO, {"criterion": "postmortem_published", "reason": "why", "days": 2}, critical),
    (c.Close, BO, {"resolution": Resolution.FALSE_POSITIVE, "reason": "why"}, critical),
    (c.Reopen, BO, {"reason": "why"}, closed),
    (n.PlanAction, ANA, {"action": "new", "text": "words"}, critical),
    (n.FinishAction, ANA, {"action": "act"}, planned),
    (n.WithdrawAction, ANA, {"action": "act", "reason": "why"}, planned),
    (n.UndoAction, ANA, {"action": "act", "reason": "why"}, done),
    (n.NameFixAsContainment, ANA, {"reason": "why"}, critical),
    (
        n.Observe,
        ANA,
        {"check": Check.LOGS, "verdict": Verdict.PASSED, "detail": "words"},
        critical,
    ),
    (n.LoseContainment, ANA, {"reason": "why"}, contained),
    (o.EndSignal, BO, {"signal": "v1:cloudwatch:api-outage", "reason": "it is deleted"}, critical),
    (x.LinkFix, ANA, {"commit": "c0ffee"}, critical),
    (x.NameProviderCause, ANA, {"provider": "stripe"}, critical),
    (
        x.RecordRun,
        GITHUB,
        {"commit": "c0", "run": RunKind.QUALITY, "conclusion": "success"},
        critical,
    ),
    (
        x.RecordDeploy,
        GITHUB,
        {"commit": "c0", "conclusion": "success", "whole_scope": True},
        critical,
    ),
    (
        x.RecordRelease,
        GITHUB,
        {
            "release": "R1",
            "regular": True,
            "cut_at": T0,
            "planned_at": None,
            "shipped_at": None,
            "has_fix": False,
        },
        critical,
    ),
    (x.PauseFix, BO, {"minutes": 5, "reason": "why"}, critical),
    (f.ExtendFreeze, BO, {"minutes": 5, "reason": "why"}, critical),
    (f.LiftFreeze, BO, {"reason": "why"}, critical),
    (
        f.AllowChange,
        BO,
        {"change": "c", "purpose": LinkPurpose.FIX, "reason": "why", "url": URL},
        critical,
    ),
    (p.AssignRole, BO, {"role": Role.MITIGATION_OWNER, "person": "cy"}, critical),
    (
        p.HandOver,
        BO,
        {"role": Role.INCIDENT_COMMANDER, "person": "cy", "briefing": "words"},
        critical,
    ),
    (p.Escalate, BO, {"audience": Audience.ALL, "reason": "why"}, critical),
    (p.Page, BO, {"person": "ana", "reason": "why"}, critical),
    (p.Answer, ANA, {"on_it": False, "reason": "why"}, asked_for),
    (p.Leave, ANA, {"reason": "why"}, holds_a_role),
    (r.AddNote, ANA, {"text": "words"}, critical),
    (r.Correct, ANA, {"supersedes": 1, "text": "words"}, critical),
    (r.CorrectBeginning, ANA, {"began_at": T0, "reason": "why"}, critical),
    (r.RecordChannel, ANA, {"channel": ChannelKind.BRIDGE, "address": "here"}, critical),
    (
        r.RecordDecision,
        ANA,
        {"chosen": "this", "rejected": ("that",), "why": "words", "expected_effect": "some"},
        critical,
    ),
    (r.RecordEvidence, ANA, {"title": "what", "text": "words"}, critical),
    (
        r.RecordImpact,
        ANA,
        {"summary": "words", "exposure": Exposure.NONE, "services": ("api",)},
        critical,
    ),
    (
        r.SettleItem,
        ANA,
        {"item": "open-channel", "state": ItemState.DONE, "detail": "words"},
        critical,
    ),
    (r.AddLink, ANA, {"purpose": LinkPurpose.FIX, "url": URL, "title": "words"}, critical),
    (v.ChangeSeverity, BO, {"severity": Severity.CRITICAL, "reason": "why"}, security),
    (v.ChangeSeverity, BO, {"severity": Severity.LOW, "reason": "why"}, critical),
    (v.ChangeCategory, BO, {"category": Category.SECURITY, "reason": "why"}, critical),
    (
        u.RecordUpdate,
        BO,
        {
            "update": "u1",
            "audience": UpdateAudience.INTERNAL,
            "text": "words",
            "accepted": True,
            **FIRST_UPDATE,
        },
        critical,
    ),
    (u.DecideCustomers, BO, {"tell": False, "reason": "why"}, critical),
    (u.DecideCustomers, BO, {"tell": True, "reason": "why"}, critical),
    (
        u.ConfirmCriterion,
        BO,
        {"criterion": "checkouts_succeed", "met": True, "evidence": "words"},
        critical,
    ),
    (
        u.VerifyPrevention,
        BO,
        {
            "action": prevention_name("add a test"),
            "check": "test",
            "failed_at": T0 - timedelta(minutes=1),
            "failed_evidence": "red",
            "passed_at": T0,
            "passed_evidence": "green",
        },
        published,
    ),
    (
        u.PublishPostmortem,
        BO,
        {
            "url": URL,
            "root_cause": "words",
            "actions": (Preventive(text="add a test", owner="cy", due_at=T0),),
        },
        critical,
    ),
    (k.Merge, BO, {"other": f"{INCIDENT[:-4]}0001", "reason": "why"}, two),
    (k.Split, BO, {"title": "b", "reason": "why", "service": "s"}, critical),
)
BY_TOCSIN = {
    *(o.MergeSignals, o.OpenFromSignals, c.ReopenFromSignals, c.AbsorbDuplicate, e.Tick),
    *(k.GiveKeys, k.TakeKeys, k.StopDrill),
    *(n.WarnOfBlock, n.EndBlock),
    *(b.ExamineCheckouts, b.RecordReconciliation, b.RecordReplay, r.SeeLink),
}
"""What no person sends: signals are shortened, and words of billing and
containment are bounded by their rules."""
