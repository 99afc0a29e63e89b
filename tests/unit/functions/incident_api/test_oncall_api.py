"""Who is on call over HTTP: everybody asks, commanders and who takes over change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.fakes.requests import api_event
from tests.harness.fakes.time import START
from tests.harness.models.icalendar import events, moment
from tocsin.incidents.timeline.entry import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.worlds.world import World

ROLE = "/v1/oncall/incident_commander"
HOUR = timedelta(hours=1)
ROTATION: dict[str, Any] = {
    "zone": "America/New_York",
    "starts_at": "2026-09-07T09:00:00-04:00",
    "length_days": 7,
    "members": ["ana", "bo"],
    "deputies": ["di"],
}
COMMANDER = {"person": "chief", "group": "commander"}


@pytest.fixture(autouse=True)
def people(world: World) -> Iterator[None]:
    """Whom the tests name is known here; what they are told of their turns is another test's."""
    world.reachable("ana", "bo", "cy", "di", "eve", "fay")
    yield
    world.inbox.take_all()


def get(world: World, path: str, **query: str) -> dict[str, Any]:
    status, body, _ = world.request("GET", path, person="ana", query=query)
    assert status == 200, body
    return body


def post(world: World, path: str, body: object, **options: Any) -> tuple[int, dict[str, Any]]:
    status, answer, _ = world.request("POST", path, body, **options)
    return status, answer


def place(world: World, **query: str) -> tuple[Any, Any, Any]:
    found = get(world, "/v1/oncall", **query)["roles"][0]
    assert found["role"] == "incident_commander"
    return found["primary"], found["backup"], found["deputies"]


def covering(person: str = "eve", **changes: Any) -> dict[str, Any]:
    return {"person": person, "ends_at": format_time(START + HOUR), "reason": "dentist"} | changes


def test_without_rotations_the_roster_is_on_call(world: World) -> None:
    assert place(world) == ("commander-primary", "engineering-lead", [])
    assert get(world, "/v1/oncall")["engineering_lead"] == "engineering-lead"


def test_a_commander_says_who_takes_turns_and_is_named_for_it(world: World) -> None:
    status, made = post(world, f"{ROLE}/rotation", ROTATION, **COMMANDER)
    assert status == 200
    assert (made["set_by"], made["set_at"]) == ("chief", format_time(START))
    assert made["starts_at"] == "2026-09-07T13:00:00.000Z"
    assert place(world) == ("ana", "bo", ["di"])
    assert place(world, at="2026-09-14T13:00:00Z") == ("bo", "ana", ["di"])


def test_turns_that_are_planned_leave_todays_people_on_call_until_they_begin(world: World) -> None:
    post(world, f"{ROLE}/rotation", ROTATION, **COMMANDER)
    planned = ROTATION | {"members": ["cy", "eve"], "starts_at": "2026-10-05T09:00:00-04:00"}
    for _ in range(2):  # planned anew, it is still those of today who go on
        post(world, f"{ROLE}/rotation", planned, **COMMANDER)
        planned = planned | {"members": ["cy", "fay"]}
    assert place(world)[0] == "ana"
    assert place(world, at="2026-09-14T13:00:00Z")[0] == "bo"
    assert place(world, at="2026-10-05T12:59:00Z")[0] == "bo"
    assert place(world, at="2026-10-05T13:00:00Z")[:2] == ("cy", "fay")


def test_a_member_more_changes_no_turn_that_runs_unless_it_is_said(world: World) -> None:
    post(world, f"{ROLE}/rotation", ROTATION, **COMMANDER)
    more = ROTATION | {"members": ["bo", "cy", "ana"]}
    post(world, f"{ROLE}/rotation", more, **COMMANDER)
    assert place(world)[0] == "ana", "until it is handed over"
    assert place(world, at="2026-09-14T13:00:00Z")[0] == "cy"
    post(world, f"{ROLE}/rotation", more | {"members": ["bo", "cy"], "at_once": True}, **COMMANDER)
    assert place(world)[0] == "bo"


def test_the_running_shift_keeps_its_uid_in_every_export(world: World) -> None:
    post(world, f"{ROLE}/rotation", ROTATION, **COMMANDER)
    seen = []
    for _ in range(3):
        query = {"role": "incident_commander"}
        answer = world.api.respond(
            api_event("GET", "/v1/oncall/calendar", person="ana", query=query)
        )
        found = [line for line in answer["body"].split("\r\n") if line[:4] in ("UID:", "DTST")]
        seen.append([line for line in found if not line.startswith("DTSTAMP")][:2])
        world.jump(60)
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][1] == "DTSTART:20260907T130000Z", "when it began"


def test_the_same_rotation_again_changes_nothing_and_another_keeps_the_one_before(
    world: World,
) -> None:
    post(world, f"{ROLE}/rotation", ROTATION, **COMMANDER)
    world.jump(1)
    again = post(world, f"{ROLE}/rotation", ROTATION, person="other", group="commander")[1]
    assert again["set_by"] == "chief"
    post(world, f"{ROLE}/rotation", ROTATION | {"members": ["cy"]}, **COMMANDER)
    found = get(world, ROLE)
    assert found["rotation"]["members"] == ["cy"]
    assert [one["members"] for one in found["past"]] == [["ana", "bo"]]


@pytest.mark.parametrize("group", ["viewer", "responder", "security"])
def test_nobody_else_says_who_takes_turns(world: World, group: str) -> None:
    status, body = post(world, f"{ROLE}/rotation", ROTATION, person="ana", group=group)
    assert (status, body["code"]) == (403, "group_required")
    assert place(world)[0] == "commander-primary"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"length_days": 400}, "length_days"),
        ({"members": []}, "members"),
        ({"members": [""]}, "members"),
        ({"members": ["a person"]}, "person"),
        ({"members": [f"p{number}" for number in range(41)]}, "members"),
        ({"starts_at": "2026-09-07T09:00:00"}, "starts_at"),
        ({"hand_off": "09:00"}, "hand_off"),
    ],
)
def test_a_rotation_that_cannot_be_is_refused_and_changes_nothing(
    world: World, changes: dict[str, Any], field: str
) -> None:
    status, body = post(world, f"{ROLE}/rotation", ROTATION | changes, **COMMANDER)
    assert (status, body["field"]) == (400, field)
    assert get(world, ROLE)["rotation"] is None


def test_a_commander_puts_somebody_in_anothers_place_until_it_ends(world: World) -> None:
    status, made = post(world, f"{ROLE}/overrides", covering(), **COMMANDER)
    assert (status, made["person"], made["set_by"]) == (201, "eve", "chief")
    assert place(world)[0] == "eve"
    assert place(world, at=format_time(START + HOUR))[0] == "commander-primary"
    assert [one["id"] for one in get(world, ROLE)["overrides"]] == [made["id"]]


def test_a_responder_takes_over_in_person_but_sends_nobody(world: World) -> None:
    status, _ = post(world, f"{ROLE}/overrides", covering("ana"), person="ana")
    assert status == 201
    status, body = post(world, f"{ROLE}/overrides", covering("bo"), person="ana")
    assert (status, body["code"]) == (403, "group_required")
    status, body = post(world, f"{ROLE}/overrides", covering("vi"), person="vi", group="viewer")
    assert (status, body["code"]) == (403, "group_required")


def test_the_same_override_under_one_key_is_made_once(world: World) -> None:
    key = {"headers": {"idempotency-key": "k-1"}} | COMMANDER
    first = post(world, f"{ROLE}/overrides", covering(), **key)
    again = post(world, f"{ROLE}/overrides", covering(), **key)
    other = post(world, f"{ROLE}/overrides", covering("di"), **key)
    assert (first[0], again[0], other[0]) == (201, 200, 422)
    assert first[1] == again[1]
    assert len(get(world, ROLE)["overrides"]) == 1


def test_an_override_from_now_on_is_made_once_also_later_and_after_its_end(world: World) -> None:
    key = {"headers": {"idempotency-key": "k-2"}} | COMMANDER
    body = {name: value for name, value in covering().items() if name != "starts_at"}
    first = post(world, f"{ROLE}/overrides", body, **key)
    world.jump(5)
    again = post(world, f"{ROLE}/overrides", body, **key)
    assert (first[0], again[0]) == (201, 200)
    assert first[1] == again[1]
    post(world, f"{ROLE}/end-override", {"override": first[1]["id"]}, **COMMANDER)
    world.jump(60)
    over = post(world, f"{ROLE}/overrides", body, **key)
    assert (over[0], over[1]["id"]) == (200, first[1]["id"])
    assert get(world, ROLE)["overrides"] == []


@pytest.mark.parametrize("minutes", [0, -60])
def test_an_override_that_is_over_before_it_begins_is_refused(world: World, minutes: int) -> None:
    ends = format_time(START + timedelta(minutes=minutes))
    status, _ = post(world, f"{ROLE}/overrides", covering(ends_at=ends), **COMMANDER)
    assert status == 400


def test_an_override_ends_now_when_who_took_over_or_a_commander_says_so(world: World) -> None:
    made = post(world, f"{ROLE}/overrides", covering(), **COMMANDER)[1]
    world.jump(10)
    body = {"override": made["id"]}
    status, refused = post(world, f"{ROLE}/end-override", body, person="ana")
    assert (status, refused["code"]) == (403, "group_required")
    status, ended = post(world, f"{ROLE}/end-override", body, person="eve")
    assert (status, ended["ends_at"]) == (200, format_time(world.clock.now))
    assert place(world)[0] == "commander-primary"
    status, gone = post(world, f"{ROLE}/end-override", body, person="eve")
    assert (status, gone["code"]) == (404, "unknown_name")


def test_the_calendar_is_read_by_a_calendar_program(world: World) -> None:
    post(world, f"{ROLE}/rotation", ROTATION | {"members": ["ana", "", "bo"]}, **COMMANDER)
    query = {
        "role": "incident_commander",
        "from": "2026-09-07T13:00:00Z",
        "to": "2026-09-28T13:00:00Z",
    }
    answer = world.api.respond(api_event("GET", "/v1/oncall/calendar", person="ana", query=query))
    assert answer["headers"]["content-type"] == "text/calendar; charset=utf-8"
    read = [
        (one["SUMMARY"], moment(one["DTSTART"]), moment(one["DTEND"]))
        for one in events(answer["body"])
    ]
    first = datetime(2026, 9, 7, 13, tzinfo=UTC)
    week = timedelta(days=7)
    assert read == [
        ("incident commander: ana", first, first + week),
        ("incident commander: NOBODY", first + week, first + 2 * week),
        ("incident commander: bo", first + 2 * week, first + 3 * week),
    ]


def test_a_calendar_of_too_long_or_no_time_is_refused(world: World) -> None:
    for until in ("2026-09-01T00:00:00Z", "2028-09-01T00:00:00Z"):
        query = {"to": until}
        status, body, _ = world.request("GET", "/v1/oncall/shifts", person="ana", query=query)
        assert (status, body["code"]) == (400, "bad_input")


def test_a_rotation_said_again_under_its_key_does_not_undo_a_later_one(world: World) -> None:
    key: dict[str, Any] = {"headers": {"idempotency-key": "turns-1"}} | COMMANDER
    assert post(world, f"{ROLE}/rotation", ROTATION, **key)[0] == 200
    later = ROTATION | {"members": ["bo", "ana"], "at_once": True}
    assert post(world, f"{ROLE}/rotation", later, **COMMANDER)[0] == 200
    status, answer, headers = world.request("POST", f"{ROLE}/rotation", ROTATION, **key)
    assert (status, headers["idempotency-replayed"]) == (200, "true")
    assert answer["members"] == ["bo", "ana"]  # how it stands, not how it was
    assert place(world)[0] == "bo"
    status, refused = post(world, f"{ROLE}/rotation", later, **key)
    assert (status, refused["code"]) == (422, "idempotency_key_reused")


def test_an_override_is_ended_once_under_its_key(world: World) -> None:
    made = post(world, f"{ROLE}/overrides", covering(), **COMMANDER)[1]
    world.jump(10)
    body, key = {"override": made["id"]}, {"headers": {"idempotency-key": "end-1"}} | COMMANDER
    first = post(world, f"{ROLE}/end-override", body, **key)
    world.jump(60 * 24)
    assert post(world, f"{ROLE}/end-override", body, **key) == first
    assert post(world, f"{ROLE}/end-override", body, **COMMANDER)[0] == 404
