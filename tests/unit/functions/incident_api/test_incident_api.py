"""The API of responders: what they ask, who they are, and what they get back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.harness.fakes.requests import api_event
from tocsin.incidents.model.outbox import STAKEHOLDERS
from tocsin.incidents.timeline.entry import format_time
from tocsin.incidents.vocabulary import WayKind

if TYPE_CHECKING:
    from tests.harness.worlds.world import World

PRIMARY = ("commander-primary", "mitigation-primary")
WISH = {"title": "checkout is down", "severity": "critical", "category": "production"}


def opened(world: World, person: str = "ana", **changes: Any) -> dict[str, Any]:
    """An incident opened by a person, its first messages read."""
    status, body, _ = world.request("POST", "/v1/incidents", WISH | changes, person=person)
    assert status == 201, body
    world.inbox.take_all()
    return body


def command(
    world: World, incident: dict[str, Any], verb: str, body: object = None, **options: Any
) -> tuple[int, dict[str, Any], dict[str, str]]:
    options.setdefault("person", "ana")
    return world.request("POST", f"/v1/incidents/{incident['id']}/{verb}", body, **options)


def test_a_person_opens_an_incident_and_the_responders_are_paged(world: World) -> None:
    status, body, headers = world.request("POST", "/v1/incidents", WISH, person="ana")
    assert status == 201
    assert headers["location"] == f"/v1/incidents/{body['id']}"
    assert headers["etag"] == f'"{body["version"]}"'
    assert (body["state"], body["severity"], body["opened_at"]) == (
        "open",
        "critical",
        format_time(world.clock.now),
    )
    world.expect("page", *PRIMARY)
    world.expect("opened", STAKEHOLDERS)


def test_the_same_request_again_opens_nothing(world: World) -> None:
    key = {"idempotency-key": "k-1"}
    first = world.request("POST", "/v1/incidents", WISH, person="ana", headers=key)
    again = world.request("POST", "/v1/incidents", WISH, person="ana", headers=key)
    assert (first[0], again[0]) == (201, 200)
    assert [one["type"] for one in first[1]["recorded"]] == ["opened", "paged"]
    assert again[1] == first[1] | {"recorded": []}, "a repeat writes nothing"
    assert again[2]["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first[2]
    world.expect("page", *PRIMARY)
    world.expect("opened", STAKEHOLDERS)


def test_a_key_used_for_another_request_is_refused(world: World) -> None:
    key = {"idempotency-key": "k-1"}
    world.request("POST", "/v1/incidents", WISH, person="ana", headers=key)
    other = WISH | {"severity": "low"}
    status, body, _ = world.request("POST", "/v1/incidents", other, person="ana", headers=key)
    assert (status, body["code"]) == (422, "idempotency_key_reused")
    world.expect("page", *PRIMARY)
    world.expect("opened", STAKEHOLDERS)


def test_one_persons_key_is_not_anothers(world: World) -> None:
    key = {"idempotency-key": "k-1"}
    one = world.request("POST", "/v1/incidents", WISH, person="ana", headers=key)
    other = world.request("POST", "/v1/incidents", WISH, person="bo", headers=key)
    assert (one[0], other[0]) == (201, 201)
    assert one[1]["id"] != other[1]["id"]
    world.expect("page", *PRIMARY, *PRIMARY)
    world.expect("opened", STAKEHOLDERS, STAKEHOLDERS)


def test_acknowledging_makes_the_person_commander_and_stops_the_round(world: World) -> None:
    incident = opened(world)
    status, body, _ = command(world, incident, "acknowledge", person="bo")
    assert status == 200
    assert body["state"] == "acknowledged"
    assert body["roles"]["incident_commander"] == "bo"
    assert body["round"]["acknowledged_by"] == "bo"
    world.advance(20)


def test_acknowledging_twice_under_one_key_is_one_entry(world: World) -> None:
    incident = opened(world)
    key = {"idempotency-key": "ack-1"}
    first = command(world, incident, "acknowledge", headers=key)
    again = command(world, incident, "acknowledge", headers=key)
    assert again[1]["version"] == first[1]["version"]
    assert again[2]["idempotency-replayed"] == "true"


class Verb(NamedTuple):
    """A command, who sends it, and what is seen of it afterwards."""

    verb: str
    body: dict[str, str]
    entry: str
    shown: dict[str, Any]
    group: str = "responder"


VERBS = [
    Verb("acknowledge", {}, "acknowledged", {"state": "acknowledged"}),
    Verb("note", {"text": "looking"}, "note_added", {}),
    Verb(
        "severity",
        {"severity": "medium", "reason": "few customers"},
        "severity_changed",
        {"severity": "medium"},
        group="commander",
    ),
    Verb(
        "category",
        {"category": "operational", "reason": "the provider"},
        "category_changed",
        {"category": "operational"},
    ),
    Verb(
        "assign",
        {"role": "mitigation_owner", "person": "cy"},
        "role_assigned",
        {"roles": {"incident_commander": "ana", "mitigation_owner": "cy"}},
    ),
    Verb(
        "handover",
        {"role": "incident_commander", "person": "di", "briefing": "rolled back"},
        "handover_offered",
        {"roles": {"incident_commander": "ana"}},
    ),
]


@pytest.mark.parametrize("case", VERBS, ids=lambda case: case.verb)
def test_every_verb_leaves_its_entry_and_shows_its_effect(world: World, case: Verb) -> None:
    world.reachable("cy", "di", kinds=(WayKind.MAIL,))
    incident = opened(world, severity="high")
    if case.verb != "acknowledge":
        assert command(world, incident, "acknowledge")[0] == 200
    status, after, headers = command(world, incident, case.verb, case.body, group=case.group)
    assert status == (202 if case.entry == "handover_offered" else 200), after
    assert case.shown.items() <= after.items()
    assert headers["etag"] == f'"{after["version"]}"'
    path = f"/v1/incidents/{incident['id']}/timeline"
    entries = world.request("GET", path, person="ana")[1]["entries"]
    assert (entries[-1]["type"], entries[-1]["actor_ref"]) == (case.entry, "person:ana")
    assert entries[-1]["seq"] == after["version"]
    if case.entry == "role_assigned":
        world.expect("reminder", case.body["person"], subject="YOU ARE")
    if case.entry == "handover_offered":
        world.expect("page", case.body["person"], subject="ana HANDS OVER incident commander")


def test_escalating_pages_who_was_asked_for_and_says_why(world: World) -> None:
    incident = opened(world)
    more = {"audience": "engineering_lead", "reason": "need a decision"}
    assert command(world, incident, "escalate", more)[0] == 200
    (received,) = world.inbox.expect("page", "engineering-lead")
    assert "ana asks for you: need a decision" in received.message.text


def test_the_timeline_is_read_in_pages(world: World) -> None:
    incident = opened(world)
    for number in range(5):
        command(world, incident, "note", {"text": f"note {number}"})
    path = f"/v1/incidents/{incident['id']}/timeline"
    seen: list[int] = []
    page: dict[str, Any] = {"next": 0}
    while page["next"] is not None:
        query = {"limit": "3", "after": str(page["next"])}
        page = world.request("GET", path, person="ana", query=query)[1]
        seen += [entry["seq"] for entry in page["entries"]]
    last = world.store.load(incident["id"])
    assert last is not None
    assert seen == list(range(1, last.version + 1))


def test_the_clocks_say_what_is_due_and_how_long_is_left(world: World) -> None:
    incident = opened(world)
    world.jump(10, sweep=False)
    _, body, _ = world.request("GET", f"/v1/incidents/{incident['id']}/clocks", person="ana")
    clocks = {clock["clock"]: clock for clock in body["clocks"]}
    assert clocks["acknowledge"]["seconds_left"] == 5 * 60
    assert clocks["contain"]["due_at"] == "2026-09-08T18:00:00.000Z"
    assert clocks["fix"]["attainment"] == "running"
    assert body["now"] == format_time(world.clock.now)


def test_the_board_lists_open_incidents_newest_first(world: World) -> None:
    first = opened(world)
    world.jump(1, sweep=False)
    second = opened(world, severity="low", title="typo on the landing page")
    _, board, _ = world.request("GET", "/v1/incidents", person="ana")
    assert [line["id"] for line in board["incidents"]] == [second["id"], first["id"]]
    _, low, _ = world.request("GET", "/v1/incidents", person="ana", query={"severity": "low"})
    assert [line["id"] for line in low["incidents"]] == [second["id"]]
    _, page, _ = world.request("GET", "/v1/incidents", person="ana", query={"limit": "1"})
    assert [line["id"] for line in page["incidents"]] == [second["id"]]
    query = {"limit": "1", "cursor": page["next"]}
    _, rest, _ = world.request("GET", "/v1/incidents", person="ana", query=query)
    assert ([line["id"] for line in rest["incidents"]], rest["next"]) == ([first["id"]], None)


def test_a_change_of_a_version_somebody_else_changed_is_refused(world: World) -> None:
    incident = opened(world)
    tag = {"if-match": f'"{incident["version"]}"'}
    assert command(world, incident, "note", {"text": "one"}, headers=tag)[0] == 200
    status, body, _ = command(world, incident, "note", {"text": "two"}, headers=tag)
    assert (status, body["code"]) == (412, "stale_if_match")


def test_a_viewer_looks_and_changes_nothing(world: World) -> None:
    incident = opened(world)
    path = f"/v1/incidents/{incident['id']}"
    assert world.request("GET", path, person="vi", group="viewer")[0] == 200
    status, body, _ = command(world, incident, "acknowledge", person="vi", group="viewer")
    assert (status, body["code"]) == (403, "group_required")
    status, body, _ = world.request("POST", "/v1/incidents", WISH, person="vi", group="viewer")
    assert (status, body["code"]) == (403, "group_required")


@pytest.mark.parametrize("method_path", [("GET", "/v1/incidents"), ("POST", "/v1/incidents")])
def test_nobody_without_a_group_role_of_this_stage_gets_in(
    world: World, method_path: tuple[str, str]
) -> None:
    status, body, _ = world.request(*method_path, WISH, person="eve", stage="production")
    assert (status, body["code"]) == (403, "not_allowed")


def test_a_restricted_incident_does_not_exist_for_others(world: World) -> None:
    status, incident, _ = world.request(
        "POST", "/v1/incidents", WISH | {"restricted": True, "category": "security"}, person="ana"
    )
    assert status == 201
    for received in world.inbox.take_all():
        assert "checkout" not in received.message.text + received.message.subject
    path = f"/v1/incidents/{incident['id']}"
    for suffix in ("", "/timeline", "/clocks"):
        status, body, _ = world.request("GET", path + suffix, person="eve")
        assert (status, body["code"]) == (404, "unknown_incident")
        assert world.request("GET", path + suffix, person="sam", group="security")[0] == 200
    assert command(world, incident, "acknowledge", person="eve")[0] == 404
    assert world.request("GET", "/v1/incidents", person="eve")[1]["incidents"] == []
    board = world.request("GET", "/v1/incidents", person="sam", group="security")[1]
    assert [line["id"] for line in board["incidents"]] == [incident["id"]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "bad_input"),
        (WISH | {"severity": "urgent"}, "bad_input"),
        (WISH | {"category": ""}, "bad_input"),
        (WISH | {"title": 7}, "bad_input"),
        (WISH | {"title": ""}, "bad_input"),
        (WISH | {"severtiy": "low"}, "bad_input"),
        (WISH | {"restricted": "yes"}, "bad_input"),
        (WISH | {"began_at": "2026-09-08T10:00:00"}, "bad_input"),
        (WISH | {"began_at": "2027-01-01T00:00:00Z"}, "bad_input"),
        (WISH | {"kind": "fun"}, "bad_input"),
        ("{", "malformed_payload"),
        ("[]", "malformed_payload"),
        ('{"title": 1.5}', "malformed_payload"),
        (WISH | {"title": "x" * 201}, "payload_too_large"),
        (WISH | {"detail": "x" * 70_000}, "payload_too_large"),
    ],
)
def test_a_wish_that_cannot_be_read_is_refused_with_a_code_and_changes_nothing(
    world: World, body: object, code: str
) -> None:
    _, answer, headers = world.request("POST", "/v1/incidents", body, person="ana")
    assert answer["code"] == code
    assert headers["content-type"] == "application/problem+json"
    assert world.store.board().items == ()


@pytest.mark.parametrize(
    ("verb", "body", "code"),
    [
        ("acknowlege", {}, "unknown_name"),
        ("note", {}, "bad_input"),
        ("note", {"text": "a", "colour": "red"}, "bad_input"),
        ("acknowledge", {"round": "1"}, "bad_input"),
        ("acknowledge", {"round": True}, "bad_input"),
        ("severity", {"severity": None}, "bad_input"),
        ("assign", {"role": "janitor", "person": "cy"}, "bad_input"),
        ("escalate", {"audience": "all"}, "missing_reason"),
    ],
)
def test_a_command_that_means_nothing_is_refused_and_changes_nothing(
    world: World, verb: str, body: object, code: str
) -> None:
    incident = opened(world)
    before = world.store.load(incident["id"])
    assert command(world, incident, verb, body)[1]["code"] == code
    assert world.store.load(incident["id"]) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"if-match": "7"},
        {"if-match": 'W/"7"'},
        {"if-match": '"seven"'},
        {"idempotency-key": "x" * 129},
        {"idempotency-key": "schlüssel"},
    ],
)
def test_a_header_that_cannot_be_read_is_refused(world: World, headers: dict[str, str]) -> None:
    incident = opened(world)
    status, body, _ = command(world, incident, "note", {"text": "a"}, headers=headers)
    assert (status, body["code"]) == (400, "bad_input")


@pytest.mark.parametrize(
    "query",
    [
        {"status": "sleeping"},
        {"status": "closed"},
        {"status": "closed", "month": "2026-9"},
        {"severity": "urgent"},
        {"limit": "all"},
        {"limit": "201"},
        {"limit": "-1"},
        {"limit": "²"},
    ],
)
def test_a_query_that_cannot_be_read_is_refused(world: World, query: dict[str, str]) -> None:
    status, body, _ = world.request("GET", "/v1/incidents", person="ana", query=query)
    assert (status, body["code"]) == (400, "bad_input")


def test_what_does_not_exist_is_not_found(world: World) -> None:
    for method, path in [
        ("GET", "/v1/incidents/INC-0"),
        ("POST", "/v1/incidents/INC-0/acknowledge"),
        ("GET", "/v1/elsewhere"),
        ("DELETE", "/v1/incidents"),
    ]:
        assert world.request(method, path, person="ana")[0] == 404


def test_a_bug_is_answered_with_an_id_and_logged_with_its_stack(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_incident: str) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(world.store, "load", broken)
    status, body, _ = world.request("GET", "/v1/incidents/INC-0", person="ana")
    assert (status, body["code"]) == (500, "internal")
    assert "secret" not in json.dumps(body)
    (line,) = [line for line in world.logged if line["message"] == "unexpected"]
    assert line["exception_name"] == "ZeroDivisionError"
    assert world.meter.counts["UnexpectedErrors"] == 1


def test_every_view_is_logged_with_its_incident(world: World) -> None:
    incident = opened(world)
    world.request("GET", f"/v1/incidents/{incident['id']}", person="ana")
    line = world.logged[-1]
    assert (line["message"], line["incident"]) == ("request.answered", incident["id"])
    assert (line["route"], line["status"]) == ("GET /v1/incidents/{id}", 200)


def test_a_body_the_gateway_wrapped_is_read_too(world: World) -> None:
    event = api_event("POST", "/v1/incidents", WISH, person="ana")
    event["body"] = "eyJ0aXRsZSI6ICJ4In0="
    event["isBase64Encoded"] = True
    answer = json.loads(world.api.respond(event)["body"])
    assert answer["detail"] == "`severity` is missing"
