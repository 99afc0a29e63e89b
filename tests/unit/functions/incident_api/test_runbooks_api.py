"""Publishing runbooks over HTTP: who, what, when, why, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.fakes.time import START
from tests.harness.worlds.runbooks import (
    FAST,
    FASTER,
    as_document,
    opened,
    published,
    send,
    with_changes,
)
from tocsin.application.runbooks import publish
from tocsin.errors import StoreUnavailable
from tocsin.incidents.runbook.paging import PageRepeat
from tocsin.incidents.timeline.entry import format_time
from tocsin.incidents.vocabulary import Severity
from tocsin.policy.compiled.policies import default, from_json

if TYPE_CHECKING:
    from tests.harness.worlds.world import World
    from tocsin.ports.runbooks import Asked, PolicyVersion

NO_NUMBER: dict[str, Any] = {"nag_times": "soon"}


def get(world: World, path: str = "/v1/policies", **query: str) -> dict[str, Any]:
    status, body, _ = world.request("GET", path, person="vi", group="viewer", query=query)
    assert status == 200, body
    return body


class TestRecord:
    def test_a_version_says_who_changed_what_when_and_why(self, world: World) -> None:
        status, body, headers = send(world, FAST)
        assert (status, headers["etag"]) == (201, '"1"')
        assert body == get(world)["policies"][0]
        assert (body["number"], body["version"]) == (1, FAST.version)
        assert (body["published_by"], body["why"]) == ("chief", "answer faster")
        assert body["published_at"] == format_time(START)
        assert body["previous"] == default().version
        assert body["differences"] == 1
        assert body["changed"] == [
            {
                "key": "severities.critical.contain",
                "old": "4 hours",
                "new": "30 minutes",
            }
        ]

    def test_versions_are_listed_newest_first_and_each_is_read_as_it_was_published(
        self, world: World
    ) -> None:
        assert get(world) == {
            "policies": [],
            "newest": 0,
            "deployed": default().version,
            "next": None,
        }
        published(world, FAST, seen=0)
        published(world, FASTER, seen=1)
        found = get(world, limit="1")
        assert ([each["number"] for each in found["policies"]], found["newest"]) == ([2], 2)
        older = get(world, limit="1", cursor=found["next"])
        assert ([each["number"] for each in older["policies"]], older["newest"]) == ([1], 2)
        assert older["next"] is None
        first = get(world, "/v1/policies/1")
        policy = from_json(json.dumps(first["policy"]).encode())
        assert replace(policy, change=None) == FAST
        assert policy.change is not None
        assert (policy.change.author, policy.change.reason) == ("chief", "answer faster")

    def test_number_0_is_what_came_with_the_deployment(self, world: World) -> None:
        found = get(world, "/v1/policies/0")
        assert from_json(json.dumps(found["policy"]).encode()) == default()
        assert (found["version"]["published_by"], found["version"]["published_at"]) == ("", None)

    def test_there_is_none_of_a_number_nobody_published(self, world: World) -> None:
        status, body, _ = world.request("GET", "/v1/policies/7", person="ana")
        assert (status, body["code"]) == (404, "unknown_name")

    def test_what_changed_is_kept_within_bounds_and_its_extent_is_said(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(publish, "KEYS", 1)
        texts = {**default().texts, "title": "t" * 1_000, "owner": "o"}
        body = published(world, with_changes("acme-1", texts=texts), seen=0)
        (line,) = body["changed"]
        assert (body["differences"], line["key"]) == (2, "document.title")
        assert len(line["new"]) == publish.VALUE


class TestWhoComesFirst:
    def test_of_two_that_saw_the_same_version_the_second_is_told_and_nothing_changes(
        self, world: World
    ) -> None:
        published(world, FAST, seen=0)
        status, body, _ = send(world, FASTER, seen=0)
        assert (status, body["code"], body["newest"]) == (412, "stale_if_match", 1)
        assert get(world)["newest"] == 1
        assert published(world, FASTER, seen=1)["previous"] == FAST.version

    def test_of_two_at_the_same_moment_one_wins(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Both looked and found the same; the store decides."""
        write, rivals = world.versions.publish, [FASTER]

        def after_a_rival(version: PolicyVersion, asked: Asked | None) -> None:
            if rivals:
                assert send(world, rivals.pop(), person="rival")[0] == 201
            write(version, asked)

        monkeypatch.setattr(world.versions, "publish", after_a_rival)
        status, body, _ = send(world, FAST, key="k-1")
        assert (status, body["code"]) == (412, "stale_if_match")
        (only,) = get(world)["policies"]
        assert (only["published_by"], only["version"]) == ("rival", FASTER.version)

    def test_it_has_to_be_said_what_was_seen(self, world: World) -> None:
        status, body, _ = send(world, FAST, seen=None)
        assert (status, body["code"]) == (400, "bad_input")
        assert 'If-Match: "0"' in body["detail"]

    def test_the_same_key_again_publishes_nothing_twice(self, world: World) -> None:
        first = send(world, FAST, key="k-1")
        again = send(world, FAST, key="k-1")
        assert (first[0], again[0]) == (201, 200)
        assert (again[1], again[2]["idempotency-replayed"]) == (first[1], "true")
        assert get(world)["newest"] == 1

    def test_an_answer_that_was_lost_is_given_when_asked_again(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = world.versions.publish

        def loses_its_answer(version: PolicyVersion, asked: Asked | None) -> None:
            write(version, asked)
            monkeypatch.setattr(world.versions, "publish", write)
            raise StoreUnavailable("no answer")

        monkeypatch.setattr(world.versions, "publish", loses_its_answer)
        assert send(world, FAST, key="k-1")[0] == 503
        status, body, _ = send(world, FAST, key="k-1")
        assert (status, body["number"]) == (200, 1)

    @pytest.mark.parametrize("change", [{"policy": FASTER}, {"why": "other"}])
    def test_the_same_key_with_another_body_is_refused(
        self, world: World, change: dict[str, Any]
    ) -> None:
        published(world, with_changes("acme-0", texts={**default().texts, "owner": "o"}), seen=0)
        send(world, FAST, seen=1, key="k-1")
        policy = change.get("policy", FAST)
        status, body, _ = send(world, policy, seen=2, why=change.get("why", "x"), key="k-1")
        assert (status, body["code"]) == (422, "idempotency_key_reused")
        assert get(world)["newest"] == 2

    def test_one_persons_key_is_not_anothers(self, world: World) -> None:
        assert send(world, FAST, key="k-1")[0] == 201
        assert send(world, FASTER, seen=1, key="k-1", person="other")[0] == 201


class TestRefused:
    @pytest.mark.parametrize("group", ["viewer", "responder", "security"])
    def test_nobody_but_a_commander_publishes(self, world: World, group: str) -> None:
        status, body, _ = send(world, FAST, group=group)
        assert (status, body["code"]) == (403, "group_required")
        assert get(world)["newest"] == 0

    @pytest.mark.parametrize(
        ("policy", "status", "code", "says"),
        [
            ({}, 422, "invalid_policy", "not a compiled policy"),
            (as_document(FAST) | {"schema_version": 2}, 422, "invalid_policy", "schema version 2"),
            (as_document(FAST) | {"version": "acme-9"}, 422, "invalid_policy", "was changed"),
            (default(), 400, "bad_input", "nothing differs"),
            (
                with_changes("x", criteria=default().criteria[1:]),
                422,
                "invalid_policy",
                "can be changed, not removed",
            ),
            (with_changes("x", triage=default().triage[:-1]), 422, "invalid_policy", "`triage`"),
            (
                with_changes("x", billing=replace(default().billing, confirm=())),
                422,
                "invalid_policy",
                "--deploy",
            ),
            (
                with_changes("x", limits=replace(default().limits, **NO_NUMBER)),
                422,
                "invalid_policy",
                "`limits.nag_times` must be a whole number",
            ),
        ],
        ids=[
            "empty",
            "schema",
            "unsealed",
            "same",
            "criterion",
            "triage",
            "billing",
            "limits",
        ],
    )
    def test_what_incidents_could_not_go_by_is_refused_and_nothing_changes(
        self, world: World, policy: Any, status: int, code: str, says: str
    ) -> None:
        found, body, _ = send(world, policy)
        assert (found, body["code"]) == (status, code)
        assert says in body["detail"]
        assert get(world)["newest"] == 0
        assert opened(world).policy_version == default().version

    def test_a_ladder_that_would_page_nobody_or_without_end_is_refused(self, world: World) -> None:
        rows = default().severities
        ladder = rows[Severity.CRITICAL].escalation
        for wrong, key in (
            (replace(ladder, steps=ladder.steps[1:]), "steps"),
            (replace(ladder, repeats=(PageRepeat(0, None),)), "repeats"),
            (replace(ladder, ways=()), "ways"),
        ):
            row = replace(rows[Severity.CRITICAL], escalation=wrong)
            policy = with_changes("x", severities={**rows, Severity.CRITICAL: row})
            status, body, _ = send(world, policy)
            assert (status, body["key"]) == (422, f"severities.critical.paging.{key}")

    @pytest.mark.parametrize("why", ["", "  "])
    def test_a_runbook_is_not_changed_without_a_reason(self, world: World, why: str) -> None:
        status, body, _ = send(world, FAST, why=why)
        assert (status, body["code"]) == (422, "missing_reason")

    def test_a_runbook_that_is_no_runbook_any_more_is_too_large(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(publish, "LONGEST", 30_000)
        status, body, _ = send(world, FAST)
        assert (status, body["code"]) == (413, "payload_too_large")
