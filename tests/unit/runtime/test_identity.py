"""Only what the gateway proved counts: a session of one of this stage's group roles."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.errors import NotAllowed
from tocsin.incidents.vocabulary import Group
from tocsin.runtime.web.identity import caller

ROLE = "arn:aws:sts::000000000000:assumed-role/tocsin-local-"


def iam(arn: str | None) -> dict[str, Any]:
    return {"iam": {"userArn": arn, "accountId": "000000000000"}}


@pytest.mark.parametrize("group", list(Group))
def test_a_session_of_a_group_role_is_that_person_in_that_group(group: Group) -> None:
    who = caller(iam(f"{ROLE}{group}/commander-primary"), stage="local")
    assert (who.person, who.group) == ("commander-primary", group)
    assert who.groups == {group}


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1", "us-gov-west-1", "ap-southeast-2"])
def test_the_name_of_the_role_holds_its_region(region: str) -> None:
    assert caller(iam(f"{ROLE}viewer-{region}/someone"), stage="local").group is Group.VIEWER


@pytest.mark.parametrize(
    "authorizer",
    [
        {},
        {"iam": None},
        iam(None),
        iam("arn:aws:iam::000000000000:root"),
        iam("arn:aws:iam::000000000000:user/commander-primary"),
        iam("arn:aws:sts::000000000000:assumed-role/tocsin-production-responder/someone"),
        iam("arn:aws:sts::000000000000:assumed-role/tocsin-local-notifier/tocsin-local-notifier"),
        iam(f"{ROLE}responder-eu-west-1-eu-west-1/someone"),
        iam(f"{ROLE}responder-eu-west-x/someone"),
        iam(f"{ROLE}eu-west-1/someone"),
        iam(f"{ROLE}responder/"),
        iam(f"{ROLE}responder/a person"),
        iam(f"{ROLE}responder/one/two"),
        iam(f"x{ROLE}responder/someone"),
        iam(f"{ROLE}responder/someone\n"),
    ],
)
def test_anybody_else_is_nobody(authorizer: dict[str, Any]) -> None:
    with pytest.raises(NotAllowed):
        caller(authorizer, stage="local")
