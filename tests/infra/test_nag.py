"""cdk-nag is on, fails the synthesis, and holds no acknowledgement that answers nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sqs as sqs

from infra.constructs.nag import ACKNOWLEDGED, acknowledge, check

if TYPE_CHECKING:
    from pathlib import Path

    from tests.infra.deployment import Deployment


def used(folder: Path) -> set[tuple[str, str]]:
    """Where and what was acknowledged and found, from the report of the synthesis."""
    report = json.loads((folder / "validation-report.json").read_text())
    return {
        (one["acknowledgedAt"], one["acknowledgedId"])
        for plugin in report["pluginReports"]
        for one in plugin["suppressedViolations"]
    }


def written(folder: Path) -> set[tuple[str, str]]:
    """Where and what is acknowledged, from the metadata that `acknowledge` leaves."""
    return {
        (path.removeprefix("/"), entry["data"])
        for file in folder.glob("*.metadata.json")
        for path, entries in json.loads(file.read_text()).items()
        for entry in entries
        if entry["type"] == ACKNOWLEDGED
    }


def test_every_acknowledgement_answers_a_finding(deployment: Deployment) -> None:
    assert written(deployment.folder)
    assert written(deployment.folder) - used(deployment.folder) == set()


def test_findings_are_acknowledged_in_one_way_only(deployment: Deployment) -> None:
    assert used(deployment.folder) - written(deployment.folder) == set()


def test_every_acknowledgement_has_a_reason(deployment: Deployment) -> None:
    report = json.loads((deployment.folder / "validation-report.json").read_text())
    reasons = {
        one["reason"]
        for plugin in report["pluginReports"]
        for one in plugin["suppressedViolations"]
    }
    assert reasons
    assert all(len(reason.split()) >= 4 for reason in reasons)


def test_both_packs_ran_and_found_nothing_else(deployment: Deployment) -> None:
    report = json.loads((deployment.folder / "validation-report.json").read_text())
    outcome = {one["pluginName"]: one["violations"] for one in report["pluginReports"]}
    assert outcome == {"AwsSolutions": [], "Serverless": []}


def small_app(folder: Path) -> tuple[cdk.App, sqs.Queue]:
    app = cdk.App(outdir=str(folder))
    synthesizer = cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False)
    queue = sqs.Queue(cdk.Stack(app, "Small", synthesizer=synthesizer), "Queue", enforce_ssl=True)
    check(app)
    return app, queue


def test_a_finding_nobody_acknowledged_fails_the_synthesis(tmp_path: Path) -> None:
    app, _ = small_app(tmp_path)
    with pytest.raises(RuntimeError, match=r"(?s)AwsSolutions-SQS3.*Serverless-SQSRedrivePolicy"):
        app.synth()


def test_an_acknowledgement_that_answers_nothing_is_seen(tmp_path: Path) -> None:
    app, queue = small_app(tmp_path)
    acknowledge(queue, "SQS3", "A queue for this test alone.")
    acknowledge(queue, "SQSRedrivePolicy", "A queue for this test alone.", pack="Serverless")
    acknowledge(queue, "SQS4", "It enforces TLS, so this answers nothing.")
    app.synth()
    unused = written(tmp_path) - used(tmp_path)
    assert unused == {("Small/Queue", "AwsSolutions::AwsSolutions-SQS4")}
