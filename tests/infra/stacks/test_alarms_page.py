"""docs/how-to/alarms.md: three ways to wire one alarm, each as its own tool reads it.

What an option is called follows from AWS's model of the operation: the CLI and Terraform's resource
`aws_cloudwatch_metric_alarm` write its members in their own case.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import botocore.session
from aws_cdk import assertions, aws_cloudwatch, aws_sns
from aws_cdk import aws_cloudwatch_actions as actions
from botocore import xform_name
from botocore.validate import validate_parameters

from infra.app import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = ROOT / "docs/how-to/alarms.md"
TOPIC = "arn:aws:sns:eu-central-1:111122223333:tocsin-production-alarms"
MODEL = botocore.session.get_session().get_service_model("cloudwatch")
ASKED: Any = MODEL.operation_model("PutMetricAlarm").input_shape
MEMBERS = {xform_name(name): name for name in ASKED.members}
READ: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "double": float,
    "list": lambda text: [text],
}


def block(language: str) -> str:
    """The first block of the page in that language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def asked(options: dict[str, str]) -> dict[str, Any]:
    """The operation's input, from options as a tool writes them; valid by the model."""
    given = {
        MEMBERS[name]: READ.get(ASKED.members[MEMBERS[name]].type_name, str)(value)
        for name, value in options.items()
    }
    validate_parameters(given, ASKED)
    return given


def by_the_cli() -> dict[str, Any]:
    program, service, command, *words = shlex.split(
        block("sh").replace("\\\n", "").replace("$TOPIC", TOPIC)
    )
    assert (program, service, command) == ("aws", "cloudwatch", "put-metric-alarm")
    pairs = dict(zip(words[::2], words[1::2], strict=True))
    return asked({name[2:].replace("-", "_"): value for name, value in pairs.items()})


def test_the_cli_and_terraform_put_the_same_alarm() -> None:
    lines = re.findall(r"^  (\w+) += (.+)$", block("hcl"), re.MULTILINE)
    assert by_the_cli() == asked(
        {name: re.sub(r"^\[.*\]$", TOPIC, value).strip('"') for name, value in lines}
    )


def test_the_cdk_makes_the_same_alarm() -> None:
    stack = cdk.Stack(cdk.App(), "Shop")
    names = {
        "stack": stack,
        "topic_arn": TOPIC,
        "cloudwatch": aws_cloudwatch,
        "sns": aws_sns,
        "actions": actions,
        "Duration": cdk.Duration,
    }
    exec(compile(block("python"), str(PAGE), "exec"), names)
    found = assertions.Template.from_stack(stack).find_resources("AWS::CloudWatch::Alarm")
    ((_, made),) = found.items()
    assert made["Properties"] == by_the_cli()


def test_alarm_and_recovery_are_both_told() -> None:
    put = by_the_cli()
    assert (put["AlarmActions"], put["OKActions"]) == ([TOPIC], [TOPIC])
