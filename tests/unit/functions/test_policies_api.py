"""Publishing runbooks over HTTP: who, what, when, why, and which incidents go by it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.runbooks import as_document, promising, with_changes
from tests.harness.time import START
from tests.harness.world import World
from tocsin.adapters.policy_forms import packed
from tocsin.application import publish
from tocsin.errors import InvalidPolicy, StoreUnavailable
from tocsin.incidents.policy import Elapsed, PageRepeat
from tocsin.incidents.timeline import format_time, parse_time
from tocsin.incidents.vocabulary import ClockName, Severity
from tocsin.policy.compiled import default, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tocsin.application.policy_versions import Asked, PolicyVersion
    from tocsin.incidents.model import Incident
    from tocsin.incidents.policy import Policy

COMMANDER = {"person": "chief", "group": "commander"}
FAST, FASTER = promising("acme-1", minutes=30), promising("acme-2", minutes=20)
NO_NUMBER: dict[str, Any] = {"nag_times": "soon"}
WISH = {"title": "checkout is down", "severity": "critical", "category": "production"}


def send(
    world: World,
    policy: Policy | dict[str, Any],
    *,
    seen: int | None = 0,
    why: str = "answer faster",
    key: str = "",
    **options: Any,
) -> tuple[int, dict[str, Any], dict[str, str]]:
    headers = {"if-match": f'"{seen}"'} if seen is not None else {}
    if key:
        headers["idempotency-key"] = key
    document = policy if isinstance(policy, dict) else as_document(policy)
    body = {"policy": document, "why": why}
    return world.request("POST", "/v1/policies", body, headers=headers, **(COMMANDER | options))


def published(world: World, policy: Policy, *, seen: int) -> dict[str, Any]:
    status, body, _ = send(world, policy, seen=seen)
    assert status == 201, body
    return body


def get(world: World, path: str = "/v1/policies", **query: str) -> dict[str, Any]:
    status, body, _ = world.request("GET", path, person="vi", group="viewer", query=query)
    assert status == 200, body
    return body


def opened(world: World) -> Incident:
    """An incident an alarm opened, its messages read."""
    incident = world.alarm()
    assert incident is not None
    world.inbox.take_all()
    return incident


def contain_due(world: World, incident: str) -> datetime:
    _, body, _ = world.request("GET", f"/v1/incidents/{incident}/clocks", person="ana")
    (due,) = [one["due_at"] for one in body["clocks"] if one["clock"] == ClockName.CONTAIN]
    return parse_time(due)


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


class TestWhatIncidentsGoBy:
    def test_an_incident_keeps_its_version_and_the_next_goes_by_the_new_one(
        self, world: World
    ) -> None:
        published(world, FAST, seen=0)
        before = opened(world)
        assert before.policy_version == FAST.version
        assert contain_due(world, before.id) == START + timedelta(minutes=30)
        published(world, FASTER, seen=1)
        assert contain_due(world, before.id) == START + timedelta(minutes=30)
        world.acknowledge(before, "ana")
        world.advance(25)
        breaches = [one for one in world.timeline(before) if one.type == "clock_breached"]
        assert breaches == [], "twenty minutes are the next incident's promise"
        world.advance(6)
        (breach,) = [one for one in world.timeline(before) if one.type == "clock_breached"]
        assert breach.content["due_at"] == format_time(START + timedelta(minutes=30))
        after = world.request("POST", "/v1/incidents", WISH, person="ana")[1]
        assert after["policy_version"] == FASTER.version
        assert contain_due(world, after["id"]) == world.clock.now + timedelta(minutes=20)
        world.inbox.take_all()

    def test_raising_an_old_incident_counts_by_its_own_runbook(self, world: World) -> None:
        published(world, FAST, seen=0)
        wish = WISH | {"severity": "medium"}
        before = world.request("POST", "/v1/incidents", wish, person="ana")[1]
        published(world, FASTER, seen=1)
        path = f"/v1/incidents/{before['id']}/severity"
        raised = world.request("POST", path, {"severity": "critical"}, person="ana")
        assert raised[0] == 200, raised
        assert contain_due(world, before["id"]) == START + timedelta(minutes=30)
        world.inbox.take_all()

    def test_what_was_taken_back_is_published_again_under_a_number_of_its_own(
        self, world: World
    ) -> None:
        published(world, FAST, seen=0)
        published(world, FASTER, seen=1)
        assert published(world, FAST, seen=2)["number"] == 3
        assert opened(world).policy_version == FAST.version

    def test_what_another_function_published_counts_a_second_later(self, world: World) -> None:
        """Two environments of functions over one table: the other has a memory of its own."""
        other = World(START)
        other.published.versions = world.versions
        assert world.published.current() == default()
        assert send(other, FAST)[0] == 201
        assert world.published.current() == default()
        world.wall.advance(timedelta(seconds=1))
        assert world.published.current() == FAST


class TestTrouble:
    """Nothing wrong with a published runbook may keep an incident from being opened."""

    def spoil(self, world: World, number: int, document: bytes = b"nothing") -> None:
        kept = world.versions._versions
        kept[number] = replace(kept[number], document=document)
        world.published._known.clear()
        world.published.forget()

    def test_an_unreadable_version_is_passed_over_for_the_one_before_and_told(
        self, world: World
    ) -> None:
        published(world, FAST, seen=0)
        published(world, FASTER, seen=1)
        self.spoil(world, 2)
        assert opened(world).policy_version == FAST.version
        assert world.meter.counts["PoliciesUnread"] == 1
        (told,) = [one for one in world.logged if one["message"] == "policy.unread"]
        assert (told["code"], told["number"]) == ("invalid_policy", 2)
        status, body, _ = world.request("GET", "/v1/policies/2", person="ana")
        assert (status, body["code"]) == (422, "invalid_policy")

    def test_a_runbook_that_was_put_in_the_place_of_another_is_not_gone_by(
        self, world: World
    ) -> None:
        published(world, FAST, seen=0)
        self.spoil(world, 1, packed(to_json(FASTER)))
        assert opened(world).policy_version == default().version
        assert world.meter.counts["PoliciesUnread"] == 1

    def test_a_runbook_that_this_code_reads_and_cannot_work_with_is_passed_over(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Published by another build; an alarm must not be the first to find out."""
        published(world, FAST, seen=0)
        nothing: Any = None
        row = replace(FASTER.severities[Severity.LOW], internal_updates=nothing)
        broken = replace(FASTER, severities={**FASTER.severities, Severity.LOW: row})
        monkeypatch.setattr(world.published, "read", lambda _: broken)
        world.published._known.clear()
        world.published.forget()
        assert opened(world).policy_version == default().version
        (told,) = [one for one in world.logged if one["message"] == "policy.unread"]
        assert "no low security incident can be opened by it" in told["detail"]

    def test_no_more_than_the_five_last_are_tried_with_two_reads(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        published(world, FAST, seen=0)
        (first,) = world.versions.page(limit=1)
        for number in range(2, 7):
            world.versions.publish(replace(first, number=number, sha256="0" * 64), None)
        world.published._known.clear()
        world.published.forget()
        reads: list[Any] = []
        page = world.versions.page

        def counted(**asked: Any) -> Any:
            reads.append(asked)
            return page(**asked)

        monkeypatch.setattr(world.versions, "page", counted)
        assert world.published.current() == default(), "the sixth could have been read"
        assert reads == [{"limit": 1}, {"before": 6, "limit": 4}]

    def test_where_no_published_version_can_be_read_the_builds_stands_in(
        self, world: World
    ) -> None:
        published(world, FAST, seen=0)
        self.spoil(world, 1)
        assert opened(world).policy_version == default().version
        assert published(world, FASTER, seen=1)["previous"] == default().version

    def test_an_incident_whose_version_cannot_be_read_any_more_is_still_paged_for(
        self, world: World
    ) -> None:
        published(world, FAST, seen=0)
        incident = opened(world)
        self.spoil(world, 1)
        world.advance(5)
        assert [one.kind for one in world.inbox.take_all()].count("page") == 4
        world.acknowledge(incident, "ana")
        assert world.meter.counts["PoliciesUnread"] >= 1
        world.inbox.take_all()

    def test_where_the_store_does_not_answer_the_last_known_or_the_builds_stands_in(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        published(world, FAST, seen=0)
        assert world.published.current() == FAST

        def unavailable(*_: object, **__: object) -> None:
            raise StoreUnavailable("no answer")

        monkeypatch.setattr(world.versions, "page", unavailable)
        world.wall.advance(timedelta(minutes=1))
        assert opened(world).policy_version == FAST.version
        assert world.meter.counts["PoliciesUnread"] == 1
        cold = World(START)
        monkeypatch.setattr(cold.versions, "page", unavailable)
        assert opened(cold).policy_version == default().version

    def test_a_version_that_is_nowhere_is_an_error_as_ever(self, world: World) -> None:
        with pytest.raises(InvalidPolicy, match="no policy other"):
            world.published.version("other")

    def test_the_store_is_asked_once_a_second_and_once_for_each_version_however_many_incidents(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        published(world, FAST, seen=0)
        asked: list[str] = []

        def counted(name: str) -> Callable[..., Any]:
            ask = getattr(world.versions, name)

            def asking(*args: Any, **named: Any) -> Any:
                asked.append(name)
                return ask(*args, **named)

            return asking

        for name in ("page", "find", "number"):
            monkeypatch.setattr(world.versions, name, counted(name))
        world.published._known.clear()
        for _ in range(50):
            world.published.current()
        for _ in range(50):
            world.published.version(FAST.version)
            world.published.version(default().version)
        assert asked == ["page"]


def test_a_published_policy_is_the_same_after_its_way_through_the_store(world: World) -> None:
    published(world, FAST, seen=0)
    (kept,) = world.versions.page(limit=1)
    assert kept.document == to_json(FAST)
    assert from_json(kept.document).severities[Severity.CRITICAL].targets[
        ClockName.CONTAIN
    ] == Elapsed(30)
