"""Only what the gateway proved counts: a session of one of this stage's group roles."""

from __future__ import annotations

from typing import Any

import pytest

from infra.context import Context, ContextInvalid
from tocsin.errors import InvalidSettings, NotAllowed
from tocsin.incidents.vocabulary import Group
from tocsin.runtime.web.identity import SignIn

LOCAL = SignIn("local")
ROLE = "arn:aws:sts::000000000000:assumed-role/tocsin-local-"


def iam(arn: str | None) -> dict[str, Any]:
    return {"iam": {"userArn": arn, "accountId": "000000000000"}}


@pytest.mark.parametrize("group", list(Group))
def test_a_session_of_a_group_role_is_that_person_in_that_group(group: Group) -> None:
    who = LOCAL.caller(iam(f"{ROLE}{group}/commander-primary"))
    assert (who.person, who.group) == ("commander-primary", group)
    assert who.groups == {group}


def test_a_pipeline_is_no_person_whatever_its_session_is_called_and_asks_one_thing() -> None:
    who = LOCAL.caller(iam(f"{ROLE}pipeline-eu-west-1/commander-primary"))
    assert (who.person, who.group) == ("pipeline:commander-primary", Group.VIEWER)
    assert who.asks == "GET /v1/freeze"
    with pytest.raises(NotAllowed):
        SignIn("drill").caller(iam(f"{ROLE}pipeline/x"))
    assert not [who for group in Group if (who := LOCAL.caller(iam(f"{ROLE}{group}/someone"))).asks]


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1", "us-gov-west-1", "ap-southeast-2"])
def test_the_name_of_the_role_holds_its_region(region: str) -> None:
    assert LOCAL.caller(iam(f"{ROLE}viewer-{region}/someone")).group is Group.VIEWER


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
        LOCAL.caller(authorizer)


STS = "arn:aws:sts::000000000000:assumed-role/"
TEAM = SignIn.read(
    "production",
    "permission-set:TocsinResponder=responder permission-set:Tocsin_Lead=commander"
    " role:okta-oncall=responder domain:Example.com",
)


@pytest.mark.parametrize(
    ("session", "person", "group"),
    [
        (
            "AWSReservedSSO_TocsinResponder_0123456789abcdef/ana@example.com",
            "ana",
            Group.RESPONDER,
        ),
        ("AWSReservedSSO_Tocsin_Lead_fedcba9876543210/bo", "bo", Group.COMMANDER),
        ("okta-oncall/Cy@EXAMPLE.com", "Cy", Group.RESPONDER),
        ("tocsin-production-viewer-eu-west-1/ana", "ana", Group.VIEWER),
    ],
)
def test_who_signs_in_through_a_directory_is_a_person_of_the_group_it_is_listed_for(
    session: str, person: str, group: Group
) -> None:
    """A permission set's role and its session as AWS's page shows them, in every stage's account.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
    """
    who = TEAM.caller(iam(STS + session))
    assert (who.person, who.group) == (person, group)


def test_one_person_is_one_entry_however_they_sign_in_and_two_are_never_one() -> None:
    sessions = [
        "tocsin-production-commander-eu-west-1/ana",
        "AWSReservedSSO_Tocsin_Lead_fedcba9876543210/ana@example.com",
        "AWSReservedSSO_Tocsin_Lead_fedcba9876543210/ana@example.org",
        "AWSReservedSSO_Tocsin_Lead_fedcba9876543210/ana@example.com@example.org",
    ]
    people = [TEAM.caller(iam(STS + each)).person for each in sessions]
    assert people == ["ana", "ana", "ana@example.org", "ana@example.com@example.org"]


@pytest.mark.parametrize(
    "session",
    [
        "AWSReservedSSO_AdministratorAccess_0123456789abcdef/ana@example.com",
        "AWSReservedSSO_TocsinResponder_0123456789abcde/ana@example.com",
        "AWSReservedSSO_TocsinResponder_0123456789ABCDEF/ana@example.com",
        "AWSReservedSSO_TocsinResponder/ana@example.com",
        "TocsinResponder/ana@example.com",
        "okta/ana@example.com",
        "okta-oncall-eu-west-1/ana@example.com",
    ],
)
def test_a_session_of_a_role_that_is_not_listed_is_nobody(session: str) -> None:
    with pytest.raises(NotAllowed):
        TEAM.caller(iam(STS + session))


def test_an_empty_name_before_the_domain_stays_a_name() -> None:
    who = TEAM.caller(iam(f"{STS}okta-oncall/@example.com"))
    assert who.person == "@example.com"


@pytest.mark.parametrize(
    "text",
    [
        "permission-set:TocsinResponder",
        "permission-set:=responder",
        "permission-set:TocsinResponder=admin",
        "permission-set:A=viewer permission-set:A=commander",
        "role:tocsin-production-notifier=commander",
        "role:AWSReservedSSO_A_0123456789abcdef=commander",
        "group:A=viewer",
        "domain:",
        "domain:example.com domain:example.org",
        "ana",
    ],
)
def test_a_setting_that_nobody_could_mean_stops_the_function_and_the_synthesis(text: str) -> None:
    with pytest.raises(InvalidSettings):
        SignIn.read("production", text)
    with pytest.raises(ContextInvalid, match="who signs in"):
        Context.read({"ops_mail": "ops@example.com", "sign_in": text})


def test_a_setting_that_the_function_reads_is_let_through_the_synthesis() -> None:
    said = "permission-set:A=viewer permission-set:B=commander role:okta=responder domain:a.example"
    context = Context.read({"ops_mail": "ops@example.com", "sign_in": said})
    assert SignIn.read("production", context.sign_in).domain == "a.example"


def test_nobody_but_group_roles_signs_in_where_nothing_is_said() -> None:
    assert SignIn.read("local", "none") == LOCAL
