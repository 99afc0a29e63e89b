"""Each cause rings and is told by its name, each alarm can ring, and none does on a calm day.

What functions write and what the platform reports goes through the filters and alarms of the
template, by the rules that AWS documents (`evaluator`), and through the function that tells
operations.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from functions.attention.notices import Desk, seen_in
from infra.catalogue import FUNCTIONS
from infra.constructs.function import CAUSES_VARIABLE
from infra.spec import ANY_FUNCTION
from tests.infra.evaluator import ALARM, OK, CloudWatch, evaluate, matches
from tocsin.runtime import attention
from tocsin.runtime.watch import json_lines
from tocsin.runtime.watch.invocation import watch

if TYPE_CHECKING:
    from infra.spec import Cause
    from tests.infra.deployment import Deployment

NOON = 1_790_000_000 // 300 * 300
OWN = [(name, cause) for name, spec in FUNCTIONS.items() for cause in spec.causes]
ANYBODYS = [("notifier", cause) for cause in ANY_FUNCTION]


def report(status: str = "success", *, seconds: float = 0.2) -> str:
    """As Lambda writes it with JSON logging:
    https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html#platform-report"""
    record = {
        "requestId": "79b4f56e-95b1-4643-9700-2807f4e68189",
        "metrics": {
            "durationMs": seconds * 1000,
            "billedDurationMs": int(seconds * 1000) + 1,
            "memorySizeMB": 512,
            "maxMemoryUsedMB": 61,
        },
        "status": status,
    }
    line = {"time": "2026-11-29T12:00:00.000Z", "type": "platform.report", "record": record}
    return json.dumps(line)


def told_by(
    deployment: Deployment, desk: Desk, function: str, lines: list[str], at: int
) -> list[tuple[str, str]]:
    """Cause and place of each notice that these lines of a function's log lead to."""
    stage = deployment.context.stage
    batch = {
        "logGroup": f"/aws/lambda/{stage.physical(FUNCTIONS[function].dashed)}",
        "logEvents": [{"timestamp": at * 1000, "message": line} for line in lines],
    }
    return [(one.cause, one.where) for one in desk.take(seen_in(batch, stage=stage.name))]


def written(
    deployment: Deployment,
    function: str,
    cause: Cause,
    value: int,
    *,
    by: tuple[pytest.MonkeyPatch, pytest.CaptureFixture[str]],
) -> list[str]:
    """What the function writes with the environment that the template gives it."""
    monkeypatch, capsys = by
    variables = deployment.function(function)["Environment"]["Variables"]
    monkeypatch.setattr(attention, "_CAUSES", attention.read(variables[CAUSES_VARIABLE]))
    json_lines.start(function, stage=deployment.context.stage.name)
    capsys.readouterr()
    if cause.gauge:
        json_lines.gauge(cause.metric, value)
    else:
        json_lines.count(cause.metric, value=value)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("function", "cause"), OWN + ANYBODYS, ids=lambda one: getattr(one, "name", one)
)
def test_a_cause_rings_at_its_limit_once_and_is_told_by_its_name(
    production: Deployment,
    function: str,
    cause: Cause,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for value, rings in ((cause.at_least - 1, False), (cause.at_least, True)):
        cloudwatch, desk = CloudWatch(production), Desk()
        lines = written(production, function, cause, value, by=(monkeypatch, capsys))
        on = [line for line in lines if cloudwatch.log(function, line, NOON)]
        assert cloudwatch.state("needs-attention", NOON + 60) == (ALARM if rings else OK)
        told = told_by(production, desk, function, on, NOON)
        assert told == ([(cause.name, function)] if rings else [])
        again = told_by(production, desk, function, on, NOON + 600)
        assert again == [], "what goes on is told once an hour"
        later = told_by(production, desk, function, on, NOON + 3_700)
        assert bool(later) == rings


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("status", ["error", "failure", "timeout"])
def test_a_call_that_fails_rings_and_the_function_is_named(
    production: Deployment, function: str, status: str
) -> None:
    cloudwatch, desk = CloudWatch(production), Desk()
    fine = [report(), "a line that is no JSON", json.dumps({"level": "INFO", "message": "x"})]
    assert [cloudwatch.log(function, line, NOON) for line in fine] == [False] * 3
    assert "functions-failing" not in cloudwatch.ringing(NOON + 60)
    on = cloudwatch.log(function, report(status), NOON)
    assert cloudwatch.state("functions-failing", NOON + 60) == ALARM
    assert on is FUNCTIONS[function].tells
    if on:
        told = told_by(production, desk, function, [report(status)], NOON)
        assert told == [("functions-failing", function)]


class Taking:
    """A call's context whose time passes as it is told."""

    aws_request_id = "79b4f56e-95b1-4643-9700-2807f4e68189"

    def __init__(self, timeout: int) -> None:
        self.left = timeout * 1000

    def get_remaining_time_in_millis(self) -> int:
        return self.left


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("powertools", [False, True])
def test_calls_near_the_timeout_ring_at_the_third_and_the_function_is_named(
    production: Deployment,
    function: str,
    powertools: bool,  # noqa: FBT001 - a row of the table
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By the line that the call itself writes: Lambda's own report of what went well is not kept.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    cloudwatch, desk, told = CloudWatch(production), Desk(), []
    stage, timeout = production.context.stage.name, FUNCTIONS[function].timeout
    logging = production.function(function)["LoggingConfig"]
    assert (logging["LogFormat"], logging["SystemLogLevel"]) == ("JSON", "WARN")
    variables = production.function(function)["Environment"]["Variables"]
    monkeypatch.setattr(attention, "_CAUSES", attention.read(variables[CAUSES_VARIABLE]))
    json_lines.start(function, stage=stage)
    watching = watch(function, stage=stage, level="INFO").invocation if powertools else None
    for minute, share in enumerate((0.85, 0.7, 0.85, 0.85)):
        assert cloudwatch.state("needs-attention", NOON + 60 * minute) == OK
        context = Taking(timeout)
        capsys.readouterr()
        with (watching or json_lines.invocation)(context):
            context.left = int((1 - share) * timeout * 1000)
        lines = capsys.readouterr().out.splitlines()
        at = NOON + 60 * minute
        on = [line for line in lines if cloudwatch.log(function, line, at)]
        told += told_by(production, desk, function, on, at)
    assert cloudwatch.state("needs-attention", NOON + 240) == ALARM
    assert told == ([("functions-slow", function)] if FUNCTIONS[function].tells else [])


def keep_alive(cloudwatch: CloudWatch, minutes: range) -> None:
    """What a stage that does nothing but look measures."""
    deployment = cloudwatch.deployment
    for minute in minutes:
        at = NOON + 60 * minute
        cloudwatch.put(
            f"Tocsin/{deployment.context.stage.name}",
            "AuditsClean",
            {"service": "auditor"},
            at,
            1,
        )
        for name in ("sla_check", "provider_watch"):
            about = {"FunctionName": deployment.function(name).name}
            cloudwatch.put("AWS/Lambda", "Invocations", about, at, 1)


@pytest.mark.parametrize("stage", ["bare", "alone", "production"])
def test_a_calm_hour_rings_nothing(stage: str, request: pytest.FixtureRequest) -> None:
    cloudwatch = CloudWatch(request.getfixturevalue(stage))
    keep_alive(cloudwatch, range(-20, 60))
    for minute in range(60):
        assert cloudwatch.ringing(NOON + 60 * minute) == set()


@pytest.mark.parametrize(
    ("alarm", "within"),
    [("auditor-silent", 4), ("sla-check-silent", 4), ("provider-watch-silent", 15)],
)
def test_i7_silence_rings_within_the_promised_minutes(
    production: Deployment, alarm: str, within: int
) -> None:
    """Three minutes after the last point and one to see it, although older points are there."""
    cloudwatch = CloudWatch(production)
    keep_alive(cloudwatch, range(-30, 0))
    first = next(
        minute for minute in range(60) if cloudwatch.state(alarm, NOON + 60 * minute) == ALARM
    )
    assert first <= within
    assert CloudWatch(production).state(alarm, NOON) == ALARM, "what never spoke is silent"


def test_silence_left_missing_would_ring_late() -> None:
    """The rule that makes the filling necessary: real points from further back come first."""
    alarm = {
        "EvaluationPeriods": 3,
        "Threshold": 1,
        "ComparisonOperator": "LessThanThreshold",
        "TreatMissingData": "breaching",
        "Namespace": "N",
        "MetricName": "M",
        "Period": 60,
        "Statistic": "Sum",
    }
    measured = {("N", "M", frozenset[tuple[str, str]]()): [(n * 60, 1.0) for n in range(10)]}
    rings = [n for n in range(10, 30) if evaluate(alarm, measured, n * 60) == ALARM]
    assert rings[0] - 10 >= 5


def measures(alarm: Any) -> list[Any]:
    found = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", ()) if "MetricStat" in one]
    return found or [alarm]


def test_every_alarm_can_ring_by_each_of_its_measures_alone(production: Deployment) -> None:
    """A sum over measures of which most are never there has no value and rings for nobody."""
    prefix = production.context.stage.physical("")
    for alarm in production.of("AWS::CloudWatch::Alarm"):
        name = alarm["AlarmName"].removeprefix(prefix)
        if name.endswith("-silent"):
            continue
        for metric in measures(alarm):
            cloudwatch = CloudWatch(production)
            about = {one["Name"]: one["Value"] for one in metric.get("Dimensions", ())}
            for minute in range(3):
                at = NOON - 60 * (minute + 1)
                cloudwatch.put(metric["Namespace"], metric["MetricName"], about, at, 10_000_000)
            assert cloudwatch.state(name, NOON) == ALARM, (name, metric)


def test_what_lasts_keeps_ringing_and_does_not_flap(
    production: Deployment,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cloudwatch = CloudWatch(production)
    (cause,) = [one for _, one in OWN if one.name == "people-without-ways"]
    states = []
    for minute in range(120):
        for line in written(production, "auditor", cause, 8, by=(monkeypatch, capsys)):
            cloudwatch.log("auditor", line, NOON + 60 * minute)
        states.append(cloudwatch.state("needs-attention", NOON + 60 * (minute + 1)))
    assert set(states) == {ALARM}


@pytest.mark.parametrize(
    ("pattern", "picked"),
    [
        ('{ $.a = "x" }', True),
        ('{ $.a != "x" }', False),
        ('{ ($.b.c >= 5) && ($.a = "x") }', True),
        ('{ ($.b.c >= 6) || ($.none = "x") }', False),
        ('{ (($.a = "x") && ($.b.c >= 6)) || (($.a = "x") && ($.b.c >= 5)) }', True),
    ],
)
def test_patterns_are_read_as_the_page_says(pattern: str, picked: bool) -> None:  # noqa: FBT001 - a row of the table
    assert matches(pattern, {"a": "x", "b": {"c": 5}}) is picked


def test_a_pattern_of_another_form_is_not_guessed_at() -> None:
    with pytest.raises(SyntaxError):
        matches("{ $.a IS NULL }", {})


ONCE = """
    alarm-trigger auditor billing-api billing-projector incident-api notifier outage-watch
    provider-watch public-intake reconciler replay-planner replay-worker sla-check webhook-ingest
"""
"""The functions there were when each had alarms of its own."""
WENT = {
    **{f"{name}-errors": ("functions-failing",) for name in ONCE.split()},
    **{f"{name}-throttles": ("functions-throttled",) for name in ONCE.split()},
    **{f"{name}-duration": ("functions-slow",) for name in ONCE.split()},
    **dict.fromkeys(
        (
            "alarm-trigger-failed-not-empty",
            "alarms-dlq-not-empty",
            "billing-projector-failed-not-empty",
            "due-dlq-not-empty",
            "notifier-failed-not-empty",
            "reconcile-dlq-not-empty",
            "refetch-dlq-not-empty",
            "replay-dlq-not-empty",
            "restore-dlq-not-empty",
            # The topic of alarms hands what its queue refuses to the dead letters.
            "alarms-topic-undelivered",
        ),
        ("dead-letters",),
    ),
    "alarms-queue-age": ("alarms-waiting",),
    "due-queue-age": ("due-waiting",),
    **{
        f"{name}-queue-age": ("work-waiting",)
        for name in ("reconcile", "refetch", "replay", "restore")
    },
    **{
        f"{name}-topic-undelivered": ("messages-undelivered",)
        for name in ("chat", "pages", "stakeholders")
    },
    # What a table refuses is an error of a call, a webhook not stored, or an answer of the API; an
    # alarm over its measures, of which most are never there, could not ring.
    **{
        f"{name}-table-throttled": ("functions-failing", "webhooks-unstored", "api-server-errors")
        for name in ("billing-events", "billing-subscriptions", "incidents", "operations")
    },
    # Calls that wait for long are throttled, and in the end dead letters.
    "alarm-trigger-async-age": ("functions-throttled", "dead-letters"),
    "billing-projector-iterator-age": ("billing-projector-behind",),
    "notifier-iterator-age": ("notifier-behind",),
    "outage-watch-silent": ("outage-watch-silent",),
    "provider-watch-silent": ("provider-watch-silent",),
    "billing-razorpay-diverges": ("billing-diverges",),
    "billing-stripe-diverges": ("billing-diverges",),
    "checkout-all-providers-failing": ("no-payment-path",),
    "checkout-razorpay-failing": ("checkout-failing",),
    "checkout-stripe-failing": ("checkout-failing",),
    "webhooks-razorpay-backlog": ("webhooks-late",),
    "webhooks-stripe-backlog": ("webhooks-late",),
    "webhooks-razorpay-failing": ("webhooks-failing",),
    "webhooks-stripe-failing": ("webhooks-failing",),
    **{
        name: (name,)
        for name in [
            "api-server-errors",
            "auditor-silent",
            "billing-api-version-new",
            "billing-oldest-unprojected",
            "billing-problems",
            "billing-projection-lag",
            "billing-quarantine-age",
            "billing-quarantined",
            "billing-terminal-left",
            "billing-unknown-status",
            "links-missing",
            "links-refused",
            "messages-failed",
            "people-unreachable",
            "people-without-ways",
            "policies-unread",
            "provider-silent",
            "provider-watch-blind",
            "reconciliations-stalled",
            "replays-stalled",
            "signals-rejected",
            "sla-check-silent",
            "ways-failed",
            "webhooks-rejected",
            "webhooks-unstored",
        ]
    },
}
"""Where each cause went that had an alarm of its own, 104 in all."""


def test_no_cause_was_lost_when_alarms_became_few(production: Deployment) -> None:
    prefix = production.context.stage.physical("")
    alarms = {
        one["AlarmName"].removeprefix(prefix) for one in production.of("AWS::CloudWatch::Alarm")
    }
    causes = {cause.name for _, cause in OWN + ANYBODYS}
    assert len(WENT) == 104
    assert {name for where in WENT.values() for name in where} <= alarms | causes
