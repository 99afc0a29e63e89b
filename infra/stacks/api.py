"""The HTTP API in front of the functions, and the roles people call it with, one a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigw
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from infra.constructs.keeping import log_group
from infra.constructs.nag import acknowledge
from infra.routes import ROUTES, Route
from infra.stacks.outputs import output

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from infra.constructs.function import TocsinFunction
    from infra.context import Context

# What an access log keeps: who asked for what and how it went; never a body or a header's value.
_ACCESS_LOG = {
    "request_id": "$context.requestId",
    "at": "$context.requestTimeEpoch",
    "route": "$context.routeKey",
    "status": "$context.status",
    "caller": "$context.identity.userArn",
    "source_ip": "$context.identity.sourceIp",
    "integration_ms": "$context.integrationLatency",
    "integration_error": "$context.integrationErrorMessage",
    "bytes": "$context.responseLength",
}

# Groups of people and the methods their role may send: a viewer cannot even ask for a change.
GROUPS = {"viewer": "GET", "responder": "*", "commander": "*", "security": "*"}

PIPELINE = "pipeline"
"""What deployment pipelines assume: it may ask whether deployments are frozen, and nothing else."""
PIPELINE_ASKS = "GET/v1/freeze"

_ACCOUNT = "arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>"


class ApiStack(cdk.Stack):
    """One HTTP API; every route names its function and its authoriser."""

    def __init__(
        self, scope: Construct, *, context: Context, functions: Mapping[str, TocsinFunction]
    ) -> None:
        super().__init__(
            scope,
            context.stage.physical("api"),
            description="Tocsin: the HTTP API",
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self._context = context
        self.api = apigw.CfnApi(
            self,
            "Api",
            name=context.stage.physical("api"),
            description="Webhooks in, responders in",
            protocol_type="HTTP",
        )
        integrations = {
            name: self._integrate(functions[name]) for name in sorted({r.function for r in ROUTES})
        }
        routes = [self._add_route(route, integrations[route.function]) for route in ROUTES]
        for name in integrations:
            self._allow(functions[name])
        self._add_stage(routes)
        for group, methods in GROUPS.items():
            self._add_role(group, methods)
        self._add_pipeline_role()
        output(self, "ApiId", self.api.ref, "Id of the HTTP API")
        output(self, "ApiEndpoint", self.api.attr_api_endpoint, "Where the HTTP API answers")

    def _integrate(self, made: TocsinFunction) -> apigw.CfnIntegration:
        return apigw.CfnIntegration(
            self,
            f"Integration{made.spec.pascal}",
            api_id=self.api.ref,
            integration_type="AWS_PROXY",
            integration_uri=made.function.function_arn,
            payload_format_version="2.0",
        )

    def _add_route(self, route: Route, integration: apigw.CfnIntegration) -> apigw.CfnRoute:
        made = apigw.CfnRoute(
            self,
            f"Route{_identifier(route)}",
            api_id=self.api.ref,
            route_key=route.key,
            target=f"integrations/{integration.ref}",
            authorization_type="NONE" if route.open_because else "AWS_IAM",
        )
        if route.open_because:
            acknowledge(made, "APIG4", route.open_because)
        return made

    def _allow(self, made: TocsinFunction) -> None:
        """One permission for all routes: one for each would fill the function's policy.

        The gateway says from which API a call comes and not from which account, so only the ARN,
        which holds both, can be a condition.
        """
        lambda_.CfnPermission(
            self,
            f"Allow{made.spec.pascal}",
            action="lambda:InvokeFunction",
            function_name=made.function.function_arn,
            principal="apigateway.amazonaws.com",
            source_arn=self.format_arn(
                service="execute-api", resource=self.api.ref, resource_name="*"
            ),
        )

    def _add_stage(self, routes: list[apigw.CfnRoute]) -> None:
        stage = self._context.stage
        access_log = log_group(
            self, "AccessLog", name=f"/aws/apigateway/{stage.physical('api')}", stage=stage
        )
        made = apigw.CfnStage(
            self,
            "Stage",
            api_id=self.api.ref,
            stage_name="$default",
            auto_deploy=True,
            access_log_settings=apigw.CfnStage.AccessLogSettingsProperty(
                destination_arn=access_log.log_group_arn, format=self.to_json_string(_ACCESS_LOG)
            ),
            default_route_settings=apigw.CfnStage.RouteSettingsProperty(
                detailed_metrics_enabled=self._context.route_metrics,
                throttling_rate_limit=50,
                throttling_burst_limit=100,
            ),
            route_settings={
                route.key: {
                    "DetailedMetricsEnabled": self._context.route_metrics,
                    "ThrottlingRateLimit": route.throttle.rate,
                    "ThrottlingBurstLimit": route.throttle.burst,
                }
                for route in ROUTES
            },
        )
        for route in routes:  # settings of a route that does not exist yet are refused
            made.add_resource_dependency(route)

    def _add_role(self, group: str, methods: str) -> None:
        """What people of a group assume to call the API; the session's name is the person.

        The function reads the group off the role. Outside the local stage the name must be the IAM
        user's own, so that nobody can acknowledge or approve as somebody else; who may assume
        which role is decided by the account's own policies for its people. Roles belong to the
        account and not to a Region, so their names hold it.
        """
        free = self._context.stage.session_names_are_free
        own_name = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
        account = iam.AccountPrincipal(self.account)
        principal = account if free else account.with_conditions(own_name)
        routes = f"*/{methods}/v1/*"
        says = f"Calls the API of Tocsin as a {group}, as the person the session names"
        reason = "Every route under /v1 is for people; what a group may do is the engine's to say."
        self._make_role(group, routes, principal=principal, says=says, reason=reason)

    def _add_pipeline_role(self) -> None:
        """What a pipeline assumes. Who may is decided by the account's policies for its pipelines.

        The session's name is nobody's: the function takes it for no person of the roster.
        """
        self._make_role(
            PIPELINE,
            f"*/{PIPELINE_ASKS}",
            principal=iam.AccountPrincipal(self.account),
            says="Asks Tocsin whether deployments are frozen, and nothing else",
            reason="One route of the API's one stage, whatever the stage is called.",
        )

    def _make_role(
        self, name: str, routes: str, *, principal: iam.PrincipalBase, says: str, reason: str
    ) -> None:
        invoke = iam.PolicyStatement(
            sid="CallTheApi",
            actions=["execute-api:Invoke"],
            resources=[
                self.format_arn(service="execute-api", resource=self.api.ref, resource_name=routes)
            ],
        )
        role = iam.Role(
            self,
            name.capitalize(),
            role_name=f"{self._context.stage.physical(name)}-{self.region}",
            description=says,
            assumed_by=cast("iam.IPrincipal", principal),
            inline_policies={"permissions": iam.PolicyDocument(statements=[invoke])},
        )
        acknowledge(role, f"IAM5[Resource::{_ACCOUNT}:<Api>/{routes}]", reason)
        output(self, f"{name.capitalize()}RoleArn", role.role_arn, f"Assumed by a {name}")


def _identifier(route: Route) -> str:
    words = route.path.replace("{", "").replace("}", "").split("/")
    return route.method.capitalize() + "".join(word.capitalize() for word in words)
