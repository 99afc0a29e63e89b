"""The road to an account, walked on the local cloud: init, deploy, doctor, page, destroy.

It is the production's own way (change sets, its own bucket, its own secrets), beside the local
deployer's. What the emulator refuses of a template is left out as there; its quotas and sandboxes
do not exist, so those checks of the doctor say that they could not look.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.harness.cloud.local_cloud import eventually
from tocsin.cli import main
from tocsin.local.look import personal
from tocsin.local.look.clients import Clients, Keys
from tocsin.local.look.people import sign_in
from tocsin.local.machine.emulator import ACCOUNT, REGION
from tocsin.local.stage.gaps import acceptable
from tocsin.production.road import Road

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.harness.cloud.local_cloud import Deployed

PREFIX = "tocsin-drill-"
MAILBOX = "kim@example.com"
DESCRIBED, NOWHERE = Path("tocsin.toml"), Path("there-is-none.toml")


class Walker:
    """`tocsin` with a deployment file of its own."""

    def __init__(self, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.file, self.capsys = file, capsys

    def run(self, *words: str, deployment: Path | None = DESCRIBED) -> tuple[int, str, str]:
        """With the file of its deployment, with another, or for commands that know none without."""
        self.capsys.readouterr()
        file = self.file if deployment is DESCRIBED else deployment
        code = main.run([*words, *(("--file", str(file)) if file else ())])
        shown = self.capsys.readouterr()
        return code, shown.out, shown.err

    def findings(self) -> dict[str, list[str]]:
        _, out, err = self.run("doctor", "--json")
        found: dict[str, list[str]] = {}
        assert out, err
        for one in json.loads(out):
            found.setdefault(one["check"], []).append(f"{one['about']}: {one['what']}")
        return found


@pytest.fixture
def walker(
    stage: Deployed,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Walker:
    monkeypatch.setenv("AWS_ENDPOINT_URL", stage.clients.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    to = Road.to

    def here(file: Path, *, progress: Callable[[str], None]) -> Road:
        return to(file, progress=progress, prepare=lambda made: acceptable(made)[0], wait=0.2)

    monkeypatch.setattr(Road, "to", here)
    return Walker(tmp_path / "tocsin.toml", capsys)


def page_reaches(walker: Walker, stage: Deployed, api_url: str) -> None:
    """Somebody signs in, says how they are reached, and the doctor's test page arrives there."""
    stage.clients.sesv2.create_email_identity(EmailIdentity="tocsin@example.com")
    role = f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}responder-{REGION}"
    with as_user(stage, "kim", role):
        before = {each.id for each in personal.sent(stage.clients.endpoint)}

        def came() -> list[personal.Sent]:
            found = personal.sent(stage.clients.endpoint)
            return [each for each in found if each.id not in before and each.to == MAILBOX]

        # Names under `localhost` are no host everywhere; the emulator knows its APIs by path too.
        api = urlsplit(api_url).netloc.partition(".")[0]
        where = ("--api-url", f"{stage.clients.endpoint}/_aws/execute-api/{api}")
        code, out, err = walker.run("doctor", "--page", "kim", *where, deployment=NOWHERE)
        assert code == 1, err
        assert "has no confirmed way" in out

        added = walker.run("contact", "add", "mail", MAILBOX, *where, "--json", deployment=None)
        assert added[0] == 0, added
        way = json.loads(added[1])["way"]
        (told,) = eventually(came, lambda found: len(found) == 1)
        code_sent = re.findall(r"\b\d{6}\b", told.text)[0]
        confirmed = walker.run("contact", "confirm", way, code_sent, *where, deployment=None)
        assert confirmed[0] == 0, confirmed

        code, out, err = walker.run("doctor", "--page", "kim", *where, deployment=NOWHERE)
        assert "a test went to kim by mail" in err, (code, out, err)
        assert "page" not in [line.split()[0] for line in out.splitlines() if line]
        _, test = eventually(came, lambda found: len(found) == 2)
        assert "test" in f"{test.subject} {test.text}".lower()


@contextmanager
def as_user(stage: Deployed, name: str, role: str) -> Iterator[None]:
    """An IAM user of that name, who assumes the role as people do, under their own name."""
    rights, role_name = stage.clients.iam, role.rpartition("/")[2]
    rights.create_user(UserName=name)
    # The emulator knows no variables in policies: what AWS makes of it for this user.
    trust = json.dumps(rights.get_role(RoleName=role_name)["Role"]["AssumeRolePolicyDocument"])
    assert "${aws:username}" in trust
    rights.update_assume_role_policy(
        RoleName=role_name, PolicyDocument=trust.replace("${aws:username}", name)
    )
    allowed = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}
    policy = {"Version": "2012-10-17", "Statement": [allowed]}
    rights.put_user_policy(UserName=name, PolicyName="assume", PolicyDocument=json.dumps(policy))
    made = rights.create_access_key(UserName=name)["AccessKey"]
    theirs = Clients(
        stage.clients.endpoint, Keys(made["AccessKeyId"], made["SecretAccessKey"], None)
    )
    with pytest.raises(ClientError, match="not authorized"):
        sign_in(theirs, role, "somebody-else")
    keys = sign_in(theirs, role, name)
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    try:
        with pytest.MonkeyPatch.context() as patch:
            for variable, value in zip(names, (keys.access, keys.secret, keys.token), strict=True):
                patch.setenv(variable, value or "")
            yield
    finally:
        rights.delete_access_key(UserName=name, AccessKeyId=made["AccessKeyId"])
        rights.delete_user_policy(UserName=name, PolicyName="assume")
        rights.delete_user(UserName=name)


@pytest.mark.full
@pytest.mark.timeout(600)
def test_from_nothing_to_a_stage_and_back(walker: Walker, stage: Deployed) -> None:
    said = ("--account", ACCOUNT, "--region", REGION, "--stage", "drill", "--providers", "none")
    mails = ("--ops-mail", "ops@example.com", "--mail-from", "tocsin@example.com")
    assert walker.run("init", *said, *mails)[0] == 0
    code, _, err = walker.run("init", *said, *mails)
    assert (code, "--force" in err) == (3, True)

    before = walker.findings()
    assert before["stacks"][0].startswith(f"{PREFIX}data: is not deployed")
    assert len(before["stacks"]) == 5

    code, out, err = walker.run("deploy", "--diff")
    assert (code, "add" in out) == (0, True), err
    assert walker.findings()["stacks"] == before["stacks"], "a look changes nothing"

    code, out, err = walker.run("deploy", "--yes", "--json")
    assert code == 0, err
    deployed: dict[str, Any] = json.loads(out)
    assert deployed["changes"] > 100
    keys = stage.clients.secrets.get_secret_value(SecretId="tocsin/drill/delivery-keys")
    ring = json.loads(keys["SecretString"])
    assert ring["link_base"] == deployed["api_url"]
    for hidden in (ring["keys"]["1"], ring["webhooks"]):
        assert hidden not in out + err

    after = walker.findings()
    assert "stacks" not in after
    assert "bootstrap" not in after
    assert "schedules" not in after

    code, out, err = walker.run("deploy", "--yes")
    assert (code, "nothing differs" in out) == (0, True), out + err
    again = stage.clients.secrets.get_secret_value(SecretId="tocsin/drill/delivery-keys")
    assert again["SecretString"] == keys["SecretString"], "what is there is left alone"

    page_reaches(walker, stage, deployed["api_url"])

    code, out, _ = walker.run("destroy", "--stage", "production")
    assert (code, "nothing was deleted" in out or code == 1) == (1, True)
    code, out, err = walker.run("destroy", "--stage", "drill", "--json")
    assert code == 0, err
    gone = json.loads(out)
    assert gone["deleted"][0] == f"{PREFIX}monitoring"
    assert len(gone["deleted"]) == 5
    assert walker.findings()["stacks"] == before["stacks"]


@pytest.mark.full
def test_another_account_is_not_touched(walker: Walker) -> None:
    said = ("--account", "123456789012", "--region", REGION, "--providers", "none")
    assert (
        walker.run("init", *said, "--ops-mail", "o@e.example", "--mail-from", "t@e.example")[0] == 0
    )
    code, out, err = walker.run("deploy", "--yes")
    assert (code, out) == (4, "")
    assert "sign in to that one" in err
