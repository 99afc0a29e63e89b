"""How long things live after they were made: logs for a while, data for good where people work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_logs as logs

if TYPE_CHECKING:
    from constructs import Construct

    from infra.stage import Stage

_RETENTION = {
    7: logs.RetentionDays.ONE_WEEK,
    30: logs.RetentionDays.ONE_MONTH,
    365: logs.RetentionDays.ONE_YEAR,
}


def removal_of_data(stage: Stage) -> cdk.RemovalPolicy:
    """What happens to tables, keys and secrets when their stack goes.

    What the first try of a deployment made is removed when that fails: kept, its names would stand
    in the way of the second.
    """
    keep = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    return keep if stage.keeps_data else cdk.RemovalPolicy.DESTROY


def log_group(scope: Construct, id_: str, *, name: str, stage: Stage) -> logs.LogGroup:
    """A log group that is kept as long as the stage says, also after its stack is gone.

    It is made before whoever writes to it: a group that appears by itself is kept for ever.
    """
    return logs.LogGroup(
        scope,
        id_,
        log_group_name=name,
        retention=_RETENTION[stage.log_retention_days],
        removal_policy=removal_of_data(stage),
    )
