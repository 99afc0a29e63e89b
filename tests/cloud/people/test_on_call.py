"""Who is paged, and who notices when nobody is, on the deployed stage."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from botocore.credentials import Credentials

from tocsin.application.people.on_call import KEPT
from tocsin.errors import RemoteError
from tocsin.runtime.api_client import ApiClient

if TYPE_CHECKING:
    from tests.harness.cloud.local_cloud import Deployed, Expectations

OPENED = (("opened", "stakeholders"),)
_TURNS = count(1)


def pages(*people: str) -> list[tuple[str, str]]:
    return [("page", person) for person in people]


def api(stage: Deployed, person: str, group: str = "responder") -> ApiClient:
    keys = stage.as_person(person, group)
    return ApiClient(
        stage.outputs["api_url"],
        stage.outputs["region"],
        Credentials(keys.access, keys.secret, keys.token),
    )


def opened(stage: Deployed) -> str:
    """An incident, opened when no function remembers an earlier test's people any more.

    Each test begins at the real time again, so each opens further ahead of it than the one before.
    """
    stage.cloud.clock().advance(next(_TURNS) * 10 * KEPT)
    wish = {"title": "Checkout is down", "severity": "critical", "category": "production"}
    return str(api(stage, "commander-primary").post("/v1/incidents", wish)["id"])


def audit(stage: Deployed) -> tuple[bool, set[str]]:
    """Whether the deployed auditor finds everything in order, and what it finds."""
    answer = stage.clients.functions.invoke(
        FunctionName=stage.outputs["functions"]["auditor"], Payload=b"{}"
    )
    report: dict[str, Any] = json.loads(answer["Payload"].read())
    return report["clean"], {one["problem"] for one in report["findings"]}


def test_an_override_decides_who_is_paged_until_it_ends(
    stage: Deployed, inbox: Expectations
) -> None:
    commander, responder = api(stage, "chief", "commander"), api(stage, "ana")
    now = commander.get("/v1/oncall")["at"]
    ends = stage.cloud.clock().read().incident + timedelta(minutes=7)
    body = {"person": "senior-engineer", "starts_at": now, "ends_at": ends.isoformat()}
    with pytest.raises(RemoteError) as refused:
        responder.post("/v1/oncall/incident_commander/overrides", body)
    commander.post("/v1/oncall/incident_commander/overrides", body)

    opened(stage)
    inbox.expect(*OPENED, *pages("senior-engineer", "mitigation-primary"))
    stage.advance(timedelta(minutes=11))
    inbox.expect(
        *pages("commander-primary", "mitigation-primary", "engineering-lead", "senior-engineer")
    )

    assert refused.value.http_status == 403


def test_i7_an_incident_the_index_lost_is_found_by_the_auditor_and_mended_by_any_command(
    stage: Deployed, inbox: Expectations
) -> None:
    incident = opened(stage)
    inbox.expect(*OPENED, *pages("commander-primary", "mitigation-primary"))
    assert audit(stage) == (True, set())

    stage.clients.dynamodb.update_item(
        TableName=stage.outputs["tables"]["incidents"],
        Key={"PK": {"S": f"INC#{incident}"}, "SK": {"S": "META"}},
        UpdateExpression="REMOVE due_pk, due_sk",
    )
    stage.advance(timedelta(minutes=8))
    inbox.nothing_more()
    assert audit(stage) == (False, {"due_mark", "overdue"})

    api(stage, "ana").post(f"/v1/incidents/{incident}/note", {"text": "looking"})
    stage.advance(timedelta(seconds=1))
    inbox.expect(
        *pages("commander-primary", "mitigation-primary", "engineering-lead", "senior-engineer")
    )
    assert audit(stage) == (True, set())
