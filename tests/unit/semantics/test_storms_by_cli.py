"""Thirty alarms in a minute on one telephone: three texts, then one that counts (semantics 13)."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.fakes.requests import link_event
from tests.harness.sizes import quick_or_full
from tests.harness.worlds.told import ANA, DI, T0, Told
from tests.harness.worlds.world import World
from tocsin.adapters.incidents.keys import due_sk
from tocsin.adapters.incidents.memory_boards import MemoryAudit
from tocsin.application.incidents.audit import Auditor
from tocsin.documents.fitting import parts
from tocsin.errors import SendFailed
from tocsin.incidents.model.outbox import OutboxState
from tocsin.incidents.vocabulary import WayKind

if TYPE_CHECKING:
    import pytest

    from tests.harness.worlds.inbox import Received
    from tests.harness.worlds.terminal import Terminal
    from tocsin.incidents.model.outbox import OutboxItem

KIM = "commander-primary"
PRIMARY = (KIM, "mitigation-primary")
ALARMS = tuple(f"outage-{number:02d}" for number in range(30))


def texts(world: World, person: str = KIM) -> list[Received]:
    """What arrived on the person's telephone."""
    return [one for one in world.inbox.all if (one.channel, one.to) == ("sms", person)]


def shorts(world: World, person: str = KIM) -> list[str]:
    return [one.message.short for one in texts(world, person)]


def open_many(terminal: Terminal, *severities: str, begin: bool = True) -> list[str]:
    """One incident each, a second apart; their numbers."""
    told = Told(terminal)
    if begin:
        told.begin(T0)
        terminal.world.reachable()
    found = []
    for number, severity in enumerate(severities):
        opened = terminal.json(
            *("open", f"part {number} is down", "--severity", severity, "--as", ANA)
        )
        found.append(opened["name"])
        second = timedelta(seconds=1)
        terminal.world.clock.advance(second)
        terminal.world.wall.advance(second)
    return found


def address(short: str) -> str:
    return str(re.findall(r"https://\S+/a/\w+", short)[0])


def items(world: World, person: str = KIM) -> list[OutboxItem]:
    found = [one for one in world.store.all_outbox() if one.target == f"person:{person}"]
    return [one for one in found if one.kind == "page"]


def test_of_thirty_in_a_minute_three_come_in_full_and_then_one_that_counts(
    terminal: Terminal,
) -> None:
    opened = open_many(terminal, *["critical"] * 30)
    assert [address(one)[-24] for one in shorts(terminal.world)] == ["a"] * 3
    assert len(shorts(terminal.world)) == 3

    terminal.world.jump(1)

    *_, bundle = shorts(terminal.world)
    assert len(shorts(terminal.world)) == 4
    assert bundle.startswith(
        f"27 MORE, worst CRITICAL {opened[3]} part 3 is down ACK by 10:15 EDT https://"
    )
    assert parts(bundle) <= 2
    for name in opened:
        paged = [one for one in terminal.json("timeline", name) if one["type"] == "paged"]
        assert KIM in paged[0]["content"]["people"], "each records whom it paged"


def test_the_first_critical_is_always_among_those_in_full(terminal: Terminal) -> None:
    opened = open_many(terminal, *["high"] * 10, "critical", "critical", "high")
    found = shorts(terminal.world)
    assert [one.split()[1] for one in found] == [opened[0], opened[1], opened[10]]
    terminal.world.jump(1)
    assert shorts(terminal.world)[3].startswith(f"10 MORE, worst CRITICAL {opened[11]} ")


def test_each_on_the_list_is_taken_by_one_tap(terminal: Terminal) -> None:
    world = terminal.world
    opened = open_many(terminal, *["critical"] * 6)
    world.jump(1)
    url = address(shorts(world)[-1])
    status, page, _ = world.visit("GET", url)
    assert (status, page.count("I have it")) == (200, 3)
    assert [name for name in opened if name in page] == opened[3:]
    assert all(taken(terminal, name) is None for name in opened), "looking is no answer"

    links = re.findall(r'name="link" value="(\w+)"', page)
    status, page, headers = tap(world, url, links[1])

    assert (status, headers["x-tocsin-code"]) == (200, "done")
    assert "You have it: part 4 is down" in unescape(page)
    assert page.count("I have it") == 2
    assert [taken(terminal, name) for name in opened[3:]] == [None, KIM, None]
    status, page, headers = tap(world, url, links[1])
    assert (status, headers["x-tocsin-code"]) == (409, "link_used")
    assert page.count("I have it") == 2
    assert "has it since" in page


def test_a_link_of_another_list_or_a_changed_list_does_nothing(terminal: Terminal) -> None:
    world = terminal.world
    opened = open_many(terminal, *["critical"] * 5)
    world.jump(1)
    url = address(shorts(world)[-1])
    alone = address(shorts(world)[0]).rpartition("/")[2]
    assert tap(world, url, alone)[2]["x-tocsin-code"] == "link_invalid"
    assert tap(world, url, "")[0] == 404
    changed = url[:-1] + ("a" if url[-1] != "a" else "c")
    assert world.visit("GET", changed)[0] == 404
    world.wall.advance(timedelta(hours=24))
    assert world.visit("GET", url)[0] == 410
    assert all(taken(terminal, name) is None for name in opened)


def test_what_a_bundle_told_counts_as_told(terminal: Terminal) -> None:
    """Asked again five minutes later, and the auditor finds nothing unsent."""
    world = terminal.world
    open_many(terminal, *["critical"] * 8)
    world.jump(1)
    states = Counter(one.state for one in items(world))
    assert states == {OutboxState.SENT: 8}
    told = [one for one in items(world) if "bundled bundle/" in one.tried[-1]]
    assert len(told) == 5
    before = len(texts(world))
    auditor = Auditor(
        store=world.store,
        marks=MemoryAudit(world.store),
        policies=world.application.policies,
        clock=world.clock,
        due_second=due_sk,
    )
    world.advance(3)
    assert len(texts(world)) == before, "nobody is asked again before it is time"
    assert auditor.run(has_time=lambda: True).findings == ()
    world.advance(3)
    again = shorts(world)[before:]
    assert [one.split()[2] for one in again[:3]] == ["2x:"] * 3
    assert again[3].startswith("5 MORE, worst CRITICAL")
    assert len(again) == 4


def test_answered_meanwhile_is_in_no_bundle(terminal: Terminal) -> None:
    opened = open_many(terminal, *["critical"] * 6)
    for name in opened[3:5]:
        terminal.json("ack", name, "--as", DI)
    terminal.world.jump(1)
    assert shorts(terminal.world)[-1].startswith(f"CRITICAL {opened[5]} "), "alone: in full"
    assert len(shorts(terminal.world)) == 4


def test_a_restricted_one_in_a_bundle_is_counted_and_named_nowhere(terminal: Terminal) -> None:
    world = terminal.world
    opened = open_many(terminal, *["critical"] * 3, *["high"] * 2)
    secret = terminal.json(
        *("open", "keys are in the wild", "--severity", "critical", "--as", "kay"),
        *("--category", "security"),
    )["name"]
    terminal.json("impact", secret, "people", "--exposure", "possible", "--as", "kay")
    world.jump(1)
    for person in (*PRIMARY, "security-primary"):
        for one in texts(world, person):
            if one.kind != "bundle":
                continue
            words = one.message.short + one.message.subject + one.message.text
            assert secret not in words
            assert "keys are" not in words
    assert any("3 MORE, worst CRITICAL, restricted" in one for one in shorts(world))
    assert opened[3] in texts(world)[-1].message.text


def test_drills_take_no_place_from_what_is_real(terminal: Terminal) -> None:
    world = terminal.world
    told = Told(terminal)
    told.begin(T0)
    world.reachable()
    for number in range(6):
        terminal.json(
            "open", f"drill {number}", "--severity", "high", "--kind", "drill", "--as", ANA
        )
    assert len(shorts(world)) == 2
    real = open_many(terminal, *["high"] * 2, begin=False)
    assert [one.split()[1] for one in shorts(world)[2:]] == real


def test_each_way_has_places_of_its_own_and_mail_has_no_bound(terminal: Terminal) -> None:
    world = terminal.world
    world.reachable(kinds=(WayKind.SMS, WayKind.WEBHOOK, WayKind.MAIL))
    world.refusals["sms:"] = SendFailed("down")
    open_many(terminal, *["critical"] * 5)
    assert Counter(one.channel for one in world.inbox.all if one.to == KIM) == {"webhook": 3}
    world.refusals["webhook:"] = SendFailed("down")
    world.jump(1)
    (bundle,) = [one for one in world.inbox.all if (one.channel, one.to) == ("mail", KIM)]
    assert bundle.message.subject.startswith("2 MORE, worst CRITICAL ")


def taken(terminal: Terminal, name: str) -> Any:
    return terminal.json("show", name, "--as", "sam:security")["round"]["acknowledged_by"]


def tap(world: World, url: str, link: str) -> tuple[int, str, dict[str, str]]:
    """A tap on the button that names the link."""
    answer = world.public.respond(link_event("POST", url, f"link={link}"))
    world.pump()
    return answer["statusCode"], answer["body"], answer["headers"]


POINTS = ("before claim", "after claim", "after send", "before mark", "after mark")


@settings(max_examples=quick_or_full(12, 25))
@given(
    crashes=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(POINTS)), max_size=6),
    outages=st.lists(st.integers(0, 3), max_size=2),
)
def test_nothing_of_a_storm_is_lost_and_what_is_repeated_is_what_died_after_it_left(
    crashes: list[tuple[int, str]], outages: list[int]
) -> None:
    world = World()
    world.reachable(kinds=(WayKind.SMS,))
    for minute in range(4):
        world.refusals = {"sms:": SendFailed("down")} if minute in outages else {}
        for when, point in crashes:
            if when == minute:
                world.crashes.plan(point)
        if minute == 0:
            for name in ALARMS[:6]:
                world.alarm(name)
        world.jump(1)
    world.crashes.cancel()
    world.refusals = {}
    world.advance(8)
    for person in PRIMARY:
        assert {one.state for one in items(world, person)} == {OutboxState.SENT}
        told = Counter[str]()
        for one in texts(world, person):
            told.update(re.findall(r"INC-\w+", one.message.text + one.message.subject))
        for summary in world.application.store.board(limit=50).items:
            incident = world.store.load(summary.id)
            assert incident is not None
            assert told[incident.name], "everything was told"
        for first in texts(world, person):
            end = first.at + timedelta(seconds=60)
            lately = [one for one in texts(world, person) if first.at <= one.at < end]
            assert len({one.id for one in lately if one.kind != "bundle"}) <= 3


def test_two_hundred_in_a_minute_are_three_texts_and_one_to_each() -> None:
    """Alarms to five people: no minute brings more, every record is whole, nothing stays unsent."""
    world = World()
    world.reachable(kinds=(WayKind.SMS,))
    names = ("api-outage", "checkout-errors", "credential-leak", "search-unavailable")
    step = timedelta(milliseconds=300)
    for number in range(200):
        world.alarm(f"{names[number % len(names)]}-{number}")
        world.clock.advance(step)
        world.wall.advance(step)
    world.advance(4)
    asked = {one.person for one in world.store.all_outbox() if one.kind == "page"}
    assert len(asked) >= 5
    for person in asked:
        received = texts(world, person)
        for first in received:
            end = first.at + timedelta(seconds=60)
            minute = [one for one in received if first.at <= one.at < end]
            assert len([one for one in minute if one.kind != "bundle"]) <= 3
            assert len(minute) <= 4
        assert {one.state for one in items(world, person)} == {OutboxState.SENT}
    assert len(texts(world)) < 20, "and not two hundred"
    incidents = world.application.store.board(limit=200).items
    assert len(incidents) == 200
    for summary in incidents:
        paged = [one for one in world.store.entries(summary.id) if one.type == "paged"]
        people = set(paged[0].content["people"])  # type: ignore[arg-type] # names
        told = {one.person for one in world.store.all_outbox() if one.incident == summary.id}
        assert people <= told


def test_where_it_cannot_be_told_what_left_of_late_pages_leave_in_full(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_args: object) -> None:
        raise SendFailed("the table does not answer")

    monkeypatch.setattr(terminal.world.texts, "texts", unavailable)
    open_many(terminal, *["critical"] * 5)
    assert len(shorts(terminal.world)) == 5
