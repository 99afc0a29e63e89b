"""`deployment_gate` reads freezes and answers GitHub about deployments; it writes no incident.

It alone holds the key of GitHub's App, and runs where a stage answers for deployments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.bundle.groups import DEPLOYMENTS
from infra.context import NONE
from infra.spec import Cause, FunctionSpec
from infra.statements import (
    Statement,
    data_key_through_dynamodb,
    data_key_through_secrets_manager,
)

if TYPE_CHECKING:
    from infra.constructs.event_sources import EventSources
    from infra.constructs.function import TocsinFunction


def _wake(made: TocsinFunction, sources: EventSources) -> None:
    """Every minute for what waits, and at once for what is asked."""
    sources.triggers.turns(
        made,
        "A lost turn holds nothing to redrive: what waits is stored, and due again in a minute.",
    )
    context = sources.context
    if context.deployments != "off" or context.freeze_events or context.pipelines != NONE:
        sources.schedules.wake(
            made, "LookAtDeployments", "rate(1 minute)", says="Answers deployments that wait"
        )


FUNCTION = FunctionSpec(
    name="deployment_gate",
    purpose="Answers GitHub whether deployments that wait may go out",
    group=DEPLOYMENTS,
    memory=256,
    timeout=55,
    incident_clock=True,
    statements=(
        Statement(
            sid="ReadFreezesAndWhatWaits",
            actions=("dynamodb:Query",),
            resources=("table/operations", "table/operations/index/due"),
        ),
        Statement(
            sid="KeepWhatWaits",
            actions=("dynamodb:PutItem",),
            resources=("table/operations",),
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "WAIT#*"}},
        ),
        Statement(
            sid="ReadAppKey",
            actions=("secretsmanager:GetSecretValue",),
            resources=("secret/github-app",),
        ),
        Statement(sid="TellOfFreezes", actions=("events:PutEvents",), resources=("bus/default",)),
        Statement(
            sid="LockStages",
            actions=(
                "codepipeline:DisableStageTransition",
                "codepipeline:EnableStageTransition",
                "codepipeline:GetPipelineState",
            ),
            resources=("pipeline/tagged",),
            conditions={"StringEquals": {"aws:ResourceTag/tocsin": "freeze"}},
        ),
        data_key_through_dynamodb(),
        data_key_through_secrets_manager(),
    ),
    woken_by=_wake,
    causes=(
        Cause(
            "deployments-unanswered",
            "DeploymentsUnanswered",
            "GitHub does not take what it is told of deployments that wait.",
            at_least=5,
        ),
    ),
)
