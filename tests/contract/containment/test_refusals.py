"""What AWS refuses with, after botocore's own models: each error of each call has a meaning here.

The stub checks requests and answers against the model, so a request the service would not know
fails too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.session import Session
from botocore.stub import ANY, Stubber

from tests.harness.fakes.time import VirtualWallClock
from tocsin.adapters.containment import refusals
from tocsin.adapters.containment.iam_keys import IamKeys
from tocsin.adapters.containment.iam_roles import IamRoles
from tocsin.adapters.containment.lambda_aliases import LambdaAliases
from tocsin.adapters.containment.roles import AssumedTargets
from tocsin.adapters.containment.waf_lists import WafLists
from tocsin.containment.registry import ACTIONS
from tocsin.containment.states import State
from tocsin.errors import Conflict, NotAllowed, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.ports.containment import Connect

MADE = datetime(2026, 1, 1, tzinfo=UTC)
KEY = "AKIAFAKEKEYOFATEST23"
LIST = {"scope": "REGIONAL", "set": "blocked/0a1b2c3d", "addresses": "203.0.113.0/24"}
ALIAS = {"function": "api", "alias": "live", "version": "6", "during_shift": "no"}
SEEN = State(owned={"version": "7"}, around={"user": "deployer"}, revision="rev-1")
NOT_NOW = frozenset(
    {
        "EntityTemporarilyUnmodifiable",
        "ServiceException",
        "ServiceFailureException",
        "ServiceNotSupportedException",
        "TooManyRequestsException",
        "WAFInternalErrorException",
        "WAFTagOperationException",
        "WAFTagOperationInternalErrorException",
        "RegionDisabledException",
        "ExpiredTokenException",
        "PackedPolicyTooLargeException",
        # No action of ours makes one that is there already, nor creates what could be.
        "WAFDuplicateItemException",
    }
)
CALLS = {
    "iam": (
        "GetAccessKeyLastUsed",
        "GetLoginProfile",
        "ListAccessKeys",
        "ListServiceSpecificCredentials",
        "ListUserTags",
        "UpdateAccessKey",
        "GetRole",
        "GetRolePolicy",
        "PutRolePolicy",
        "DeleteRolePolicy",
    ),
    "lambda": ("GetAlias", "GetFunctionConfiguration", "ListTags", "UpdateAlias"),
    "wafv2": ("GetIPSet", "ListTagsForResource", "UpdateIPSet"),
}


def client(service: str) -> Any:
    return Session().create_client(service, region_name="us-east-1")


@pytest.mark.parametrize("service", CALLS)
def test_every_error_of_every_call_is_of_one_kind(service: str) -> None:
    model = Session().get_service_model(service)
    kinds = (refusals.GONE, refusals.CHANGED, refusals.REFUSED, NOT_NOW)
    for call in CALLS[service]:
        for shape in model.operation_model(call).error_shapes:
            assert sum(shape.name in kind for kind in kinds) == 1, (call, shape.name)


def test_every_right_of_a_role_is_a_call_of_the_model_and_every_call_has_one() -> None:
    """`iam:GetRole` is the call GetRole: for these services the names are the same."""
    rights = {right for action in ACTIONS for each in action.rights for right in each.actions}
    assert rights == {
        f"{service}:{call}"
        for service, calls in CALLS.items()
        for call in calls
        if Session().get_service_model(service).operation_model(call)
    }


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("AccessDeniedException", NotAllowed),
        ("ResourceNotFoundException", NotFound),
        ("PreconditionFailedException", Conflict),
        ("ResourceConflictException", Conflict),
        ("InvalidParameterValueException", NotAllowed),
        ("TooManyRequestsException", Unavailable),
        ("ServiceException", Unavailable),
    ],
)
def test_an_alias_is_written_under_its_revision_and_refused_in_our_words(
    code: str, error: type[Exception]
) -> None:
    functions = client("lambda")
    asked = {
        "FunctionName": "api",
        "Name": "live",
        "FunctionVersion": "7",
        "RoutingConfig": {"AdditionalVersionWeights": {"8": 0.1}},
        "RevisionId": "rev-1",
    }
    with Stubber(functions) as stub:
        stub.add_client_error("update_alias", code, expected_params=asked)
        with pytest.raises(error):
            LambdaAliases(functions).change(ALIAS, SEEN, {"version": "7", "weight of 8": "0.1"})


def test_no_weights_are_sent_as_none_and_not_left_out() -> None:
    functions = client("lambda")
    with Stubber(functions) as stub:
        asked = {
            "FunctionName": "api",
            "Name": "live",
            "FunctionVersion": "6",
            "RoutingConfig": {"AdditionalVersionWeights": {}},
            "RevisionId": "rev-1",
        }
        stub.add_response("update_alias", {}, asked)
        LambdaAliases(functions).change(ALIAS, SEEN, {"version": "6"})
        stub.assert_no_pending_responses()


def test_a_version_that_failed_to_start_counts_as_missing() -> None:
    functions = client("lambda")
    arn = "arn:aws:lambda:us-east-1:123456789012:function:api"
    with Stubber(functions) as stub:
        alias = {"FunctionVersion": "7", "RevisionId": "rev-1", "AliasArn": f"{arn}:live"}
        stub.add_response("get_alias", alias, {"FunctionName": "api", "Name": "live"})
        for version, state in (("6", "Failed"), ("7", "Active")):
            asked = {"FunctionName": "api", "Qualifier": version}
            stub.add_response("get_function_configuration", {"State": state}, asked)
        stub.add_response("list_tags", {"Tags": {}}, {"Resource": arn})
        seen = LambdaAliases(functions).look(ALIAS)
    assert seen.around["missing_versions"] == "6"


def always(client: Any) -> Connect:
    """One client, whatever is asked for."""

    def connect(service: str, region: str | None) -> Any:
        assert (service, region) == ("wafv2", None)
        return client

    return connect


def list_of(token: str, *addresses: str) -> dict[str, Any]:
    found = {
        "Name": "blocked",
        "Id": "0a1b2c3d",
        "ARN": "arn:aws:wafv2:us-east-1:123456789012:regional/ipset/blocked/0a1b2c3d",
        "IPAddressVersion": "IPV4",
        "Addresses": [*addresses],
    }
    return {"IPSet": found, "LockToken": token}


def test_of_two_blocks_at_once_both_survive() -> None:
    """Ours is written over a token that has just gone stale: the list is read again."""
    waf = client("wafv2")
    named = {"Name": "blocked", "Scope": "REGIONAL", "Id": "0a1b2c3d"}
    with Stubber(waf) as stub:
        stub.add_response("get_ip_set", list_of("t1", "198.51.100.7/32"), named)
        stub.add_client_error("update_ip_set", "WAFOptimisticLockException")
        stub.add_response("get_ip_set", list_of("t2", "198.51.100.7/32", "192.0.2.1/32"), named)
        whole = ["198.51.100.7/32", "192.0.2.1/32", "203.0.113.0/24"]
        asked = {**named, "Addresses": whole, "LockToken": "t2"}
        stub.add_response("update_ip_set", {"NextLockToken": "t3"}, asked)
        WafLists(always(waf)).change(LIST, SEEN, {"203.0.113.0/24": "in"})
        stub.assert_no_pending_responses()


def test_a_token_that_is_always_stale_is_given_up() -> None:
    waf = client("wafv2")
    with Stubber(waf) as stub:
        for _ in range(5):
            stub.add_response("get_ip_set", list_of("t1"))
            stub.add_client_error("update_ip_set", "WAFOptimisticLockException")
        with pytest.raises(Conflict):
            WafLists(always(waf)).change(LIST, SEEN, {"203.0.113.0/24": "in"})


@pytest.mark.parametrize(("scope", "region"), [("REGIONAL", None), ("CLOUDFRONT", "us-east-1")])
def test_lists_for_cloudfront_are_in_us_east_1(scope: str, region: str | None) -> None:
    waf = client("wafv2")
    asked: list[tuple[str, str | None]] = []

    def connect(service: str, region: str | None) -> Any:
        asked.append((service, region))
        return waf

    with Stubber(waf) as stub:
        stub.add_response("get_ip_set", list_of("t1", "203.0.113.0/24"))
        WafLists(connect).change({**LIST, "scope": scope}, SEEN, {"203.0.113.0/24": "in"})
    assert asked == [("wafv2", region)]


def keys(iam: Any, **changes: Any) -> Stubber:
    """What a look at a key asks for, in order."""
    stub = Stubber(iam)
    used = {"LastUsedDate": MADE, "ServiceName": "s3", "Region": "us-east-1"}
    answers: Mapping[str, Any] = {
        "get_access_key_last_used": {"UserName": "deployer", "AccessKeyLastUsed": used},
        "list_access_keys": {
            "AccessKeyMetadata": [
                {"AccessKeyId": KEY, "Status": "Active", "CreateDate": MADE},
                {"AccessKeyId": "AKIAFAKEOTHEROTHER77", "Status": "Inactive", "CreateDate": MADE},
            ],
            "IsTruncated": False,
        },
        "get_login_profile": None,
        "list_service_specific_credentials": {
            "ServiceSpecificCredentials": [
                {
                    "UserName": "deployer",
                    "Status": "Active",
                    "ServiceUserName": "deployer-at-1",
                    "CreateDate": MADE,
                    "ServiceSpecificCredentialId": "ACCAFAKEFAKEFAKEFAKE",
                    "ServiceName": "codecommit.amazonaws.com",
                }
            ]
        },
        "list_user_tags": {"Tags": []},
    } | changes
    for call, answer in answers.items():
        if answer is None:
            stub.add_client_error(call, "NoSuchEntity")
        else:
            stub.add_response(call, answer)
    return stub


def test_a_key_is_shown_with_its_age_its_use_and_what_else_is_open() -> None:
    iam = client("iam")
    with keys(iam):
        seen = IamKeys(iam).look({"key": KEY})
    assert seen.owned == {"status": "Active"}
    assert seen.around == {
        "user": "deployer",
        "created": "2026-01-01T00:00:00.000Z",
        "last_used": "2026-01-01T00:00:00.000Z at s3 in us-east-1",
        "service_credentials": "codecommit.amazonaws.com",
    }
    assert seen.touched == ("user/deployer",)


def test_a_key_that_is_nobodys_or_the_root_users_is_refused() -> None:
    iam = client("iam")
    unused = {"AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}
    with Stubber(iam) as stub:
        stub.add_response("get_access_key_last_used", unused)
        with pytest.raises(NotAllowed, match="root user"):
            IamKeys(iam).look({"key": KEY})
    gone = keys(iam, list_access_keys={"AccessKeyMetadata": [], "IsTruncated": False})
    with gone, pytest.raises(NotFound):
        IamKeys(iam).look({"key": KEY})


@pytest.mark.parametrize("code", ["LimitExceeded", "UnmodifiableEntity", "MalformedPolicyDocument"])
def test_a_role_that_takes_no_policy_is_refused_for_good(code: str) -> None:
    iam = client("iam")
    with Stubber(iam) as stub:
        asked = {"RoleName": "worker", "PolicyName": "TocsinRevokedSessions", "PolicyDocument": ANY}
        stub.add_client_error("put_role_policy", code, expected_params=asked)
        with pytest.raises(NotAllowed, match=code):
            IamRoles(iam).change({"role": "worker"}, SEEN, {"policy": "{}"})


def test_no_answer_is_no_refusal() -> None:
    with pytest.raises(Unavailable), refusals.refusals("a key"):
        raise EndpointConnectionError(endpoint_url="https://iam.amazonaws.com")


def test_a_role_is_assumed_for_its_action_only_and_again_before_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[dict[str, Any]] = []
    roles = {name: f"arn:aws:iam::123456789012:role/{name}" for name in ACTIONS.names}
    wall = VirtualWallClock()
    targets = AssumedTargets(roles, wall)
    sts = client("sts")
    stub = Stubber(sts)
    for name in ("access-key-off", "role-sessions-revoked", "access-key-off"):
        credentials = {
            "AccessKeyId": f"{name}-access-key",
            "SecretAccessKey": "s",
            "SessionToken": "t",
            "Expiration": MADE,
        }
        asked = {
            "RoleArn": roles[name],
            "RoleSessionName": f"tocsin-{name}",
            "DurationSeconds": 900,
        }
        stub.add_response("assume_role", {"Credentials": credentials}, asked)

    def create(service: str, **options: Any) -> Any:
        if service == "sts":
            return sts
        made.append(options)
        return client(service)

    with stub:
        monkeypatch.setattr(targets, "_session", _Makes(create))
        targets.of("access-key-off")
        targets.of("access-key-off")
        targets.of("role-sessions-revoked")
        wall.advance(timedelta(minutes=13))
        targets.of("access-key-off")
        stub.assert_no_pending_responses()
    used = [options["aws_access_key_id"].removesuffix("-access-key") for options in made]
    assert used == ["access-key-off", "access-key-off", "role-sessions-revoked", "access-key-off"]


class _Makes:
    def __init__(self, create: Any) -> None:
        self._create = create

    def create_client(self, service: str, **options: Any) -> Any:
        return self._create(service, **options)
