"""Lambda entry: deployments that GitHub holds are answered, or looked at again in a minute."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from functions.deployment_gate.settings import Settings
from tocsin.adapters.github.app import App, GithubReviews
from tocsin.adapters.releases.deployments import DynamoDeployments
from tocsin.adapters.releases.freezes import DynamoFreezes
from tocsin.adapters.releases.heralds import DynamoTold, EventBus, PipelineLocks
from tocsin.application.releases.deployments import DeploymentGate, Rounds
from tocsin.application.releases.herald import Herald, stages_of
from tocsin.runtime.aws.http import from_environment
from tocsin.runtime.aws.secrets import CachedSecret
from tocsin.runtime.clock import incident_clock, wall_clock
from tocsin.runtime.settings import load
from tocsin.runtime.watch import json_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.watch.invocation import TimedContext

SETTINGS = load(Settings)
CLOCK = incident_clock()
DYNAMODB = from_environment("dynamodb")
ROUNDS = Rounds(
    gate=DeploymentGate(
        deployments=DynamoDeployments(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
        freezes=DynamoFreezes(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
        reviews=GithubReviews(
            CachedSecret(from_environment("secretsmanager"), SETTINGS.GITHUB_APP_SECRET, App.read),
            api=SETTINGS.GITHUB_API,
            wall=wall_clock(),
        ),
        clock=CLOCK,
        rejects=SETTINGS.DEPLOYMENTS == "reject",
    ),
    notes=json_lines.NOTES,
)
json_lines.start("deployment_gate", stage=SETTINGS.STAGE, level=SETTINGS.LOG_LEVEL)
FREEZES = Herald(
    stage=SETTINGS.STAGE,
    freezes=ROUNDS.gate.freezes,
    told=DynamoTold(DYNAMODB, SETTINGS.OPERATIONS_TABLE),
    bus=EventBus(from_environment("events"), SETTINGS.STAGE)
    if SETTINGS.FREEZE_EVENTS == "on"
    else None,
    locks=PipelineLocks(from_environment("codepipeline")),
    stages=stages_of(SETTINGS.PIPELINES),
    clock=CLOCK,
)
LAST_MOMENT_MS = 25_000
"""A deployment is not begun with less time left than telling GitHub of it may take."""


def lambda_handler(_event: Mapping[str, Any], context: TimedContext) -> dict[str, Any]:
    """One turn, of the schedule or because one was asked about; what became of which."""
    with json_lines.invocation(context):
        CLOCK.begin()
        done = ROUNDS.run(has_time=lambda: context.get_remaining_time_in_millis() > LAST_MOMENT_MS)
        return asdict(done) | {"told": asdict(FREEZES.turn())}
