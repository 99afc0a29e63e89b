"""Each action over an account of moto's, which knows IAM, Lambda's versions and WAF's tokens.

The whole account is compared, not what the action knows of. What moto does not hold (a stale
revision, a denied role) is in test_refusals.py, after botocore's models.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tests.harness.fakes import service_credentials
from tests.harness.worlds.containing import ANA_IS, Containing
from tocsin.adapters.containment.roles import AssumedTargets
from tocsin.containment.registry import ACTIONS
from tocsin.containment.runs import Purpose, RunState
from tocsin.errors import ApprovalRequired, Conflict, NotFound, NotVerifiable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROLES = {name: f"arn:aws:iam::123456789012:role/tocsin-contain-{name}" for name in ACTIONS.names}
TAGGED: list[Any] = [{"Key": "tocsin:containable", "Value": "yes"}]
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "lambda.amazonaws.com"},
            }
        ],
    }
)

WORK = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
    }
)


class Account:
    """What is in it, and how it is looked at whole."""

    def __init__(self) -> None:
        self.iam = boto3.client("iam")
        self.waf: Any = boto3.client("wafv2")
        self.functions: Any = boto3.client("lambda")
        self.iam.create_user(UserName="deployer", Tags=TAGGED)
        self.key = self.iam.create_access_key(UserName="deployer")["AccessKey"]["AccessKeyId"]
        role = self.iam.create_role(
            RoleName="worker", AssumeRolePolicyDocument=TRUST, Tags=TAGGED, Path="/"
        )["Role"]
        self.iam.put_role_policy(RoleName="worker", PolicyName="Work", PolicyDocument=WORK)
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("handler.py", "def handler(event, context): pass")
        self.functions.create_function(
            FunctionName="api",
            Runtime="python3.13",
            Role=role["Arn"],
            Handler="handler.handler",
            Code={"ZipFile": code.getvalue()},
            Publish=True,
            Tags={"tocsin:containable": "yes", "aws:cloudformation:stack-name": "shop"},
        )
        self.functions.update_function_configuration(FunctionName="api", Description="two")
        self.functions.publish_version(FunctionName="api")
        self.functions.create_alias(FunctionName="api", Name="live", FunctionVersion="2")
        listed = self.waf.create_ip_set(
            Name="blocked",
            Scope="REGIONAL",
            IPAddressVersion="IPV4",
            Description="who is shut out",
            Addresses=["198.51.100.7/32"],
            Tags=TAGGED,
        )["Summary"]
        self.list = f"blocked/{listed['Id']}"

    def inputs(self, action: str) -> dict[str, str]:
        return {
            "access-key-off": {"key": self.key},
            "role-sessions-revoked": {"role": "worker"},
            "lambda-alias-rollback": {"function": "api", "alias": "live", "version": "1"},
            "ip-block": {"set": self.list, "addresses": "203.0.113.0/24"},
        }[action]

    def addresses(self) -> dict[str, Any]:
        name, _, id_ = self.list.partition("/")
        found: dict[str, Any] = self.waf.get_ip_set(Name=name, Scope="REGIONAL", Id=id_)["IPSet"]
        return found

    def whole(self) -> str:
        """Users, roles, policies and keys; aliases without their revision, and lists."""
        iam: Any = self.iam.get_account_authorization_details()
        keys = self.iam.list_access_keys(UserName="deployer")["AccessKeyMetadata"]
        aliases = self.functions.list_aliases(FunctionName="api")["Aliases"]
        for alias in aliases:
            alias.pop("RevisionId")
            if not alias.get("RoutingConfig", {}).get("AdditionalVersionWeights"):
                alias.pop("RoutingConfig", None)
        del iam["ResponseMetadata"]
        return json.dumps([iam, keys, aliases, self.addresses()], default=str, sort_keys=True)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    service_credentials.nobody_has_any(monkeypatch)
    with mock_aws():
        yield Account()


@pytest.fixture
def world(account: Account) -> Containing:
    found = Containing()
    listed = ("user/deployer", "role/worker", "function/api", f"ip-set/{account.list}")
    targets = AssumedTargets(ROLES, found.world.wall)
    found.desk = replace(
        found.desk, targets=targets, rules=replace(found.desk.rules, containable=listed)
    )
    return found


@pytest.mark.parametrize("action", ACTIONS.names)
def test_i11_dry_run_executed_verified_undone_and_the_whole_account_is_what_it_was(
    action: str, account: Account, world: Containing
) -> None:
    before, inputs = account.whole(), account.inputs(action)
    dry = world.desk.dry_run(ANA_IS, world.ask(action, inputs=inputs))
    assert account.whole() == before, "a dry run changes nothing"

    run = world.contained(action, inputs=inputs)
    contained = account.whole()
    assert contained != before
    assert world.desk.execute(ANA_IS, world.incident, run.id).state is RunState.EXECUTED
    assert account.whole() == contained, "a second run changes nothing"
    settled = dict.fromkeys(dry.preview.left_open, "looked at")
    assert world.desk.verify(ANA_IS, world.incident, run.id, settled).state is RunState.VERIFIED

    if ACTIONS.entry(action).undo_others:
        with pytest.raises(ApprovalRequired):
            world.undo(run)
        world.agree(run, Purpose.UNDO)
    assert world.undo(run).state is RunState.UNDONE
    assert account.whole() == before


def stranger_key(account: Account) -> None:
    account.iam.delete_access_key(UserName="deployer", AccessKeyId=account.key)


def stranger_policy(account: Account) -> None:
    account.iam.put_role_policy(
        RoleName="worker", PolicyName="TocsinRevokedSessions", PolicyDocument=WORK
    )


def stranger_alias(account: Account) -> None:
    account.functions.update_alias(FunctionName="api", Name="live", FunctionVersion="2")
    account.functions.publish_version(FunctionName="api")
    account.functions.update_alias(FunctionName="api", Name="live", Description="by hand")


@pytest.mark.parametrize(
    ("action", "stranger", "error"),
    [
        ("access-key-off", stranger_key, NotFound),
        ("role-sessions-revoked", stranger_policy, Conflict),
    ],
)
def test_an_undo_over_anothers_change_changes_nothing(
    action: str,
    stranger: Callable[[Account], None],
    error: type[Exception],
    account: Account,
    world: Containing,
) -> None:
    run = world.contained(action, inputs=account.inputs(action))
    stranger(account)
    state = account.whole()
    world.later(timedelta(hours=2))
    if action == "access-key-off":
        with pytest.raises(ApprovalRequired):
            world.undo(run)
        world.agree(run, Purpose.UNDO)
    with pytest.raises(error):
        world.undo(run)
    assert account.whole() == state
    assert world.now(run).state is RunState.CONFLICT


def test_an_alias_that_another_moved_back_counts_as_undone(
    account: Account, world: Containing
) -> None:
    run = world.contained("lambda-alias-rollback", inputs=account.inputs("lambda-alias-rollback"))
    stranger_alias(account)
    state = account.whole()
    assert world.undo(run).state is RunState.UNDONE
    assert account.whole() == state


def test_a_version_deleted_meanwhile_is_seen(account: Account, world: Containing) -> None:
    inputs = account.inputs("lambda-alias-rollback")
    run = world.contained("lambda-alias-rollback", inputs=inputs)
    account.functions.delete_function(FunctionName="api", Qualifier="2")
    with pytest.raises(Conflict, match="version 2 does not exist"):
        world.undo(run)
    with pytest.raises(Conflict, match="version 9 does not exist"):
        world.plan("lambda-alias-rollback", key="c2", inputs={**inputs, "version": "9"})


def test_weights_are_put_down_and_restored(account: Account, world: Containing) -> None:
    account.functions.publish_version(FunctionName="api")
    account.functions.update_alias(
        FunctionName="api",
        Name="live",
        FunctionVersion="2",
        RoutingConfig={"AdditionalVersionWeights": {"1": 0.1}},
    )
    inputs = {**account.inputs("lambda-alias-rollback"), "during_shift": "yes"}
    before = account.whole()
    run = world.contained("lambda-alias-rollback", inputs=inputs)
    alias = account.functions.get_alias(FunctionName="api", Name="live")
    assert alias["FunctionVersion"] == "1"
    assert not alias.get("RoutingConfig", {}).get("AdditionalVersionWeights")
    world.undo(run)
    assert account.whole() == before


def test_who_deploys_and_what_else_is_open_is_told(account: Account, world: Containing) -> None:
    found = world.desk.dry_run(
        ANA_IS, world.ask("lambda-alias-rollback", inputs=account.inputs("lambda-alias-rollback"))
    )
    assert "CloudFormation stack shop deploys it" in found.preview.warnings[0]

    account.iam.create_login_profile(UserName="deployer", Password="correct-Horse7")
    other = account.iam.create_access_key(UserName="deployer")["AccessKey"]["AccessKeyId"]
    run = world.contained("access-key-off", inputs={"key": account.key})
    assert run.left_open["other_keys"] == other
    with pytest.raises(NotVerifiable, match="password"):
        world.desk.verify(ANA_IS, world.incident, run.id, {"sessions": "ended"})


def test_another_entry_of_a_list_and_its_description_stay(
    account: Account, world: Containing
) -> None:
    run = world.contained("ip-block", inputs=account.inputs("ip-block"))
    name, _, id_ = account.list.partition("/")
    token = account.waf.get_ip_set(Name=name, Scope="REGIONAL", Id=id_)["LockToken"]
    account.waf.update_ip_set(
        Name=name,
        Scope="REGIONAL",
        Id=id_,
        LockToken=token,
        Description="who is shut out",
        Addresses=["192.0.2.1/32", "203.0.113.0/24"],
    )
    world.undo(run)
    assert account.addresses()["Addresses"] == ["192.0.2.1/32"]
    assert account.addresses()["Description"] == "who is shut out"


def test_what_is_not_there_is_not_found(account: Account, world: Containing) -> None:
    with pytest.raises(NotFound):
        world.plan("role-sessions-revoked", inputs={"role": "nobody"})
    inputs = account.inputs("lambda-alias-rollback")
    with pytest.raises(NotFound):
        world.plan("lambda-alias-rollback", inputs={**inputs, "alias": "nobody"})
    with pytest.raises(NotFound):
        world.plan("ip-block", inputs={**account.inputs("ip-block"), "set": "none/0a1b2c3d"})
