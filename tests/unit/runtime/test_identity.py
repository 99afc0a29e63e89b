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
