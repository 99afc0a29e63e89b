"""What pipelines and weekly reviews ask over HTTP: freezes and preventive work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.harness.worlds.stories import FIRST_UPDATE
from tocsin.incidents.queries.prevention import prevention_name

if TYPE_CHECKING:
    from tests.harness.worlds.world import World

CRITICAL = {"title": "it is down", "severity": "critical", "category": "production"}


def opened(world: World, **fields: Any) -> str:
    status, body, _ = world.request(
        "POST", "/v1/incidents", CRITICAL | {"service": "checkout"} | fields, person="bo"
    )
    assert status == 201, body
    world.inbox.take_all()
    return str(body["id"])


def asked(world: World, path: str, **options: Any) -> dict[str, Any]:
    status, body, _ = world.request("GET", path, person="ana", **options)
    assert status == 200, body
    return body


def done(world: World, incident: str, verb: str, person: str = "cy", **body: Any) -> None:
    status, answer, _ = world.request(
        "POST", f"/v1/incidents/{incident}/{verb}", body, person=person, group="commander"
    )
    assert status == 200, answer
    world.inbox.take_all()


def test_a_pipeline_asks_for_a_service_and_for_its_own_change(world: World) -> None:
    incident = opened(world)
    freeze = {"service": "checkout"}

    answer = asked(world, "/v1/freeze", query=freeze)
    assert (answer["frozen"], answer["allowed"]) == (True, False)
    (held,) = answer["held_by"]
    assert (held["incident"], held["until"], held["stops"]) == (incident, None, True)
    assert not asked(world, "/v1/freeze", query={"service": "search"})["frozen"]
    assert asked(world, "/v1/freeze", query=freeze | {"change": "flag_off"})["allowed"]

    allow = {"step": "allow", "change": "c0ffee", "purpose": "fix", "reason": "the fix"}
    done(world, incident, "freeze", **allow)
    assert asked(world, "/v1/freeze", query=freeze | {"name": "c0ffee"})["allowed"]
    assert not asked(world, "/v1/freeze", query=freeze | {"name": "beef"})["allowed"]

    done(world, incident, "lift", step="freeze", reason="harm is elsewhere")
    assert not asked(world, "/v1/freeze", query=freeze)["frozen"]


def test_a_freeze_of_a_restricted_incident_says_nothing_of_it(world: World) -> None:
    incident = opened(world)
    done(world, incident, "restrict", reason="who knows")

    (held,) = asked(world, "/v1/freeze", query={"service": "checkout"})["held_by"]

    assert (held["incident"], held["restricted"], held["stops"]) == (None, True, True)
    assert incident not in str(held)


def test_a_kind_of_change_nobody_knows_is_refused(world: World) -> None:
    status, body, _ = world.request("GET", "/v1/freeze", person="ana", query={"change": "moon"})
    assert (status, body["code"]) == (400, "bad_input")


def test_preventive_work_is_listed_until_its_check_passes(world: World) -> None:
    incident = opened(world)
    work = {"text": "add a test", "owner": "cy", "due_at": "2026-09-10T12:00:00Z"}
    done(
        world,
        incident,
        "postmortem",
        url="https://example.com",
        root_cause="a missing check",
        actions=[work],
    )
    (line,) = asked(world, "/v1/actions")["actions"]
    assert (line["incident"], line["text"], line["overdue"]) == (incident, "add a test", False)
    now = world.clock.now.isoformat()
    world.jump(60, sweep=False)
    done(
        world,
        incident,
        "prevent",
        action=prevention_name("add a test"),
        check="suite",
        failed_at=now,
        failed_evidence="https://example.com/1",
        passed_at=world.clock.now.isoformat(),
        passed_evidence="https://example.com/2",
    )
    assert asked(world, "/v1/actions")["actions"] == []
    (line,) = asked(world, "/v1/actions", query={"status": "done"})["actions"]
    assert (line["done_by"], line["check"]) == ("cy", "suite")


def test_work_of_a_restricted_incident_is_listed_for_those_who_may_know(world: World) -> None:
    incident = opened(world)
    work = {"text": "close the leak", "owner": "cy", "due_at": "2026-09-10T12:00:00Z"}
    done(world, incident, "postmortem", url="https://e.com", root_cause="x", actions=[work])
    done(world, incident, "restrict", reason="who knows")

    assert asked(world, "/v1/actions")["actions"] == []
    assert len(asked(world, "/v1/actions", group="security")["actions"]) == 1


def test_the_first_update_over_http_needs_what_a_first_one_says(world: World) -> None:
    incident = opened(world)
    update = {"update": "u1", "audience": "internal", "text": "we look", "accepted": True}
    path = f"/v1/incidents/{incident}/update"
    status, body, _ = world.request("POST", path, update, person="bo")
    assert (status, body["code"]) == (400, "bad_input")
    status, body, _ = world.request("POST", path, update | FIRST_UPDATE, person="bo")
    assert status == 200, body
    assert body["communication"]["internal"]["next_by"] is not None
