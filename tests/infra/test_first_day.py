"""What a stage consists of before anything is configured, and what one provider adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
