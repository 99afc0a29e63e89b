"""Findings through the deployed stage: GitHub by its gateway and signature, AWS by the queue.

EventBridge takes no event under the source of a service of AWS from anybody else, so what it hands
to the queue is put there as it is.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from botocore.credentials import Credentials

from tests.harness.cloud.local_cloud import eventually
from tests.harness.worlds.findings import sample, signed
from tocsin.runtime.api_client import ApiClient
from tocsin.signals.github.delivery import DELIVERY, EVENT, SIGNATURE

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

    from tests.harness.cloud.local_cloud import Deployed, Expectations

PLANTED = "SYNTHETIC0000-us2"
PAGED = ("commander-primary", "security-primary")


def delivered(stage: Deployed, name: str, *, secret: str | None = None) -> int:
    """The status of a delivery with the secret of this stage, or another."""
    wrapped = sample("github", name)
    body = json.dumps(wrapped["payload"], ensure_ascii=False).encode()
    known = stage.outputs["secrets"]["github/default"]
    request = urllib.request.Request(
        f"{stage.outputs['webhook_url']}/github",
        data=body,
        headers={
            "content-type": "application/json",
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
    kept = json.dumps([stage.items(table) for table in stage.outputs["tables"]], default=str)
    assert "acme/shop" in kept
    assert PLANTED not in kept


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
