"""Work on an incident as a source tells of it: changes, runs of checks, deployments.

It is recorded as seen and decides nothing that a person has not decided: a commit is the fix
because somebody linked it, and what was seen of that commit counts then. It opens nothing and
acknowledges nothing.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from tocsin.incidents.model.heartbeats import usual_grace
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.model.parts import SUCCESS, RunKind
from tocsin.incidents.runbook.policy import Work as Rules
from tocsin.incidents.timeline.entry import format_time

SHORT = 7
"""Characters of a commit that tell it apart: what people type, and `git log --oneline` shows."""
FAILED = frozenset({"failure", "timed_out", "startup_failure", "action_required"})


class WorkKind(StrEnum):
    """What was seen."""

    CHANGE = "change"
    RUN = "run"
    DEPLOYMENT = "deployment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of one check or environment of one commit, in one repository.

    `name` is the path of a workflow, or an environment. `number` is the run's or the deployment's,
    which grow; a run has attempts. `conclusion` is empty while it runs. The newest result of a
    check is kept, and beside it the newest that has none: that it was begun again takes no result
    away. What was deployed once was deployed, so each deployment is kept.
    """

    source: str

    kind: WorkKind
    commit: str
    repository: str
    name: str
    number: int
    attempt: int = 0
    conclusion: str = ""
    url: str = ""
    at: datetime

    @property
    def key(self) -> str:
        """What it is the newest of; a path can be long."""
        said = f"{self.repository}\n{self.name}"
        of = f"{self.kind}#{self.commit}#{hashlib.sha256(said.encode()).hexdigest()[:32]}"
        if self.kind is WorkKind.DEPLOYMENT:
            return f"{of}#{self.number}#{self.conclusion}"
        return f"{of}#{'result' if self.is_result else 'begun'}"

    @property
    def is_result(self) -> bool:
        """Whether it says good or bad; called off and skipped are nothing."""
        return self.conclusion == SUCCESS or self.conclusion in FAILED

    @property
    def rank(self) -> str:
        """Sorts what is told of the same, whenever it is heard: the greater is the newer."""
        ended, green = int(bool(self.conclusion)), int(self.conclusion == SUCCESS)
        return f"{self.number:020d}#{self.attempt:06d}#{ended}#{format_time(self.at)}#{green}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One message of a source about work.

    `names` are numbers of incidents that it names (`INC-142`), `branch` is where the work is done.
    `commit` is one that it tells something of, with `seen`; of a change it is what became of it.
    `whose` names the repository by what stays when it is renamed, `repository` as people do;
    `on_default` says that a run was one of the default branch.
    """

    id: str
    source: str
    kind: WorkKind
    names: tuple[str, ...]
    title: str
    url: str
    at: datetime
    commit: str = ""
    commit_url: str = ""
    branch: str = ""
    seen: Seen | None = None
    whose: str = ""
    repository: str = ""
    on_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """An incident that is told of a commit, which it may know by its beginning."""

    incident: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that is known of commits that begin alike."""

    followers: tuple[Follower, ...] = ()
    seen: tuple[Seen, ...] = ()


def same(one: str, other: str) -> bool:
    """Whether two names mean one commit; one may be the beginning of the other."""
    short, long = sorted((one.lower(), other.lower()), key=len)
    return len(short) >= SHORT and long.startswith(short)


def checks(rules: Rules | None, path: str) -> tuple[RunKind, ...]:
    """What a workflow checks, by the path of its file."""
    if rules is None:
        return ()
    by_kind = {RunKind.QUALITY: rules.quality, RunKind.SECURITY: rules.security}
    return tuple(
        kind
        for kind, patterns in by_kind.items()
        if any(fnmatchcase(path, pattern) for pattern in patterns)
    )


def is_production(rules: Rules | None, environment: str) -> bool:
    """Whether what is deployed there is in all of production."""
    return rules is not None and environment.lower() in map(str.lower, rules.production)


def expected_within(rules: Rules | None, repository: str, path: str) -> timedelta | None:
    """How long a workflow may stay away, its grace included; None where nobody expects it.

    The first pattern that fits, of the path alone or with the repository before it.
    """
    for pattern, minutes in () if rules is None else rules.expected.items():
        if fits(pattern, repository, path):
            return overdue_after(minutes)
    return None


def fits(pattern: str, repository: str, path: str) -> bool:
    """Whether a pattern means a workflow, by its path alone or with the repository before it."""
    return fnmatchcase(path, pattern) or fnmatchcase(f"{repository}/{path}", pattern)


def overdue_after(minutes: int) -> timedelta:
    """A period and its grace."""
    return timedelta(minutes=minutes, seconds=usual_grace(minutes * 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the checks of one kind say of a commit together, or a deployment: what to record.

    `of` tells apart what was looked at: the same again is the same verdict.
    """

    source: str
    kind: RunKind | None
    conclusion: str
    url: str
    repository: str
    of: str


def verdicts(seen: Iterable[Seen], rules: Rules | None) -> tuple[Verdict, ...]:
    """What there is to record of one commit.

    Checks of a kind are green when all that were begun have succeeded, and red with the first that
    failed; while one has no result yet there is nothing to say. Called off and skipped are nothing.
    """
    known = sorted(seen, key=lambda one: (one.rank, one.key))
    found = [_together(kind, known, rules) for kind in RunKind]
    found += [
        _verdict(None, one, one.conclusion, (one,))
        for one in known
        if one.kind is WorkKind.DEPLOYMENT and one.conclusion and is_production(rules, one.name)
    ]
    return tuple(one for one in found if one is not None)


def _together(kind: RunKind, seen: Iterable[Seen], rules: Rules | None) -> Verdict | None:
    mine = [one for one in seen if one.kind is WorkKind.RUN and kind in checks(rules, one.name)]
    results = [one for one in mine if one.is_result]
    failed = next((one for one in results if one.conclusion in FAILED), None)
    if failed is not None:
        return _verdict(kind, failed, failed.conclusion, results)
    told = {(one.repository, one.name) for one in results}
    waits = any(not one.conclusion and (one.repository, one.name) not in told for one in mine)
    if waits or not results:
        return None
    return _verdict(kind, max(results, key=lambda one: one.rank), SUCCESS, results)


def _verdict(kind: RunKind | None, shown: Seen, conclusion: str, of: Iterable[Seen]) -> Verdict:
    looked_at = "\n".join(f"{one.key} {one.number} {one.attempt} {one.conclusion}" for one in of)
    return Verdict(
        source=shown.source,
        kind=kind,
        conclusion=conclusion,
        url=shown.url,
        repository=shown.repository,
        of=hashlib.sha256(looked_at.encode()).hexdigest(),
    )


def reaches_all(incident: Incident, repository: str) -> bool:
    """Whether what is deployed of a repository is everywhere the incident is, as far as is known.

    Only of the incident's own service, and where nothing says that it is in others too.
    """
    touched = set() if incident.impact is None else {*incident.impact.services}
    return incident.service == repository and touched <= {repository}


def says_already(incident: Incident, commit: str, verdict: Verdict) -> bool:
    """Whether the incident knows of a commit's check what the verdict says."""
    if verdict.kind is None:
        return True
    if commit == incident.fix.commit:
        return (verdict.kind in incident.fix.green) == (verdict.conclusion == SUCCESS)
    kept = [one for one in incident.ahead if (one.commit, one.run) == (commit, verdict.kind)]
    return not kept or kept[-1].conclusion == verdict.conclusion
