"""What a stage consists of before anything is configured, and what one provider adds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from infra.catalogue import FUNCTIONS
from infra.constructs.function import CAUSES_VARIABLE, METRICS_VARIABLE
from tests.harness.worlds.rounds import START, Context, a_quiet_stage
from tests.infra.evaluator import CloudWatch
from tocsin.runtime import attention
from tocsin.runtime.watch import measured

if TYPE_CHECKING:
    from tests.infra.deployment import Deployment

WATCHING = {"provider-watch", "outage-watch", "reconcile-recent", "reconcile-sample"}


def schedules(deployment: Deployment) -> set[str]:
    prefix = deployment.context.stage.physical("")
    return {
        one["Name"].removeprefix(prefix)
        for type_ in ("AWS::Scheduler::Schedule", "AWS::Events::Rule")
        for one in deployment.of(type_)
        if "ScheduleExpression" in one.properties
    }


def test_nobody_looks_for_outages_of_providers_nobody_uses(
    bare: Deployment, alone: Deployment
) -> None:
    assert schedules(bare) == {"auditor", "sla-check"}
    assert schedules(alone) == {"auditor", "sla-check"} | WATCHING


def test_other_teams_alarms_open_nothing_unless_asked_for(bare: Deployment) -> None:
    name = bare.context.stage.physical
    assert [one["Name"] for one in bare.of("AWS::Events::Rule")] == [name("auditor")]
    # The topic is there always, and an alarm may name the function itself.
    topic = bare.one("AWS::SNS::Topic", TopicName=name("alarms"))
    taken = [
        one["Protocol"]
        for one in bare.of("AWS::SNS::Subscription")
        if one["TopicArn"] == topic.name
    ]
    assert taken == ["sqs"]


def looks(deployment: Deployment) -> list[str]:
    """The functions that something wakes every minute."""
    names = {one.dashed: one.name for one in FUNCTIONS.values()}
    return sorted(names[one] for one in schedules(deployment) if one in names)


@pytest.mark.parametrize(
    ("stage", "minutes"),
    [
        ("bare", 16),
        ("alone", 16),
        pytest.param("bare", 60, marks=pytest.mark.full),
        pytest.param("alone", 60, marks=pytest.mark.full),
    ],
)
def test_in_a_first_hour_nobody_is_paged_and_operations_hear_only_that_nobody_can_be(
    stage: str,
    minutes: int,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What wakes every minute runs an hour with what the template tells it, then with a provider.

    A quarter of it on every run: no alarm looks back further than 15 minutes.

    What it writes goes through the template's filters and alarms; AWS's own measure of a call is
    that there was one.
    """
    deployment: Deployment = request.getfixturevalue(stage)
    cloudwatch, causes = CloudWatch(deployment), set[str]()
    started = int(START.timestamp())
    with a_quiet_stage(deployment.context.providers, monkeypatch) as quiet:
        handlers = {}
        for name in looks(deployment):
            told = deployment.function(name)["Environment"]["Variables"]
            causes_of = attention.read(told[CAUSES_VARIABLE])
            read = measured.read(told[METRICS_VARIABLE])
            handlers[name] = (quiet.function(name), causes_of, read)
        for minute in range(minutes):
            quiet.at(minute)
            at = started + 60 * minute
            for name, (module, causes_of, read) in handlers.items():
                monkeypatch.setattr(attention, "_CAUSES", causes_of)
                monkeypatch.setattr(measured, "_READ", read)
                capsys.readouterr()
                module.lambda_handler({}, Context())
                about = {"FunctionName": deployment.function(name).name}
                cloudwatch.put("AWS/Lambda", "Invocations", about, at, 1)
                for line in capsys.readouterr().out.splitlines():
                    cloudwatch.log(name, line, at)
                    causes |= {found for found in [json.loads(line).get("cause")] if found}
        kept = quiet.cloud.items("incidents")
    assert handlers.keys() >= {"auditor", "sla_check"}
    assert ("provider_watch" in handlers) == bool(deployment.context.providers)
    assert kept == [], "no incident, and no message that could leave"
    assert causes == {"people-without-ways"}
    assert cloudwatch.ringing(started + 60 * minutes) == {"needs-attention"}
