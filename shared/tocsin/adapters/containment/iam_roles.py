"""IAM roles: one inline policy of ours, and nothing else of the role."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tocsin.adapters.containment.refusals import GONE, code_of, refusals
from tocsin.containment.actions.role_sessions import MAX_SESSION, POLICY, POLICY_NAME
from tocsin.containment.states import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_iam.client import IAMClient

    from tocsin.ports.containment import Connect


class IamRoles:
    """A `Target`."""

    def __init__(self, iam: IAMClient) -> None:
        self._iam = iam

    def look(
        self, inputs: Mapping[str, str], *, restoring: Mapping[str, str] | None = None
    ) -> State:
        del restoring
        name = inputs["role"]
        with refusals(f"role {name}"):
            role: Mapping[str, Any] = self._iam.get_role(RoleName=name)["Role"]
            policy = self._policy(name)
        return State(
            owned={} if policy is None else {POLICY: policy},
            around={
                "path": role["Path"],
                MAX_SESSION: str(role.get("MaxSessionDuration", 3600)),
                "trusted": _trusted(role["AssumeRolePolicyDocument"]),
            },
            tags={tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
            touched=(f"role/{name}",),
        )

    def change(self, inputs: Mapping[str, str], seen: State, owned: Mapping[str, str]) -> None:
        del seen  # IAM has no mark of a state that a write could be bound to
        name = inputs["role"]
        with refusals(f"role {name}"):
            if POLICY in owned:
                self._iam.put_role_policy(
                    RoleName=name, PolicyName=POLICY_NAME, PolicyDocument=owned[POLICY]
                )
            else:
                self._iam.delete_role_policy(RoleName=name, PolicyName=POLICY_NAME)

    def _policy(self, name: str) -> str | None:
        """As text in one form, whatever the order it was written in."""
        try:
            answer = self._iam.get_role_policy(RoleName=name, PolicyName=POLICY_NAME)
        except ClientError as error:
            if code_of(error) in GONE:
                return None
            raise
        return json.dumps(answer["PolicyDocument"], sort_keys=True)


def _trusted(document: Mapping[str, Any]) -> str:
    """Who may begin sessions, as the trust policy names them."""
    statements = document.get("Statement", [])
    found: set[str] = set()
    for each in statements if isinstance(statements, list) else [statements]:
        principal = each.get("Principal", {})
        named = principal.values() if isinstance(principal, dict) else [principal]
        for names in named:
            found |= {names} if isinstance(names, str) else set(names)
    return ", ".join(sorted(found)) or "nobody"


def open_target(connect: Connect) -> IamRoles:
    """IAM is one service for all Regions."""
    return IamRoles(connect("iam", None))
