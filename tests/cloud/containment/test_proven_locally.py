"""Each action on the local cloud, in the rights of its role and no others.

An account of its own, with IAM on: the caller may assume the actions' roles and nothing else, and
each role holds what the registry declares. What the emulator does not decide about is left out and
said so in docs/containment.md: tags as conditions, the firewall's tokens, and traffic.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.harness.cloud import emulator
from tests.harness.cloud.local_cloud import eventually
from tests.harness.fakes import service_credentials
from tests.harness.worlds.containing import ANA_IS, Containing
from tocsin.adapters.containment.roles import AssumedTargets
from tocsin.containment.registry import ACTIONS
from tocsin.containment.runs import Purpose, RunState
from tocsin.errors import ApprovalRequired
from tocsin.runtime.clock import wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "000000000000"
TAGS: list[Any] = [{"Key": "tocsin:containable", "Value": "yes"}]

MISNAMED = {"lambda:GetAlias": "lambda:ListAliases"}
"""What the emulator asks for a call; AWS asks for the call's own name."""
UNNAMED = {"ip-block": "*"}
"""The emulator checks the firewall's calls on `*`; AWS on the list."""
WHOSE = {"Effect": "Allow", "Action": "iam:GetAccessKeyLastUsed", "Resource": "*"}
"""The emulator checks it on `*`, since the request names no user; AWS on the key's user."""


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements]})


class Account:
    """Root's view of it: what is made, and what is there."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.iam = self.client("iam")
        self.waf = self.client("wafv2")
        self.functions = self.client("lambda")
        account = self.client("sts").get_caller_identity()["Account"]
        self.roles = {
            name: f"arn:aws:iam::{account}:role/tocsin-contain-{name}" for name in ACTIONS.names
        }
        self.caller = self.user_with("caller", self.may_assume())
        self.trust = policy(
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        )
        for action in ACTIONS:
            self.role(f"tocsin-contain-{action.name}")
            rights = [
                {
                    "Effect": "Allow",
                    "Action": [MISNAMED.get(right, right) for right in each.actions],
                    "Resource": [
                        UNNAMED.get(action.name) or text.format(partition="aws", account=account)
                        for text in each.resources
                    ],
                }
                for each in action.rights
            ]
            self.iam.put_role_policy(
                RoleName=f"tocsin-contain-{action.name}",
                PolicyName="Rights",
                PolicyDocument=policy(*rights, *([WHOSE] if "key" in action.name else [])),
            )
        self.targets()

    def may_assume(self) -> dict[str, Any]:
        roles = [*self.roles.values()]
        return {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": roles}

    def targets(self) -> None:
        """What is acted on: a user's key, a role, an alias of two versions, a list."""
        see = {"Effect": "Allow", "Action": ["s3:ListAllMyBuckets"], "Resource": "*"}
        self.key = self.user_with("deployer", see, tagged=True)
        self.role("worker", tagged=True)
        self.iam.put_role_policy(RoleName="worker", PolicyName="Work", PolicyDocument=policy(see))
        assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
        self.assumer = self.user_with("assumer", assume)
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("handler.py", "def handler(event, context): return 1")
        self.functions.create_function(
            FunctionName="api",
            Runtime="python3.13",
            Role=self.iam.get_role(RoleName="worker")["Role"]["Arn"],
            Handler="handler.handler",
            Code={"ZipFile": code.getvalue()},
            Tags={"tocsin:containable": "yes"},
        )
        for _ in range(2):
            self.functions.publish_version(FunctionName="api")
            self.functions.update_function_configuration(FunctionName="api", Description="two")
        self.functions.create_alias(FunctionName="api", Name="live", FunctionVersion="2")
        listed = self.waf.create_ip_set(
            Name="blocked",
            Scope="REGIONAL",
            IPAddressVersion="IPV4",
            Addresses=["198.51.100.7/32"],
            Tags=TAGS,
        )["Summary"]
        self.list = f"blocked/{listed['Id']}"

    def user_with(
        self, name: str, statement: dict[str, Any], *, tagged: bool = False
    ) -> dict[str, Any]:
        self.iam.create_user(UserName=name, Tags=TAGS if tagged else [])
        self.iam.put_user_policy(
            UserName=name, PolicyName="Rights", PolicyDocument=policy(statement)
        )
        found: dict[str, Any] = self.iam.create_access_key(UserName=name)["AccessKey"]
        return found

    def role(self, name: str, *, tagged: bool = False) -> None:
        self.iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=self.trust, Tags=TAGS if tagged else []
        )

    def client(self, service: str, key: dict[str, Any] | None = None, token: str = "") -> Any:
        held = key or {"AccessKeyId": "test", "SecretAccessKey": "test"}
        connect: Any = boto3.client
        return connect(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=held["AccessKeyId"],
            aws_secret_access_key=held["SecretAccessKey"],
            aws_session_token=token or None,
        )

    def session(self, role: str, by: dict[str, Any]) -> dict[str, Any]:
        arn = self.iam.get_role(RoleName=role)["Role"]["Arn"]
        asked = {"RoleArn": arn, "RoleSessionName": "somebody"}
        found: dict[str, Any] = self.client("sts", by).assume_role(**asked)["Credentials"]
        return found

    def inputs(self, action: str) -> dict[str, str]:
        return {
            "access-key-off": {"key": self.key["AccessKeyId"]},
            "role-sessions-revoked": {"role": "worker"},
            "lambda-alias-rollback": {"function": "api", "alias": "live", "version": "1"},
            "ip-block": {"set": self.list, "addresses": "203.0.113.0/24"},
        }[action]

    def whole(self) -> str:
        keys = self.iam.list_access_keys(UserName="deployer")["AccessKeyMetadata"]
        names = self.iam.list_role_policies(RoleName="worker")["PolicyNames"]
        alias = self.functions.get_alias(FunctionName="api", Name="live")
        shown = {name: alias[name] for name in ("FunctionVersion", "Description") if name in alias}
        weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        name, _, id_ = self.list.partition("/")
        listed = self.waf.get_ip_set(Name=name, Scope="REGIONAL", Id=id_)["IPSet"]
        found = [keys, sorted(names), shown, weights, listed]
        return json.dumps(found, default=str, sort_keys=True)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with emulator.account() as endpoint:
        yield Account(endpoint)


@pytest.fixture
def world(account: Account, monkeypatch: pytest.MonkeyPatch) -> Containing:
    """People at their desk, and a process that has the caller's key and no other."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account.caller["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", account.caller["SecretAccessKey"])
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    service_credentials.nobody_has_any(monkeypatch)
    found = Containing()
    listed = ("user/deployer", "role/worker", "function/api", f"ip-set/{account.list}")
    found.desk = replace(
        found.desk,
        targets=AssumedTargets(account.roles, wall_clock()),
        rules=replace(found.desk.rules, containable=listed),
        wall=wall_clock(),
    )
    return found


@pytest.mark.parametrize("action", ACTIONS.names)
def test_an_action_is_carried_out_and_undone_in_the_rights_of_its_role(
    action: str, account: Account, world: Containing
) -> None:
    before, inputs = account.whole(), account.inputs(action)
    dry = world.desk.dry_run(ANA_IS, world.ask(action, inputs=inputs))
    assert account.whole() == before

    run = world.contained(action, inputs=inputs)
    contained = account.whole()
    assert contained != before
    world.desk.execute(ANA_IS, world.incident, run.id)
    assert account.whole() == contained
    settled = dict.fromkeys(dry.preview.left_open, "looked at")
    assert world.desk.verify(ANA_IS, world.incident, run.id, settled).state is RunState.VERIFIED

    if ACTIONS.entry(action).undo_others:
        with pytest.raises(ApprovalRequired):
            world.undo(run)
        world.agree(run, Purpose.UNDO)
    assert world.undo(run).state is RunState.UNDONE
    assert account.whole() == before


def test_a_key_that_is_off_is_refused_and_one_that_is_on_again_is_not(
    account: Account, world: Containing
) -> None:
    def works() -> bool:
        try:
            account.client("s3", account.key).list_buckets()
        except ClientError:
            return False
        return True

    assert works()
    run = world.contained("access-key-off", inputs=account.inputs("access-key-off"))
    assert not works()
    with pytest.raises(ApprovalRequired):
        world.undo(run)
    world.agree(run, Purpose.UNDO)
    world.undo(run)
    assert works()


def test_sessions_from_before_are_refused_and_new_ones_are_not(
    account: Account, world: Containing
) -> None:
    def works(session: dict[str, Any]) -> bool:
        try:
            account.client("s3", session, session["SessionToken"]).list_buckets()
        except ClientError:
            return False
        return True

    old = account.session("worker", account.assumer)
    assert works(old)
    run = world.contained("role-sessions-revoked", inputs={"role": "worker"})
    assert not works(old)
    # The moment is the next whole second: one of this second is from before.
    assert eventually(lambda: works(account.session("worker", account.assumer)))
    with pytest.raises(ApprovalRequired):
        world.undo(run)
    world.agree(run, Purpose.UNDO)
    world.undo(run)
    assert works(old)


@pytest.mark.parametrize("action", ACTIONS.names)
def test_a_role_is_denied_what_the_others_may_and_everything_else(
    action: str, account: Account, world: Containing
) -> None:
    del world
    held = account.session(f"tocsin-contain-{action}", account.caller)
    name, _, id_ = account.list.partition("/")
    listed = {"Name": name, "Scope": "REGIONAL", "Id": id_}
    tries: dict[str, tuple[str, str, dict[str, Any]]] = {
        "access-key-off": (
            "iam",
            "update_access_key",
            {
                "UserName": "assumer",
                "AccessKeyId": account.assumer["AccessKeyId"],
                "Status": "Active",
            },
        ),
        "role-sessions-revoked": ("iam", "get_role", {"RoleName": "worker"}),
        "lambda-alias-rollback": ("lambda", "get_alias", {"FunctionName": "api", "Name": "live"}),
        "ip-block": ("wafv2", "get_ip_set", listed),
        "users": ("iam", "list_users", {}),
        "policies": ("iam", "list_role_policies", {"RoleName": "worker"}),
        "attach": (
            "iam",
            "attach_role_policy",
            {"RoleName": "worker", "PolicyArn": "arn:aws:iam::aws:policy/AWSDenyAll"},
        ),
        "code": ("lambda", "delete_function", {"FunctionName": "nothing"}),
        "buckets": ("s3", "list_buckets", {}),
    }
    denied = []
    for what, (service, call, asked) in tries.items():
        try:
            getattr(account.client(service, held, held["SessionToken"]), call)(**asked)
        except ClientError as error:
            if error.response["Error"]["Code"].startswith("AccessDenied"):
                denied.append(what)
    assert set(denied) == tries.keys() - {action}
