"""What a stage costs follows from its template, and stays below what was promised."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from tools.cost import (
    DOCUMENT,
    MILLION,
    PRICES,
    Template,
    bills,
    figures,
    findings,
    items,
    over,
    page,
    total,
)

if TYPE_CHECKING:
    from tests.infra.deployment import Deployment

PRICE = tomllib.loads(PRICES.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def template(production: Deployment) -> Template:
    return Template.read(production.folder)


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    return bills()


def test_the_page_is_what_the_templates_cost(bill: dict[str, Any]) -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == page(bill)


def test_a_month_stays_below_its_limits(bill: dict[str, Any]) -> None:
    found = figures(bill)
    assert over(found) == []
    assert found["nothing_configured_usd_month"] <= found["idle_usd_month"] <= 5
    assert found["usd_1e6_webhooks"] <= 10
    dear = found | {"idle_usd_month": 5.01, "usd_1e6_webhooks": 10.0}
    assert over(dear) == ["idle_usd_month is 5.01, more than 5.00"]


def test_sources_of_findings_cost_nothing_while_they_are_off(bare: Deployment) -> None:
    """On, they are a queue that is asked, a secret and an alarm."""
    assert [item.what for item in findings() if item.usd > 0] == [
        *("alarms", "secrets", "polling of queues"),
    ]
    assert total(findings()) == pytest.approx(0.10 + 0.40 + 0.19, abs=0.01)
    polled = list(Template.read(bare.folder).of("AWS::Lambda::EventSourceMapping"))
    assert not any("ignals" in str(one["EventSourceArn"]) for one in polled)


def changed(template: Template, type_: str, **properties: Any) -> Template:
    """The template with one resource more; of a function, what its environment says."""
    if type_ == "AWS::Lambda::Function":
        handler = "functions.one_more.handler.lambda_handler"
        properties = {
            "Handler": handler,
            "MemorySize": 128,
            "Environment": {"Variables": properties},
        }
    more = {"Type": type_, "Properties": properties}
    return Template({**template.resources, "More": more})


@pytest.mark.parametrize(
    ("type_", "properties", "usd"),
    [
        ("AWS::CloudWatch::Alarm", {"MetricName": "M"}, 0.10),
        ("AWS::CloudWatch::Alarm", {"Metrics": [{"MetricStat": {}}] * 3}, 0.30),
        ("AWS::KMS::Key", {}, 1.00),
        ("AWS::SecretsManager::Secret", {}, 0.40),
        ("AWS::CloudWatch::Dashboard", {}, 3.00),
        ("AWS::Lambda::EventSourceMapping", {"EventSourceArn": "Queue"}, 0.19),
        ("AWS::Lambda::EventSourceMapping", {"EventSourceArn": "Queue", "Enabled": False}, 0),
        ("AWS::Lambda::EventSourceMapping", {"EventSourceArn": "TableStream"}, 0),
        ("AWS::Lambda::Function", {"METRICS_READ": "none"}, 0),
        ("AWS::Lambda::Function", {"METRICS_READ": "SignalsReceived,IncidentsOpened"}, 0.60),
    ],
)
def test_what_is_added_to_a_template_is_on_the_bill(
    template: Template, type_: str, properties: dict[str, Any], usd: float
) -> None:
    before = total(items(template, PRICE))
    after = total(items(changed(template, type_, **properties), PRICE))
    assert after - before == pytest.approx(usd, abs=0.011)


def test_webhooks_cost_in_proportion(template: Template) -> None:
    none, one, two = (
        total(items(template, PRICE, webhooks=count)) for count in (0, MILLION, 2 * MILLION)
    )
    assert two - one == pytest.approx(one - none, abs=0.02)


def test_every_schedule_has_a_price_for_its_call(template: Template) -> None:
    assert set(PRICE["calls"]) >= {"sla_check", "auditor", "outage_watch", "provider_watch"}
    rounds = [one for one in items(template, PRICE) if one.what == "Lambda requests"]
    assert rounds[0].usd > 0
