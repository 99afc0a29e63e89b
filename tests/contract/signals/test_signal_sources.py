"""Every sample of every source, read by that source's parser and by nothing else.

The table of expectations must name exactly the files of `events/<source>/`: a sample nobody
expects anything of, or an expectation without a sample, fails.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.errors import MalformedPayload, UnknownName
from tocsin.incidents.model.signals import triage
from tocsin.incidents.vocabulary import Category, Severity
from tocsin.policy.compiled.policies import default
from tocsin.signals.registry import SOURCES, reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.incidents.model.signals import Signal
    from tocsin.signals.reading import Reading

EVENTS = Path(__file__).parents[3] / "events"
REPOSITORY = "v1:github:700100"
ALARM = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:"

type Row = tuple[str, bool | str, str, str, str, str | None]


def told_once(number: str, severity: str, category: str, service: str | None) -> list[Row]:
    """A report's two signals: it came, by the server's clock; and nothing says more of it."""
    received_at = "2026-09-08T14:00:00"
    rest = (severity, category, service)
    return [
        (f"v1:report:{number}", True, f"{received_at}.000", *rest),
        (f"v1:report:{number}", False, f"{received_at}.001", *rest),
    ]


# sample -> (key, fires, clears or "told", occurred at, severity, category, service) of each signal
EXPECTED: dict[str, dict[str, Row | list[Row]]] = {
    "cloudwatch": {
        "action-composite": (
            f"v1:cloudwatch:{ALARM}shop-outage",
            True,
            "2026-09-08T14:05:31.998",
            "critical",
            "production",
            None,
        ),
        "action-metric": (
            f"v1:cloudwatch:{ALARM}auth-login-failures",
            True,
            "2026-09-08T14:10:15.490",
            "critical",
            "security",
            "auth",
        ),
        "eventbridge-alarm": (
            f"v1:cloudwatch:{ALARM}auth-login-failures",
            True,
            "2026-09-08T14:10:15.490",
            "critical",
            "security",
            "auth",
        ),
        "eventbridge-alarm-deleted": (
            f"v1:cloudwatch:{ALARM}auth-login-failures",
            False,
            "2026-09-08T15:00:00.000",
            "critical",
            "security",
            "auth",
        ),
        "eventbridge-contributor": (
            f"v1:cloudwatch:{ALARM}shop-table-writes|contributor:6d442278dba546f6",
            True,
            "2026-09-08T14:12:04.919",
            "medium",
            "production",
            None,
        ),
        "eventbridge-contributor-ok": (
            f"v1:cloudwatch:{ALARM}shop-table-writes|contributor:6d442278dba546f6",
            False,
            "2026-09-08T14:42:04.102",
            "medium",
            "production",
            None,
        ),
        "eventbridge-contributors-of-alarm": (
            f"v1:cloudwatch:{ALARM}shop-table-writes",
            True,
            "2026-09-08T14:12:04.919",
            "medium",
            "production",
            None,
        ),
        "eventbridge-muted": (
            f"v1:cloudwatch:{ALARM}auth-login-failures",
            True,
            "2026-09-08T14:10:15.490",
            "critical",
            "security",
            "auth",
        ),
        "eventbridge-suppressed": (
            f"v1:cloudwatch:{ALARM}checkout-composite",
            True,
            "2026-09-08T14:10:15.490",
            "high",
            "operational",
            None,
        ),
        "eventbridge-data-stopped": (
            f"v1:cloudwatch:{ALARM}auth-login-failures",
            True,
            "2026-09-08T14:20:15.490",
            "critical",
            "security",
            "auth",
        ),
        "eventbridge-metric-math": (
            f"v1:cloudwatch:{ALARM}orders-error-share",
            True,
            "2026-09-12T20:00:00.750",
            "medium",
            "production",
            None,
        ),
        "eventbridge-new-alarm": (
            f"v1:cloudwatch:{ALARM}auth-login-failures",
            False,
            "2026-09-08T03:00:00.000",
            "critical",
            "security",
            "auth",
        ),
        "eventbridge-ok": (
            f"v1:cloudwatch:{ALARM}auth-login-failures",
            False,
            "2026-09-08T14:40:15.490",
            "critical",
            "security",
            "auth",
        ),
        "sns-alarm": (
            f"v1:cloudwatch:{ALARM}api-auth-data-boundary",
            True,
            "2026-09-08T14:00:03.236",
            "critical",
            "security",
            "api",
        ),
        "sns-composite": (
            f"v1:cloudwatch:{ALARM}shop-outage",
            True,
            "2026-09-08T14:05:31.998",
            "critical",
            "production",
            None,
        ),
        "sns-contributor": (
            f"v1:cloudwatch:{ALARM}shop-endpoint-latency|contributor:a1b2c3d4e5f6a7b8",
            True,
            "2026-09-08T14:20:15.000",
            "high",
            "production",
            None,
        ),
        "sns-drill": (
            f"v1:drill:cloudwatch:{ALARM}[DRILL] api-auth-data-boundary",
            True,
            "2026-09-11T10:00:00.125",
            "critical",
            "security",
            "api",
        ),
        "sns-insufficient-data": (
            f"v1:cloudwatch:{ALARM}billing-webhook-heartbeat",
            True,
            "2026-09-09T02:00:44.010",
            "high",
            "operational",
            None,
        ),
        "sns-lambda-record": (
            f"v1:cloudwatch:{ALARM}credential-leak-scan",
            True,
            "2026-09-08T16:45:00.500",
            "critical",
            "security",
            None,
        ),
        "eventbridge-anomaly": (
            f"v1:cloudwatch:{ALARM}checkout-latency-anomaly",
            True,
            "2026-09-08T14:06:00.120",
            "high",
            "operational",
            None,
        ),
        "sns-metric-math": (
            f"v1:cloudwatch:{ALARM}stripe-checkout-failures",
            True,
            "2026-09-08T14:04:10.001",
            "high",
            "operational",
            "checkout",
        ),
        "sns-ok": (
            f"v1:cloudwatch:{ALARM}api-auth-data-boundary",
            False,
            "2026-09-08T15:21:03.240",
            "critical",
            "security",
            "api",
        ),
        "sns-webhook-auth-failures": (
            f"v1:cloudwatch:{ALARM}webhook-auth-failures",
            True,
            "2026-09-08T14:30:00.000",
            "high",
            "operational",
            "api",
        ),
        "sns-raw-delivery": (
            f"v1:cloudwatch:{ALARM}queue-depth",
            True,
            "2026-09-10T09:30:00.000",
            "high",
            "production",
            None,
        ),
    },
    "github": {
        "code-appeared-in-branch": (
            f"{REPOSITORY}/code_scanning/9",
            True,
            "2026-09-08T13:20:00.000",
            "high",
            "security",
            "shop",
        ),
        "code-auth-bypass": (
            f"{REPOSITORY}/code_scanning/9",
            True,
            "2026-09-08T13:00:00.000",
            "critical",
            "security",
            "shop",
        ),
        "code-closed-by-user": (
            f"{REPOSITORY}/code_scanning/9",
            "told",
            "2026-09-08T16:00:00.001",
            "high",
            "security",
            "shop",
        ),
        "code-created": (
            f"{REPOSITORY}/code_scanning/9",
            True,
            "2026-09-08T13:00:00.000",
            "high",
            "security",
            "shop",
        ),
        "code-fixed-on-topic-branch": [],
        "code-fixed": (
            f"{REPOSITORY}/code_scanning/9",
            False,
            "2026-09-08T17:00:00.001",
            "high",
            "security",
            "shop",
        ),
        "code-in-pull-request": [],
        "code-low": (
            f"{REPOSITORY}/code_scanning/9",
            True,
            "2026-09-08T13:00:00.000",
            "low",
            "security",
            "shop",
        ),
        "code-medium": (
            f"{REPOSITORY}/code_scanning/9",
            True,
            "2026-09-08T13:00:00.000",
            "medium",
            "security",
            "shop",
        ),
        "code-of-fork": [],
        "code-of-no-alert": [],
        "dependency-auto-dismissed": (
            f"{REPOSITORY}/dependabot/22",
            "told",
            "2026-09-08T12:00:00.001",
            "high",
            "security",
            "shop",
        ),
        "dependency-created-and-dismissed-by-rule": (
            f"{REPOSITORY}/dependabot/22",
            "told",
            "2026-09-08T12:00:00.000",
            "high",
            "security",
            "shop",
        ),
        "dependency-created-high": (
            f"{REPOSITORY}/dependabot/23",
            True,
            "2026-09-08T12:00:00.000",
            "medium",
            "security",
            "shop",
        ),
        "dependency-created-low": (
            f"{REPOSITORY}/dependabot/24",
            True,
            "2026-09-08T12:00:00.000",
            "low",
            "security",
            "shop",
        ),
        "dependency-created": (
            f"{REPOSITORY}/dependabot/22",
            True,
            "2026-09-08T12:00:00.000",
            "high",
            "security",
            "shop",
        ),
        "dependency-dismissed": (
            f"{REPOSITORY}/dependabot/22",
            "told",
            "2026-09-08T13:00:00.001",
            "high",
            "security",
            "shop",
        ),
        "dependency-fixed": (
            f"{REPOSITORY}/dependabot/22",
            False,
            "2026-09-08T18:00:00.001",
            "high",
            "security",
            "shop",
        ),
        "dependency-reintroduced": (
            f"{REPOSITORY}/dependabot/22",
            True,
            "2026-09-09T12:00:00.002",
            "high",
            "security",
            "shop",
        ),
        "issues-opened": [],
        # Answered by its own way, and no finding.
        "deployment-requested": [],
        "ping": [],
        "secret-assigned": [],
        "secret-closed-by-person": (
            f"{REPOSITORY}/secret_scanning/42",
            "told",
            "2026-09-08T15:00:00.000",
            "high",
            "security",
            "shop",
        ),
        "secret-created": (
            f"{REPOSITORY}/secret_scanning/42",
            True,
            "2026-09-08T14:00:00.000",
            "high",
            "security",
            "shop",
        ),
        "secret-in-public-repository": (
            f"{REPOSITORY}/secret_scanning/42",
            True,
            "2026-09-08T14:00:00.000",
            "critical",
            "security",
            "shop",
        ),
        "secret-inactive": (
            f"{REPOSITORY}/secret_scanning/42",
            "told",
            "2026-09-08T14:06:00.000",
            "high",
            "security",
            "shop",
        ),
        "secret-location": (
            f"{REPOSITORY}/secret_scanning/42",
            "told",
            "2026-09-08T14:01:00.000",
            "high",
            "security",
            "shop",
        ),
        "secret-publicly-leaked": (
            f"{REPOSITORY}/secret_scanning/42",
            True,
            "2026-09-08T14:10:00.000",
            "critical",
            "security",
            "shop",
        ),
        "secret-reopened": (
            f"{REPOSITORY}/secret_scanning/42",
            True,
            "2026-09-08T16:00:00.002",
            "high",
            "security",
            "shop",
        ),
        "secret-revoked": (
            f"{REPOSITORY}/secret_scanning/42",
            False,
            "2026-09-08T15:00:00.001",
            "high",
            "security",
            "shop",
        ),
        "secret-valid": (
            f"{REPOSITORY}/secret_scanning/42",
            True,
            "2026-09-08T14:05:00.000",
            "critical",
            "security",
            "shop",
        ),
        "vulnerability-create": (
            f"{REPOSITORY}/dependabot/22",
            True,
            "2026-09-08T12:00:00.000",
            "high",
            "security",
            "shop",
        ),
        "workflow-cancelled": [],
        "workflow-codeql-timed-out": (
            f"{REPOSITORY}/workflow/.github/workflows/codeql.yml",
            True,
            "2026-09-08T14:20:00.000",
            "low",
            "security",
            "shop",
        ),
        "workflow-dependency-review-failed": (
            f"{REPOSITORY}/workflow/.github/workflows/dependency-review.yml",
            True,
            "2026-09-08T14:20:00.000",
            "high",
            "security",
            "shop",
        ),
        "workflow-nobody-names-failed": (
            f"{REPOSITORY}/workflow/.github/workflows/build.yml",
            True,
            "2026-09-08T14:20:00.000",
            "high",
            "security",
            "shop",
        ),
        "workflow-of-deleted-fork": [],
        "deployment-failed": [],
        "deployment-in-progress": [],
        "deployment-of-fork": [],
        "deployment-succeeded": [],
        "deployment-to-staging": [],
        "pull-request-merged": [],
        "pull-request-names-nobody": [],
        "pull-request-of-bot": [],
        "pull-request-of-deleted-fork": [],
        "pull-request-of-fork": [],
        "pull-request-opened": [],
        "pull-request-renamed": [],
        "workflow-ci-begun": [],
        "workflow-ci-by-comment": (
            f"{REPOSITORY}/workflow/.github/workflows/ci.yml",
            True,
            "2026-09-08T14:28:00.000",
            "high",
            "security",
            "shop",
        ),
        "workflow-ci-failed": (
            f"{REPOSITORY}/workflow/.github/workflows/ci.yml",
            True,
            "2026-09-08T14:22:00.000",
            "high",
            "security",
            "shop",
        ),
        "workflow-ci-of-fork": [],
        "workflow-ci-on-fix-branch": [],
        "workflow-ci-passed-again": (
            f"{REPOSITORY}/workflow/.github/workflows/ci.yml",
            False,
            "2026-09-08T14:25:00.000",
            "high",
            "security",
            "shop",
        ),
        "workflow-codeql-passed": (
            f"{REPOSITORY}/workflow/.github/workflows/codeql.yml",
            False,
            "2026-09-08T14:26:00.000",
            "low",
            "security",
            "shop",
        ),
        "workflow-of-fork-called-main": [],
        "workflow-of-topic-branch": [],
        "workflow-requested": [],
        "workflow-secret-scan-did-not-start": (
            f"{REPOSITORY}/workflow/.github/workflows/secret-scan.yml",
            True,
            "2026-09-08T14:20:00.000",
            "low",
            "security",
            "shop",
        ),
        "workflow-secret-scan-failed": (
            f"{REPOSITORY}/workflow/.github/workflows/secret-scan.yml",
            True,
            "2026-09-08T14:20:00.000",
            "high",
            "security",
            "shop",
        ),
        "workflow-secret-scan-passed": (
            f"{REPOSITORY}/workflow/.github/workflows/secret-scan.yml",
            False,
            "2026-09-08T14:40:00.000",
            "high",
            "security",
            "shop",
        ),
    },
    "guardduty": {
        "archiving-call": [],
        "attack-sequence": (
            "v1:guardduty:111122223333/eu-west-1/a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2",
            True,
            "2026-09-08T14:00:00.000",
            "critical",
            "security",
            None,
        ),
        "finding-again": (
            "v1:guardduty:111122223333/eu-west-1/f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1",
            True,
            "2026-09-08T14:15:00.000",
            "medium",
            "security",
            None,
        ),
        "finding-archived": (
            "v1:guardduty:111122223333/eu-west-1/f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1",
            False,
            "2026-09-08T21:00:00.000",
            "medium",
            "security",
            None,
        ),
        "finding-worse": (
            "v1:guardduty:111122223333/eu-west-1/f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1",
            True,
            "2026-09-08T20:00:00.000",
            "high",
            "security",
            None,
        ),
        "finding": (
            "v1:guardduty:111122223333/eu-west-1/f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1",
            True,
            "2026-09-08T14:00:00.000",
            "medium",
            "security",
            None,
        ),
        "low": (
            "v1:guardduty:111122223333/eu-west-1/b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3",
            True,
            "2026-09-08T14:00:00.000",
            "low",
            "security",
            None,
        ),
        "sample": (
            "v1:drill:guardduty:111122223333/eu-west-1/d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4",
            True,
            "2026-09-08T14:00:00.000",
            "high",
            "security",
            None,
        ),
    },
    "report": {
        "declared-critical": told_once(
            "R-20260908-140300-0A1B2C", "critical", "production", "checkout"
        ),
        "declared-low": told_once("R-20260908-140350-0A1B2D", "low", "production", None),
        "form-customer-exposure": told_once("R-20260908-140000-7K3MQ2", "high", "security", None),
        "form-hostile": told_once("R-20260908-140200-QW4RTZ", "high", "security", None),
        "form-researcher-untriaged": told_once(
            "R-20260908-140100-2BZ8TH", "high", "security", None
        ),
        "passed-on-exposure": told_once(
            "R-20260908-140400-3D4E5F", "critical", "security", "accounts"
        ),
        "passed-on-untriaged": told_once(
            "R-20260908-140500-6G7H8J", "high", "production", "export"
        ),
    },
    "security_hub": {
        "control-archived": (
            "v1:security_hub:111122223333/IAM.4/AWS::::Account:111122223333",
            False,
            "2026-09-08T15:30:00.000",
            "critical",
            "security",
            None,
        ),
        "control-failed": (
            "v1:security_hub:111122223333/IAM.4/AWS::::Account:111122223333",
            True,
            "2026-09-08T14:00:00.000",
            "critical",
            "security",
            None,
        ),
        "control-notified": (
            "v1:security_hub:111122223333/IAM.4/AWS::::Account:111122223333",
            True,
            "2026-09-08T14:05:00.000",
            "critical",
            "security",
            None,
        ),
        "control-passed": (
            "v1:security_hub:111122223333/IAM.4/AWS::::Account:111122223333",
            False,
            "2026-09-08T16:00:00.000",
            "low",
            "security",
            None,
        ),
        "control-suppressed": (
            "v1:security_hub:111122223333/IAM.4/AWS::::Account:111122223333",
            False,
            "2026-09-08T15:00:00.000",
            "critical",
            "security",
            None,
        ),
        "custom-action": (
            "v1:security_hub:111122223333/IAM.4/AWS::::Account:111122223333",
            True,
            "2026-09-08T14:00:05.000",
            "high",
            "security",
            None,
        ),
        "hardening-gap": (
            "v1:security_hub:111122223333/IAM.21/arn:aws:iam::111122223333:policy/wide",
            True,
            "2026-09-08T14:00:00.000",
            "medium",
            "security",
            None,
        ),
        "informational": [],
        "misconfiguration": (
            "v1:security_hub:111122223333/S3.13/arn:aws:s3:::shop-exports",
            True,
            "2026-09-08T14:00:00.000",
            "low",
            "security",
            "exports",
        ),
        "normalized-only": (
            "v1:security_hub:acme-scanner/77",
            True,
            "2026-09-08T14:00:00.000",
            "high",
            "security",
            None,
        ),
        "ocsf-finding": (
            "v1:security_hub:111122223333/S3.8/arn:aws:s3:::shop-exports",
            True,
            "2026-09-08T14:00:00.000",
            "high",
            "security",
            None,
        ),
        "ocsf-of-guardduty": (
            "v1:guardduty:111122223333/eu-west-1/f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1",
            True,
            "2026-09-08T14:00:00.000",
            "medium",
            "security",
            None,
        ),
        "of-guardduty": (
            "v1:guardduty:111122223333/eu-west-1/f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1",
            True,
            "2026-09-08T14:00:00.000",
            "medium",
            "security",
            None,
        ),
        "ocsf-resolved": (
            "v1:security_hub:111122223333/S3.8/arn:aws:s3:::shop-exports",
            False,
            "2026-09-08T16:00:00.000",
            "high",
            "security",
            None,
        ),
        "sample": (
            "v1:drill:security_hub:acme-scanner/80",
            True,
            "2026-09-08T14:00:00.000",
            "critical",
            "security",
            None,
        ),
        "three-one-broken": [
            (
                "v1:security_hub:111122223333/IAM.4/AWS::::Account:111122223333",
                True,
                "2026-09-08T14:00:00.000",
                "critical",
                "security",
                None,
            ),
            (
                "v1:security_hub:acme-scanner/78",
                True,
                "2026-09-08T14:00:00.000",
                "low",
                "security",
                None,
            ),
        ],
        "two-standards": [
            (
                "v1:security_hub:111122223333/S3.8/arn:aws:s3:::shop-exports",
                True,
                "2026-09-08T14:00:00.000",
                "high",
                "security",
                "exports",
            ),
            (
                "v1:security_hub:111122223333/S3.8/arn:aws:s3:::shop-exports",
                True,
                "2026-09-08T14:00:00.000",
                "high",
                "security",
                "exports",
            ),
        ],
    },
}


@cache
def texts(source: str) -> dict[str, str]:
    folder = EVENTS / source
    return {file.stem: file.read_text() for file in sorted(folder.glob("*.json"))}


def sample(source: str, name: str) -> Any:
    """One of its own: a reader that writes into what it reads changes nothing for the next."""
    return json.loads(texts(source)[name])


def every_sample() -> list[tuple[str, str]]:
    return [(source, name) for source in SOURCES.names for name in texts(source)]


def read(source: str, name: str) -> Reading:
    return reader(source)(sample(source, name))


def rows(source: str, name: str) -> list[Row]:
    """What is expected of a sample; a single signal is written without its list."""
    expected = EXPECTED[source][name]
    return expected if isinstance(expected, list) else [expected]


def row(signal: Signal) -> Row:
    judged = triage(signal, default())
    return (
        signal.key,
        "told" if signal.only_told else signal.firing,
        signal.occurred_at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3],
        judged.severity.value,
        judged.category.value,
        judged.service,
    )


FIX, MERGED, NAMED = "a" * 40, "b" * 40, ("INC-142",)
RUNS = ".github/workflows/"

# sample of GitHub's -> what work it tells of: names, commit, and of that what ended how
WORK: dict[str, tuple[tuple[str, ...], str, str]] = {
    "deployment-failed": ((), MERGED, "production: failure"),
    "deployment-succeeded": ((), MERGED, "production: success"),
    "deployment-to-staging": ((), MERGED, "staging: success"),
    "pull-request-merged": (NAMED, MERGED, ""),
    "pull-request-opened": (NAMED, "", ""),
    "pull-request-renamed": (NAMED, "", ""),
    "workflow-ci-begun": ((), MERGED, f"{RUNS}ci.yml: "),
    "workflow-ci-failed": ((), MERGED, f"{RUNS}ci.yml: failure"),
    "workflow-ci-on-fix-branch": (NAMED, FIX, f"{RUNS}ci.yml: success"),
    "workflow-ci-passed-again": ((), MERGED, f"{RUNS}ci.yml: success"),
    "workflow-codeql-passed": ((), MERGED, f"{RUNS}codeql.yml: success"),
}
OTHER_RUNS = "workflow-(?!ci-|codeql-passed)"
"""Runs that are samples of findings; they are work on no incident."""


@pytest.mark.parametrize("name", sorted(EXPECTED["github"]))
def test_what_work_a_delivery_tells_of(name: str) -> None:
    found = [
        (one.names, one.commit, f"{one.seen.name}: {one.seen.conclusion}" if one.seen else "")
        for one in read("github", name).work
    ]
    if re.match(OTHER_RUNS, name):
        assert all(not names for names, _, _ in found)
    else:
        assert found == ([WORK[name]] if name in WORK else [])


@pytest.mark.parametrize("source", SOURCES.names)
def test_each_sample_has_an_expectation_and_each_expectation_a_sample(source: str) -> None:
    assert texts(source)
    assert set(texts(source)) == set(EXPECTED[source])


@pytest.mark.parametrize(("source", "name"), every_sample())
def test_a_sample_means_what_the_table_says(source: str, name: str) -> None:
    reading = read(source, name)
    assert [row(signal) for signal in reading.signals] == rows(source, name)
    assert reading.signals or reading.work or reading.noted or reading.refusals
    for signal in reading.signals:
        passed_on = source == "security_hub" and signal.source == "guardduty"
        assert signal.source == source or passed_on
        assert signal.occurred_at.tzinfo is UTC
        assert signal.title
        assert all(signal.facts.values())


@pytest.mark.parametrize(("source", "name"), every_sample())
def test_a_sample_is_read_by_its_own_source_and_by_no_other(source: str, name: str) -> None:
    accepted = []
    for other in SOURCES.names:
        with suppress(MalformedPayload):
            reader(other)(sample(source, name))
            accepted.append(other)
    assert accepted == [source]


@pytest.mark.parametrize(("source", "name"), every_sample())
def test_a_field_nobody_knows_yet_changes_nothing(source: str, name: str) -> None:
    payload = sample(source, name)
    assert reader(source)({**payload, "addedNextYear": {"a": [1, None]}}) == read(source, name)


@pytest.mark.parametrize(("source", "name"), every_sample())
def test_sent_again_it_is_the_same_signal(source: str, name: str) -> None:
    again, before = read(source, name), read(source, name)
    assert [signal.id for signal in again.signals] == [signal.id for signal in before.signals]


@pytest.mark.parametrize(("source", "name"), every_sample())
@pytest.mark.parametrize("damage", ["removed", None, 7, "", [], {}, True, "\ud800"])
def test_a_damaged_field_is_a_coded_error_or_another_signal_never_a_crash(
    source: str, name: str, damage: object
) -> None:
    refused = 0
    for payload in damaged(sample(source, name), damage):
        try:
            reading = reader(source)(payload)
        except MalformedPayload:
            refused += 1
        else:
            refused += len(reading.refusals)
    assert refused > 0


def damaged(value: Any, damage: object) -> Iterator[Any]:
    """The value with each part of it, at any depth and inside JSON texts, damaged once."""
    if isinstance(value, dict):
        for key, item in value.items():
            rest = {other: kept for other, kept in value.items() if other != key}
            yield rest if damage == "removed" else {**rest, key: damage}
            yield from ({**rest, key: broken} for broken in damaged(item, damage))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            around = value[:at], value[at + 1 :]
            yield around[0] + ([] if damage == "removed" else [damage]) + around[1]
            yield from (around[0] + [broken] + around[1] for broken in damaged(item, damage))
    elif isinstance(value, str) and value.startswith("{"):
        yield from (json.dumps(broken) for broken in damaged(json.loads(value), damage))


def test_a_source_nobody_registered_is_named_in_the_error() -> None:
    with pytest.raises(UnknownName, match="carrier-pigeon"):
        reader("carrier-pigeon")


def test_the_words_of_the_table_are_the_words_of_the_vocabulary() -> None:
    every = [row for source, name in every_sample() for row in rows(source, name)]
    assert {row[3] for row in every} <= set(Severity)
    assert {row[4] for row in every} <= set(Category)
    assert all(datetime.fromisoformat(row[2]) for row in every)
