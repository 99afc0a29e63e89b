"""Whatever is wrong with a request: a clear coded error, and nothing changed by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.harness.worlds.world import World
from tocsin.errors import InvalidPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

WISH = {"title": "checkout is down", "severity": "high", "category": "production"}


class Bad(NamedTuple):
    """A request to an acknowledged high incident, and the answer it gets."""

    verb: str
    body: object
    status: int
    code: str
    headers: Mapping[str, str] = {}
    group: str = "responder"


BAD = {
    "unknown severity": Bad("severity", {"severity": "urgent"}, 400, "bad_input"),
    "the severity it has": Bad("severity", {"severity": "high"}, 409, "illegal_transition"),
    "illegal transition": Bad("resume", {}, 409, "illegal_transition", group="commander"),
    "reopening what is open": Bad("reopen", {"reason": "x"}, 409, "illegal_transition"),
    "verifying what is not contained": Bad("verify", {"step": "contained"}, 409, "not_verifiable"),
    "stale If-Match": Bad("note", {"text": "a"}, 412, "stale_if_match", {"if-match": '"1"'}),
    "If-Match that is no version": Bad("note", {"text": "a"}, 400, "bad_input", {"if-match": "1"}),
    "wrong group": Bad("pause", {"minutes": 5, "reason": "x"}, 403, "group_required"),
    "a viewer": Bad("note", {"text": "a"}, 403, "group_required", group="viewer"),
    "oversize note": Bad("note", {"text": "x" * 900_001}, 413, "payload_too_large"),
    "oversize body": Bad("note", {"text": "x" * 1_000_000}, 413, "payload_too_large"),
    "oversize where no archive helps": Bad(
        "checklist",
        {"item": "open-channel", "state": "done", "detail": "x" * 8_001},
        413,
        "payload_too_large",
    ),
    "a claim of what is stored": Bad(
        "note", {"text": "a", "stored": {"key": "INC-1/x"}}, 400, "bad_input"
    ),
    "empty note": Bad("note", {"text": "  "}, 400, "bad_input"),
    "missing field": Bad("note", {}, 400, "bad_input"),
    "unknown field": Bad("note", {"text": "a", "colour": "red"}, 400, "bad_input"),
    "wrong type": Bad("contain", {"step": "plan", "action": 7, "text": "a"}, 400, "bad_input"),
    "unknown step": Bad("contain", {"step": "explode"}, 400, "bad_input"),
    "missing step": Bad("contain", {"action": "a", "text": "b"}, 400, "bad_input"),
    "unknown verb": Bad("explode", {}, 404, "unknown_name"),
    "missing reason": Bad("escalate", {"audience": "all"}, 422, "missing_reason"),
    "a time without a zone": Bad(
        "note", {"text": "a", "occurred_at": "2026-09-08T10:00:00"}, 400, "bad_input"
    ),
    "a pause of over a day": Bad(
        "pause", {"minutes": 1441, "reason": "x"}, 400, "bad_input", group="commander"
    ),
    "what the application keeps to itself": Bad(
        "close", {"resolution": "resolved", "verified_head": "00"}, 400, "bad_input"
    ),
    "a shut gate": Bad("close", {"resolution": "resolved"}, 409, "gate_unmet", group="commander"),
    "no JSON": Bad("note", "{", 400, "malformed_payload"),
    "a key twice": Bad("note", '{"text": "a", "text": "b"}', 400, "malformed_payload"),
    "a list": Bad("note", "[]", 400, "malformed_payload"),
    "an endless key": Bad("note", {"text": "a"}, 400, "bad_input", {"idempotency-key": "x" * 129}),
    "the same key with another body": Bad(
        "note", {"text": "other"}, 422, "idempotency_key_reused", {"idempotency-key": "once"}
    ),
}


@pytest.fixture
def world() -> World:
    return World()


def seen(world: World, incident: str) -> tuple[Any, Any]:
    return world.store.load(incident), world.store.entries(incident)


def prepared(world: World) -> str:
    incident = str(world.request("POST", "/v1/incidents", WISH, person="ana")[1]["id"])
    world.request("POST", f"/v1/incidents/{incident}/acknowledge", {}, person="ana")
    once = {"idempotency-key": "once"}
    body = {"text": "first"}
    for group in ("responder", "commander"):
        path = f"/v1/incidents/{incident}/note"
        world.request("POST", path, body, person="bo", group=group, headers=once)
    return incident


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_bad_input_has_a_code_and_changes_nothing(world: World, bad: Bad) -> None:
    incident = prepared(world)
    before = seen(world, incident)
    status, body, headers = world.request(
        "POST",
        f"/v1/incidents/{incident}/{bad.verb}",
        bad.body,
        person="bo",
        group=bad.group,
        headers=bad.headers,
    )
    assert (status, body["code"]) == (bad.status, bad.code), body
    assert headers["content-type"] == "application/problem+json"
    assert body["detail"]
    assert body["status"] == status
    assert seen(world, incident) == before


def test_an_incident_of_a_policy_that_is_gone_is_refused_and_unchanged(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = prepared(world)
    before = seen(world, incident)

    def gone(_self: object, version: str) -> None:
        raise InvalidPolicy(f"no policy {version} came with this build")

    monkeypatch.setattr(type(world.application.policies), "version", gone)
    path = f"/v1/incidents/{incident}/note"
    status, body, _ = world.request("POST", path, {"text": "a"}, person="bo")
    assert (status, body["code"]) == (422, "invalid_policy")
    assert seen(world, incident) == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("note", {"text": "a"}),
        ("contain", {"step": "plan", "action": "a", "text": "b"}),
        ("decide", {"chosen": "a", "rejected": ["b"], "why": "c", "expected_effect": "d"}),
    ],
)
def test_the_same_key_and_body_again_does_nothing_twice(
    world: World, path: str, body: dict[str, Any]
) -> None:
    incident = prepared(world)
    key = {"idempotency-key": "again"}
    path = f"/v1/incidents/{incident}/{path}"
    first = world.request("POST", path, body, person="bo", headers=key)
    after = seen(world, incident)
    again = world.request("POST", path, body, person="bo", headers=key)
    assert (first[0], again[0]) == (200, 200)
    assert again[2]["idempotency-replayed"] == "true"
    assert seen(world, incident) == after


def test_a_release_is_recorded_once_under_its_key_and_not_with_another_body(world: World) -> None:
    release = {
        "service": "checkout",
        "release": "R1",
        "regular": True,
        "cut_at": "2026-09-08T13:00:00Z",
    }
    key = {"idempotency-key": "r-1"}
    first = world.request("POST", "/v1/releases", release, person="bo", headers=key)
    again = world.request("POST", "/v1/releases", release, person="bo", headers=key)
    other = world.request(
        "POST", "/v1/releases", release | {"release": "R2"}, person="bo", headers=key
    )
    query = {"service": "checkout"}
    listed = world.request("GET", "/v1/releases", person="bo", query=query)[1]["releases"]
    assert (first[0], again[0], other[0]) == (201, 200, 422)
    assert other[1]["code"] == "idempotency_key_reused"
    assert [one["release"] for one in listed] == ["R1"]


def test_a_filter_never_makes_a_page_look_like_the_end(world: World) -> None:
    """`next` alone says whether there is more: a page may be short, or empty, in the middle."""
    wanted = []
    for number in range(7):
        severity = "low" if number in {0, 6} else "high"
        _, body, _ = world.request(
            "POST", "/v1/incidents", WISH | {"severity": severity}, person="ana"
        )
        world.jump(1, sweep=False)
        if severity == "low":
            wanted.append(body["id"])
    found: list[str] = []
    pages, query = 0, {"severity": "low", "limit": "2"}
    while True:
        _, page, _ = world.request("GET", "/v1/incidents", person="ana", query=query)
        found += [line["id"] for line in page["incidents"]]
        pages += 1
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert found == wanted[::-1]
    assert pages == 4
