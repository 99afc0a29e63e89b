"""The deployment protection rule through the deployed stage: asked, held, answered by itself.

GitHub is a fake on loopback whose address two functions are told; the stage has all else.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.credentials import Credentials

from tests.cloud.incidents.test_findings import sent
from tests.harness.cloud.local_cloud import eventually, variables
from tests.harness.fakes.github_app import GithubApp, github_app
from tests.harness.worlds.findings import sample
from tocsin.runtime.api_client import ApiClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.cloud.local_cloud import Deployed, Expectations

SECRET = "tocsin/local/github-app"


@pytest.fixture
def github(stage: Deployed) -> Iterator[GithubApp]:
    """A fake that this stage answers, and the secret of its App."""
    secrets = stage.clients.secrets
    with github_app() as state:
        text = json.dumps(state.secret())
        secrets.put_secret_value(SecretId=SECRET, SecretString=text)
        told = {"GITHUB_API": state.url}
        with variables(stage, "github_ingest", **told), variables(stage, "deployment_gate", **told):
            yield state
        secrets.put_secret_value(SecretId=SECRET, SecretString="{}")


def asked(stage: Deployed, github: GithubApp, *, secret: str | None = None) -> int:
    wrapped = sample("github", "deployment-requested")
    text = json.dumps(wrapped["payload"]).replace("https://api.github.com", github.url)
    return sent(stage, wrapped, text.encode(), "application/json", secret=secret)


def test_a_deployment_waits_for_the_freeze_and_is_answered_by_itself(
    stage: Deployed, github: GithubApp, inbox: Expectations
) -> None:
    keys = stage.as_person("commander-primary", "commander")
    credentials = Credentials(keys.access, keys.secret, keys.token)
    api = ApiClient(stage.outputs["api_url"], stage.outputs["region"], credentials)
    opening = {"title": "checkout is down", "severity": "high", "service": "checkout"}
    incident = api.post("/v1/incidents", opening | {"category": "production"})["id"]
    job = github.wait()

    assert asked(stage, github, secret="another") == 400
    assert asked(stage, github) == 202
    assert eventually(lambda: list(job.comments)), "woken at once"
    assert incident in job.comments[0]
    assert asked(stage, github) == 202, "a redelivery"

    lift = {"step": "lift", "reason": "harm is elsewhere"}
    api.post(f"/v1/incidents/{incident}/freeze", lift)
    stage.advance(timedelta(seconds=61))
    turn = stage.clients.functions.invoke(
        FunctionName=stage.outputs["functions"]["deployment_gate"], Payload=b"{}"
    )
    assert not turn.get("FunctionError")
    assert eventually(lambda: job.state, lambda state: state == "approved") == "approved"
    (row,) = (one for one in stage.items("operations") if one["PK"]["S"] == "WAIT#acme/checkout")
    assert "due_pk" not in row
    inbox.taken |= {one.message_id for one in inbox.fresh()}
