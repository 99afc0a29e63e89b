"""The edge: not there unless asked for, and rules that let the public routes through and no other.

Statements are evaluated here as AWS describes them: the first rule that matches and blocks decides.
https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-rules.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra.constructs.nag import ACKNOWLEDGED
from infra.routes import ROUTES
from infra.stacks.edge import LINK_TRIES, MANAGED, VISITS
from tests.infra.conftest import FULL, synthesise

if TYPE_CHECKING:
    from tests.infra.deployment import Deployment

ACL, DISTRIBUTION = "AWS::WAFv2::WebACL", "AWS::CloudFront::Distribution"
OPEN = sorted({route.path.partition("{")[0] for route in ROUTES if route.open_because})
LARGEST = 1_500
"""Units of capacity that one web ACL may take before it costs more."""


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    folder = tmp_path_factory.mktemp("edge")
    return synthesise(folder, stage="production", edge="on", **FULL)


def matches(statement: dict[str, Any], path: str, seen: int) -> bool:
    """Whether a statement is true of a request to that path, of an address seen so often."""
    ((kind, told),) = statement.items()
    match kind:
        case "NotStatement":
            return not matches(told["Statement"], path, seen)
        case "OrStatement":
            return any(matches(each, path, seen) for each in told["Statements"])
        case "RateBasedStatement":
            return seen > told["Limit"] and matches(told["ScopeDownStatement"], path, seen)
        case "ByteMatchStatement":
            assert told["FieldToMatch"] == {"UriPath": {}}
            assert [each["Type"] for each in told["TextTransformations"]] == ["NONE"]
            wanted = told["SearchString"]
            exactly = told["PositionalConstraint"] == "EXACTLY"
            return path == wanted if exactly else path.startswith(wanted)
        case _:
            raise AssertionError(f"nobody evaluates {kind} here")


def blocked(edge: Deployment, path: str, *, seen: int = 1) -> str:
    """The rule that keeps a request out; empty for none. AWS's own lists are left aside."""
    rules = sorted(edge.one(ACL)["Rules"], key=lambda rule: int(rule["Priority"]))
    own = [rule for rule in rules if "Action" in rule]
    found = (rule for rule in own if matches(rule["Statement"], path, seen))
    rule = next(found, None)
    assert rule is None or rule["Action"] == {"Block": {}}
    return "" if rule is None else str(rule["Name"])


def test_nobody_has_an_edge_who_did_not_ask(production: Deployment, drill: Deployment) -> None:
    for stage in (production, drill):
        assert stage.of(ACL) == []
        assert stage.of(DISTRIBUTION) == []


@pytest.mark.parametrize("path", OPEN)
def test_every_public_route_comes_through(edge: Deployment, path: str) -> None:
    assert blocked(edge, path + ("x" if path.endswith("/") else "")) == ""


@pytest.mark.parametrize(
    "path",
    ["/", "/v1/incidents", "/status/x", "/statusx", "/WEBHOOKS/stripe", "/%61/token", "/.env"],
)
def test_what_is_no_public_route_is_kept_out(edge: Deployment, path: str) -> None:
    assert blocked(edge, path) == "OnlyPublicRoutes"


@pytest.mark.parametrize(
    ("path", "seen", "rule"),
    [
        ("/a/token", LINK_TRIES, ""),
        ("/a/token", LINK_TRIES + 1, "TriesOfLinks"),
        ("/status", VISITS, ""),
        ("/status", VISITS + 1, "Visits"),
        ("/webhooks/stripe", 100 * VISITS, ""),
    ],
)
def test_an_address_that_asks_too_often_waits_but_for_providers(
    edge: Deployment, path: str, seen: int, rule: str
) -> None:
    assert blocked(edge, path, seen=seen) == rule


def test_awss_own_lists_are_for_everybody_but_providers(edge: Deployment) -> None:
    groups = [
        rule["Statement"]["ManagedRuleGroupStatement"]
        for rule in edge.one(ACL)["Rules"]
        if "OverrideAction" in rule
    ]
    assert {group["Name"] for group in groups} == MANAGED.keys()
    for group in groups:
        assert matches(group["ScopeDownStatement"], "/status", 1)
        assert not matches(group["ScopeDownStatement"], "/webhooks/stripe", 1)
    assert sum(MANAGED.values()) < LARGEST


def test_no_rule_keeps_a_sample_of_what_was_asked(edge: Deployment) -> None:
    acl = edge.one(ACL)
    seen = [acl["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in acl["Rules"])]

    assert all(each["SampledRequestsEnabled"] is False for each in seen)
    assert len({rule["Priority"] for rule in acl["Rules"]}) == len(acl["Rules"])


def test_the_distribution_goes_on_to_the_api_over_tls_and_caches_no_webhook(
    edge: Deployment,
) -> None:
    config = edge.one(DISTRIBUTION)["DistributionConfig"]
    behaviors = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
    disabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # CachingDisabled, as AWS names it

    assert {each["ViewerProtocolPolicy"] for each in behaviors} == {"https-only"}
    for origin in config["Origins"]:
        assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert config["DefaultCacheBehavior"]["CachePolicyId"] == disabled
    assert {each["PathPattern"] for each in config["CacheBehaviors"]} == {
        "/status",
        "/billing/status",
    }
    assert all(each["CachePolicyId"] != disabled for each in config["CacheBehaviors"])
    assert config["WebACLId"]


def test_where_no_such_firewall_can_be_made_the_stack_is_refused(edge: Deployment) -> None:
    template = edge.templates[edge.context.stage.physical("edge")]
    (rule,) = [one for name, one in template["Rules"].items() if "OneRegion" in name]

    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}


def test_every_acknowledgement_of_the_edge_answers_a_finding(edge: Deployment) -> None:
    report = json.loads((edge.folder / "validation-report.json").read_text())
    used = {
        (one["acknowledgedAt"], one["acknowledgedId"])
        for plugin in report["pluginReports"]
        for one in plugin["suppressedViolations"]
    }
    written = {
        (path.removeprefix("/"), entry["data"])
        for file in edge.folder.glob("*edge*.metadata.json")
        for path, entries in json.loads(file.read_text()).items()
        for entry in entries
        if entry["type"] == ACKNOWLEDGED
    }
    assert written
    assert written - used == set()
