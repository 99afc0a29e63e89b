"""What the gap layer takes out of a template before the emulator sees it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tocsin.local.errors import TemplateUnsupported
from tocsin.local.stage import gaps
from tocsin.local.stage.references import References, mentioned

QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {}}
COMPOSITE = {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {"AlarmRule": "TRUE"}}
ONLY_TLS = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sqs:*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
LET_TOPIC = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*"}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {"PolicyDocument": {"Statement": list(statements)}},
    }


def test_a_refused_type_is_left_out_and_named() -> None:
    template = {"Resources": {"Both": COMPOSITE, "Queue": QUEUE}}

    kept, notes = gaps.acceptable(template)

    assert kept == {"Resources": {"Queue": QUEUE}}
    assert notes == [gaps.Note("skipped", "AWS::CloudWatch::CompositeAlarm", "Both")]


def test_the_template_itself_is_not_changed() -> None:
    template = {"Resources": {"Both": COMPOSITE, "Policy": policy(ONLY_TLS, LET_TOPIC)}}
    before = copy.deepcopy(template)

    gaps.acceptable(template)

    assert template == before


@pytest.mark.parametrize("needs", ["Both", ["Both", "Queue"]])
def test_waiting_for_what_is_left_out_is_left_out_too(needs: object) -> None:
    template = {"Resources": {"Both": COMPOSITE, "Queue": QUEUE | {"DependsOn": needs}}}

    kept, _ = gaps.acceptable(template)

    assert "Both" not in kept["Resources"]["Queue"]["DependsOn"]


def test_a_reference_to_what_is_left_out_is_an_error_and_not_a_surprise() -> None:
    board = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"Body": {"Ref": "Both"}}}

    with pytest.raises(TemplateUnsupported, match="Both"):
        gaps.acceptable({"Resources": {"Both": COMPOSITE, "Board": board}})


def test_an_output_counts_as_a_reference() -> None:
    outputs = {"Alarm": {"Value": {"Fn::GetAtt": ["Both", "Arn"]}}}

    with pytest.raises(TemplateUnsupported):
        gaps.acceptable({"Resources": {"Both": COMPOSITE}, "Outputs": outputs})


def test_a_refusal_of_plain_http_meets_nobody_and_the_rest_of_its_policy_stays() -> None:
    kept, notes = gaps.acceptable({"Resources": {"Policy": policy(ONLY_TLS, LET_TOPIC)}})

    disarmed = ONLY_TLS | {"Condition": {"StringEquals": {"aws:userid": "nobody"}}}
    assert kept["Resources"]["Policy"] == policy(disarmed, LET_TOPIC)
    assert [(note.kind, note.resource) for note in notes] == [("skipped", "Policy")]


def test_any_other_refusal_in_a_policy_stays() -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*"}

    kept, notes = gaps.acceptable({"Resources": {"Policy": policy(deny)}})

    assert kept["Resources"]["Policy"] == policy(deny)
    assert notes == []


def test_alarms_on_metric_math_are_skipped_and_plain_ones_are_not() -> None:
    def alarm(**properties: object) -> dict[str, Any]:
        return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}

    kept, notes = gaps.acceptable(
        {"Resources": {"Math": alarm(Metrics=[]), "Plain": alarm(MetricName="Errors")}}
    )

    assert list(kept["Resources"]) == ["Plain"]
    assert [note.what for note in notes] == ["alarm on metric math"]


def references(**resources: str) -> References:
    template = {
        "Resources": {
            "Key": {"Type": "AWS::KMS::Key", "Properties": {}},
            "Queue": QUEUE,
        }
    }
    return References(template, resources, {"data:key": "arn:of:key"}, "123456789012", "us-east-1")


def test_references_are_worked_out_from_what_was_deployed() -> None:
    known = references(Key="k-1", Queue="http://q")

    assert known.resolve("alias/own") == "alias/own"
    assert known.resolve({"Ref": "Queue"}) == "http://q"
    assert known.resolve({"Fn::ImportValue": "data:key"}) == "arn:of:key"
    assert (
        known.resolve({"Fn::GetAtt": ["Key", "Arn"]})
        == "arn:aws:kms:us-east-1:123456789012:key/k-1"
    )


@pytest.mark.parametrize(
    "value", [{"Fn::Join": ["", []]}, {"Ref": "Ghost"}, {"Fn::GetAtt": ["Queue", "Arn"]}]
)
def test_a_reference_that_cannot_be_worked_out_is_refused(value: object) -> None:
    with pytest.raises(TemplateUnsupported):
        references(Key="k-1", Queue="http://q").resolve(value)


def test_every_way_to_mention_a_resource_is_seen() -> None:
    assert mentioned(
        [
            {"a": {"Ref": "A"}},
            {"b": [{"Fn::GetAtt": ["B", "Arn"]}]},
            {"c": {"Fn::Sub": "x-${C}-${D.Arn}"}},
            {"e": {"Fn::Sub": ["${E}", {}]}},
            "Ref",
        ]
    ) == {"A", "B", "C", "D", "E"}


def test_the_right_to_send_mail_is_widened_and_said() -> None:
    statements = [
        {
            "Effect": "Allow",
            "Action": "ses:SendEmail",
            "Resource": "arn:aws:ses:::identity/x",
            "Condition": {"StringEquals": {"ses:FromAddress": "t@example.com"}},
        },
        {"Effect": "Allow", "Action": "sns:Publish", "Resource": "arn:aws:sns:::t"},
    ]
    policies = [{"PolicyName": "p", "PolicyDocument": {"Statement": statements}}]
    role = {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies}}

    template, notes = gaps.acceptable({"Resources": {"Role": role}})

    kept = template["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    assert [one["Resource"] for one in kept] == ["*", "arn:aws:sns:::t"]
    assert not any("Condition" in one for one in kept)
    assert [(note.kind, note.resource) for note in notes] == [("skipped", "Role")]


def test_rights_of_containment_are_in_the_emulators_words_and_none_gains_anothers() -> None:
    tagged = {"StringEquals": {"aws:ResourceTag/tocsin:containable": ["yes", "drill"]}}

    def right(action: Any, resource: str = "f", **more: Any) -> dict[str, Any]:
        return {"Effect": "Allow", "Action": action, "Resource": resource, **more}

    def role(*given: dict[str, Any]) -> dict[str, Any]:
        policies = [{"PolicyName": "p", "PolicyDocument": {"Statement": [*given]}}]
        return {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies}}

    before = {
        "Alias": role(right(["lambda:GetAlias"]), right("lambda:UpdateAlias", Condition=tagged)),
        "List": role(right(["wafv2:GetIPSet"]), right("wafv2:UpdateIPSet", Condition=tagged)),
        "Other": role(right("lambda:GetAlias")),
    }

    template, notes = gaps.acceptable({"Resources": before})

    assert template["Resources"] == {
        "Alias": role(
            right(["lambda:ListAliases"]), right(["lambda:UpdateAlias"], Condition=tagged)
        ),
        "List": role(right(["wafv2:GetIPSet"], "*"), right(["wafv2:UpdateIPSet"], "*")),
        "Other": before["Other"],
    }
    assert [(note.kind, note.resource) for note in notes] == [("skipped", "List")]
