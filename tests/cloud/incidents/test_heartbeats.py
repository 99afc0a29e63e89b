"""A job's address at the deployed gateway, and what opens when nobody calls it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.credentials import Credentials

from tocsin.runtime.api_client import ApiClient

if TYPE_CHECKING:
    from tests.harness.cloud.local_cloud import Deployed, Expectations

MITIGATION = ("page", "mitigation-primary")


def called(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            json.load(answer)
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code


def test_a_job_beats_by_its_address_and_is_missed_without(
    stage: Deployed, inbox: Expectations
) -> None:
    keys = stage.as_person("ana")
    credentials = Credentials(keys.access, keys.secret, keys.token)
    api = ApiClient(stage.outputs["api_url"], stage.outputs["region"], credentials)
    schedule = {"every_seconds": 3600, "grace_seconds": 600, "service": "heartbeats"}
    made = api.post("/v1/heartbeats/nightly/schedule", schedule)
    url = stage.outputs["api_url"] + made["path"]

    assert called(url) == 200
    assert called(url[:-1] + ("0" if url[-1] != "0" else "1")) == 404
    stage.advance(timedelta(minutes=69))
    mine = {"service": "heartbeats"}
    assert api.get("/v1/incidents", **mine)["incidents"] == []
    stage.advance(timedelta(minutes=2))
    (opened,) = api.get("/v1/incidents", **mine)["incidents"]
    assert opened["title"] == "No heartbeat of nightly"
    inbox.expect(("opened", "stakeholders"), ("page", "commander-primary"), MITIGATION)

    assert called(url) == 200
    stage.advance(timedelta(minutes=1))
    assert api.get(f"/v1/incidents/{opened['id']}")["firing"] is False
    api.post("/v1/heartbeats/nightly/remove", {})
    assert called(url) == 404
