"""What wakes functions at a rate: one group of schedules, and a role for each function woken."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler

from infra.constructs.triggers import MAX_AGE

if TYPE_CHECKING:
    import aws_cdk as cdk

    from infra.constructs.function import TocsinFunction
    from infra.context import Context


class Schedules:
    """The stage's schedules."""

    def __init__(self, stack: cdk.Stack, *, context: Context) -> None:
        self._stack, self._context = stack, context
        self._roles: dict[str, iam.Role] = {}
        self._group = scheduler.CfnScheduleGroup(
            stack, "Schedules", name=context.stage.physical("schedules")
        )

    def wake(
        self,
        made: TocsinFunction,
        id_: str,
        rate: str,
        *,
        says: str,
        name: str = "",
        payload: str = "{}",
    ) -> None:
        """Wakes the function at that rate, never late and never twice.

        `name` is the schedule's, the function's own where it has but one.
        """
        target = scheduler.CfnSchedule.TargetProperty(
            arn=made.function.function_arn,
            role_arn=self._role(made).role_arn,
            input=payload,
            retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                maximum_retry_attempts=0, maximum_event_age_in_seconds=MAX_AGE
            ),
        )
        scheduler.CfnSchedule(
            self._stack,
            id_,
            name=self._context.stage.physical(name or made.spec.dashed),
            group_name=self._group.ref,
            description=says,
            schedule_expression=rate,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=target,
        )

    def _role(self, made: TocsinFunction) -> iam.Role:
        """What its schedules act as: it can start this function, and nothing else."""
        if made.spec.name in self._roles:
            return self._roles[made.spec.name]
        principal = iam.ServicePrincipal(
            "scheduler.amazonaws.com",
            conditions={
                "StringEquals": {"aws:SourceAccount": self._stack.account},
                "ArnEquals": {"aws:SourceArn": self._group.attr_arn},
            },
        )
        invoke = iam.PolicyStatement(
            sid="StartFunction",
            actions=["lambda:InvokeFunction"],
            resources=[made.function.function_arn],
        )
        role = iam.Role(
            self._stack,
            f"{made.spec.pascal}SchedulerRole",
            description=f"Starts {made.spec.name} on its schedule",
            assumed_by=cast("iam.IPrincipal", principal),
            inline_policies={"permissions": iam.PolicyDocument(statements=[invoke])},
        )
        self._roles[made.spec.name] = role
        return role
