"""Content that is too large for a timeline, through the deployed API to the deployed bucket."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from botocore.credentials import Credentials

from tocsin.runtime.api_client import ApiClient

if TYPE_CHECKING:
    from tests.harness.cloud.local_cloud import Deployed

LOG = "502 after 502\n" * 5_000


def test_a_log_lies_in_the_bucket_under_its_hash_and_is_read_back(stage: Deployed) -> None:
    keys = stage.as_person("ana")
    outputs = stage.outputs
    credentials = Credentials(keys.access, keys.secret, keys.token)
    api = ApiClient(outputs["api_url"], outputs["region"], credentials)
    wish = {"title": "the gateway answers 502", "severity": "low", "category": "production"}
    incident = api.post("/v1/incidents", wish)["id"]

    for _ in range(2):
        body = {"title": "the log", "text": LOG}
        api.post(f"/v1/incidents/{incident}/evidence", body, key="the-log")

    entry = api.get(f"/v1/incidents/{incident}/timeline")["entries"][-1]
    stored = entry["content"]["stored"]
    digest = hashlib.sha256(LOG.encode()).hexdigest()
    assert (stored["key"], stored["sha256"]) == (f"{incident}/{digest}", digest)
    bucket = outputs["evidence_bucket"]
    versions = stage.clients.s3.list_object_versions(Bucket=bucket, Prefix=f"{incident}/")
    assert [one["Key"] for one in versions["Versions"]] == [stored["key"]]
    assert api.get(f"/v1/incidents/{incident}/content/{digest}")["text"] == LOG
