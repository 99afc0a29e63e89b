"""Containment through the deployed stage: typed, agreed to, carried out in a role, and undone.

The targets are a drill's, made beside the stage in the same account. The emulator decides about
sessions, roles, whom they trust and the tags of roles. Those of the firewall's lists it does not
look at: rules over the template hold them (tests/infra/stacks/test_containment_roles.py), and the
guard rails ask for them first.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.stage.probes import containing_role, keys_of
from tests.cloud.stage.test_command_line import Terminal
from tocsin.cli.incidents.tables import PENDING
from tocsin.local.look.clients import Clients, Keys
from tocsin.local.machine.places import STATE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.harness.cloud.local_cloud import Deployed, Expectations

ANA, DI, SAM = "commander-primary", "engineering-lead:commander", "security-primary:security"
TAG = "tocsin:containable"
LISTED = ("role/drill-worker", "function/drill-api")
ALIAS = ("--set", "function=drill-api", "--set", "alias=live", "--set", "version=1")


class Account:
    """What a drill acts on, as root sees it."""

    def __init__(self, clients: Clients) -> None:
        self.iam, self.functions = clients.iam, clients.functions
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
        document = {"Version": "2012-10-17", "Statement": [trust | {"Action": "sts:AssumeRole"}]}
        role = self.iam.create_role(
            RoleName="drill-worker",
            AssumeRolePolicyDocument=json.dumps(document),
            Tags=[{"Key": TAG, "Value": "drill"}],
        )["Role"]
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("handler.py", "def handler(event, context): return 1")
        self.function = self.functions.create_function(
            FunctionName="drill-api",
            Runtime="python3.13",
            Role=role["Arn"],
            Handler="handler.handler",
            Code={"ZipFile": code.getvalue()},
            Tags={TAG: "drill"},
        )["FunctionArn"]
        for description in ("one", "two"):
            self.functions.update_function_configuration(
                FunctionName="drill-api", Description=description
            )
            self.functions.publish_version(FunctionName="drill-api")
        self.functions.create_alias(
            FunctionName="drill-api", Name="live", FunctionVersion="2", Description="of the drill"
        )

    def whole(self) -> Any:
        alias = self.functions.get_alias(FunctionName="drill-api", Name="live")
        return (
            self.iam.list_role_policies(RoleName="drill-worker")["PolicyNames"],
            {name: alias.get(name) for name in ("FunctionVersion", "Description", "RoutingConfig")},
        )

    def gone(self) -> None:
        for name in self.iam.list_role_policies(RoleName="drill-worker")["PolicyNames"]:
            self.iam.delete_role_policy(RoleName="drill-worker", PolicyName=name)
        self.functions.delete_function(FunctionName="drill-api")
        self.iam.delete_role(RoleName="drill-worker")


@pytest.fixture
def account(stage: Deployed) -> Iterator[Account]:
    made = Account(stage.clients)
    yield made
    made.gone()


@pytest.fixture
def terminal(
    stage: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    monkeypatch.setenv(STATE_VARIABLE, str(stage.cloud.places.state))
    return Terminal(capsys)


def waits(terminal: Terminal, *words: str) -> Any:
    """What is asked, and is carried out by nobody until another person has agreed."""
    code, out, err = terminal.run("contain", *words, "--json")
    assert code == PENDING, err
    return json.loads(out)


def test_a_drill_is_contained_by_two_people_and_undone_to_what_was(
    stage: Deployed, account: Account, terminal: Terminal, inbox: Expectations, tmp_path: Path
) -> None:
    before = account.whole()
    opened = terminal.json("open", "It leaks", "--severity", "medium", "--kind", "drill")
    incident = str(opened["id"])
    rules = tmp_path / "rules.toml"
    rules.write_text(f"containable = {list(LISTED)}", encoding="utf-8")
    shown = waits(terminal, "propose-rules", str(rules), "-r", "the drill's", "--as", DI)
    assert terminal.run("contain", "agree-rules", shown["proposal"]["agree"], "--as", DI)[0] != 0
    terminal.json("contain", "agree-rules", shown["proposal"]["agree"], "--as", SAM)

    def agreed(run: Any, by: str) -> None:
        words = (incident, run["id"], "--agree", run["asks"]["agree"], "--as", by)
        terminal.json("contain", "approve", *words)

    def done(step: str, run: Any, *words: str) -> Any:
        return terminal.json("contain", step, incident, run["id"], *words, "--as", ANA)

    dry = ("run", incident, "lambda-alias-rollback", *ALIAS, "-r", "it fails", "--dry-run")
    assert terminal.json("contain", *dry, "--as", ANA)["changes"]
    wanted = ("role-sessions-revoked", "--set", "role=drill-worker")
    sessions = waits(terminal, "run", incident, *wanted, "-r", "it leaked", "--as", ANA)
    alias = waits(
        terminal, "run", incident, "lambda-alias-rollback", *ALIAS, "-r", "it fails", "--as", ANA
    )
    assert account.whole() == before
    for run in (sessions, alias):
        agreed(run, DI)
        assert terminal.json("contain", "run", incident, run["id"], "--as", ANA)["executed_by"]
    policies, live = account.whole()
    assert (len(policies), live["FunctionVersion"]) == (1, "1")
    looked = stage.clients.functions.invoke(
        FunctionName=stage.outputs["functions"]["containment"], Payload=b"{}"
    )
    assert json.loads(looked["Payload"].read()) == {"failed": {}}
    settled = [word for name in sessions["left_open"] for word in ("--settled", f"{name}=looked")]
    assert done("verify", sessions, *settled)["state"] == "verified"

    assert done("undo", alias, "-r", "it was not that")["state"] == "undone"
    asked = waits(terminal, "undo", incident, sessions["id"], "-r", "it is over", "--as", ANA)
    assert len(account.whole()[0]) == 1
    agreed(asked, SAM)
    assert done("undo", sessions, "-r", "it is over")["state"] == "undone"
    assert account.whole() == before
    inbox.taken |= {one.message_id for one in inbox.fresh()}


def refused(call: Callable[..., Any], **asked: Any) -> bool:
    try:
        call(**asked)
    except ClientError as error:
        if error.response["Error"]["Code"].startswith("AccessDenied"):
            return True
        raise
    return False


def test_a_role_of_containment_serves_one_action_and_one_function(
    stage: Deployed, account: Account
) -> None:
    endpoint = stage.outputs["endpoint"]
    function = Clients(endpoint, keys_of(stage, "containment"))

    def asked(action: str) -> dict[str, Any]:
        role = containing_role(stage.clients, action)
        return {"RoleArn": role, "RoleSessionName": "probe-contain"}

    def acting(action: str) -> Clients:
        held = function.sts.assume_role(**asked(action))["Credentials"]
        keys = Keys(held["AccessKeyId"], held["SecretAccessKey"], held["SessionToken"])
        return Clients(endpoint, keys)

    nothing = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}
    denying: dict[str, Any] = {
        "RoleName": "drill-worker",
        "PolicyName": "x",
        "PolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [nothing]}),
    }
    moving = {"FunctionName": "drill-api", "Name": "live", "FunctionVersion": "1"}
    alias, sessions = acting("lambda-alias-rollback"), acting("role-sessions-revoked")

    assert refused(function.functions.update_alias, **moving), "not in its own rights"
    assert refused(alias.iam.put_role_policy, **denying), "another action's"
    assert refused(sessions.functions.update_alias, **moving), "another action's"
    assert refused(alias.functions.delete_function, FunctionName="drill-api")
    assert not refused(alias.functions.update_alias, **moving)
    assert not refused(sessions.iam.put_role_policy, **denying)
    account.iam.untag_role(RoleName="drill-worker", TagKeys=[TAG])
    assert refused(sessions.iam.put_role_policy, **denying), "only what is tagged"
    person = Clients(endpoint, stage.as_person("commander-primary", "commander"))
    front = Clients(endpoint, keys_of(stage, "incident_api"))
    for other in (person, front, stage.clients):
        assert refused(other.sts.assume_role, **asked("lambda-alias-rollback"))
