"""A page by a person's own ways: in order, by the next one when one fails, and never lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.fakes.application import Policies
from tests.harness.sizes import quick_or_full
from tests.harness.worlds.world import World, a_world
from tocsin.documents.fitting import SMS_SEPTETS, septets
from tocsin.errors import MessageRefused, SendFailed
from tocsin.incidents.model.outbox import STAKEHOLDERS, OutboxState
from tocsin.incidents.vocabulary import Severity, WayKind
from tocsin.policy.compiled.policies import default, sealed

if TYPE_CHECKING:
    from tests.harness.worlds.inbox import Received
    from tocsin.incidents.model.outbox import OutboxItem
    from tocsin.incidents.runbook.policy import Policy

PRIMARY = ("commander-primary", "mitigation-primary")
POINTS = ("before claim", "after claim", "after send", "before mark", "after mark")
ALL_KINDS = tuple(WayKind)


def settle(world: World) -> None:
    for _ in range(25):
        world.jump(1)


def asked(world: World, *, kinds: tuple[WayKind, ...] = ALL_KINDS) -> None:
    """Everybody reachable, and an incident that nobody has yet."""
    world.reachable(kinds=kinds)
    assert world.alarm() is not None


def quiet(world: World, *, kinds: tuple[WayKind, ...] = ALL_KINDS) -> None:
    """Everybody reachable, and an incident that is acknowledged before the next rung."""
    world.reachable(kinds=kinds)
    incident = world.alarm()
    assert incident is not None
    world.acknowledge(incident, "commander-primary")


def page_to(world: World, person: str) -> OutboxItem:
    mine = [one for one in world.store.all_outbox() if one.target == f"person:{person}"]
    (item,) = [one for one in mine if one.kind == "page"]
    return item


def by_channel(received: list[Received]) -> Counter[str]:
    return Counter(one.channel for one in received)


def test_a_page_is_one_message_by_the_first_way_that_rings(world: World) -> None:
    quiet(world)
    received = world.inbox.take_all()
    assert by_channel(received) == {"sms": 2, "stakeholders": 1}
    assert {one.to for one in received if one.channel == "sms"} == set(PRIMARY)
    assert [one.split()[1] for one in page_to(world, "commander-primary").tried] == ["sent"]


def test_a_way_that_fails_is_recorded_and_the_next_one_is_tried(world: World) -> None:
    world.refusals["sms:"] = SendFailed("throttled")
    world.refusals["webhook:"] = MessageRefused("gone")
    quiet(world)
    assert by_channel(world.inbox.take_all()) == {"chat": 2, "stakeholders": 1}
    item = page_to(world, "commander-primary")
    assert item.state is OutboxState.SENT
    kinds = [line.partition(":")[0] for line in item.tried]
    outcomes = [line.split()[1] for line in item.tried]
    assert kinds == ["sms", "webhook", "chat"]
    assert outcomes == ["send_failed", "message_refused", "sent"]
    failed = [line for line in world.logged if line["message"] == "way.failed"]
    assert {line["way"].partition(":")[0] for line in failed} == {"sms", "webhook"}


def test_a_page_that_no_way_takes_comes_again_and_is_never_taken_for_sent(world: World) -> None:
    """Not even by the topic: nobody may be listening there."""
    world.refusals["sms:"] = world.refusals["mail:"] = SendFailed("down")
    asked(world, kinds=(WayKind.SMS, WayKind.MAIL))
    world.expect("opened", STAKEHOLDERS)
    world.jump(1)
    world.inbox.expect_nothing_more()
    world.refusals.clear()
    for _ in range(3):
        world.jump(1)
    world.expect("page", *PRIMARY)
    assert page_to(world, "commander-primary").tried[-1].endswith("sent")


def test_what_every_way_refuses_for_good_ends_there_and_is_loud(world: World) -> None:
    """As SES answers a role without the right, and a number that has opted out."""
    world.refusals["sms:"] = MessageRefused("opted out", reason="OptedOut")
    world.refusals["mail:"] = MessageRefused("denied", reason="AccessDeniedException")
    asked(world, kinds=(WayKind.SMS, WayKind.MAIL))
    world.expect("opened", STAKEHOLDERS)
    first = page_to(world, "commander-primary")
    assert first.state is OutboxState.SENT, "it is over"
    assert [line.split(maxsplit=1)[1] for line in first.tried] == [
        "message_refused",
        "message_refused",
        "for good",
    ]
    loud = [line for line in world.logged if line["message"] == "message.refused"]
    assert [(line["level"], line["code"]) for line in loud] == [("WARNING", "message_refused")] * 2
    assert world.meter.counts["MessagesRefused"] == 2
    for _ in range(3):
        world.jump(1)
    assert page_to(world, "commander-primary") == first, "it is not asked for again"
    world.refusals.clear()
    world.jump(3)
    later = world.inbox.take_all()
    assert {"commander-primary"} <= {one.to for one in later}, "the next step is its own message"


def test_refused_for_good_by_one_way_and_for_now_by_another_comes_again(world: World) -> None:
    world.refusals["sms:"] = MessageRefused("opted out")
    world.refusals["mail:"] = SendFailed("busy")
    asked(world, kinds=(WayKind.SMS, WayKind.MAIL))
    world.expect("opened", STAKEHOLDERS)
    assert page_to(world, "commander-primary").state is OutboxState.PENDING
    del world.refusals["mail:"]
    for _ in range(2):
        world.jump(1)
    assert by_channel(world.inbox.take_all())["mail"] == len(PRIMARY)
    assert "MessagesRefused" not in world.meter.counts


def test_an_error_nobody_thought_of_is_a_way_that_fails_too(world: World) -> None:
    world.refusals["sms:"] = ZeroDivisionError("a bug in a channel")
    quiet(world)
    assert by_channel(world.inbox.take_all()) == {"webhook": 2, "stakeholders": 1}
    assert page_to(world, PRIMARY[0]).tried[0].endswith(" unexpected")


def test_whoever_has_no_way_is_paged_by_the_topic_and_counted(world: World) -> None:
    world.reachable("mitigation-primary")
    world.alarm()
    received = world.inbox.take_all()
    assert {(one.to, one.channel) for one in received} == {
        ("commander-primary", "page"),
        ("mitigation-primary", "sms"),
        (STAKEHOLDERS, "stakeholders"),
    }
    assert world.meter.counts["PeopleUnreachable"] == 1


def test_what_does_not_page_rings_nowhere(world: World) -> None:
    world.reachable(kinds=ALL_KINDS)
    world.alarm("webhook-backlog")
    assert by_channel(world.inbox.take_all()) == {"mail": 2, "stakeholders": 1}


def test_a_later_step_begins_with_the_next_way_that_rings(world: World) -> None:
    world.reachable("commander-primary", kinds=ALL_KINDS)
    world.alarm()
    world.inbox.take_all()
    world.advance(5)
    (second,) = [one for one in world.inbox.take_all() if one.to == "commander-primary"]
    assert second.channel == "webhook"


def test_a_drill_says_so_first_by_every_way(world: World) -> None:
    for kind in WayKind:
        with a_world() as one:
            one.reachable(kinds=(kind,))
            one.alarm("[DRILL] api-outage")
            received = one.inbox.take_all()
            assert received
            for each in received:
                assert each.message.subject.startswith("[DRILL] ")
                assert each.message.short.startswith("[DRILL] ")
                assert each.message.text.startswith("[DRILL] ")


def test_a_text_message_has_all_that_is_needed_and_a_link_in_one_part(world: World) -> None:
    quiet(world)
    (page,) = [one for one in world.inbox.take_all() if one.to == "commander-primary"]
    short = page.message.short
    assert short.startswith("CRITICAL INC-1 api-outage ACK by 10:15 EDT https://")
    assert septets(short) <= SMS_SEPTETS


def test_links_are_in_what_one_person_reads_and_nowhere_else(world: World) -> None:
    for kind in WayKind:
        with a_world() as one:
            one.reachable(kinds=(kind,))
            one.alarm()
            received = one.inbox.take_all()
            assert received
            assert kind is WayKind.CHAT or not {each.to for each in received}.isdisjoint(PRIMARY)
            for each in received:
                private = kind is not WayKind.CHAT and each.to in PRIMARY
                text = each.message.text + each.message.short
                assert ("/a/" in text) == private, (kind, each)


def test_without_keys_a_page_leaves_without_links(world: World) -> None:
    world.keys = type(world.keys)("gone", {})
    quiet(world)
    pages = [one for one in world.inbox.take_all() if one.to in PRIMARY]
    assert len(pages) == 2
    assert not any("/a/" in one.message.text + one.message.short for one in pages)
    assert world.meter.counts["LinksMissing"] == 2


def test_nobody_is_named_and_no_address_is_logged(world: World) -> None:
    world.refusals["sms:"] = SendFailed("throttled")
    quiet(world, kinds=(WayKind.SMS, WayKind.MAIL))
    world.inbox.take_all()
    notifier = [line for line in world.logged if line["message"].startswith(("message.", "way."))]
    text = repr(notifier) + repr([one.tried for one in world.store.all_outbox()])
    assert "+1202" not in text
    assert "tocsin.example" not in text
    assert "primary" not in text


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("kind", WayKind)
def test_a_notifier_killed_at_any_point_loses_nothing_by_any_way(kind: WayKind, point: str) -> None:
    with a_world() as world:
        world.crashes.plan(point)
        quiet(world, kinds=(kind,))
        settle(world)
        arrived = Counter(one.id for one in world.inbox.all)
        asked = {item.message_id: item.state for item in world.store.all_outbox()}
        assert arrived.keys() == asked.keys()
        assert set(asked.values()) == {OutboxState.SENT}
        doubled = [name for name, times in arrived.items() if times > 1]
        assert len(doubled) == (1 if point in {"after send", "before mark"} else 0)
        for name in doubled:
            first, second = [one.message for one in world.inbox.all if one.id == name]
            assert first == second, "links and all"
        world.inbox.take_all()


@settings(max_examples=quick_or_full(40, 5_000))
@given(
    crashes=st.lists(st.tuples(st.integers(0, 4), st.sampled_from(POINTS)), max_size=6),
    outages=st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(["sms:", "mail:", "webhook:", "audience:"])),
        max_size=6,
    ),
    stops=st.sets(st.integers(0, 4)),
)
def test_nothing_is_lost_by_crashes_outages_and_a_stream_that_forgets(
    crashes: list[tuple[int, str]], outages: list[tuple[int, str]], stops: set[int]
) -> None:
    with a_world() as world:
        for minute in range(5):
            world.refusals = {what: SendFailed("down") for when, what in outages if when == minute}
            for when, point in crashes:
                if when == minute:
                    world.crashes.plan(point)
            if minute == 0:
                asked(world, kinds=(WayKind.SMS, WayKind.WEBHOOK, WayKind.MAIL))
            if minute in stops:
                world.lose_stream()
            world.jump(1)
        world.refusals = {}
        world.crashes.cancel()
        settle(world)
        arrived = Counter(one.id for one in world.inbox.all)
        assert arrived.keys() == {item.message_id for item in world.store.all_outbox()}
        limit = world.crashes.happened["after send"] + world.crashes.happened["before mark"]
        assert arrived.total() - len(arrived) <= limit
        world.inbox.take_all()


def test_a_stream_that_stands_still_for_a_day_loses_no_page(world: World) -> None:
    world.reachable()
    world.stream_runs = False
    incident = world.alarm()
    assert incident is not None
    world.inbox.expect_nothing_more()
    world.jump(24 * 60)
    world.stream_runs = True
    world.pump()
    arrived = Counter(one.id for one in world.inbox.all)
    assert arrived.keys() == {item.message_id for item in world.store.all_outbox()}
    assert set(arrived.values()) == {1}
    world.inbox.take_all()


def test_an_audience_is_not_told_the_same_again(world: World) -> None:
    quiet(world)
    world.inbox.take_all()
    (told,) = [one for one in world.store.all_outbox() if one.target == STAKEHOLDERS]
    again = type(told)(
        **{name: getattr(told, name) for name in ("incident", "kind", "target", "due_at")},
        seq=90,
        correlation_id="c",
        facts=told.facts,
    )
    news = type(told)(
        **{name: getattr(told, name) for name in ("incident", "kind", "target", "due_at")},
        seq=91,
        correlation_id="c",
        facts={**told.facts, "title": "worse than that"},
    )
    for item in (again, news):
        world.store._outbox[item.key] = item
        world.store.stream.append(item.key)
    world.pump()
    (received,) = world.inbox.take_all()
    assert received.id == news.message_id
    after = world.store.outbox(again.key)
    assert after is not None
    assert (after.state, after.tried) == (OutboxState.SENT, ("no news",))


def test_ways_are_tried_in_the_order_of_the_policy_the_incident_was_opened_under() -> None:
    """A team changes the order while an incident is open: that one keeps its own."""
    before = ordered(WayKind.SMS, WayKind.WEBHOOK)
    after = ordered(WayKind.WEBHOOK, WayKind.SMS)
    known = Policies([before])
    world = World(policies=known)
    world.reachable(kinds=(WayKind.SMS, WayKind.WEBHOOK))
    first = world.alarm()
    assert first is not None
    known.known.insert(0, after)
    assert by_channel(world.inbox.take_all())["sms"] == 2
    world.advance(10)  # the third step: two ways ring, so it begins with the first again
    again = [one for one in world.inbox.take_all() if one.at == world.clock.now]
    assert by_channel(again) == {"sms": 4}
    world.acknowledge(first, "commander-primary")

    second = world.alarm("other-outage")
    assert second is not None
    assert second.policy_version == after.version != first.policy_version
    mine = [one for one in world.inbox.take_all() if one.message.attributes["incident"] != first.id]
    assert by_channel(mine) == {"webhook": 2, "stakeholders": 1}


def ordered(*ways: WayKind) -> Policy:
    critical = default().severities[Severity.CRITICAL]
    row = replace(critical, escalation=replace(critical.escalation, ways=ways))
    severities = {**default().severities, Severity.CRITICAL: row}
    return sealed(replace(default(), severities=severities))


def test_a_bundle_that_every_way_refuses_for_good_ends_with_its_members(world: World) -> None:
    world.reachable("commander-primary", kinds=(WayKind.SMS,))
    for number in range(5):
        told = {"title": f"part {number} is down", "severity": "critical", "category": "production"}
        assert world.request("POST", "/v1/incidents", told, person="ana")[0] == 201
    world.refusals["sms:"] = MessageRefused("opted out", reason="OptedOut")
    world.jump(1)
    pages = [one for one in world.store.all_outbox() if one.target == "person:commander-primary"]
    ends = Counter(one.tried[-1].partition(" ")[2] for one in pages if one.kind == "page")
    assert ends == {"sent": 3, "for good": 2}
    assert {one.state for one in pages if one.kind == "page"} == {OutboxState.SENT}
    assert world.meter.counts["MessagesRefused"] == 2
    world.inbox.take_all()
