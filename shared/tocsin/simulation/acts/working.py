"""People at work: containment, fix, updates."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tocsin.incidents.commands.containment import (
    FinishAction,
    LoseContainment,
    Observe,
    PlanAction,
    UndoAction,
    VerifyContainment,
)
from tocsin.incidents.commands.fix import (
    LinkFix,
    PauseFix,
    RecordDeploy,
    RecordRelease,
    RecordRun,
    ResumeFix,
)
from tocsin.incidents.commands.severity import ChangeSeverity
from tocsin.incidents.commands.updates import (
    DecideCustomers,
    RecordUpdate,
)
from tocsin.incidents.model.parts import (
    Check,
    RunKind,
    UpdateAudience,
    Verdict,
)
from tocsin.incidents.vocabulary import Severity
from tocsin.simulation.acts.base import FIRST, REASON, Picks, asks, one_of
from tocsin.simulation.desk import ROBOT, Desk, person


def contains(desk: Desk, picks: Picks) -> str | None:
    """An action, three looks a minute later, and somebody verifies; by different people or not."""
    if (incident := desk.chosen(picks[0])) is None:
        return None
    who, verifier = person(picks[1]), person(picks[2])
    name = f"action-{incident.version}"
    desk.ask(PlanAction, incident, who, action=name, text="roll back")
    desk.ask(FinishAction, incident, who, action=name)
    desk.world.pass_time(1, punctual=True)
    for check in Check:
        desk.ask(Observe, incident, who, check=check, verdict=Verdict.PASSED, detail="seen")
    done = desk.ask(VerifyContainment, incident, verifier)
    return f"{who} contains {incident.id}, {verifier} verifies: {'yes' if done else 'no'}"


def undoes(desk: Desk, picks: Picks) -> str | None:
    """An action of containment is taken back."""
    incident = desk.chosen(picks[0])
    if incident is None or not incident.containment.actions:
        return None
    name = one_of(list(incident.containment.actions), picks[2])
    return asks(desk, picks, UndoAction, f"undoes {name}", action=name, reason=REASON)


def loses_containment(desk: Desk, picks: Picks) -> str | None:
    """Somebody says that harm goes on."""
    return asks(desk, picks, LoseContainment, "says it is not contained", reason=REASON)


def fixes(desk: Desk, picks: Picks) -> str | None:
    """A commit is linked, its runs end, it is deployed: in this order, or the robot first."""
    if (incident := desk.chosen(picks[0])) is None:
        return None
    who, commit = person(picks[1]), f"commit-{picks[3] % 50}"
    if picks[2] % 2:
        desk.ask(LinkFix, incident, who, commit=commit)
    for run in RunKind:
        conclusion = "success" if (picks[2] >> 3) % 6 else "failure"
        desk.ask(RecordRun, incident, ROBOT, commit=commit, run=run, conclusion=conclusion)
    fields = {"commit": commit, "conclusion": "success", "whole_scope": bool(picks[2] % 5)}
    desk.ask(RecordDeploy, incident, ROBOT, **fields)
    if picks[2] % 2 == 0:
        desk.ask(LinkFix, incident, who, commit=commit)
    return f"{who} and the robot fix {incident.id} with {commit}"


def pauses(desk: Desk, picks: Picks) -> str | None:
    """The fix waits for something."""
    minutes = 1 + picks[2] % 1_440
    said = {"minutes": minutes, "reason": "waiting"}
    return asks(desk, picks, PauseFix, f"pauses the fix {minutes} min", **said)


def resumes(desk: Desk, picks: Picks) -> str | None:
    """The fix goes on."""
    return asks(desk, picks, ResumeFix, "resumes the fix")


def releases(desk: Desk, picks: Picks) -> str | None:
    """A regular release is planned or ships."""
    if (incident := desk.chosen(picks[0])) is None:
        return None
    now, ships = desk.world.now, bool(picks[2] % 2)
    desk.ask(
        RecordRelease,
        incident,
        ROBOT,
        release=f"R{picks[3] % 9}",
        regular=True,
        cut_at=now,
        planned_at=now + timedelta(days=picks[3] % 9),
        shipped_at=now if ships else None,
        has_fix=bool(picks[2] % 3),
    )
    return f"a release for {incident.id} {'ships' if ships else 'is planned'}"


def a_low_waits_and_is_raised(desk: Desk, picks: Picks) -> str | None:
    """Lowered until it waits for a release, which is planned for soon, and then raised."""
    if (incident := desk.chosen(picks[0])) is None:
        return None
    for who in ("ana", "eli"):
        desk.ask(ChangeSeverity, incident, who, severity=Severity.LOW, reason=REASON)
    now = desk.world.now
    soon = now + timedelta(days=picks[2] % 3)
    plan = {"release": "R0", "regular": True, "cut_at": now, "planned_at": soon}
    desk.ask(RecordRelease, incident, ROBOT, **plan)
    to = one_of((Severity.MEDIUM, Severity.HIGH), picks[3])
    desk.ask(ChangeSeverity, incident, "ana", severity=to, reason=REASON)
    return f"{incident.id} waits for a release and is raised to {to}"


def updates(desk: Desk, picks: Picks) -> str | None:
    """An update is sent; the first says everything, later ones that nothing changed."""
    if (incident := desk.chosen(picks[0])) is None:
        return None
    who, audience = person(picks[1]), one_of(UpdateAudience, picks[2])
    if audience is UpdateAudience.CUSTOMERS:
        desk.ask(DecideCustomers, incident, who, tell=bool(picks[3] % 3), reason="no harm")
    fields: dict[str, Any] = FIRST if picks[3] % 2 else {"no_change": True}
    fields = {"text": "what we know", "accepted": picks[3] % 6 > 0} | fields
    desk.ask(RecordUpdate, incident, who, update=f"u{picks[3]}", audience=audience, **fields)
    return f"{who} updates {audience} of {incident.id}"
