"""Ways over the API: added, confirmed by what arrives, and nobody else's business."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.fakes.contacts import an_address
from tocsin.application.people.contacts import CODE_PAUSE
from tocsin.errors import SendFailed
from tocsin.incidents.vocabulary import WayKind

if TYPE_CHECKING:
    from tests.harness.worlds.world import World

KIM, LEE = "commander-primary", "mitigation-primary"
PHONE = "+12025550123"


def add(world: World, person: str = KIM, **body: Any) -> tuple[int, dict[str, Any]]:
    given = {"kind": "sms", "address": PHONE} | body
    status, document, _ = world.request("POST", "/v1/contacts", given, person=person)
    return status, document


def act(world: World, way: str, action: str, **options: Any) -> tuple[int, dict[str, Any]]:
    person, group = options.pop("person", KIM), options.pop("group", "responder")
    path = f"/v1/contacts/{way}/{action}"
    status, document, _ = world.request("POST", path, options, person=person, group=group)
    return status, document


def code(world: World) -> str:
    (received,) = world.inbox.take_all()
    found = re.search(r"\b\d{6}\b", received.message.short)
    assert found
    return found[0]


def test_a_way_is_added_and_confirmed_by_the_code_it_brought(world: World) -> None:
    status, added = add(world)
    assert (status, added["state"], added["address"]) == (201, "pending", "***23")
    status, document = act(world, added["way"], "confirm", code=code(world))
    assert (status, [one["state"] for one in document["ways"]]) == (200, ["confirmed"])
    assert act(world, added["way"], "test")[0] == 200
    (received,) = world.inbox.take_all()
    assert (received.channel, "test" in received.message.short) == ("sms", True)


def test_the_answer_and_the_log_hold_neither_address_nor_code(world: World) -> None:
    _, added = add(world, kind="mail", address="kim.lee@tocsin.example")
    sent = code(world)
    seen = repr(added) + world.log.getvalue()
    assert "kim.lee" not in seen
    assert sent not in seen


def test_a_webhook_shows_its_secret_once(world: World) -> None:
    status, added = add(world, kind="webhook", address="https://pager.example/hook")
    assert (status, added["secret"]) == (201, f"whsec_{added['way']}")
    assert act(world, added["way"], "confirm", code=code(world))[1]["ways"][0]["secret"] is None


def test_adding_it_again_sends_a_new_code_after_a_pause(world: World) -> None:
    _, first = add(world)
    world.inbox.take_all()
    assert add(world)[0] == 429
    world.wall.advance(CODE_PAUSE)
    status, again = add(world)
    assert (status, again["way"]) == (200, first["way"])
    assert act(world, first["way"], "confirm", code=code(world))[0] == 200


def test_a_code_that_could_not_be_sent_is_an_error_and_the_way_waits(world: World) -> None:
    world.refusals["sms:"] = SendFailed("throttled")
    status, problem = add(world)
    assert (status, problem["code"], problem["retryable"]) == (503, "send_failed", True)
    status, document, _ = world.request("GET", "/v1/contacts", person=KIM)
    assert [one["state"] for one in document["ways"]] == ["pending"]
    world.refusals.clear()
    status, added = add(world)  # at once: the code that did not leave keeps nobody waiting
    assert (status, act(world, added["way"], "confirm", code=code(world))[0]) == (200, 200)


def test_a_wrong_code_confirms_nothing(world: World) -> None:
    _, added = add(world)
    wrong = "111111" if code(world) != "111111" else "222222"
    status, problem = act(world, added["way"], "confirm", code=wrong)
    assert (status, problem["code"]) == (403, "code_wrong")
    world.wall.advance(timedelta(minutes=16))
    status, problem = act(world, added["way"], "confirm", code=wrong)
    assert (status, problem["code"]) == (410, "code_expired")


@pytest.mark.parametrize("group", ["responder", "security", "viewer"])
def test_other_peoples_ways_are_a_commanders_business(world: World, group: str) -> None:
    _, added = add(world)
    world.inbox.take_all()
    status, problem = act(world, added["way"], "remove", person=LEE, group=group)
    assert (status, problem["code"]) == (404, "unknown_way")
    body = {"person": KIM}
    status, problem, _ = world.request(
        "POST", f"/v1/contacts/{added['way']}/remove", body, person=LEE, group=group
    )
    assert (status, problem["code"]) == (403, "group_required")
    status, document, _ = world.request(
        "POST", f"/v1/contacts/{added['way']}/remove", body, person=LEE, group="commander"
    )
    assert (status, document) == (200, {"person": KIM, "ways": []})


def test_a_person_can_be_erased(world: World) -> None:
    add(world)
    add(world, kind="mail", address="kim@tocsin.example")
    world.inbox.take_all()
    assert act(world, "all", "erase") == (200, {"person": KIM, "ways": []})


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "pigeon"}, 400, "bad_input"),
        ({"address": "12"}, 400, "bad_input"),
        ({"adress": "+12025550123"}, 400, "bad_input"),
    ],
)
def test_what_cannot_be_a_way_is_refused(
    world: World, body: dict[str, Any], status: int, code: str
) -> None:
    found, problem = add(world, **body)
    assert (found, problem["code"]) == (status, code)
    assert world.contacts.ways(KIM) == ()


def test_only_a_confirmed_way_is_tested_and_there_is_no_other_action(world: World) -> None:
    _, added = add(world)
    world.inbox.take_all()
    assert act(world, added["way"], "test")[1]["code"] == "illegal_transition"
    assert act(world, added["way"], "praise")[1]["code"] == "unknown_name"
    assert act(world, "nothing", "test")[1]["code"] == "unknown_way"


def test_whoever_could_be_missed_is_listed_without_an_address(world: World) -> None:
    world.reachable(LEE)
    status, document, _ = world.request("GET", "/v1/reachability", person=KIM)
    missed = {one["person"]: one for one in document["unreachable"]}
    assert status == 200
    assert LEE not in missed
    assert missed[KIM]["problems"] == ["fewer_than_two_ways", "no_way_that_rings"]
    world.reachable()
    assert world.request("GET", "/v1/reachability", person=KIM)[1] == {"unreachable": []}


def keyed(
    world: World, key: str, path: str, body: dict[str, Any], **options: Any
) -> tuple[int, dict[str, Any], bool]:
    """A POST under a key: status, document, and whether it was told to be a repeat."""
    options = {"person": KIM} | options
    headers = {"idempotency-key": key}
    status, document, answered = world.request("POST", path, body, headers=headers, **options)
    return status, document, answered.get("idempotency-replayed") == "true"


def test_a_way_added_again_under_its_key_is_that_way_and_sends_no_second_code(
    world: World,
) -> None:
    body = {"kind": "webhook", "address": "https://pager.example/hook"}
    status, added, repeated = keyed(world, "k-1", "/v1/contacts", body)
    assert (status, repeated) == (201, False)
    sent = code(world)
    status, again, repeated = keyed(world, "k-1", "/v1/contacts", body)
    assert (status, repeated) == (200, True)
    assert again == added | {"secret": None}  # it was shown once
    assert world.inbox.take_all() == []
    assert act(world, added["way"], "confirm", code=sent)[0] == 200
    other = body | {"address": "https://pager.example/other"}
    assert keyed(world, "k-1", "/v1/contacts", other)[1]["code"] == "idempotency_key_reused"
    kind = {"kind": "sms", "address": PHONE}
    assert keyed(world, "k-1", "/v1/contacts", kind)[1]["code"] == "idempotency_key_reused"
    assert keyed(world, "k-1", "/v1/contacts", body, person=LEE)[0] == 201  # each their own keys
    world.inbox.take_all()


def test_what_is_done_to_a_way_is_done_once_under_its_key(world: World) -> None:
    _, added = add(world)
    path = f"/v1/contacts/{added['way']}"
    right = {"code": code(world)}
    wrong = {"code": "000000" if right["code"] != "000000" else "111111"}
    assert keyed(world, "c", f"{path}/confirm", wrong)[0] == 403  # and is not remembered
    first = keyed(world, "c", f"{path}/confirm", right)
    assert (first[0], first[2]) == (200, False)
    assert keyed(world, "c", f"{path}/confirm", right) == (200, first[1], True)
    for _ in range(2):
        assert keyed(world, "t", f"{path}/test", {})[0] == 200
    assert len(world.inbox.take_all()) == 1
    assert keyed(world, "t", f"{path}/remove", {})[1]["code"] == "idempotency_key_reused"
    gone = keyed(world, "r", f"{path}/remove", {})
    assert keyed(world, "r", f"{path}/remove", {}) == (200, gone[1], True)
    assert keyed(world, "r2", f"{path}/remove", {})[0] == 404
    assert keyed(world, "e", "/v1/contacts/all/erase", {})[2] is False
    assert keyed(world, "e", "/v1/contacts/all/erase", {})[2] is True


def test_a_code_that_did_not_leave_leaves_under_the_same_key(world: World) -> None:
    world.refusals["sms:"] = SendFailed("throttled")
    body = {"kind": "sms", "address": PHONE}
    assert keyed(world, "k", "/v1/contacts", body)[0] == 503
    world.refusals.clear()
    status, added, repeated = keyed(world, "k", "/v1/contacts", body)
    assert (status, repeated) == (200, False)
    assert act(world, added["way"], "confirm", code=code(world))[0] == 200


@pytest.mark.parametrize("group", ["commander", "security"])
def test_whoever_prints_the_page_gets_numbers_and_is_named_in_the_log(
    world: World, group: str
) -> None:
    world.reachable(KIM)
    number = an_address(WayKind.SMS, KIM, 0)
    add(world, LEE, address="+12025550177")  # never confirmed
    world.inbox.take_all()
    status, document, headers = world.request(
        "GET", "/v1/contacts/numbers", person="chief", group=group
    )
    found = {one["person"]: one["numbers"] for one in document["people"]}
    assert (status, headers["cache-control"]) == (200, "no-store")
    assert (found[KIM], found[LEE], len(found)) == ([number], [], 8)
    (line,) = [line for line in world.logged if line["message"] == "contact.numbers_viewed"]
    assert (line["person"], line["group"], line["people"]) == ("chief", group, 8)
    assert number not in world.log.getvalue()


@pytest.mark.parametrize("group", ["viewer", "responder"])
def test_nobody_else_gets_numbers(world: World, group: str) -> None:
    world.reachable(KIM)
    status, problem, _ = world.request("GET", "/v1/contacts/numbers", person=KIM, group=group)
    assert (status, problem["code"]) == (403, "group_required")
