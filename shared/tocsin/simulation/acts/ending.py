"""People at the end, and what stands beside: access, freeze, merging, closing, reopening."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tocsin.incidents.commands import freeze as f
from tocsin.incidents.commands.access import ChangeAccess, LiftRestriction, Restrict
from tocsin.incidents.commands.closing import ApproveWaiver, AskWaiver, Close, Reopen
from tocsin.incidents.commands.containment import (
    VerifyContainment,
)
from tocsin.incidents.commands.people import (
    Acknowledge,
    Escalate,
)
from tocsin.incidents.commands.relations import Merge, Split
from tocsin.incidents.commands.updates import (
    ConfirmCriterion,
    DecideCustomers,
    PublishPostmortem,
    RecordUpdate,
)
from tocsin.incidents.model.parts import (
    Preventive,
    UpdateAudience,
)
from tocsin.incidents.vocabulary import Audience, Resolution
from tocsin.simulation.acts.around import all_clear
from tocsin.simulation.acts.base import FIRST, MOST, REASON, Picks, asks, one_of
from tocsin.simulation.acts.working import contains, fixes
from tocsin.simulation.desk import Desk, colleague, person


def restricts(desk: Desk, picks: Picks) -> str | None:
    """Somebody hides it."""
    return asks(desk, picks, Restrict, "restricts", reason=REASON)


def lifts_restriction(desk: Desk, picks: Picks) -> str | None:
    """Somebody wants it seen again; it takes two."""
    return asks(desk, picks, LiftRestriction, "lifts the restriction of", reason=REASON)


def changes_access(desk: Desk, picks: Picks) -> str | None:
    """Somebody is let in or kept out."""
    whom, allowed = colleague(picks[2]), bool(picks[3] % 2)
    verb = "lets in" if allowed else "keeps out"
    fields = {"person": whom, "allowed": allowed, "reason": REASON}
    return asks(desk, picks, ChangeAccess, f"{verb} {whom}", **fields)


def hides_before_messages_leave(desk: Desk, picks: Picks) -> str | None:
    """Everybody is called; before a message leaves it is hidden, and one of them is kept out."""
    if (incident := desk.chosen(picks[0])) is None:
        return None
    runs, desk.world.stream_runs = desk.world.stream_runs, False
    desk.ask(Escalate, incident, "ana", audience=Audience.ALL, reason=REASON)
    desk.ask(Restrict, incident, "eli", reason=REASON)
    current = desk.now(incident).round
    asked = (current and current.paged) or ("bo",)
    whom = one_of(asked, picks[2])
    desk.ask(ChangeAccess, incident, "eli", person=whom, allowed=False, reason=REASON)
    desk.world.stream_runs = runs
    desk.world.pump()
    return f"{incident.id} is hidden, and {whom} kept out, before messages leave"


def holds_freeze(desk: Desk, picks: Picks) -> str | None:
    """The freeze is held for up to a day."""
    minutes = 1 + picks[2] % 1_440
    return asks(desk, picks, f.ExtendFreeze, "holds the freeze", minutes=minutes, reason=REASON)


def lifts_freeze(desk: Desk, picks: Picks) -> str | None:
    """The freeze is lifted before its time."""
    return asks(desk, picks, f.LiftFreeze, "lifts the freeze", reason=REASON)


def merges(desk: Desk, picks: Picks) -> str | None:
    """Two people merge one into another, or one tries alone."""
    into, other = desk.chosen(picks[0]), desk.chosen(picks[2])
    if into is None or other is None or into.id == other.id:
        return None
    for who in (person(picks[1]), person(picks[3])):
        desk.ask(Merge, into, who, other=other.id, reason=REASON)
    return f"{other.id} is merged into {into.id}"


def splits(desk: Desk, picks: Picks) -> str | None:
    """A part with one of its keys, or none, goes on alone."""
    incident = desk.chosen(picks[0])
    if incident is None or len(desk.world.store.ids()) >= MOST + 2:
        return None
    keys = tuple(sorted(incident.signals))[: picks[2] % 2]
    fields = {"title": "hidden-part", "reason": REASON, "keys": keys}
    return asks(desk, picks, Split, "splits", **fields)


def waives(desk: Desk, picks: Picks) -> str | None:
    """One asks for a waiver of some criterion, another approves it."""
    if (incident := desk.chosen(picks[0])) is None:
        return None
    code = one_of(desk.world.policy.criteria, picks[2]).code
    asks, approves = person(picks[1]), person(picks[3])
    desk.ask(AskWaiver, incident, asks, criterion=code, reason=REASON, days=1 + picks[2] % 14)
    desk.ask(ApproveWaiver, incident, approves, criterion=code)
    return f"{asks} asks to waive {code} of {incident.id}, {approves} approves"


def closes(desk: Desk, picks: Picks) -> str | None:
    """Somebody tries to close; a second person follows where it takes two."""
    if (incident := desk.chosen(picks[0])) is None:
        return None
    how = one_of(Resolution, picks[2])
    other = desk.chosen(picks[3])
    same = other is None or other.id == incident.id
    of = other.id if how is Resolution.DUPLICATE and other and not same else None
    for who in (person(picks[1]), person(picks[3])):
        desk.ask(Close, incident, who, resolution=how, reason=REASON, duplicate_of=of)
    return f"{person(picks[1])} closes {incident.id} as {how}"


def works_off(desk: Desk, picks: Picks) -> str | None:
    """An incident is worked off as the runbook wants it, and closed after its window.

    Somebody is too early first: within an hour, in the night, or shortly before the window ends.
    """
    if (incident := desk.chosen(picks[0])) is None:
        return None
    all_clear(desk, picks)
    for each in desk.open():
        desk.ask(Acknowledge, each, "ana")
    contains(desk, (picks[0], 2, 1, 0))
    desk.ask(VerifyContainment, incident, "security-primary")
    fixes(desk, (picks[0], 0, 9, picks[3]))
    for who in ("ana", "bo"):
        desk.ask(DecideCustomers, incident, who, tell=False, reason="no harm")
    for number, said in enumerate((FIRST, {"final": True, "residual": "none"})):
        fields: dict[str, Any] = {"text": "what we know", "accepted": True, **said}
        name = f"w{incident.version}-{number}"
        audience = UpdateAudience.INTERNAL
        desk.ask(RecordUpdate, incident, "ana", update=name, audience=audience, **fields)
    work = Preventive(text="add a test", owner="cy", due_at=desk.world.now + timedelta(days=9))
    fields = {"url": "https://example.com/pm", "root_cause": "a missing check", "actions": (work,)}
    desk.ask(PublishPostmortem, incident, "ana", **fields)
    for code in ("checkouts_succeed", "replay_completed"):
        desk.ask(ConfirmCriterion, incident, "ana", criterion=code, met=True, evidence="probe")
    early = one_of((50, 9 * 60, 71 * 60), picks[2])
    desk.world.pass_time(early, punctual=True)
    desk.ask(Close, incident, "bo", resolution=Resolution.RESOLVED)
    desk.world.pass_time(73 * 60 - early, punctual=True)
    done = desk.ask(Close, incident, "ana", resolution=Resolution.RESOLVED)
    return f"{incident.id} is worked off{' and closed' if done else ''}"


def reopens(desk: Desk, picks: Picks) -> str | None:
    """Somebody says that it is back."""
    if (incident := desk.chosen(picks[0], closed=True)) is None:
        return None
    who = person(picks[1])
    desk.ask(Reopen, incident, who, reason="it is back")
    return f"{who} reopens {incident.id}"


def asks_again(desk: Desk, picks: Picks) -> str | None:
    """Whoever asked last got no answer and asks the same again."""
    del picks
    desk.again()
    return f"the same again: {type(desk.last).__name__}" if desk.last else None
