"""Findings of GitHub and of AWS's security services: what they are, and the messages that tell it.

Bodies have the fields that the sources' pages name: "Webhook events and payloads" of GitHub,
"EventBridge event types for Security Hub CSPM" with the finding format ASFF, "Processing GuardDuty
findings with Amazon EventBridge". What is true of a finding is its newest change by its source's
own clock, however the messages come.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 3
"""Findings of one life."""
_OLD = timedelta(seconds=20)
_ACCOUNT, _REGION, _REPOSITORY, _NUMBER = "111122223333", "eu-west-1", "acme/hidden-shop", 700_100


class Kind(StrEnum):
    """What finds."""

    SECRET = "secret"  # noqa: S105 - none is in it
    CODE = "code"
    DEPENDENCY = "dependency"
    WORKFLOW = "workflow"
    CONTROL = "control"
    THREAT = "threat"


class Step(StrEnum):
    """What happens to a finding. What is only told neither fires nor clears."""

    FOUND = "found"
    AGAIN = "found again"
    WORSE = "found to be worse"
    OVER = "over"
    TOLD = "dismissed by a person"


FIRES = frozenset({Step.FOUND, Step.AGAIN, Step.WORSE})


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to a finding, and when by its source's clock."""

    step: Step
    at: datetime
    number: int

    @property
    def said(self) -> bool | None:
        """Whether something is wrong from then on; None where that stays as it was."""
        return None if self.step is Step.TOLD else self.step in FIRES


@dataclass(slots=True)
class Finding:
    """One finding. `changes` are all that happened, `waiting` those of which no message came yet.

    `low`: its source calls it no worse than medium. `only_watched`: a message of it came while a
    rule only watched such.
    """

    kind: Kind
    number: int
    low: bool = False
    changes: list[Change] = field(default_factory=list)
    waiting: list[Change] = field(default_factory=list)
    heard: list[datetime] = field(default_factory=list)
    only_watched: bool = False

    @property
    def source(self) -> str:
        return {Kind.CONTROL: "security_hub", Kind.THREAT: "guardduty"}.get(self.kind, "github")

    @property
    def key(self) -> str:
        """Which messages are about the same: decision 0061."""
        match self.kind:
            case Kind.CONTROL:
                own = f"{_ACCOUNT}/IAM.{self.number}/user-{self.number}"
            case Kind.THREAT:
                own = f"{_ACCOUNT}/{_REGION}/f{self.number:031d}"
            case Kind.WORKFLOW:
                own = f"{_NUMBER}/workflow/.github/workflows/secret-scan.yml"
            case Kind.SECRET:
                own = f"{_NUMBER}/secret_scanning/{self.number}"
            case Kind.CODE:
                own = f"{_NUMBER}/code_scanning/{self.number}"
            case Kind.DEPENDENCY:
                own = f"{_NUMBER}/dependabot/{self.number}"
        return f"v1:{self.source}:{own}"

    @property
    def fires(self) -> bool:
        """What is true of it: its newest change that says so."""
        said = [each for each in self.changes if each.said is not None]
        return bool(max(said, key=lambda each: each.at).said)

    @property
    def told_of(self) -> bool:
        return not self.waiting

    @property
    def heard_at(self) -> datetime | None:
        """When a message of it came last."""
        return max(self.heard, default=None)

    def lately(self, since: datetime) -> list[datetime]:
        """When its messages came since then, one that came twice once for each."""
        return [at for at in self.heard if at >= since]

    def medium(self, change: Change) -> bool:
        """Whether it is a finding of code that its source calls medium."""
        return self.kind is Kind.CODE and self.low and change.step is not Step.WORSE

    def happens(self, step: Step, now: datetime, number: int) -> None:
        """Never two in one second, which is as fine as sources write their times.

        Told at once it is seconds old: what a clock ahead calls the future counts as now here, and
        among changes of the future the last to come would decide.
        """
        begins = now.replace(microsecond=0) - _OLD
        at = max([begins, *(each.at + timedelta(seconds=1) for each in self.changes)])
        change = Change(step, at, number)
        self.changes.append(change)
        self.waiting.append(change)


@dataclass(slots=True)
class Findings:
    """Every finding of a life."""

    found: list[Finding] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def find(self, kind: Kind, now: datetime, *, low: bool) -> Finding | None:
        """Something is found; None where there is enough, or this is known already."""
        finding = Finding(kind, len(self.found) + 1, low)
        if len(self.found) >= MOST or finding.key in {each.key for each in self.found}:
            return None
        self.found.append(finding)
        finding.happens(Step.FOUND, now, next(self._numbers))
        return finding

    def happens(self, finding: Finding, step: Step, now: datetime) -> None:
        finding.happens(step, now, next(self._numbers))

    def of(self, key: str) -> Finding | None:
        return next((each for each in self.found if each.key == key), None)


def messages(
    news: list[tuple[Finding, Change]], *, broken: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the sources send: each its source and its body; findings of a control in one event.

    With `broken` there is one among those that nobody can read.
    """
    controls = []
    for finding, change in news:
        match finding.kind:
            case Kind.CONTROL:
                controls.append(_control(finding, change))
            case Kind.THREAT:
                yield "guardduty", _threat(finding, change)
            case _:
                yield "github", _delivery(finding, change)
    if controls:
        held = [*controls, {"Id": "nobody can read this"}] if broken else controls
        yield "security_hub", _event("aws.securityhub", "Security Hub Findings - Imported", held)


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _event(source: str, kind: str, findings: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "source": source,
        "detail-type": kind,
        "id": "event",
        "account": _ACCOUNT,
        "region": _REGION,
        "detail": {"findings": findings},
    }


def _control(finding: Finding, change: Change) -> dict[str, Any]:
    over = change.step is Step.OVER
    label = "CRITICAL" if change.step is Step.WORSE else "MEDIUM" if finding.low else "HIGH"
    return {
        "Id": f"arn:aws:securityhub:{_REGION}:{_ACCOUNT}:finding/{finding.number}",
        "AwsAccountId": _ACCOUNT,
        "Region": _REGION,
        "Types": ["Software and Configuration Checks"],
        "UpdatedAt": _written(change.at),
        "Severity": {"Label": label},
        "Title": f"hidden-control {finding.number}",
        "Resources": [{"Type": "AwsIamUser", "Id": f"user-{finding.number}"}],
        "Compliance": {
            "Status": "PASSED" if over else "FAILED",
            "SecurityControlId": f"IAM.{finding.number}",
        },
        "Workflow": {"Status": "NOTIFIED" if change.step is Step.AGAIN else "NEW"},
        "RecordState": "ACTIVE",
    }


def _threat(finding: Finding, change: Change) -> dict[str, Any]:
    return {
        "source": "aws.guardduty",
        "detail-type": "GuardDuty Finding",
        "id": f"event-{change.number}",
        "detail": {
            "accountId": _ACCOUNT,
            "region": _REGION,
            "id": f"f{finding.number:031d}",
            "type": "UnauthorizedAccess:EC2/SSHBruteForce",
            "resource": {"resourceType": "Instance"},
            "service": {"archived": change.step is Step.OVER, "count": change.number},
            "severity": 9 if change.step is Step.WORSE else 5 if finding.low else 8,
            "updatedAt": _written(change.at),
            "title": f"hidden-threat {finding.number}",
        },
    }


def _delivery(finding: Finding, change: Change) -> dict[str, Any]:
    event, body = {
        Kind.SECRET: _secret,
        Kind.CODE: _code,
        Kind.DEPENDENCY: _dependency,
        Kind.WORKFLOW: _run,
    }[finding.kind](finding, change)
    repository = {
        "id": _NUMBER,
        "name": "hidden-shop",
        "full_name": _REPOSITORY,
        "private": True,
        "fork": False,
        "default_branch": "main",
    }
    return {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": f"delivery-{change.number}",
        "received_at": _written(change.at),
        "payload": {**body, "repository": repository},
    }


def _secret(finding: Finding, change: Change) -> tuple[str, dict[str, Any]]:
    action = {
        Step.FOUND: "created",
        Step.AGAIN: "reopened",
        Step.WORSE: "publicly_leaked",
        Step.OVER: "resolved",
        Step.TOLD: "resolved",
    }[change.step]
    resolution = {Step.OVER: "revoked", Step.TOLD: "wont_fix"}.get(change.step)
    alert = {
        "number": finding.number,
        "secret_type": "hidden-token",
        "updated_at": _written(change.at),
        "resolution": resolution,
        "publicly_leaked": change.step is Step.WORSE,
        "validity": "unknown",
    }
    return "secret_scanning_alert", {"action": action, "alert": alert}


def _code(finding: Finding, change: Change) -> tuple[str, dict[str, Any]]:
    action = {
        Step.FOUND: "created",
        Step.AGAIN: "reopened",
        Step.WORSE: "appeared_in_branch",
        Step.OVER: "fixed",
        Step.TOLD: "closed_by_user",
    }[change.step]
    level = "critical" if change.step is Step.WORSE else "medium" if finding.low else "high"
    alert = {
        "number": finding.number,
        "updated_at": _written(change.at),
        "rule": {
            "id": "js/injection",
            "description": "hidden-injection",
            "security_severity_level": level,
        },
        "tool": {"name": "CodeQL"},
        "most_recent_instance": {"ref": "refs/heads/main"},
    }
    return "code_scanning_alert", {"action": action, "alert": alert, "ref": "refs/heads/main"}


def _dependency(finding: Finding, change: Change) -> tuple[str, dict[str, Any]]:
    action = {
        Step.FOUND: "created",
        Step.AGAIN: "reintroduced",
        Step.WORSE: "reopened",
        Step.OVER: "fixed",
        Step.TOLD: "dismissed",
    }[change.step]
    level = "critical" if change.step is Step.WORSE else "medium" if finding.low else "high"
    alert = {
        "number": finding.number,
        "updated_at": _written(change.at),
        "dependency": {"package": {"ecosystem": "npm", "name": "left-pad"}, "scope": "runtime"},
        "security_advisory": {"summary": "hidden-flaw", "severity": level},
        "security_vulnerability": {"severity": level},
    }
    return "dependabot_alert", {"action": action, "alert": alert}


def _run(finding: Finding, change: Change) -> tuple[str, dict[str, Any]]:
    """A run that failed, and a later attempt of it that passed."""
    del finding
    over = change.step in {Step.OVER, Step.TOLD}
    run = {
        "id": 30_000 + change.number,
        "name": "hidden-scan",
        "path": ".github/workflows/secret-scan.yml",
        "run_attempt": 2 if over else 1,
        "event": "push",
        "conclusion": "success" if over else "failure",
        "head_branch": "main",
        "head_sha": f"{change.number:040x}",
        "updated_at": _written(change.at),
        "head_repository": {"full_name": _REPOSITORY},
    }
    return "workflow_run", {"action": "completed", "workflow_run": run}
