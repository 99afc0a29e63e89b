"""Whatever can fail in silence reaches operations by name; every alarm and cause has a page."""

from __future__ import annotations

import json
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns

import tocsin.billing.errors  # noqa: F401 - and these
from infra.app import ROOT
from infra.catalogue import FUNCTIONS
from infra.constructs.alarms import OpsAlarms
from infra.constructs.function import ATTENTION, CAUSES_VARIABLE, METRICS_VARIABLE
from infra.context import Context
from infra.spec import ANY_FUNCTION
from tests.infra.conftest import FULL, synthesise
from tests.infra.deployment import allows
from tocsin.billing.event import Problem
from tocsin.errors import TocsinError
from tocsin.notes import NAMESPACE, Event, Gauge, Metric
from tocsin.runtime import attention
from tocsin.runtime.watch import measured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.spec import Cause
    from tests.infra.deployment import Deployment, Resource

ALARM = "AWS::CloudWatch::Alarm"
PAGES = ROOT / "docs" / "alarms"
NOT_CODES = {"integration_error", "maximum_concurrency"}
SECTIONS = ["What it means", "Who is affected", "First look", "What to do", "How to verify"]
AT_MOST, BILLED_AT_MOST = 14, 15


def every_cause() -> Iterator[Cause]:
    yield from ANY_FUNCTION
    for spec in FUNCTIONS.values():
        yield from spec.causes


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


def test_every_alarm_and_cause_has_a_page_and_every_page_is_of_one(production: Deployment) -> None:
    alarms = {short_name(production, one) for one in production.of(ALARM)}
    causes = {cause.name for cause in every_cause()}
    assert not alarms & causes, "a name would lead to two things"
    assert alarms | causes == {page.stem for page in PAGES.glob("*.md")}


def test_stages_with_the_same_settings_have_the_same_alarms(
    production: Deployment, drill: Deployment, local: Deployment
) -> None:
    names = [
        {short_name(one, alarm) for alarm in one.of(ALARM)} for one in (production, drill, local)
    ]
    assert names[0] == names[1] == names[2]


def test_there_are_few_enough_alarms_to_be_read_and_paid_for(
    production: Deployment, bare: Deployment
) -> None:
    alarms = production.of(ALARM)
    billed = sum(
        sum("MetricStat" in one for one in alarm.get("Metrics", ())) or 1 for alarm in alarms
    )
    assert len(alarms) <= AT_MOST
    assert billed <= BILLED_AT_MOST
    assert {short_name(bare, one) for one in bare.of(ALARM)} == {
        short_name(production, one) for one in alarms
    } - {"provider-watch-silent", "signals-waiting"}


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
    for path in (ROOT / "shared" / "tocsin").rglob("errors.py"):
        import_module(".".join(path.relative_to(ROOT / "shared").with_suffix("").parts))
    assert codes <= {each.code for each in every_error(TocsinError)} | set(Problem)
    counts = set(re.findall(r"\*((?:Webhooks|Messages|Signals)[A-Za-z]+)\*", text))
    assert counts <= {value for key, value in vars(Metric).items() if key.isupper()}


def every_error(root: type[TocsinError]) -> Iterator[type[TocsinError]]:
    for leaf in root.__subclasses__():
        yield leaf
        yield from every_error(leaf)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_tells_its_causes_to_who_reads_its_log(
    deployment: Deployment, name: str
) -> None:
    spec, function = FUNCTIONS[name], deployment.function(name)
    told = attention.read(function["Environment"]["Variables"].get(CAUSES_VARIABLE))
    group = function["LoggingConfig"]["LogGroup"]
    reading = [
        deployment.at(one["DestinationArn"])
        for one in deployment.of("AWS::Logs::SubscriptionFilter")
        if one["LogGroupName"] == group
    ]
    if name == "attention":  # it would read of itself reading
        assert ([one.name for one in told.values()], reading) == (["functions-slow"], [])
        return
    assert {one.name for one in told.values()} == {
        cause.name for cause in (*ANY_FUNCTION, *spec.causes)
    }
    assert reading == [deployment.function("attention")]


@pytest.mark.parametrize("dashboard", ["off", "on"])
def test_a_count_is_a_measure_where_an_alarm_or_a_dashboard_reads_it(
    production: Deployment, dashboard: str, tmp_path: Path
) -> None:
    """And nowhere else: a measure costs money in every hour it is written in."""
    deployment = (
        production
        if dashboard == "off"
        else synthesise(tmp_path, stage="production", dashboard=dashboard, **FULL)
    )
    namespace = f"Tocsin/{deployment.context.stage.name}"
    read = {(value, name) for place, name, value in watched(deployment) if place == namespace}
    for board in deployment.of("AWS::CloudWatch::Dashboard"):
        body = json.dumps(board["DashboardBody"]).replace('\\"', '"').replace("\\", "")
        shown = re.findall(rf'"{namespace}","(\w+)","service","(\w+)"', body)
        assert shown
        read |= {(function, name) for name, function in shown}
    written = {
        (name, metric)
        for name in FUNCTIONS
        for metric in measured.read(
            deployment.function(name)["Environment"]["Variables"][METRICS_VARIABLE]
        )
        or ()
    }
    assert written == read
    assert measured.VARIABLE == METRICS_VARIABLE


def test_what_lines_of_causes_are_picked_by_is_what_they_say() -> None:
    assert ATTENTION == Event.ATTENTION_NEEDED
    assert CAUSES_VARIABLE == attention.VARIABLE


def test_a_line_is_handed_on_by_a_right_that_names_the_stages_logs(deployment: Deployment) -> None:
    function = deployment.function("attention")
    permission = deployment.one(
        "AWS::Lambda::Permission", Principal="logs.amazonaws.com", FunctionName=function.arn
    )
    groups = f"log-group:/aws/lambda/{deployment.context.stage.physical('*')}:*"
    assert permission["SourceArn"].endswith(groups)
    for one in deployment.of("AWS::Logs::SubscriptionFilter"):
        assert permission.name.split(".")[1] in one.raw["DependsOn"]


def test_alarms_that_name_nothing_wake_who_finds_out(deployment: Deployment) -> None:
    """An alarm over several things would leave people to look for the one."""
    namer = deployment.function("attention").arn
    for alarm in deployment.of(ALARM):
        stats = [one for one in alarm.get("Metrics", ()) if "MetricStat" in one]
        several = len(stats) > 1 and not short_name(deployment, alarm).endswith("-silent")
        several |= short_name(deployment, alarm) in {"functions-throttled", "dead-letters"}
        assert (namer in alarm["AlarmActions"]) == several


def test_every_queue_is_watched_by_age_or_by_being_filled_at_all(production: Deployment) -> None:
    seen = set(watched(production))
    for queue in production.of("AWS::SQS::Queue"):
        works = "RedrivePolicy" in queue.properties
        if queue["QueueName"].rpartition("-")[2] in {"reconcile", "refetch", "replay", "restore"}:
            # `provider_watch` asks it itself, which costs less than a measure.
            role = production.role_of(production.function("provider_watch"))
            assert allows(role, "sqs:GetQueueAttributes", queue.arn)
            continue
        metric = "ApproximateAgeOfOldestMessage" if works else "ApproximateNumberOfMessagesVisible"
        assert ("AWS/SQS", metric, f"{queue.name}.QueueName") in seen


def test_every_stream_reader_is_watched_for_falling_behind(deployment: Deployment) -> None:
    seen = set(watched(deployment))
    for mapping in deployment.of("AWS::Lambda::EventSourceMapping"):
        if deployment.at(mapping["EventSourceArn"]).type == "AWS::DynamoDB::Table":
            assert ("AWS/Lambda", "IteratorAge", mapping["FunctionName"]) in seen


def test_every_topic_that_has_no_queue_behind_it_is_watched(deployment: Deployment) -> None:
    seen = {value for _, _, value in watched(deployment)}
    stage = deployment.context.stage
    for topic in deployment.of("AWS::SNS::Topic"):
        unused = {stage.physical(name) for name in ("ops", "alarms", "chat")}
        ways_out = topic["TopicName"] not in unused
        assert (f"{topic.name}.TopicName" in seen) == ways_out


def test_counts_that_alarms_read_are_counts_that_functions_write() -> None:
    known = {
        value for one in (Metric, Gauge) for name, value in vars(one).items() if name.isupper()
    }
    assert {cause.metric for cause in every_cause()} <= known


def test_counts_are_read_from_the_namespace_of_the_stage(deployment: Deployment) -> None:
    expected = f"{NAMESPACE}/{deployment.context.stage.name}"
    own = {
        metric["Namespace"]
        for alarm in deployment.of(ALARM)
        for metric in (
            alarm,
            *(one.get("MetricStat", {}).get("Metric", {}) for one in alarm.get("Metrics", ())),
        )
        if metric.get("Namespace") and not metric["Namespace"].startswith("AWS/")
    } | {
        one["MetricTransformations"][0]["MetricNamespace"]
        for one in deployment.of("AWS::Logs::MetricFilter")
    }
    assert own == {expected}


def test_tocsins_own_alarms_reach_people_without_tocsin(deployment: Deployment) -> None:
    stage = deployment.context.stage
    ops = deployment.one("AWS::SNS::Topic", TopicName=stage.physical("ops"))
    assert "KmsMasterKeyId" not in ops.properties, "it must report a key that broke"
    for alarm in deployment.of(ALARM):
        assert alarm["AlarmActions"][0] == ops.name
        assert alarm["OKActions"] == [ops.name]
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
    arn = "arn:aws:lambda:eu-west-1:111122223333:function:namer"
    alarms = OpsAlarms(
        stack,
        context=context,
        topic=cast("sns.ITopic", sns.Topic(stack, "Topic")),
        namer=lambda_.Function.from_function_arn(stack, "Namer", arn),
    )
    metric = cloudwatch.Metric(namespace="Test", metric_name="Test")
    alarms.add("something-fails", says="It fails.", metric=cast("cloudwatch.IMetric", metric))
    app.synth()
    text = (tmp_path / "Small.template.json").read_text()
    assert "It fails. What to do: https://example.org/tocsin/docs/alarms/something-fails.md" in text
