"""The roles that containment acts in: one an action, with what the registry says and no more.

They trust the role of the function and nobody else, not the account: what they may do is worth
more to a stranger than anything else of Tocsin's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from infra.constructs.nag import acknowledge
from tocsin.containment.registry import ACTIONS, DRILL, REAL, TAG

if TYPE_CHECKING:
    from infra.constructs.function import TocsinFunction
    from infra.context import Context
    from infra.references import References
    from tocsin.containment.registry import Action, Right

ROLE = "contain-{action}"
_TAGGED = {"StringEquals": {f"aws:ResourceTag/{TAG}": [REAL, DRILL]}}


def role_name(stack: cdk.Stack, context: Context, action: str) -> str:
    """Roles belong to the account and not to a Region, so their names hold it.

    The name is fixed: function and roles name each other, and one of the two has to come first.
    """
    return f"{context.stage.physical(ROLE.format(action=action))}-{stack.region}"


def offer_roles(stack: cdk.Stack, context: Context, references: References) -> None:
    """Says what the roles are called, whether there are any or not."""
    for action in ACTIONS.names:
        references.offer_arn(f"role/contain-{action}", _arn(stack, context, action))
    references.offer_value("CONTAINMENT_ROLE", _arn(stack, context, "{action}"))


def make_roles(stack: cdk.Stack, context: Context, function: TocsinFunction) -> None:
    """Makes the role of every action."""
    for action in ACTIONS:
        document = iam.PolicyDocument(statements=[_statement(stack, one) for one in action.rights])
        role = iam.Role(
            stack,
            _id(action),
            role_name=role_name(stack, context, action.name),
            description=f"What containment may do to {action.title.lower()}, and nothing else",
            assumed_by=cast("iam.IPrincipal", iam.ArnPrincipal(function.role.role_arn)),
            max_session_duration=cdk.Duration.hours(1),
            inline_policies={"permissions": document},
        )
        for text in {each for right in action.rights for each in right.resources}:
            named = text.format(partition="<AWS::Partition>", account="<AWS::AccountId>")
            acknowledge(
                role,
                f"IAM5[Resource::{named}]",
                "What is containable is decided by people; to change it, its owner has tagged it.",
            )


def _arn(stack: cdk.Stack, context: Context, action: str) -> str:
    name = role_name(stack, context, action)
    return stack.format_arn(service="iam", region="", resource="role", resource_name=name)


def _statement(stack: cdk.Stack, right: Right) -> iam.PolicyStatement:
    known = {"partition": stack.partition, "account": stack.account}
    return iam.PolicyStatement(
        sid=right.sid,
        actions=list(right.actions),
        resources=[text.format(**known) for text in right.resources],
        conditions=_TAGGED if right.tagged else None,
    )


def _id(action: Action) -> str:
    return "Contain" + "".join(word.capitalize() for word in action.name.split("-"))
