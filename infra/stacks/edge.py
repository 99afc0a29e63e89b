"""A distribution and a firewall in front of the public routes, for whoever asks for them.

Only what is open to the internet goes through: webhooks, links and the status. `/v1` is signed for
the API's own name, so it stays there. The gateway's address keeps answering too, with its
throttles; what the edge adds holds for whoever comes by its name.

A web ACL of CloudFront, and so this stack, can be made in us-east-1 alone:
https://docs.aws.amazon.com/waf/latest/developerguide/cloudfront-features.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_wafv2 as waf

from infra.constructs.nag import acknowledge
from infra.stacks.outputs import output

if TYPE_CHECKING:
    from aws_cdk import aws_apigatewayv2 as apigw
    from constructs import Construct

    from infra.context import Context

WEBHOOKS, LINKS, BEATS = "/webhooks/", "/a/", "/beat/"
STATUS = ("/status", "/billing/status")
REPORT, CONFIRM = "/report", "/report/confirm/"
SECURITY_TXT = "/.well-known/security.txt"
LINK_TRIES, VISITS = 100, 2_000
"""Requests of one address in five minutes, after which it is kept out for a while."""

MANAGED = {"AWSManagedRulesAmazonIpReputationList": 25, "AWSManagedRulesKnownBadInputsRuleSet": 200}
"""AWS's own lists and their capacity; for everybody but providers, whose bodies are verified."""


class EdgeStack(cdk.Stack):
    """One distribution with its web ACL, in front of one HTTP API."""

    def __init__(self, scope: Construct, *, context: Context, api: apigw.CfnApi) -> None:
        super().__init__(
            scope,
            context.stage.physical("edge"),
            description="Tocsin: a distribution and a firewall before the public routes",
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        cdk.CfnRule(
            self,
            "OneRegion",
            assertions=[
                cdk.CfnRuleAssertion(
                    assert_=cdk.Fn.condition_equals(self.region, "us-east-1"),
                    assert_description="A web ACL of CloudFront can be made in us-east-1 alone.",
                )
            ],
        )
        acl = self._firewall(context)
        made = cloudfront.Distribution(
            self,
            "Distribution",
            comment=context.stage.physical("edge"),
            default_behavior=self._passed_on(api),
            additional_behaviors={path: self._passed_on(api, cached=True) for path in STATUS},
            web_acl_id=acl.attr_arn,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
        )
        acknowledge(made, "CFR1", "Providers call from where they are, and people from anywhere.")
        acknowledge(made, "CFR3", "The API's access log and the firewall's counts say who came.")
        acknowledge(made, "CFR4", "CloudFront's own name is used until a team brings its own.")
        output(self, "EdgeUrl", f"https://{made.distribution_domain_name}", "The public address")

    def _passed_on(self, api: apigw.CfnApi, *, cached: bool = False) -> cloudfront.BehaviorOptions:
        """Every header but the host's goes along: signatures are over what was sent."""
        domain = cdk.Fn.select(2, cdk.Fn.split("/", api.attr_api_endpoint))
        policy = cloudfront.CachePolicy
        return cloudfront.BehaviorOptions(
            origin=origins.HttpOrigin(
                domain, protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY
            ),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            allowed_methods=(
                cloudfront.AllowedMethods.ALLOW_GET_HEAD
                if cached
                else cloudfront.AllowedMethods.ALLOW_ALL
            ),
            cache_policy=(
                policy.USE_ORIGIN_CACHE_CONTROL_HEADERS if cached else policy.CACHING_DISABLED
            ),
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        )

    def _firewall(self, context: Context) -> waf.CfnWebACL:
        public = [_starts(WEBHOOKS), _starts(LINKS), _starts(BEATS), _starts(CONFIRM)]
        public += [_is(path) for path in (*STATUS, REPORT, SECURITY_TXT)]
        tries = [_starts(LINKS), _starts(REPORT)]
        rules = [
            self._rule(0, "OnlyPublicRoutes", _not(_any(public))),
            self._rule(1, "TriesOfLinks", _more_than(LINK_TRIES, _any(tries))),
            self._rule(2, "Visits", _more_than(VISITS, _not(_starts(WEBHOOKS)))),
            *(self._managed(3 + n, name) for n, name in enumerate(MANAGED)),
        ]
        return waf.CfnWebACL(
            self,
            "Firewall",
            name=context.stage.physical("edge"),
            scope="CLOUDFRONT",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_seen("Firewall"),
            rules=rules,
        )

    def _rule(
        self, priority: int, name: str, statement: waf.CfnWebACL.StatementProperty
    ) -> waf.CfnWebACL.RuleProperty:
        return waf.CfnWebACL.RuleProperty(
            name=name,
            priority=priority,
            statement=statement,
            action=waf.CfnWebACL.RuleActionProperty(block={}),
            visibility_config=_seen(name),
        )

    def _managed(self, priority: int, name: str) -> waf.CfnWebACL.RuleProperty:
        group = waf.CfnWebACL.ManagedRuleGroupStatementProperty(
            vendor_name="AWS", name=name, scope_down_statement=_not(_starts(WEBHOOKS))
        )
        return waf.CfnWebACL.RuleProperty(
            name=name,
            priority=priority,
            statement=waf.CfnWebACL.StatementProperty(managed_rule_group_statement=group),
            override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
            visibility_config=_seen(name),
        )


def _seen(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    """Counts, and no samples: a sampled request would show a link's token."""
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )


def _path(how: str, text: str) -> waf.CfnWebACL.StatementProperty:
    """As it is, with nothing undone: what is written in another way is no route of ours."""
    return waf.CfnWebACL.StatementProperty(
        byte_match_statement=waf.CfnWebACL.ByteMatchStatementProperty(
            field_to_match=waf.CfnWebACL.FieldToMatchProperty(uri_path={}),
            positional_constraint=how,
            search_string=text,
            text_transformations=[
                waf.CfnWebACL.TextTransformationProperty(priority=0, type="NONE")
            ],
        )
    )


def _starts(text: str) -> waf.CfnWebACL.StatementProperty:
    return _path("STARTS_WITH", text)


def _is(text: str) -> waf.CfnWebACL.StatementProperty:
    return _path("EXACTLY", text)


def _not(statement: waf.CfnWebACL.StatementProperty) -> waf.CfnWebACL.StatementProperty:
    return waf.CfnWebACL.StatementProperty(
        not_statement=waf.CfnWebACL.NotStatementProperty(statement=statement)
    )


def _any(
    statements: list[waf.CfnWebACL.StatementProperty],
) -> waf.CfnWebACL.StatementProperty:
    return waf.CfnWebACL.StatementProperty(
        or_statement=waf.CfnWebACL.OrStatementProperty(statements=statements)
    )


def _more_than(
    limit: int, narrowed: waf.CfnWebACL.StatementProperty
) -> waf.CfnWebACL.StatementProperty:
    return waf.CfnWebACL.StatementProperty(
        rate_based_statement=waf.CfnWebACL.RateBasedStatementProperty(
            aggregate_key_type="IP",
            limit=limit,
            evaluation_window_sec=300,
            scope_down_statement=narrowed,
        )
    )
