"""Stories that cross, as people and alarms tell them: over HTTP, the queue and the mail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.alarms import notification
from tocsin.incidents.vocabulary import ClockName

if TYPE_CHECKING:
    from tests.harness.worlds.world import World
    from tocsin.incidents.model.incident import Incident

BO, CY, SAM = ("bo", "commander"), ("cy", "commander"), ("sam", "security")


@pytest.fixture(autouse=True)
def all_read(world: World) -> Any:
    """These stories look at the messages they are about, and not at every other."""
    yield
    world.inbox.take_all()


def send(
    world: World, incident: Incident, verb: str, who: tuple[str, str], **body: Any
) -> tuple[int, dict[str, Any]]:
    person, group = who
    path = f"/v1/incidents/{incident.id}/{verb}"
    status, answer, _ = world.request("POST", path, body, person=person, group=group)
    return status, answer


def done(world: World, incident: Incident, verb: str, who: tuple[str, str], **body: Any) -> Any:
    status, answer = send(world, incident, verb, who, **body)
    assert status < 300, answer
    return answer


def now(world: World, incident: Incident) -> Incident:
    found = world.store.load(incident.id)
    assert found is not None
    world.timeline(incident)
    return found


def alarm(world: World, name: str, *, state: str = "ALARM") -> Incident:
    """The alarm's incident; the newest of its key."""
    assert world.deliver_alarms(notification(name, world.clock.now, state=state)) == []
    world.pump()
    (key,) = [key for key in world.store._pointers if key.endswith(f":{name}")]
    pointer = world.store.pointer(key)
    assert pointer is not None
    found = world.store.load(pointer.incident)
    assert found is not None
    return found


def merge(world: World, into: Incident, other: Incident) -> None:
    for who in (BO, CY):
        done(world, into, "merge", who, other=other.id, reason="one cause")


class TestPointers:
    def test_a_merge_then_both_closed_and_the_next_alarm_is_worked_on(self, world: World) -> None:
        target, other = alarm(world, "api-outage"), alarm(world, "api-5xx")
        merge(world, target, other)
        for who in (BO, CY):
            done(world, target, "close", who, resolution="false_positive", reason="nothing")
        world.jump(20)
        again = alarm(world, "api-5xx")
        assert (again.id, again.open, again.cycle) == (target.id, True, 2)

    def test_a_split_over_http_takes_the_key_and_its_alarms(self, world: World) -> None:
        whole = alarm(world, "api-outage")
        (key,) = whole.signals
        answer = done(world, whole, "split", BO, title="b", reason="another cause", keys=[key])
        part = world.store.load(answer["id"])
        assert part is not None
        world.jump(1)
        assert alarm(world, "api-outage").id == part.id
        assert now(world, whole).signals == {}

    def test_a_target_that_was_closed_refuses_and_closes_nothing(self, world: World) -> None:
        target, other = alarm(world, "api-outage"), alarm(world, "api-5xx")
        for who in (BO, CY):
            done(world, target, "close", who, resolution="false_positive", reason="nothing")
        status, answer = send(world, target, "merge", BO, other=other.id, reason="one cause")
        assert (status, answer["code"]) == (409, "illegal_transition")
        assert now(world, other).open


class TestRepeats:
    def test_a_batch_is_the_same_in_another_order(self, world: World) -> None:
        incident = alarm(world, "api-outage")
        at = world.clock.now
        batch = [
            notification("api-outage", at + timedelta(seconds=n), state=state)
            for n, state in enumerate(("OK", "ALARM"), start=1)
        ]
        world.jump(1, sweep=False)
        before = dict(world.store._traces)
        assert world.deliver_alarms(*batch) == []
        world.store._traces = before
        version = now(world, incident).version
        assert world.deliver_alarms(*reversed(batch)) == []
        assert now(world, incident).version == version

    def test_an_old_acknowledgement_acknowledges_no_later_round(self, world: World) -> None:
        incident = alarm(world, "api-outage")
        world.acknowledge(incident, "ana")
        path = f"/v1/incidents/{incident.id}/acknowledge"
        late = {"headers": {"idempotency-key": "late"}}
        assert world.request("POST", path, person="bo", **late)[0] == 200
        world.advance(40)
        current = now(world, incident).round
        assert current is not None
        assert (current.number, current.open) == (2, True)
        status, _, headers = world.request("POST", path, person="bo", **late)
        assert (status, headers["idempotency-replayed"]) == (200, "true")
        current = now(world, incident).round
        assert current is not None
        assert current.open


class TestLongTexts:
    def test_a_reason_of_47_kb_is_refused_and_stops_nothing(self, world: World) -> None:
        incident = alarm(world, "api-outage")
        for size in (47_000, 450_000):
            status, answer = send(
                world,
                incident,
                "close",
                BO,
                resolution="false_positive",
                reason="x" * size,
            )
            assert (status, answer["code"]) == (413, "payload_too_large")
            assert "2000" in answer["detail"]
        world.advance(6)
        world.acknowledge(incident, "ana")

    def test_a_backfilled_one_asks_nobody_and_says_so(self, world: World) -> None:
        wish = {"title": "t", "severity": "high", "category": "production", "kind": "backfilled"}
        status, answer, _ = world.request(
            "POST", "/v1/incidents", wish, person="bo", group="commander"
        )
        assert status == 201, answer
        incident = world.store.load(answer["id"])
        assert incident is not None
        status, answer = send(world, incident, "escalate", BO, audience="all", reason="come")
        assert (status, answer["code"]) == (409, "illegal_transition")
        assert "nobody is asked" in answer["detail"]


class TestRestriction:
    def test_what_was_queued_before_it_and_sent_after_it_says_no_more(self, world: World) -> None:
        world.stream_runs = False
        incident = alarm(world, "api-outage")
        done(world, incident, "escalate", BO, audience="all", reason="ana's mails are out")
        done(world, incident, "restrict", SAM, reason="who knows")
        world.stream_runs = True
        world.pump()
        got = world.inbox.take_all()
        assert len(got) > 8
        for received in got:
            for text in (received.message.subject, received.message.text, received.message.short):
                assert "api-outage" not in text
                assert "mails" not in text
            assert "restricted" in received.message.text.lower()

    def test_category_after_exposure_hides_it(self, world: World) -> None:
        incident = alarm(world, "api-outage")
        done(world, incident, "impact", BO, summary="mails", exposure="possible")
        done(world, incident, "category", BO, category="security", reason="a leak")
        path = f"/v1/incidents/{incident.id}"
        assert world.request("GET", path, person="zoe")[0] == 404

    def test_who_is_kept_out_gets_no_page_that_was_queued_before(self, world: World) -> None:
        world.stream_runs = False
        incident = alarm(world, "api-outage")
        (first, *_) = [item for item in world.store.all_outbox() if item.personal]
        done(world, incident, "access", SAM, person=first.person, allowed=False, reason="is it")
        world.stream_runs = True
        world.pump()
        assert first.person not in {received.to for received in world.inbox.take_all()}
        kept = world.store.outbox(first.key)
        assert kept is not None
        assert (kept.state, kept.tried) == ("sent", ("kept out",))


class TestClears:
    def test_a_clear_while_it_was_closed_lets_it_be_verified_later(self, world: World) -> None:
        incident = alarm(world, "api-outage")
        for who in (BO, CY):
            done(world, incident, "close", who, resolution="false_positive", reason="nothing")
        world.jump(5)
        assert world.deliver_alarms(notification("api-outage", world.clock.now, state="OK")) == []
        done(world, incident, "reopen", BO, reason="it was real")
        assert not now(world, incident).firing


class TestCustomers:
    def test_the_second_yes_promises_again(self, world: World) -> None:
        incident = alarm(world, "api-outage")
        done(world, incident, "customers", BO, tell=True)
        fields = {"audience": "customers", "text": "we look", "accepted": True, "update": "u1"}
        first = {"impact": "some", "mitigation": "rolling back", "eta": "unknown"}
        done(world, incident, "update", BO, **fields, **first)
        done(world, incident, "customers", BO, tell=False, reason="nobody is affected")
        done(world, incident, "customers", BO, tell=True)
        assert now(world, incident).communication.to_customers.next_by is not None


class TestFix:
    def test_what_was_reported_before_the_link_counts(self, world: World) -> None:
        incident = alarm(world, "api-outage")
        seen = {"commit": "c0ffee", "conclusion": "success", "url": "https://example.com/1"}
        for run in ("quality", "security"):
            done(world, incident, "fix", BO, step="run", run=run, **seen)
        done(world, incident, "fix", BO, step="deploy", whole_scope=True, **seen)
        done(world, incident, "fix", BO, step="link", commit="c0ffee")
        assert now(world, incident).fixed

    def test_fixed_during_a_pause_moves_the_due_time(self, world: World) -> None:
        incident = alarm(world, "api-outage")
        due = incident.clocks[ClockName.FIX].due_at
        assert due is not None
        done(world, incident, "pause", BO, minutes=600, reason="waiting")
        world.jump(60, sweep=False)
        seen = {"commit": "c0ffee", "conclusion": "success", "url": "https://example.com/1"}
        done(world, incident, "fix", BO, step="link", commit="c0ffee")
        for run in ("quality", "security"):
            done(world, incident, "fix", BO, step="run", run=run, **seen)
        done(world, incident, "fix", BO, step="deploy", whole_scope=True, **seen)
        clock = now(world, incident).clocks[ClockName.FIX]
        assert clock.due_at == due + timedelta(minutes=60)
