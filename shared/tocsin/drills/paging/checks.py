"""What the paging half of the demo expects, as pure functions of what was seen.

The people and times here are copied from the runbook by hand, on purpose: taken from the policy
they would agree with it also where both are wrong.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from tocsin.drills.checks import Claim
from tocsin.incidents.timeline.entry import GENESIS, canonical_json, format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tocsin.drills.checks import Check
    from tocsin.local.look.inbox import Message

PRIMARIES: Final = frozenset({"commander-primary", "mitigation-primary"})
BACKUPS: Final = frozenset({"engineering-lead", "senior-engineer"})
EVERYBODY: Final = (
    PRIMARIES
    | BACKUPS
    | {"communications-primary", "product-manager", "security-primary", "security-reviewer"}
)
TARGETS: Final = {
    "acknowledge": timedelta(minutes=15),
    "contain": timedelta(hours=4),
    "fix": timedelta(hours=24),
}
"""The promises for a critical incident."""

SUBJECT_LIMIT: Final = 100
SMS_LIMIT: Final = 160

STACKS: Final = frozenset({"api", "data", "functions", "messaging", "monitoring"})
"""The stage's stacks, by the last part of their names."""

DEPLOYED = Claim("cloud.deployed", "every stack of the stage is deployed")
SWEPT = Claim("sweep.scheduled", "the sweep is scheduled once a minute")
OPENED = Claim("alarm.opened", "one alarm, wired twice, opened one critical operational incident")
CLOCKS = Claim("clocks.due", "acknowledge, contain and fix are due 15 min, 4 h and 24 h after t0")
FIRST_PAGES = Claim("pages.first", "each primary got one page")
SUBJECTS = Claim("pages.subject", "a page says how bad, which incident and until when")
MAIL = Claim("mail.stakeholders", "stakeholders got one mail that the incident is open")
ADVANCED = Claim("clock.advanced", "incident time moved on by five minutes")
BACKUP_PAGES = Claim("pages.backup", "at five minutes primaries and backups were paged")
BREACH = Claim("breach.recorded", "the missed acknowledgement is recorded as of its due time")
ALL_PAGES = Claim("pages.everybody", "at fifteen minutes everybody got one page, the latest step")
ACKNOWLEDGED = Claim("ack.recorded", "the acknowledgement names the person, now commander")
MISSED = Claim("ack.missed", "acknowledged late: the promise stays missed at its due time")
REPEATED = Claim("ack.repeated", "the same request again changed nothing")
QUIET = Claim("ack.quiet", "nobody was paged after the acknowledgement")
INTACT = Claim("timeline.intact", "every entry of the timeline follows from the one before")


def deployed(stacks: Iterable[Mapping[str, str]]) -> Check:
    """`stacks` have `name` and `status`; one rolled back is deployed, but as it was before."""
    states = {one["name"].rpartition("-")[2]: one["status"] for one in stacks}
    absent = dict.fromkeys(STACKS - states.keys(), "absent")
    bad = absent | {
        name: status
        for name, status in states.items()
        if not status.endswith("_COMPLETE") or "ROLLBACK" in status or status.startswith("DELETE")
    }
    return DEPLOYED.holds(
        not bad, expected="all complete", observed=bad or frozenset(states.values())
    )


def swept(schedules: Iterable[tuple[str, str, str]], function: str) -> Check:
    """`schedules` are rate, state and function; those of other functions are not asked about."""
    observed = [one for one in schedules if one[2] == function]
    return SWEPT.equal(expected=[("rate(1 minute)", "ENABLED", function)], observed=observed)


def opened(found: Sequence[Mapping[str, Any]]) -> Check:
    """`found` are the open incidents about this run's alarm."""
    seen = [f"{one['severity']} {one['category']}" for one in found]
    return OPENED.equal(expected=["critical operational"], observed=seen)


def clocks(view: Mapping[str, Any], opened_at: str) -> Check:
    """`view` has the clocks by name; `opened_at` is t0."""
    start = parse_time(opened_at)
    expected = {name: format_time(start + target) for name, target in TARGETS.items()}
    observed = {name: view["clocks"].get(name, {}).get("due_at") for name in expected}
    return CLOCKS.equal(expected=expected, observed=observed)


def pages(claim: Claim, people: Iterable[str], messages: Iterable[Message]) -> Check:
    """Exactly one page to each of `people` among `messages`, and to nobody else."""
    observed = Counter(one.to for one in messages if one.kind == "page")
    return claim.equal(expected=dict.fromkeys(people, 1), observed=dict(observed))


def subjects(incident: str, messages: Iterable[Message]) -> Check:
    """What a person reads first on a telephone; t0 is so near that the day is not named.

    A text message has no subject: its one line is read, which has the link too and no brackets.
    """
    found = [(one.channel, one.subject) for one in messages if one.kind == "page"]
    wrong = [
        line
        for channel, line in found
        if not line.replace("[", "").replace("]", "").startswith(f"CRITICAL {incident}")
        or "ACK by" not in line
        or "\n" in line
        or len(line) > (SMS_LIMIT if channel == "sms" else SUBJECT_LIMIT - 1)
        or (channel == "sms" and "/a/" not in line)
    ]
    expected = f"CRITICAL {incident} … ACK by …, on one line that fits"
    seen = wrong or [line for _, line in found]
    return SUBJECTS.holds(bool(found) and not wrong, expected=expected, observed=seen)


def stakeholder_mail(messages: Iterable[Message]) -> Check:
    """Exactly one mail on the stakeholders' topic."""
    seen = [one.kind for one in messages if one.topic.endswith("stakeholders")]
    return MAIL.equal(expected=["opened"], observed=seen)


def advanced(before: str, after: str, by: timedelta) -> Check:
    """Incident time as the API tells it, before and after; real time goes on meanwhile."""
    moved = parse_time(after) - parse_time(before)
    return ADVANCED.holds(
        by <= moved < by + timedelta(minutes=2),
        expected=f"{by} and what the drill itself took",
        observed=moved,
    )


def breach(timeline: Iterable[Mapping[str, Any]], opened_at: str) -> Check:
    """One entry, with the time it was due and not the time it was noticed."""
    due = format_time(parse_time(opened_at) + TARGETS["acknowledge"])
    seen = [
        (entry["content"].get("clock"), entry["content"].get("due_at"))
        for entry in timeline
        if entry["type"] == "clock_breached"
    ]
    return BREACH.equal(expected=[("acknowledge", due)], observed=seen)


def acknowledged(view: Mapping[str, Any], person: str) -> Check:
    """The incident after somebody said "I have it"."""
    current = view.get("round") or {}
    expected = {"by": person, "commander": person, "state": "acknowledged"}
    observed = {
        "by": current.get("acknowledged_by"),
        "commander": view.get("roles", {}).get("incident_commander"),
        "state": view.get("state"),
    }
    return ACKNOWLEDGED.equal(expected=expected, observed=observed)


def missed(view: Mapping[str, Any], opened_at: str) -> Check:
    """`view` has the clocks by name."""
    due = format_time(parse_time(opened_at) + TARGETS["acknowledge"])
    clock = view["clocks"].get("acknowledge", {})
    observed = {name: clock.get(name) for name in ("attainment", "missed_at")}
    stopped = clock.get("stopped_at")
    expected = {"attainment": "missed", "missed_at": due, "stopped": "later"}
    later = "later" if stopped and parse_time(stopped) > parse_time(due) else str(stopped)
    return MISSED.equal(expected=expected, observed={**observed, "stopped": later})


def intact(timeline: Sequence[Mapping[str, Any]]) -> Check:
    """Recomputes the chain from what the API shows; content stays behind its own hash."""
    previous, broken = GENESIS, []
    names = (
        "v",
        "incident",
        "seq",
        "type",
        "recorded_at",
        "occurred_at",
        "actor_ref",
        "content_hash",
    )
    for number, entry in enumerate(timeline, start=1):
        header = {name: entry[name] for name in names}
        digest = hashlib.sha256(previous + canonical_json(header)).digest()
        linked = entry["prev_hash"] == previous.hex() and entry["hash"] == digest.hex()
        if not linked or entry["seq"] != number:
            broken.append(number)
        previous = digest
    return INTACT.holds(
        bool(timeline) and not broken,
        expected="every link holds",
        observed=f"{len(timeline)} entries, broken at {broken}" if broken else len(timeline),
    )
