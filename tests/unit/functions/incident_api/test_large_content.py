"""Content over what an entry takes: archived first, named by the entry, read back by its hash."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.harness.worlds.world import World
from tocsin.errors import StoreUnavailable
from tocsin.incidents import limits
from tocsin.incidents.timeline.entry import first_broken_link

if TYPE_CHECKING:
    from collections.abc import Mapping


WISH = {"title": "checkout is down", "severity": "high", "category": "production"}
LARGE = "line of a log, with an umlaut: \u00e4\n" * 3_000
SHA256 = hashlib.sha256(LARGE.encode()).hexdigest()


class Large(NamedTuple):
    """A verb with content that is too large for its entry, and the field that holds it."""

    verb: str
    field: str
    body: Mapping[str, Any] = {}


VERBS = [
    Large("note", "text"),
    Large("correct", "text", {"supersedes": 1}),
    Large("evidence", "text", {"title": "the log"}),
    Large("decide", "why", {"chosen": "a", "rejected": ["b"], "expected_effect": "c"}),
    Large("verify", "detail", {"step": "observe", "check": "smoke_test", "verdict": "failed"}),
]


@pytest.fixture
def world() -> World:
    return World()


def opened(world: World) -> str:
    return str(world.request("POST", "/v1/incidents", WISH, person="ana")[1]["id"])


def say(
    world: World, incident: str, verb: str, body: Mapping[str, Any], **options: Any
) -> tuple[int, dict[str, Any], dict[str, str]]:
    path = f"/v1/incidents/{incident}/{verb}"
    return world.request("POST", path, dict(body), **{"person": "ana", **options})


def newest(world: World, incident: str) -> dict[str, Any]:
    path = f"/v1/incidents/{incident}/timeline"
    entry: dict[str, Any] = world.request("GET", path, person="ana")[1]["entries"][-1]
    return entry


def read(world: World, incident: str, sha256: str = SHA256) -> tuple[int, dict[str, Any]]:
    path = f"/v1/incidents/{incident}/content/{sha256}"
    return world.request("GET", path, person="ana")[:2]


@pytest.mark.parametrize("large", VERBS, ids=lambda each: each.verb)
def test_the_entry_names_where_all_of_it_lies_and_shows_its_beginning(
    world: World, large: Large
) -> None:
    incident = opened(world)
    status, _, _ = say(world, incident, large.verb, {**large.body, large.field: LARGE})
    assert status == 200
    content = newest(world, incident)["content"]
    assert content["stored"] == {
        "key": f"{incident}/{SHA256}",
        "sha256": SHA256,
        "size": len(LARGE.encode()),
        "media_type": "text/plain",
    }
    assert content[large.field] == LARGE.strip()[: limits.HEAD - 1] + limits.CUT
    status, found = read(world, incident)
    assert (status, found["text"], found["size"]) == (200, LARGE, len(LARGE.encode()))


def test_the_chain_covers_the_hash_of_what_is_stored(world: World) -> None:
    incident = opened(world)
    say(world, incident, "note", {"text": LARGE})
    entries = list(world.store.entries(incident))
    assert first_broken_link(entries) is None
    stored = entries[-1].content["stored"]
    assert isinstance(stored, dict)
    stored["sha256"] = "0" * 64
    assert entries[-1].hash != world.store.load(incident).head  # type: ignore[union-attr]


def test_what_fits_its_entry_is_stored_nowhere_else(world: World) -> None:
    incident = opened(world)
    say(world, incident, "note", {"text": "x" * limits.TEXT})
    assert world.archive.contents == {}
    assert "stored" not in newest(world, incident)["content"]


def test_the_kind_of_evidence_is_kept_with_it(world: World) -> None:
    incident = opened(world)
    body = {"title": "answers", "text": LARGE, "media_type": "text/csv"}
    assert say(world, incident, "evidence", body)[0] == 200
    assert newest(world, incident)["content"]["stored"]["media_type"] == "text/csv"
    assert read(world, incident)[1]["media_type"] == "text/csv"


def test_i3_the_same_command_twice_stores_once_and_another_content_is_refused(
    world: World,
) -> None:
    incident = opened(world)
    key = {"idempotency-key": "k"}
    first = say(world, incident, "note", {"text": LARGE}, headers=key)
    again = say(world, incident, "note", {"text": LARGE}, headers=key)
    assert (first[0], again[0]) == (200, 200)
    assert again[2]["idempotency-replayed"] == "true"
    assert first[1]["version"] == again[1]["version"]
    assert list(world.archive.contents) == [f"{incident}/{SHA256}"]
    # The same beginning, and other content behind it.
    status, body, _ = say(world, incident, "note", {"text": LARGE + "!"}, headers=key)
    assert (status, body["code"]) == (422, "idempotency_key_reused")


def test_a_repeat_is_a_repeat_also_when_the_command_would_now_be_refused(world: World) -> None:
    incident = opened(world)
    headers = {"idempotency-key": "k", "if-match": '"1"'}
    version = world.request("GET", f"/v1/incidents/{incident}", person="ana")[1]["version"]
    headers["if-match"] = f'"{version}"'
    assert say(world, incident, "note", {"text": LARGE}, headers=headers)[0] == 200
    status, _, answered = say(world, incident, "note", {"text": LARGE}, headers=headers)
    assert (status, answered["idempotency-replayed"]) == (200, "true")


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"group": "viewer"}, 403, "group_required"),
        ({"headers": {"if-match": '"999"'}}, 412, "stale_if_match"),
    ],
)
def test_what_is_refused_leaves_nothing_in_the_archive(
    world: World, options: dict[str, Any], status: int, code: str
) -> None:
    incident = opened(world)
    answered = say(world, incident, "note", {"text": LARGE}, **options)
    assert (answered[0], answered[1]["code"]) == (status, code)
    assert world.archive.contents == {}


def test_an_archive_that_does_not_answer_leaves_the_timeline_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = opened(world)
    before = world.store.entries(incident)

    def down(*_: object, **__: object) -> None:
        raise StoreUnavailable("S3 did not keep it")

    monkeypatch.setattr(world.archive, "keep", down)
    status, body, _ = say(world, incident, "note", {"text": LARGE})
    assert (status, body["code"], body["retryable"]) == (503, "store_unavailable", True)
    assert world.store.entries(incident) == before


def test_what_was_erased_is_said_to_be_gone_and_what_was_spoiled_is_not_shown(
    world: World,
) -> None:
    incident = opened(world)
    say(world, incident, "note", {"text": LARGE})
    key = f"{incident}/{SHA256}"
    world.archive.contents[key] = b"other"
    assert read(world, incident)[0] == 503
    del world.archive.contents[key]
    status, body = read(world, incident)
    assert (status, body["code"]) == (404, "not_found")


def test_content_that_no_entry_of_the_incident_names_is_not_there(world: World) -> None:
    incident, other = opened(world), opened(world)
    say(world, other, "note", {"text": LARGE})
    world.archive.keep(incident, LARGE.encode(), media_type="text/plain")
    for sha256 in (SHA256, "0" * 64, "..", "x" * 200):
        assert read(world, incident, sha256)[0] == 404


def test_over_the_most_there_is_the_refusal_says_what_to_do(world: World) -> None:
    incident = opened(world)
    for text, hint in (("x" * 900_001, "`link`"), ("x" * 1_000_000, "send less at once")):
        status, body, _ = say(world, incident, "note", {"text": text})
        assert (status, body["code"]) == (413, "payload_too_large")
        assert hint in body["detail"]
    status, body, _ = say(world, incident, "impact", {"summary": "x" * 8_001})
    assert status == 413
    body = {"item": "open-channel", "state": "done", "detail": "x" * 8_001}
    assert "`evidence`" in say(world, incident, "checklist", body)[1]["detail"]


def test_half_a_character_is_refused(world: World) -> None:
    incident = opened(world)
    body = '{"text": "' + "x" * 9_000 + '\\ud800"}'
    path = f"/v1/incidents/{incident}/note"
    status, found, _ = world.request("POST", path, body, person="ana")
    assert (status, found["code"]) == (400, "bad_input")
