"""Group by verb by restricted: the table written by hand against the API, in one process."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from infra.routes import ROUTES
from tests.harness.fakes.requests import api_event
from tests.harness.fakes.targets import LIST
from tests.harness.models import group_table as table
from tests.harness.worlds.world import World
from tocsin.containment.guards import Rules
from tocsin.containment.rulebook import Edition, Rulebook
from tocsin.incidents.commands import verbs
from tocsin.incidents.timeline.entry import format_time
from tocsin.incidents.vocabulary import Group, WayKind

if TYPE_CHECKING:
    from collections.abc import Mapping


def opened(world: World, *, restricted: bool) -> str:
    wish = {
        "title": "checkout is down",
        "severity": "high",
        "category": "security" if restricted else "production",
        "restricted": restricted,
    }
    status, body, _ = world.request("POST", "/v1/incidents", wish, person="ana")
    assert status == 201
    return str(body["id"])


def containable(world: World) -> None:
    """What two people have listed."""
    rules = Rules(containable=(f"ip-set/{LIST}", "role/worker"))
    now = world.wall.wall_now()
    edition = Edition(number=1, rules=rules, proposed_by="p", agreed_by="q", at=now, why="all")
    world.office.book.save(Rulebook(edition=edition, ver=1), edition=edition)


def sent(
    world: World, group: Group, path: str, body: Mapping[str, Any], *, person: str = ""
) -> tuple[int, dict[str, Any]]:
    status, answer, _ = world.request(
        "POST", f"/v1/incidents/{path}", body, person=person or f"a-{group.value}", group=group
    )
    return status, answer


@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize("group", Group)
def test_each_group_may_do_what_the_table_says(group: Group, *, restricted: bool) -> None:
    world = World()
    world.reachable("cy", "bo", kinds=(WayKind.MAIL,))
    incident, other = (opened(world, restricted=restricted) for _ in range(2))
    found, wanted = {}, {}
    for (verb, step), ask in table.VERBS.items():
        if (verb, step) in table.SETUP:
            said, words = table.SETUP[verb, step]
            sent(world, Group.SECURITY, f"{incident}/{said}", words, person=table.COMMANDER)
        body = {name: other if value == table.OTHER else value for name, value in ask.body.items()}
        status, answer = sent(
            world, group, f"{incident}/{verb}", body | ({"step": step} if step else {})
        )
        found[verb, step] = table.outcome(status, answer.get("code", ""))
        wanted[verb, step] = table.expected(ask, group, restricted=restricted)
        if verb == "restrict" and status == 200:
            incident = opened(world, restricted=False)  # not hidden from the rest of the table
    assert found == wanted


@pytest.mark.parametrize("group", Group)
def test_each_group_may_read_and_post_what_the_table_says(group: Group) -> None:
    world = World()
    seen, hidden = (opened(world, restricted=each) for each in (False, True))
    for incident in (seen, hidden):
        found = {"title": "the log", "text": table.LARGE}
        assert sent(world, Group.SECURITY, f"{incident}/evidence", found)[0] == 200
    for key, allowed in table.READS.items():
        query = {"to": "critical", "service": "checkout"}
        path = key.partition(" ")[2].replace("{sha256}", table.LARGE_SHA256)
        for incident, restricted in ((seen, False), (hidden, True)):
            status, body, _ = world.request(
                "GET",
                path.replace("{id}", incident),
                person="xi",
                group=group,
                query={} if key == "GET /v1/incidents" else query,
            )
            expected = 200 if table.letter(group) in allowed else 403
            if restricted and "{id}" in key and group is not Group.SECURITY:
                expected = 404
            assert status == expected, (key, restricted)
            if key == "GET /v1/incidents":
                listed = {line["id"] for line in body["incidents"]}
                assert (hidden in listed) == (group is Group.SECURITY)
    bodies = {
        "POST /v1/incidents": {"title": "x", "severity": "low", "category": "production"},
        "POST /v1/releases": {
            "service": "checkout",
            "release": "R1",
            "regular": True,
            "cut_at": "2026-09-08T13:00:00Z",
        },
    }
    for key, allowed in table.WRITES.items():
        path = key.partition(" ")[2]
        status, _, _ = world.request("POST", path, bodies[key], person="xi", group=group)
        assert (status == 201) == (table.letter(group) in allowed), key


@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize("group", Group)
def test_each_group_may_contain_as_the_table_says(group: Group, *, restricted: bool) -> None:
    world = World()
    containable(world)
    for key, rest, ask in table.CONTAINMENT:
        method = key.partition(" ")[0]
        incident = opened(world, restricted=restricted)
        path = f"/v1/incidents/{incident}/containment"
        block = {"set": LIST, "addresses": "203.0.0.0/8"}  # so many that two people agree
        wish = {"action": "ip-block", "inputs": block} | table.REASON
        status, made, _ = world.request(
            "POST", f"{path}/plan", wish, person=table.COMMANDER, group=Group.SECURITY
        )
        assert status == 201, made
        run = made["run"]
        body = {
            name: run["asks"]["agree"] if value == "{agree}" else value
            for name, value in ask.body.items()
        }
        status, answer, _ = world.request(
            method,
            path + rest.replace("{run}", run["id"]),
            body if method == "POST" else None,
            person="xi",
            group=group,
        )
        found = table.outcome(status, answer.get("code", ""))
        assert found == table.expected(ask, group, restricted=restricted), rest


@pytest.mark.parametrize("group", Group)
def test_each_group_may_say_what_is_containable_as_the_table_says(group: Group) -> None:
    world = World()
    for key, ask in table.RULES:
        method, _, path = key.partition(" ")
        wish = {"containable": ["user/other"], "why": "it is"}
        status, made, _ = world.request(
            "POST", "/v1/containment/rules", wish, person="chief", group=Group.COMMANDER
        )
        assert status == 202, made
        body = {
            name: made["proposal"]["agree"] if value == "{agree}" else value
            for name, value in ask.body.items()
        }
        status, answer, _ = world.request(
            method, path, body if method == "POST" else None, person="xi", group=group
        )
        found = table.outcome(status, answer.get("code", ""))
        assert found == table.expected(ask, group, restricted=False), key


@pytest.mark.parametrize("key", [key for key in table.READS if "incidents" in key])
def test_every_look_at_a_restricted_incident_is_logged_with_who_looked(key: str) -> None:
    world = World()
    hidden = opened(world, restricted=True)
    looked = (
        ("sam", Group.SECURITY, "incident.viewed"),
        ("eve", Group.COMMANDER, "incident.hidden"),
    )
    for person, group, event in looked:
        before = len(world.logged)
        path = key.partition(" ")[2].replace("{id}", hidden).replace("{sha256}", "0" * 64)
        world.request("GET", path, person=person, group=group, query={"to": "critical"})
        lines = [line for line in world.logged[before:] if line["message"] == event]
        assert [(line["person"], line["incident"]) for line in lines] == [(person, hidden)]


@pytest.mark.parametrize("group", Group)
def test_each_group_may_say_who_is_on_call_and_how_they_are_reached_as_the_table_says(
    group: Group,
) -> None:
    world = World()
    later = format_time(world.clock.now + timedelta(hours=1))
    wish = {"person": table.COLLEAGUE, "ends_at": later}
    status, made, _ = world.request(
        "POST",
        "/v1/oncall/incident_commander/overrides",
        wish,
        person="chief",
        group=Group.COMMANDER,
    )
    assert status == 201
    put_in = {table.ASKER: "xi", table.OVERRIDE: made["id"], table.LATER: later}
    found, wanted = {}, {}
    for number, ask in enumerate(table.PEOPLE):
        path, _, query = ask.path.partition("?")
        body = {name: put_in.get(str(value), value) for name, value in ask.body.items()}
        raw = world.api.respond(
            api_event(
                ask.key.partition(" ")[0],
                path,
                body if ask.key.startswith("POST") else None,
                person="xi",
                group=group,
                query=dict(parse_qsl(query)),
            )
        )
        code = "" if raw["statusCode"] < 400 else json.loads(raw["body"])["code"]
        found[number, ask.path] = table.outcome(raw["statusCode"], code)
        allowed = table.letter(group) in ask.allowed
        wanted[number, ask.path] = "allowed" if allowed else "refused"
    assert found == wanted


def test_every_verb_and_every_route_is_in_the_table() -> None:
    steps = {(name, step) for name, verb in verbs.VERBS.items() for step in verb.steps}
    assert set(table.VERBS) == steps
    routes = {
        route.key
        for route in ROUTES
        if route.function == "incident_api"
        and "{command}" not in route.path
        and route.path.startswith(table.OURS)
    }
    contain = {key for key, *_ in (*table.CONTAINMENT, *table.RULES)}
    assert set(table.READS) | set(table.WRITES) | contain == routes


def test_every_route_about_people_is_in_the_table() -> None:
    routes = {
        route.key
        for route in ROUTES
        if route.function == "incident_api" and route.path.startswith(table.PEOPLES)
    }
    assert {ask.key for ask in table.PEOPLE} == routes
