"""Findings through the deployed stage: GitHub by its gateway and signature, AWS by the queue.

EventBridge takes no event under the source of a service of AWS from anybody else, so what it hands
to the queue is put there as it is.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from botocore.credentials import Credentials

from tests.harness.cloud.local_cloud import eventually
from tests.harness.planted import ways
from tests.harness.worlds.findings import sample, signed
from tocsin.runtime.api_client import ApiClient
from tocsin.signals.github.delivery import DELIVERY, EVENT, SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

    from tests.harness.cloud.local_cloud import Deployed, Expectations

PLANTED = "SYNTHETIC0000-us2"
PAGED = ("commander-primary", "security-primary")


def delivered(stage: Deployed, name: str, *, secret: str | None = None) -> int:
    """The status of a delivery with the secret of this stage, or another."""
    wrapped = sample("github", name)
    body = json.dumps(wrapped["payload"], ensure_ascii=False).encode()
    return sent(stage, wrapped, body, "application/json", secret=secret)


def sent(
    stage: Deployed, wrapped: Any, body: bytes, content_type: str, *, secret: str | None = None
) -> int:
    """The status of these bytes, signed, as the delivery that `wrapped` names."""
    known = stage.outputs["secrets"]["github/default"]
    request = urllib.request.Request(
        f"{stage.outputs['webhook_url']}/github",
        data=body,
        headers={
            "content-type": content_type,
            EVENT: wrapped["X-GitHub-Event"],
            DELIVERY: wrapped["X-GitHub-Delivery"],
            SIGNATURE: signed(body, secret or known),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code


def board(stage: Deployed) -> list[dict[str, Any]]:
    """All that is open, as the security owner sees it."""
    keys = stage.as_person("sam", "security")
    credentials = Credentials(keys.access, keys.secret, keys.token)
    api = ApiClient(stage.outputs["api_url"], stage.outputs["region"], credentials)
    found: list[dict[str, Any]] = api.get("/v1/incidents")["incidents"]
    return found


def logged(stage: Deployed) -> bytes:
    """All that deployed functions wrote, and what the emulator says of them."""
    return stage.cloud.places.log("ministack").read_bytes()


def waiting(stage: Deployed) -> list[bytes]:
    """What lies in any queue, dead letters among them; it stays there."""
    sqs, found = stage.clients.sqs, list[bytes]()
    for queue in sqs.list_queues().get("QueueUrls", []):
        seen = sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            MessageAttributeNames=["All"],
        )
        found += [json.dumps(one).encode() for one in seen.get("Messages", [])]
    return found


def kept(stage: Deployed, inbox: Expectations) -> Iterator[tuple[str, bytes]]:
    """The bytes of everything that a stage keeps, by where."""
    yield (
        "tables",
        b"\n".join(
            part
            for table in stage.outputs["tables"]
            for item in stage.items(table)
            for part in _parts(item)
        ),
    )
    yield "queues", b"\n".join(waiting(stage))
    s3 = stage.clients.s3
    yield (
        "objects",
        b"\n".join(
            s3.get_object(Bucket=bucket["Name"], Key=each["Key"])["Body"].read()
            for bucket in s3.list_buckets()["Buckets"]
            for each in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", [])
            if not each["Key"].endswith(".zip")  # bundles: they were there before
        ),
    )
    yield "log", logged(stage)
    yield "inbox", json.dumps([asdict(one) for one in inbox.inbox.read()], default=str).encode()


def _parts(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _parts(each)
    else:
        yield value if isinstance(value, bytes) else str(value).encode()


def test_a_secret_that_github_found_pages_and_is_kept_nowhere(
    stage: Deployed, inbox: Expectations
) -> None:
    assert delivered(stage, "secret-created", secret="another") == 400
    assert delivered(stage, "secret-created") == 202
    (opened,) = eventually(lambda: board(stage))
    assert (opened["severity"], opened["category"]) == ("high", "security")
    inbox.expect(("opened", "stakeholders"), *(("page", person) for person in PAGED))

    assert delivered(stage, "secret-location") == 202
    assert delivered(stage, "secret-valid") == 202
    assert eventually(lambda: board(stage)[0]["severity"] == "critical")
    inbox.expect(*(("page", person) for person in PAGED))
    wrapped = sample("github", "secret-location")
    text = json.dumps(wrapped["payload"])
    form = urllib.parse.urlencode({"payload": text}).encode()
    assert sent(stage, wrapped, form, "application/x-www-form-urlencoded") == 202
    broken = json.dumps({**wrapped["payload"], "repository": {"fork": PLANTED}}).encode()
    assert sent(stage, wrapped, broken, "application/json") == 202
    assert eventually(lambda: b"`full_name` must be text" in logged(stage))

    everywhere = dict(kept(stage, inbox))
    assert b"acme/shop" in everywhere["tables"]
    assert b"security_trigger" in everywhere["log"]
    assert {where: ways(content, PLANTED) for where, content in everywhere.items()} == {
        "tables": set(),
        "queues": set(),
        "objects": set(),
        "log": set(),
        "inbox": set(),
    }


def test_a_rehearsed_finding_goes_over_the_bus_and_is_a_drill(
    stage: Deployed, inbox: Expectations
) -> None:
    """The one way to try the rule: EventBridge refuses `aws.…` as a source of events."""
    event = sample("guardduty", "attack-sequence")
    entry: PutEventsRequestEntryTypeDef = {
        "Source": "tocsin.drill.guardduty",
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
    }
    assert stage.clients.events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    (opened,) = eventually(lambda: board(stage))
    assert (opened["id"][:3], opened["severity"]) == ("DRL", "critical")
    inbox.expect(("opened", "stakeholders"), *(("page", person) for person in PAGED))


def test_a_finding_of_aws_opens_from_its_queue(stage: Deployed, inbox: Expectations) -> None:
    before = {one["id"] for one in board(stage)}
    queue = stage.clients.sqs.get_queue_url(QueueName="tocsin-local-signals")["QueueUrl"]
    event = sample("guardduty", "finding")
    stage.clients.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
    (opened,) = eventually(lambda: [one for one in board(stage) if one["id"] not in before])
    assert (opened["severity"], opened["category"]) == ("medium", "security")
    told = [("opened", person) for person in ("commander-primary", "security-primary")]
    inbox.expect(("opened", "stakeholders"), *told)


def test_work_on_a_fix_comes_to_its_incident_by_the_webhook(
    stage: Deployed, inbox: Expectations
) -> None:
    keys = stage.as_person("ana", "responder")
    credentials = Credentials(keys.access, keys.secret, keys.token)
    api = ApiClient(stage.outputs["api_url"], stage.outputs["region"], credentials)
    asked = {"title": "tokens", "severity": "high", "category": "production", "service": "shop"}
    opened = api.post("/v1/incidents", asked)
    number = api.get(f"/v1/incidents/{opened['id']}")["name"]
    paged = (("page", "commander-primary"), ("page", "mitigation-primary"))
    inbox.expect(("opened", "stakeholders"), *paged)

    def deliver(name: str) -> None:
        text = json.dumps(sample("github", name)).replace("INC-142", number)
        wrapped = json.loads(text.replace("inc-142", number.lower()))
        body = json.dumps(wrapped["payload"]).encode()
        assert sent(stage, wrapped, body, "application/json") == 202

    def found() -> dict[str, Any]:
        answer: dict[str, Any] = api.get(f"/v1/incidents/{opened['id']}")
        return answer

    for name in ("workflow-codeql-passed", "deployment-succeeded", "pull-request-of-fork"):
        deliver(name)
    for name in ("pull-request-opened", "pull-request-merged", "pull-request-merged"):
        deliver(name)
    entries = eventually(lambda: _of_type(api, opened["id"], "link_added", least=2))
    assert [one["content"]["purpose"] for one in entries] == ["fix", "fix"]
    assert eventually(lambda: _of_type(api, opened["id"], "deployed", least=1))
    assert found()["fix"]["commit"] is None
    api.post(f"/v1/incidents/{opened['id']}/fix", {"step": "link", "commit": "bbbbbbb"})
    deliver("workflow-ci-passed-again")
    assert eventually(lambda: found()["fix"]["fixed_at"] is not None)
    assert found()["state"] == "open"


def _of_type(api: ApiClient, incident: str, kind: str, *, least: int) -> list[dict[str, Any]]:
    """Entries of a type, once there are so many."""
    page = api.get(f"/v1/incidents/{incident}/timeline")
    of_kind = [one for one in page["entries"] if one["type"] == kind]
    return of_kind if len(of_kind) >= least else []
