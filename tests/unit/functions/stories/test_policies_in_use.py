"""Which runbook incidents go by, and what becomes of them when a published one cannot be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.fakes.time import START
from tests.harness.worlds.runbooks import FAST, FASTER, opened, published, send
from tests.harness.worlds.world import World
from tocsin.adapters.runbooks.forms import packed
from tocsin.errors import InvalidPolicy, StoreUnavailable
from tocsin.incidents.runbook.targets import Elapsed
from tocsin.incidents.timeline.entry import format_time, parse_time
from tocsin.incidents.vocabulary import ClockName, Severity
from tocsin.policy.compiled.policies import default, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


WISH = {"title": "checkout is down", "severity": "critical", "category": "production"}


def contain_due(world: World, incident: str) -> datetime:
    _, body, _ = world.request("GET", f"/v1/incidents/{incident}/clocks", person="ana")
    (due,) = [one["due_at"] for one in body["clocks"] if one["clock"] == ClockName.CONTAIN]
    return parse_time(due)


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
