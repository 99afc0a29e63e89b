"""The first five minutes: is it real, is it mine, who was asked, until when, was it seen before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.harness.fakes.time import START
from tocsin.adapters.releases.memory import MemoryReleases
from tocsin.application.incidents.brief_page import Briefer
from tocsin.cli.incidents.first import lines
from tocsin.documents import briefing
from tocsin.errors import StoreUnavailable
from tocsin.incidents.queries.briefing import Brief
from tocsin.incidents.timeline.codec import decode_fields
from tocsin.incidents.timeline.entry import format_time
from tocsin.incidents.vocabulary import Role, WayKind
from tocsin.people.rotation import Rotation

if TYPE_CHECKING:
    from tests.harness.worlds.world import World

HOUR = timedelta(hours=1)


def first(world: World, incident: str, person: str = "commander-primary") -> dict[str, Any]:
    status, body, _ = world.request("GET", f"/v1/incidents/{incident}/first", person=person)
    assert status == 200, body
    world.inbox.take_all()
    return body


def alarmed(world: World, name: str = "api-outage") -> str:
    incident = world.alarm(name)
    assert incident is not None
    return incident.id


def test_it_says_what_it_is_whose_it_is_and_who_else_was_asked(world: World) -> None:
    incident = alarmed(world)
    world.advance(5)
    seen = first(world, incident)
    assert (seen["kind"], seen["severity"], seen["firing"]) == ("real", "critical", True)
    assert (seen["mine"], seen["acknowledged_by"]) == (True, None)
    assert seen["asked"][0] == {
        "person": "commander-primary",
        "last_at": format_time(START + timedelta(minutes=5)),
        "times": 2,
        "acknowledged": False,
    }
    assert {one["person"]: one["times"] for one in seen["asked"]}["senior-engineer"] == 1
    assert first(world, incident, person="product-manager")["mine"] is False


def test_it_counts_every_running_clock_down_and_past_its_time(world: World) -> None:
    incident = alarmed(world)
    world.advance(10)
    left = {one["clock"]: one["minutes_left"] for one in first(world, incident)["clocks"]}
    assert left == {"acknowledge": 5, "contain": 230, "fix": 1430}
    world.advance(10)
    left = {one["clock"]: one["minutes_left"] for one in first(world, incident)["clocks"]}
    assert left["acknowledge"] == -5


def test_it_shows_empty_roles_who_is_on_call_and_where_nobody_is(world: World) -> None:
    world.rotas.set_rotation(
        Rotation(
            role=Role.INCIDENT_COMMANDER,
            zone="UTC",
            starts_at=START - HOUR,
            length_days=7,
            members=("", "bo"),
        ),
        before=None,
    )
    incident = alarmed(world)
    seen = first(world, incident)
    commander, mitigation, *_ = seen["roles"]
    assert commander == {
        "role": "incident_commander",
        "holder": None,
        "on_call": None,
        "backup": "bo",
    }
    assert mitigation["on_call"] == "mitigation-primary"
    assert seen["nobody_on_call"] == ["incident_commander"]
    world.acknowledge(world_incident(world, incident), "bo")
    assert first(world, incident)["roles"][0]["holder"] == "bo"


def world_incident(world: World, incident_id: str) -> Any:
    found = world.store.load(incident_id)
    assert found is not None
    return found


def test_it_shows_the_phase_that_is_on_and_the_containment_choices(world: World) -> None:
    incident = alarmed(world)
    seen = first(world, incident)
    assert seen["phase"]["title"] == "0-15 Minutes"
    assert seen["do_next"][0] == "Acknowledge"
    assert "roll back deployment" in seen["containment_choices"]
    item = seen["phase"]["items"][0]["code"]
    body = {"item": item, "state": "done"}
    path = f"/v1/incidents/{incident}/checklist"
    status, answer, _ = world.request("POST", path, body, person="commander-primary")
    assert status == 200, answer
    assert first(world, incident)["phase"]["items"][0]["done"] is True


def release(world: World, name: str, shipped_at: str | None, cut_at: str) -> None:
    body = {"release": name, "service": "checkout", "regular": True, "cut_at": cut_at}
    if shipped_at:
        body["shipped_at"] = shipped_at
    status, answer, _ = world.request("POST", "/v1/releases", body, person="ana")
    assert status in {200, 201}, answer


def test_it_shows_what_was_shipped_in_the_hour_before(world: World) -> None:
    cut = format_time(START - 3 * HOUR)
    release(world, "R40", format_time(START - 2 * HOUR), cut)
    release(world, "R41", format_time(START - timedelta(minutes=20)), cut)
    release(world, "R42", None, cut)
    wish = {"title": "down", "severity": "critical", "category": "production"}
    status, made, _ = world.request(
        "POST", "/v1/incidents", wish | {"service": "checkout"}, person="ana"
    )
    assert status == 201, made
    shipped = format_time(START - timedelta(minutes=20))
    assert first(world, made["id"])["changes"] == [
        {"what": "release R41 of checkout", "at": shipped}
    ]


def test_it_shows_what_the_same_alarm_was_before_and_what_was_learnt(world: World) -> None:
    before = alarmed(world, "checkout-latency")
    body = {"resolution": "false_positive", "reason": "the probe was wrong"}
    for person in ("commander-primary", "engineering-lead"):
        status, answer, _ = world.request(
            "POST", f"/v1/incidents/{before}/close", body, person=person, group="commander"
        )
        assert status in (200, 202), answer
    world.jump(60 * 24 * 8)
    again = alarmed(world, "checkout-latency")
    assert again != before
    assert first(world, again)["before"] == {
        "incident": before,
        "name": "INC-1",
        "title": first(world, before)["title"],
        "resolution": "false_positive",
        "closed_at": format_time(START),
        "postmortem": None,
    }
    assert first(world, before)["before"] is None


def test_a_drill_and_every_fact_stand_on_one_screen(world: World) -> None:
    incident = alarmed(world, "[DRILL] api-outage")
    world.advance(20)
    shown = lines(first(world, incident))
    assert shown[0].startswith("[DRILL] CRITICAL DRILL-1: ")
    text = "\n".join(shown)
    assert "OVERDUE since Tue 2026-09-08 10:15 EDT (14:15 UTC): tocsin ack DRILL-1" in text
    assert "acknowledge: 5m LATE" in text
    assert "contain: 3h40m left" in text
    assert "incident commander: NOBODY; on call commander-primary, then engineering-lead" in text
    assert "customers: not decided" in text
    assert "Changed: nothing known of in the hour before" in text
    assert "Before: not seen" in text


def served(world: World, **more: Any) -> str:
    wish = {"title": "checkout is down", "severity": "critical", "category": "production"}
    status, made, _ = world.request(
        "POST", "/v1/incidents", wish | {"service": "checkout"} | more, person="ana"
    )
    assert status == 201, made
    return str(made["id"])


def flag(world: World, name: str, at: str, **more: Any) -> int:
    body = {"kind": "flag", "release": name, "service": "checkout", "regular": False}
    body |= {"cut_at": at, "shipped_at": at} | more
    return world.request("POST", "/v1/releases", body, person="ana")[0]


def test_the_page_the_screen_and_the_document_say_the_same_facts(world: World) -> None:
    at = START - timedelta(minutes=20)
    release(world, "R41", format_time(at), format_time(at))
    assert flag(world, "new-tax=on", format_time(START - timedelta(minutes=5))) == 201
    world.reachable("commander-primary", kinds=[WayKind.MAIL])
    incident = served(world)
    (page,) = [one for one in world.inbox.take_all() if one.to == "commander-primary"]
    seen = first(world, incident)
    said = briefing.lines(decode_fields(Brief, seen["brief"]))
    assert said == [
        "CRITICAL INC-1: checkout is down",
        "ACK by Tue 2026-09-08 10:15 EDT (14:15 UTC): tocsin ack INC-1",
        "On call: incident commander commander-primary, then engineering-lead",
        "On call: mitigation owner mitigation-primary, then senior-engineer",
        "Changed Tue 2026-09-08 09:40 EDT (13:40 UTC): release R41 of checkout",
        "Changed Tue 2026-09-08 09:55 EDT (13:55 UTC): flag new-tax=on of checkout",
        "Before: not seen",
        "1. Acknowledge",
        "2. Assign the commander",
        *[line for line in said if line.startswith("3. Contain: ")],
    ]
    assert "\n".join(said) in page.message.text
    assert lines(seen)[: len(said)] == said
    assert "new-tax" not in page.message.short + page.message.subject


def test_a_restricted_incidents_page_says_none_of_it(world: World) -> None:
    release(world, "R41", format_time(START), format_time(START))
    served(world, category="security", restricted=True)
    pages = world.inbox.take_all()
    assert pages
    assert not any("R41" in one.message.text + one.message.subject for one in pages)


def test_a_page_leaves_although_its_facts_cannot_be_read(world: World) -> None:
    class Broken(MemoryReleases):
        def page(self, *_: Any, **__: Any) -> Any:
            raise StoreUnavailable("no answer")

    router = world.delivery.router
    broken = Briefer(
        store=world.store,
        policies=world.application.policies,
        releases=Broken({}),
        clock=world.clock,
        notes=world.watch,
    )
    world.delivery = replace(world.delivery, router=replace(router, brief=broken.brief))
    served(world)
    assert [one.to for one in world.inbox.take_all() if one.kind == "page"]
    assert "brief.missing" in [line["message"] for line in world.logged]


def test_a_flag_is_looked_up_and_no_clock_hears_of_it(world: World) -> None:
    incident = served(world)
    world.inbox.take_all()
    before = world_incident(world, incident).version
    assert flag(world, "new-tax=on", format_time(START)) == 201
    assert world_incident(world, incident).version == before
    assert first(world, incident)["changes"][-1]["what"] == "flag new-tax=on of checkout"
    assert flag(world, "x", format_time(START), regular=True) == 400
    assert flag(world, "x", format_time(START), commits=["c0ffee"]) == 400
    assert flag(world, "x", format_time(START), shipped_at=None) == 400
