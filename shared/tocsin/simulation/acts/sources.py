"""Jobs that run or stay away, and findings that come, change, and are told in any order."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.incidents.commands.closing import Close
from tocsin.incidents.vocabulary import Resolution
from tocsin.simulation.acts.base import Picks, one_of
from tocsin.simulation.sources.findings import Kind, Step, messages

if TYPE_CHECKING:
    from tocsin.simulation.desk import Desk
    from tocsin.simulation.sources.findings import Change, Finding
    from tocsin.simulation.sources.jobs import Job

_ENOUGH = 3
"""Open incidents of a life beside which no job falls silent and nothing is found: each that nobody
answers costs as much time as all that is new."""
_REPORTED = "v1:report:"
_AT_ONCE = 3
"""Changes of which the messages are worked off together, where all of them come."""


def expects(desk: Desk, picks: Picks) -> str | None:
    """Somebody sets a heartbeat for a job, or sets one anew."""
    jobs = desk.world.jobs
    if (job := jobs.expect(picks[0])) is not None:
        return f"{job.name} is expected every {job.every}"
    if (known := _job(desk, picks[1])) is None:
        return None
    jobs.set(known)
    return f"{known.name} is expected from now on"


def a_job_changes(desk: Desk, picks: Picks) -> str | None:
    """It falls silent, comes too late once, runs twice, or runs again; its clock may be behind."""
    if (job := _job(desk, picks[0])) is None:
        return expects(desk, picks)
    jobs = desk.world.jobs
    match picks[1] % 5 if len(desk.open()) < _ENOUGH else 3 + picks[1] % 2:
        case 0 | 1:
            job.next_at = None
            return f"{job.name} falls silent"
        case 2:
            jobs.late(job)
            return f"{job.name} will come too late"
        case 3:
            jobs.beat(job)
            jobs.beat(job, behind=bool(picks[2] % 2))
            return f"{job.name} beats twice"
        case _:
            revive(desk, job)
            return f"{job.name} runs again"


def a_job_is_removed(desk: Desk, picks: Picks) -> str | None:
    """Nobody expects it any more."""
    if (job := _job(desk, picks[0])) is None:
        return None
    desk.world.jobs.remove(job)
    return f"{job.name} is expected no longer"


def finds(desk: Desk, picks: Picks) -> str | None:
    """Something is found; its message comes at once, or waits for others."""
    if len(desk.open()) >= _ENOUGH:
        return a_finding_changes(desk, picks)
    kind = one_of(Kind, picks[0])
    found = desk.world.findings.find(kind, desk.world.now, low=bool(picks[1] % 2))
    if found is None:
        return a_finding_changes(desk, picks)
    if picks[2] % 3:
        arrive(desk, [found], picks)
    return f"found: {found.key}{'' if found.told_of else ', told later'}"


def a_finding_changes(desk: Desk, picks: Picks) -> str | None:
    """It is over, comes again, gets worse, or a person dismisses it; told at once or later."""
    findings = desk.world.findings
    if not findings.found:
        return None
    found = findings.found[picks[0] % len(findings.found)]
    steps = [one_of(list(Step)[1:], picks[1] + 3 * number) for number in range(1 + picks[2] % 3)]
    for step in steps:
        if step is Step.TOLD and found.kind in {Kind.CONTROL, Kind.THREAT, Kind.WORKFLOW}:
            step = Step.OVER  # noqa: PLW2901 - nobody tells of such
        findings.happens(found, step, desk.world.now)
    if picks[3] % 3:
        arrive(desk, [found], picks)
    later = "" if found.told_of else ", told later"
    return f"{found.key}: {', '.join(each.step for each in found.changes[-len(steps) :])}{later}"


def findings_arrive(desk: Desk, picks: Picks) -> str | None:
    """All that waits arrives: in any order, twice, in several batches."""
    waiting = [each for each in desk.world.findings.found if each.waiting]
    if not waiting:
        return None
    often = sum(len(each.waiting) for each in waiting)
    arrive(desk, waiting, picks)
    return f"{often} messages about {len(waiting)} findings arrive"


def reports(desk: Desk, picks: Picks) -> str | None:
    """Somebody reports something, or looks at what was reported."""
    if picks[0] % 3 == 0 or len(desk.open()) >= _ENOUGH:
        return desk.world.reports.answer(picks[1])
    return desk.world.reports.send(exposure=bool(picks[1] % 2))


def posts(desk: Desk, picks: Picks) -> str | None:
    """Strangers report something by the public form, several at once or one."""
    if len(desk.open()) >= _ENOUGH:
        return None
    return desk.world.reports.post(1 + picks[0] % 3, exposure=bool(picks[1] % 3))


def closes_what_was_reported(desk: Desk, picks: Picks) -> str | None:
    """Two people call it a false alarm."""
    mine = [one for one in desk.open() if any(key.startswith(_REPORTED) for key in one.signals)]
    if not mine:
        return None
    one = mine[picks[0] % len(mine)]
    for who in ("ana", "bo"):
        fields = {"resolution": Resolution.FALSE_POSITIVE, "reason": "a false alarm"}
        desk.ask(Close, one, who, **fields, duplicate_of=None)
    return f"{one.id}, which was reported, is called a false alarm"


def works(desk: Desk, picks: Picks) -> str | None:
    """Somebody works on what is watched, or is done sooner; something may be found meanwhile."""
    if picks[0] % 3 == 0:
        return desk.world.works.end()
    begun = desk.world.works.begin(picks[1])
    if begun is None or len(desk.open()) >= _ENOUGH:
        return begun
    found = desk.world.findings.find(Kind.THREAT, desk.world.now, low=False)
    if found is None:
        return begun
    arrive(desk, [found], picks)
    return f"{begun}; found: {found.key}"


def a_stranger_fires(desk: Desk, picks: Picks) -> str | None:
    """An alarm that no rule knows."""
    if len(desk.open()) >= _ENOUGH:
        return None
    name = f"odd-thing-{picks[0] % 2}"
    desk.hear([desk.signal(name, firing=True, ago=timedelta(seconds=1))])
    desk.world.met["unknown to every rule"] += 1
    return f"{name} fires, which no rule knows"


def arrive(desk: Desk, findings: list[Finding], picks: Picks) -> None:
    """Messages of all that these findings went through since they were last told of."""
    news = [(each, change) for each in findings for change in each.waiting]
    turn = picks[3] % len(news)
    news = news[turn:] + news[:turn]
    if picks[2] % 2:
        news.reverse()
        desk.world.met["findings out of order"] += len(news) > 1
    size = len(news) if picks[1] % 2 else _AT_ONCE
    for start in range(0, len(news), size):
        part = news[start : start + size]
        _hear(desk, part, picks)
        if picks[0] % 4 == 0:
            desk.world.met["findings told twice"] += 1
            _hear(desk, part, picks)
    for each in findings:
        each.heard += [desk.world.now] * len(each.waiting)
        each.waiting.clear()


def _hear(desk: Desk, news: list[tuple[Finding, Change]], picks: Picks) -> None:
    watched = set[str]()
    if desk.world.runbooks.watches:
        loud = {each.key for each, change in news if not each.medium(change)}
        watched = {each.key for each, _ in news} - loud
    for each, _ in news:
        each.only_watched |= each.key in watched
    desk.hear_messages(list(messages(news, broken=picks[3] % 5 == 0)), watched=watched)


def silence(desk: Desk, key: str) -> None:
    """What fires under a key is put right, and its source says so."""
    world, source = desk.world, key.split(":")[1]
    if source == "heartbeat":
        job = world.jobs.jobs[key.rpartition(":")[2]]
        revive(desk, job)
        world.sweep()
    elif (finding := world.findings.of(key)) is not None:
        world.findings.happens(finding, Step.OVER, world.now)
        arrive(desk, [finding], (1, 1, 0, 1))
    else:
        name = key.rpartition(":")[2]
        desk.hear([desk.signal(name, firing=False, ago=timedelta())])


def revive(desk: Desk, job: Job) -> None:
    """It runs now, and from then on in time."""
    desk.world.jobs.beat(job)
    job.next_at = None if job.gone else desk.world.now + job.every


def _job(desk: Desk, pick: int) -> Job | None:
    known = [each for each in desk.world.jobs.jobs.values() if not each.gone]
    return known[pick % len(known)] if known else None
