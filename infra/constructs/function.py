"""The one way a Lambda function comes to be.

Its code, role, environment, log group and alarms all follow from its file in `infra/functions` and
its `settings.py`. So no function can end up with a shared role, a forgotten log retention or a
failure nobody hears about.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.keeping import log_group
from infra.constructs.nag import SERVERLESS, acknowledge
from infra.context import NONE
from infra.measures import read_of
from infra.spec import ANY_FUNCTION, NEAR_TIMEOUT
from infra.statements import ANY, own_logs, read_clock_offset, tracing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from infra.context import Context
    from infra.references import References
    from infra.spec import FunctionSpec
    from infra.statements import Statement

CLOCK_VARIABLE = "INCIDENT_CLOCK_PARAMETER"
CONTAINMENT_KEYS = ("RUN#*", "CONTAINMENT")
"""Where runs of containment, the ledger and the rules lie in `operations`."""
_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")
ROOM_VARIABLE, ROOM_ON = "CHAT_ROOM", "on"
_FAILED = '(($.type = "platform.report") && ($.record.status != "success"))'
ATTENTION = "attention.needed"
"""What lines begin with by which a function tells of a cause."""
CAUSES_VARIABLE = "NEEDS_ATTENTION"
METRICS_VARIABLE = "METRICS_READ"
FUNCTIONS_FAILING = "FunctionsFailing"
_EVIDENCE = "arn:<AWS::Partition>:s3:::{name}-<AWS::AccountId>-<AWS::Region>/*"
_PIPELINES = "arn:<AWS::Partition>:codepipeline:<AWS::Region>:<AWS::AccountId>"
_SES = "arn:<AWS::Partition>:ses:<AWS::Region>:<AWS::AccountId>"
_TABLES = "arn:<AWS::Partition>:dynamodb:<AWS::Region>:<AWS::AccountId>:table"
_ARCHITECTURES = {
    "arm64": lambda_.Architecture.ARM_64,
    "x86_64": lambda_.Architecture.X86_64,
}


def environment_of(spec: FunctionSpec, context: Context, references: References) -> dict[str, str]:
    """The variables of a function: its settings, and what whoever decides of incidents is told."""
    settings = import_module(f"functions.{spec.name}.settings").Settings
    environment = dict(references.environment(settings))
    if spec.incident_clock and context.stage.clock_adjustable:
        environment[CLOCK_VARIABLE] = context.stage.clock_parameter
    if spec.incident_clock and context.chat_room:
        environment[ROOM_VARIABLE] = ROOM_ON
    causes = {
        one.metric: [one.name, one.at_least, one.says, one.gauge]
        for one in ((*ANY_FUNCTION, *spec.causes) if spec.tells else (NEAR_TIMEOUT,))
    }
    environment[CAUSES_VARIABLE] = json.dumps(causes, separators=(",", ":"))
    environment[METRICS_VARIABLE] = ",".join(read_of(spec.name, context)) or NONE
    return environment


class TocsinFunction(Construct):
    """One function of the catalogue, deployed."""

    def __init__(
        self,
        scope: Construct,
        spec: FunctionSpec,
        *,
        context: Context,
        references: References,
        bundle: Callable[[str], Path],
    ) -> None:
        super().__init__(scope, spec.pascal)
        self.spec = spec
        self._context = context
        self._references = references
        name = context.stage.physical(spec.dashed)
        self._log_group = self._make_log_group(name)
        self.role = self._make_role()
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            description=spec.purpose,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=_ARCHITECTURES[context.arch],
            handler=f"functions.{spec.name}.handler.lambda_handler",
            code=lambda_.Code.from_asset(str(bundle(spec.name))),
            # Frozen: the CDK would add statements of its own to the hand-written ones.
            role=self.role.without_policy_updates(),
            memory_size=spec.memory,
            timeout=cdk.Duration.seconds(spec.timeout),
            environment=environment_of(spec, context, references),
            log_group=self._log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            # Of what goes well Lambda writes two lines a call, most of the bytes of a calm month.
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
            tracing=lambda_.Tracing.ACTIVE if context.tracing else None,
            recursive_loop=lambda_.RecursiveLoop.ALLOW if spec.wakes_itself else None,
            reserved_concurrent_executions=(spec.reserved if context.sized else None),
        )
        self._count_failures()
        if not context.tracing:
            cost = "Each trace costs money; log lines carry a correlation id from end to end."
            acknowledge(self.function, "LambdaTracing", cost, pack=SERVERLESS)
        reason = "3.13 starts faster than 3.14 and the bundles' bytecode is compiled for it."
        acknowledge(self.function, "L1", reason)
        acknowledge(self.function, "LambdaLatestVersion", reason, pack=SERVERLESS)

    def acknowledge_no_queue(self, reason: str) -> None:
        """Says why this function has no dead-letter queue of its own."""
        acknowledge(self.function, "LambdaDLQ", reason, pack=SERVERLESS)

    def _make_log_group(self, name: str) -> logs.LogGroup:
        group = log_group(self, "Logs", name=f"/aws/lambda/{name}", stage=self._context.stage)
        self._references.offer_arn(f"logs/{self.spec.name}", group.log_group_arn)
        return group

    def _make_role(self) -> iam.Role:
        statements = [*self.spec.statements, own_logs(self.spec.name)]
        if self._context.tracing:
            statements.append(tracing())
        if self._sees_moved_clock:
            statements.append(read_clock_offset())
        resolved = [*map(self._resolve, statements), *self._kept_from()]
        document = iam.PolicyDocument(statements=resolved)
        role = iam.Role(
            self,
            "Role",
            description=f"What {self.spec.name} may do, and nothing else",
            assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("lambda.amazonaws.com")),
            inline_policies={"permissions": document},
        )
        self._acknowledge_wildcards(role, statements)
        return role

    def _kept_from(self) -> list[iam.PolicyStatement]:
        """Who writes to `operations` writes no run, and no rule of containment.

        A run that looks begun is carried out, so that writing one is as good as the right to act.
        """
        writes = {f"dynamodb:{one}" for one in _WRITES}
        held = [
            action
            for one in self.spec.statements
            if "table/operations" in one.resources
            for action in one.actions
            if action in writes
        ]
        if self.spec.contains or not held:
            return []
        return [
            iam.PolicyStatement(
                sid="LeaveContainmentAlone",
                effect=iam.Effect.DENY,
                actions=sorted(writes),
                resources=[self._references.arn("table/operations")],
                conditions={
                    "ForAnyValue:StringLike": {"dynamodb:LeadingKeys": list(CONTAINMENT_KEYS)}
                },
            )
        ]

    def _acknowledge_wildcards(self, role: iam.Role, statements: list[Statement]) -> None:
        if any(ANY in one.resources for one in statements):
            reason = "Its actions know no resource."
            acknowledge(role, "IAM5[Resource::*]", reason)
            acknowledge(role, "LambdaStarPermissions", reason, pack=SERVERLESS)
        for symbol in [each for one in statements for each in one.resources]:
            kind, _, table = symbol.partition("/")
            if kind == "streams":
                name = self._context.stage.physical(table)
                acknowledge(
                    role,
                    f"IAM5[Resource::{_TABLES}/{name}/stream/*]",
                    "A stream's name is the time it was made, unknown before it exists.",
                )
            if symbol in {"identity/any", "configuration-set/any"}:
                acknowledge(
                    role,
                    f"IAM5[Resource::{_SES}:{kind}/*]",
                    "In the sandbox of SES recipients are identities too; the sender is fixed.",
                )
            if symbol == "pipeline/tagged":
                acknowledge(
                    role,
                    f"IAM5[Resource::{_PIPELINES}:*]",
                    "Only pipelines that their owners have tagged for it: a condition says so.",
                )
            if symbol == "bucket/evidence/objects":
                name = self._context.stage.physical("evidence")
                acknowledge(
                    role,
                    f"IAM5[Resource::{_EVIDENCE.format(name=name)}]",
                    "What is kept is named by its own hash, unknown before it exists.",
                )

    def _resolve(self, statement: Statement) -> iam.PolicyStatement:
        known = {"region": cdk.Stack.of(self).region, "mail_from": self._context.mail_from}
        conditions: dict[str, Any] = {
            operator: {key: value.format(**known) for key, value in pairs.items()}
            for operator, pairs in statement.conditions.items()
        }
        arns = [self._references.arn(symbol) for symbol in statement.resources]
        return iam.PolicyStatement(
            sid=statement.sid,
            actions=list(statement.actions),
            resources=None if statement.all_but else arns,
            not_resources=arns if statement.all_but else None,
            conditions=conditions or None,
        )

    @property
    def _sees_moved_clock(self) -> bool:
        return self.spec.incident_clock and self._context.stage.clock_adjustable

    def hand_lines_to(self, other: TocsinFunction, allowed: lambda_.CfnPermission) -> None:
        """Has `other` read what this function logs of trouble."""
        made = logs.CfnSubscriptionFilter(
            self,
            "Attention",
            log_group_name=self._log_group.log_group_name,
            destination_arn=other.function.function_arn,
            filter_pattern=f'{{ ($.message = "{ATTENTION}") || {_FAILED} }}',
        )
        made.add_resource_dependency(allowed)

    def _count_failures(self) -> None:
        """What the platform reports of calls that failed: one measure for all functions together.

        One for each of them would cost as much as everything else.
        """
        logs.CfnMetricFilter(
            self,
            "Failed",
            log_group_name=self._log_group.log_group_name,
            filter_pattern=f"{{ {_FAILED} }}",
            metric_transformations=[
                logs.CfnMetricFilter.MetricTransformationProperty(
                    metric_namespace=f"Tocsin/{self._context.stage.name}",
                    metric_name=FUNCTIONS_FAILING,
                    metric_value="1",
                )
            ],
        )
