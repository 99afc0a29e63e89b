"""The roles containment acts in: what the registry says, for one function, and nothing else."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from infra.catalogue import FUNCTIONS
from infra.constructs.containment_roles import ROLE
from infra.stacks.api import GROUPS, PIPELINE
from infra.stage import STAGES
from tests.harness.worlds.containing import Containing
from tests.infra.deployment import allows, as_list, statements
from tocsin.adapters.containment.rulebook import _BOOK
from tocsin.adapters.containment.store import LEDGER, _partition
from tocsin.containment.registry import ACTIONS, DRILL, REAL, TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.infra.deployment import Deployment, Resource

LONGEST_REGION = "ap-northeast-1"
ROLE_NAME_AT_MOST = 64
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
CHANGES = ("Update", "Put", "Delete", "Create", "Attach", "Detach", "Tag", "Untag", "Set")


def name_of(deployment: Deployment, action: str) -> str:
    return f"{deployment.context.stage.physical(ROLE.format(action=action))}-<Region>"


def role_for(deployment: Deployment, action: str) -> Resource:
    return deployment.one("AWS::IAM::Role", RoleName=name_of(deployment, action))


def functions_that_may(deployment: Deployment, action: str, what: str) -> set[str]:
    return {
        name
        for name in FUNCTIONS
        for one in statements(deployment.role_of(deployment.function(name)))
        if action in one["Action"] and any(what in resource for resource in one["Resource"])
    }


@pytest.mark.parametrize("action", ACTIONS.names)
def test_i12_a_role_may_do_just_what_its_action_declares(
    deployment: Deployment, action: str
) -> None:
    known = {"partition": "<Partition>", "account": "<AccountId>"}
    tagged = {"StringEquals": {f"aws:ResourceTag/{TAG}": [REAL, DRILL]}}
    declared = [
        (
            right.sid,
            list(right.actions),
            [text.format(**known) for text in right.resources],
            tagged if right.tagged else None,
        )
        for right in ACTIONS.entry(action).rights
    ]
    role = role_for(deployment, action)
    assert [
        (one["Sid"], one["Action"], one["Resource"], one.get("Condition"))
        for one in statements(role)
    ] == declared
    assert "ManagedPolicyArns" not in role.properties


@pytest.mark.parametrize("action", ACTIONS.names)
def test_i12_only_the_function_that_contains_acts_in_a_role(
    deployment: Deployment, action: str
) -> None:
    (trust,) = role_for(deployment, action)["AssumeRolePolicyDocument"]["Statement"]
    function = deployment.role_of(deployment.function("containment"))
    assert trust == {
        "Action": "sts:AssumeRole",
        "Effect": "Allow",
        "Principal": {"AWS": function.arn},
    }
    name = name_of(deployment, action)
    assert functions_that_may(deployment, "sts:AssumeRole", name) == {"containment"}


def test_i12_only_who_proves_people_may_order(deployment: Deployment) -> None:
    """An order is believed: whoever may call could act in anybody's name."""
    physical = deployment.context.stage.physical("containment")
    callers = functions_that_may(deployment, "lambda:InvokeFunction", f"function:{physical}")
    assert callers == {"incident_api"}
    given = [
        one["Principal"]
        for one in deployment.of("AWS::Lambda::Permission")
        if deployment.at(one["FunctionName"])["FunctionName"] == physical
    ]
    assert given == ["events.amazonaws.com"]


def test_i12_what_changes_anything_is_granted_on_what_is_tagged_alone(
    deployment: Deployment,
) -> None:
    for action in ACTIONS.names:
        for one in statements(role_for(deployment, action)):
            changing = [each for each in one["Action"] if each.split(":")[1].startswith(CHANGES)]
            assert changing in ([], one["Action"]), "looking and changing are two statements"
            assert bool(changing) == ("Condition" in one)


def test_no_role_of_a_stage_trusts_anybody_but_services_people_and_this_function(
    deployment: Deployment,
) -> None:
    """A rule over all roles: one more that somebody may assume is one more way in."""
    named = {f"{deployment.context.stage.physical(one)}-<Region>" for one in (*GROUPS, PIPELINE)}
    ours = {name_of(deployment, action) for action in ACTIONS.names}
    for role in deployment.of("AWS::IAM::Role"):
        for trust in role["AssumeRolePolicyDocument"]["Statement"]:
            assert trust["Action"] == "sts:AssumeRole"
            if "Service" in trust["Principal"]:
                continue
            assert role.get("RoleName") in named | ours
            assert "*" not in as_list(trust["Principal"]["AWS"])


def test_what_is_not_asked_for_is_not_there(bare: Deployment) -> None:
    """Off, nothing can be assumed and nothing wakes the function."""
    contain = bare.context.stage.physical("contain-")
    names = [str(role.get("RoleName", "")) for role in bare.of("AWS::IAM::Role")]
    assert not [name for name in names if name.startswith(contain)]
    rules = [rule["Name"] for rule in bare.of("AWS::Events::Rule")]
    assert bare.context.stage.physical("containment") not in rules
    variables = bare.function("incident_api")["Environment"]["Variables"]
    assert variables["CONTAINMENT"] == "off"


def test_the_function_is_told_of_its_roles_by_their_names(deployment: Deployment) -> None:
    told = deployment.function("containment")["Environment"]["Variables"]["CONTAINMENT_ROLE"]
    for action in ACTIONS.names:
        arn = f"arn:<Partition>:iam::<AccountId>:role/{name_of(deployment, action)}"
        assert told.format(action=action) == arn


@pytest.mark.parametrize("stage", STAGES)
def test_a_name_is_no_longer_than_iam_takes_in_any_region(stage: str) -> None:
    for action in ACTIONS.names:
        name = f"{STAGES[stage].physical(ROLE.format(action=action))}-{LONGEST_REGION}"
        assert len(name) <= ROLE_NAME_AT_MOST


WRITES = {f"dynamodb:{each}Item" for each in ("Put", "Update", "Delete")}
WRITES |= {"dynamodb:BatchWriteItem"}


def test_i12_no_other_function_writes_a_run_or_a_rule(deployment: Deployment) -> None:
    """A run that looks begun is carried out: who could write one could act."""
    operations = deployment.one("AWS::DynamoDB::Table", TableName=table_name(deployment)).arn
    kept: dict[str, list[dict[str, Any]]] = {}
    for name in FUNCTIONS:
        role = deployment.role_of(deployment.function(name))
        if any(allows(role, action, operations) for action in WRITES):
            kept[name] = statements(role, "Deny")
    assert kept.pop("containment") == []
    assert len(kept) > 10
    for name, denied in kept.items():
        (one,) = denied
        assert (set(one["Action"]), one["Resource"]) == (WRITES, [operations]), name
        (operator, keys), *more = one["Condition"].items()
        assert (operator, more) == ("ForAnyValue:StringLike", [])
        assert all(refused(keys, where) for where in containment_keys()), name
        assert not any(refused(keys, where) for where in OTHERS), name


def test_nothing_else_is_denied_to_anybody(deployment: Deployment) -> None:
    denied = [one for role in deployment.of("AWS::IAM::Role") for one in statements(role, "Deny")]
    assert {one["Sid"] for one in denied} == {"LeaveContainmentAlone"}


OTHERS = ("WAIT#acme/checkout", "HEARTBEATS", "REPORTS")


def containment_keys() -> set[str]:
    """The partitions that its stores write."""
    return {_partition(Containing().plan("access-key-off").incident), LEDGER[0], _BOOK[0]}


def refused(keys: Mapping[str, list[str]], partition: str) -> bool:
    return any(fnmatchcase(partition, each) for each in keys["dynamodb:LeadingKeys"])


def table_name(deployment: Deployment) -> str:
    return deployment.context.stage.physical("operations")
