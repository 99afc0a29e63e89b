"""Runbooks published on the deployed stage, and the incidents opened before and after."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.cloud.incidents.test_incident_slice import CRITICAL, PRIMARIES, Alarm
from tests.cloud.people.test_on_call import api, audit
from tests.harness.cloud.local_cloud import eventually
from tests.harness.worlds.runbooks import as_document, promising
from tocsin.errors import RemoteError
from tocsin.incidents.model.outbox import OutboxState
from tocsin.incidents.timeline.entry import parse_time
from tocsin.incidents.vocabulary import Severity

if TYPE_CHECKING:
    from tests.harness.cloud.local_cloud import Deployed
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.runtime.api_client import ApiClient

SLOW, QUICK = (
    promising(f"stage-{minutes}", minutes=minutes, severity=Severity.LOW) for minutes in (60, 30)
)
WISH = {"title": "the export is slow", "severity": "low", "category": "production"}


def publish(chief: ApiClient, policy: Policy, *, seen: int) -> dict[str, Any]:
    body = {"policy": as_document(policy), "why": "try it"}
    return chief.post("/v1/policies", body, key=f"publish-{policy.version}", if_version=seen)


def contain(ana: ApiClient, incident: dict[str, Any]) -> dict[str, Any]:
    found = ana.get(f"/v1/incidents/{incident['id']}/clocks")["clocks"]
    (clock,) = [one for one in found if one["clock"] == "contain"]
    return dict(clock)


def promise(ana: ApiClient, incident: dict[str, Any]) -> timedelta:
    """How long after its opening the incident is to be contained."""
    due = parse_time(contain(ana, incident)["due_at"])
    return due - parse_time(incident["opened_at"])


def people_paged(stage: Deployed) -> set[str]:
    return {one.to for one in stage.cloud.inbox().read() if one.kind == "page"}


def unsent(stage: Deployed) -> list[str]:
    """Messages that have not left yet: they would turn up in the next test's inbox."""
    outbox = [item for item in stage.items("incidents") if item["SK"]["S"].startswith("OUT#")]
    return [item["SK"]["S"] for item in outbox if item["state"]["S"] != OutboxState.SENT]


@pytest.mark.full
def test_incidents_keep_the_runbook_they_were_opened_under_in_every_function(
    stage: Deployed,
) -> None:
    chief, ana = api(stage, "chief", "commander"), api(stage, "ana")
    for responder in (ana, api(stage, "sec", "security")):
        with pytest.raises(RemoteError) as refused:
            publish(responder, SLOW, seen=0)
        assert refused.value.http_status == 403
    open_one = partial(ana.post, "/v1/incidents", WISH)

    assert publish(chief, SLOW, seen=0)["number"] == 1
    before = eventually(open_one, lambda made: made["policy_version"] == SLOW.version)
    assert promise(ana, before) == timedelta(minutes=60)
    with pytest.raises(RemoteError) as stale:
        publish(chief, QUICK, seen=0)
    assert (stale.value.http_status, stale.value.answered) == (412, "stale_if_match")
    made = publish(chief, QUICK, seen=1)
    assert publish(chief, QUICK, seen=1) == made, "the same key again"
    after = eventually(open_one, lambda made: made["policy_version"] == QUICK.version)
    assert (promise(ana, before), promise(ana, after)) == (
        timedelta(minutes=60),
        timedelta(minutes=30),
    )
    kept = [item["SK"]["S"] for item in stage.items("operations") if item["PK"]["S"] == "POLICY"]
    assert sorted(sk for sk in kept if sk.startswith("v#")) == ["v#000001", "v#000002"]

    # What an alarm opens by another function, and who is told of it by a third.
    alarm = Alarm(stage, CRITICAL)
    try:
        alarm.goes("ALARM")
        paged = eventually(partial(people_paged, stage), lambda who: who >= set(PRIMARIES))
    finally:
        alarm.delete()
    assert paged == set(PRIMARIES)
    listed = ana.get("/v1/incidents")["incidents"]
    (alarmed,) = [one for one in listed if one["severity"] == "critical"]
    assert ana.get(f"/v1/incidents/{alarmed['id']}")["policy_version"] == QUICK.version

    # The sweep and the auditor.
    stage.advance(timedelta(minutes=45))
    assert contain(ana, after)["missed_at"] is not None
    assert contain(ana, before)["missed_at"] is None
    stage.advance(timedelta(minutes=20))
    assert contain(ana, before)["missed_at"] is not None
    assert audit(stage) == (True, set())
    assert eventually(partial(unsent, stage), lambda left: not left) == []
