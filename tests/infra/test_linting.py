"""The check of templates finds what the local cloud takes and CloudFormation does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tools.templates import findings

if TYPE_CHECKING:
    from tests.infra.deployment import Deployment


def broken(deployment: Deployment, **change: Any) -> str:
    """The messaging stack with other properties for its topic of alarms."""
    (name,) = [one for one in deployment.templates if one.endswith("-messaging")]
    template = json.loads(json.dumps(deployment.templates[name]))
    topic = next(
        one
        for one in template["Resources"].values()
        if one["Type"] == "AWS::SNS::Topic" and one["Properties"]["TopicName"].endswith("-alarms")
    )
    topic["Properties"].update(change)
    return json.dumps(template)


def test_a_template_as_it_is_has_nothing_wrong_with_it(bare: Deployment) -> None:
    assert findings(broken(bare)) == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"Tpyo": "x"}, "E3002"),
        ({"TopicName": {"Ref": "Nothing"}}, "E1020"),
        ({"FifoTopic": "perhaps"}, "E3012"),
    ],
)
def test_what_cloudformation_would_refuse_is_found(
    bare: Deployment, change: dict[str, Any], rule: str
) -> None:
    assert rule in " ".join(findings(broken(bare, **change)))
