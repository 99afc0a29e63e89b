"""Whatever can fail in silence has an alarm; every alarm has a page, and every page an alarm."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns

import tocsin.billing.errors  # noqa: F401 - and these
from infra.app import ROOT
from infra.catalogue import FUNCTIONS
from infra.constructs.alarms import OpsAlarms
from infra.context import Context
from infra.functions.outage_watch import OUTAGES
from tocsin.billing.event import Problem
from tocsin.errors import TocsinError
from tocsin.notes import NAMESPACE, Event, Gauge, Metric
from tocsin.providers.registry import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.infra.deployment import Deployment, Resource

ALARM = "AWS::CloudWatch::Alarm"
PAGES = ROOT / "docs" / "alarms"
NOT_CODES = {"integration_error", "maximum_concurrency"}
SECTIONS = ["What it means", "Who is affected", "First look", "What to do", "How to verify"]


def short_name(deployment: Deployment, alarm: Resource) -> str:
    name: str = alarm["AlarmName"]
    return name.removeprefix(deployment.context.stage.physical(""))


def watched(deployment: Deployment) -> Iterator[tuple[str, str, Any]]:
    """Namespace, metric and dimension value of everything that any alarm looks at."""
    for alarm in deployment.of(ALARM):
        metrics = [
            alarm.properties,
            *(one.get("MetricStat", {}).get("Metric", {}) for one in alarm.get("Metrics", [])),
        ]
        for metric in metrics:
            for dimension in metric.get("Dimensions", []):
                yield metric["Namespace"], metric["MetricName"], dimension["Value"]


def test_every_alarm_has_a_page_and_every_page_an_alarm(production: Deployment) -> None:
    alarms = {short_name(production, one) for one in production.of(ALARM)}
    assert alarms == {page.stem for page in PAGES.glob("*.md")}


def test_stages_have_the_same_alarms(
    production: Deployment, drill: Deployment, local: Deployment
) -> None:
    names = [
        {short_name(one, alarm) for alarm in one.of(ALARM)} for one in (production, drill, local)
    ]
    assert names[0] == names[1] == names[2]


def test_the_text_of_an_alarm_leads_to_its_page(deployment: Deployment) -> None:
    for alarm in deployment.of(ALARM):
        page = f"docs/alarms/{short_name(deployment, alarm)}.md"
        assert alarm["AlarmDescription"].endswith(f"What to do: {page}")


@pytest.mark.parametrize("name", sorted(page.stem for page in PAGES.glob("*.md")))
def test_a_page_says_what_to_do(name: str) -> None:
    text = (PAGES / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == SECTIONS
    parts = re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]
    assert all(len(part.split()) >= 5 for part in parts)
    linked = re.findall(r"\]\(([a-z-]+\.md)\)", text)
    assert all((PAGES / target).exists() for target in linked)


@pytest.mark.parametrize("name", sorted(page.stem for page in PAGES.glob("*.md")))
def test_a_page_quotes_log_events_errors_and_counts_that_exist(name: str) -> None:
    """A page that is read at night must not send people after words that nothing writes."""
    text = (PAGES / f"{name}.md").read_text()
    events = set(re.findall(r"`([a-z]+\.[a-z]+)`", text)) | (
        set(re.findall(r"`(unexpected)`", text))
    )
    assert events <= {value for key, value in vars(Event).items() if key.isupper()}
    codes = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text)) - set(FUNCTIONS) - NOT_CODES
    assert codes <= {each.code for each in every_error(TocsinError)} | set(Problem)
    counts = set(re.findall(r"\*((?:Webhooks|Messages|Signals)[A-Za-z]+)\*", text))
    assert counts <= {value for key, value in vars(Metric).items() if key.isupper()}


def every_error(root: type[TocsinError]) -> Iterator[type[TocsinError]]:
    for leaf in root.__subclasses__():
        yield leaf
        yield from every_error(leaf)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("metric", ["Errors", "Throttles", "Duration"])
def test_every_function_is_watched(deployment: Deployment, name: str, metric: str) -> None:
    function = deployment.function(name).name
    assert ("AWS/Lambda", metric, function) in set(watched(deployment))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_alarm_rings_before_the_timeout_does(deployment: Deployment, name: str) -> None:
    spec = FUNCTIONS[name]
    alarm = deployment.one(
        ALARM, AlarmName=deployment.context.stage.physical(f"{spec.dashed}-duration")
    )
    assert 0.5 * spec.timeout * 1000 < alarm["Threshold"] < spec.timeout * 1000


def test_every_queue_is_watched_by_age_or_by_being_filled_at_all(deployment: Deployment) -> None:
    seen = set(watched(deployment))
    for queue in deployment.of("AWS::SQS::Queue"):
        if queue["QueueName"] == deployment.context.stage.physical("inbox"):
            continue  # read by whoever is curious; nobody waits for it
        works = "RedrivePolicy" in queue.properties
        metric = "ApproximateAgeOfOldestMessage" if works else "ApproximateNumberOfMessagesVisible"
        assert ("AWS/SQS", metric, f"{queue.name}.QueueName") in seen


def test_every_stream_reader_is_watched_for_falling_behind(deployment: Deployment) -> None:
    seen = set(watched(deployment))
    for mapping in deployment.of("AWS::Lambda::EventSourceMapping"):
        if deployment.at(mapping["EventSourceArn"]).type == "AWS::DynamoDB::Table":
            assert ("AWS/Lambda", "IteratorAge", mapping["FunctionName"]) in seen


def test_i7_silence_of_the_sweep_is_an_alarm(deployment: Deployment) -> None:
    alarm = deployment.one(ALARM, AlarmName=deployment.context.stage.physical("sla-check-silent"))
    assert alarm["MetricName"] == "Invocations"
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert alarm["EvaluationPeriods"] * alarm["Period"] <= 180


def test_i7_silence_of_the_auditor_is_an_alarm_and_only_a_clean_audit_breaks_it(
    deployment: Deployment,
) -> None:
    alarm = deployment.one(ALARM, AlarmName=deployment.context.stage.physical("auditor-silent"))
    assert alarm["MetricName"] == Metric.AUDITS_CLEAN
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert (alarm["EvaluationPeriods"], alarm["Period"]) == (3, 60)


def test_tables_and_topics_are_watched(deployment: Deployment) -> None:
    seen = {value for _, _, value in watched(deployment)}
    assert {one.name for one in deployment.of("AWS::DynamoDB::Table")} <= seen
    ops = deployment.context.stage.physical("ops")
    for topic in deployment.of("AWS::SNS::Topic"):
        assert (f"{topic.name}.TopicName" in seen) == (topic["TopicName"] != ops)


def test_counts_that_alarms_read_are_counts_that_functions_write() -> None:
    known = {
        value for one in (Metric, Gauge) for name, value in vars(one).items() if name.isupper()
    }
    assert {cause.metric for spec in FUNCTIONS.values() for cause in spec.causes} <= known


def test_counts_are_read_from_the_namespace_of_the_stage(deployment: Deployment) -> None:
    expected = f"{NAMESPACE}/{deployment.context.stage.name}"
    own = {namespace for namespace, _, _ in watched(deployment) if not namespace.startswith("AWS/")}
    assert own == {expected}


def test_tocsins_own_alarms_reach_people_without_tocsin(deployment: Deployment) -> None:
    """What customers meet in an outage opens an incident too; people hear of it either way."""
    stage = deployment.context.stage
    ops = deployment.one("AWS::SNS::Topic", TopicName=stage.physical("ops"))
    way_in = deployment.one("AWS::SNS::Topic", TopicName=stage.physical("alarms"))
    opening = {name.format(provider) for _, name, _ in OUTAGES for provider in PROVIDERS.names}
    for alarm in deployment.of(ALARM):
        opens = short_name(deployment, alarm) in opening
        wanted = [ops.name, way_in.name] if opens else [ops.name]
        assert alarm["AlarmActions"] == wanted
        assert alarm["OKActions"] == wanted
    listening = [
        one for one in deployment.of("AWS::SNS::Subscription") if one["TopicArn"] == ops.name
    ]
    assert [(one["Protocol"], one["Endpoint"]) for one in listening] == (
        [] if stage.inbox else [("email", "ops@example.com")]
    )


def test_a_base_for_links_turns_the_path_into_a_link(tmp_path: Path) -> None:
    context = Context.read({"stage": "local", "docs_base": "https://example.org/tocsin/"})
    app = cdk.App(outdir=str(tmp_path))
    stack = cdk.Stack(app, "Small")
    alarms = OpsAlarms(context=context, topic=cast("sns.ITopic", sns.Topic(stack, "Topic")))
    metric = cloudwatch.Metric(namespace="Test", metric_name="Test")
    alarms.add(stack, "something-fails", says="It fails.", metric=metric)
    app.synth()
    text = (tmp_path / "Small.template.json").read_text()
    assert "It fails. What to do: https://example.org/tocsin/docs/alarms/something-fails.md" in text
