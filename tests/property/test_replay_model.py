"""A replay inserts exactly what is missing, whatever dies on the way, and a second one nothing."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zlib import crc32

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.fakes.crashes import Killed
from tests.harness.models.replay import END, IDENTITY, START, World
from tests.harness.sizes import quick_or_full
from tocsin.billing.replay.cursor import NOTHING_FOUND, PAGE, Stage
from tocsin.billing.replay.stops import cancelled, resumed
from tocsin.errors import VersionConflict

if TYPE_CHECKING:
    from tocsin.billing.replay.cursor import Cursor


def lost_in(world: World, share: float) -> set[str]:
    """Delivers all but a share of the history; the ids that were lost."""
    lost = set()
    for each in world.provider.documents:
        if world.draw.random() < share:
            lost.add(str(each["id"]))
        else:
            assert world.deliver(each)
    return lost


def inserted_by(world: World, replay: str) -> set[str]:
    return {key.sk for key, record in world.ledger.records.items() if record.replay == replay}


def stored(world: World) -> set[str]:
    return {key.sk for key in world.ledger.records}


@settings(max_examples=quick_or_full(8, 40), deadline=None)
@given(seed=st.integers(0, 2**32), events=st.integers(0, 1200), share=st.sampled_from((0, 0.3, 1)))
def test_i8_i9_all_that_was_lost_is_inserted_once_and_a_second_pass_finds_nothing(
    seed: int, events: int, share: float
) -> None:
    world = World(random.Random(seed), kill=0.02, fail=0.05)
    world.history(events)
    lost = lost_in(world, share)

    done = world.run(world.start())

    if not events:
        assert (done.stage, done.proven, done.doubt) == (Stage.COMPLETE, False, NOTHING_FOUND)
        return
    assert done.proven
    assert inserted_by(world, done.id) == lost
    assert stored(world) == {each["id"] for each in world.provider.documents}
    assert (done.first.inserted, done.first.arrived) == (len(lost), 0)
    assert (done.first.listed, done.first.missing) == (events, len(lost))
    assert done.last.missing == 0
    assert not world.messages or world.kills

    again = world.run(world.start(name="RPL-2"))
    assert again.proven
    assert (again.first.missing, again.first.inserted) == (0, 0)
    assert again.unchanged


@settings(max_examples=quick_or_full(5, 25), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_i9_what_arrives_by_itself_meanwhile_is_not_counted_as_inserted(seed: int) -> None:
    world = World(random.Random(seed), kill=0.01)
    world.history(600)
    lost = lost_in(world, 0.5)
    late = {each["id"]: each for each in world.provider.documents if each["id"] in lost}
    name = world.start()

    def webhook(_: Cursor) -> bool:
        for identifier in world.draw.sample(sorted(late), min(20, len(late))):
            world.deliver(late.pop(identifier))
        return False

    done = world.run(name, until=webhook)

    assert done.proven
    assert stored(world) == {each["id"] for each in world.provider.documents}
    assert inserted_by(world, name) <= lost
    assert done.first.inserted == len(inserted_by(world, name))
    assert done.first.inserted + done.first.arrived == done.first.missing <= len(lost)


@settings(max_examples=quick_or_full(5, 25), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_two_drivers_do_the_work_of_one(seed: int) -> None:
    world = World(random.Random(seed), kill=0.05)
    world.history(500)
    lost = lost_in(world, 0.4)
    name = world.start()

    def drive() -> None:
        """Another driver takes a few steps while the first one stands in the middle of one."""
        with contextlib.suppress(Killed, VersionConflict):
            world.planner().run(name, go_on=lambda: world.draw.random() < 0.6)

    world.rival = lambda: drive() if world.draw.random() < 0.3 else None
    done = world.run(name)

    assert done.proven
    assert inserted_by(world, name) == lost
    assert done.first.inserted == len(lost)
    assert done.first.listed == 500, "what two saw is counted once"


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_each_stop_is_told_whoever_dies_over_it_and_told_no_more_once_that_is_noted(
    seed: int,
) -> None:
    world = World(random.Random(seed), kill=0.1)
    world.history(40)
    world.provider.failing = lambda: True
    name = world.start(incident="INC-1")

    def rests(cursor: Cursor) -> bool:
        return cursor.stage is Stage.STALLED

    for turn in (1, 2):
        found = world.run(name, until=rests)
        assert (found.stalls, found.told) == (turn, f"stalled-{turn}")
        world.store.save(resumed(found))
    world.store.save(cancelled(world.run(name, until=rests), "ana", "enough"))
    done = world.run(name)

    assert (done.told, done.problem) == ("cancelled", "ana: enough")
    assert list(dict.fromkeys(world.stops)) == ["stalled-1", "stalled-2", "stalled-3", "cancelled"]
    said = len(world.stops)
    world.kill = 0
    assert world.run(name) == done
    assert len(world.stops) == said


@settings(max_examples=quick_or_full(5, 25), deadline=None)
@given(seed=st.integers(0, 2**32), events=st.integers(0, 900))
def test_a_dry_run_finds_what_is_missing_and_touches_nothing(seed: int, events: int) -> None:
    world = World(random.Random(seed))
    world.history(events)
    lost = lost_in(world, 0.2)
    before = stored(world)

    plan = world.run(world.start(dry_run=True))

    assert plan.stage is Stage.COMPLETE
    assert {each.id for note in world.store.pages(plan.id) for each in note.missing} == lost
    assert sum(sum(note.types.values()) for note in world.store.pages(plan.id)) == events
    assert (stored(world), world.sent) == (before, 0)


@settings(max_examples=quick_or_full(5, 25), deadline=None)
@given(seed=st.integers(0, 2**32), events=st.integers(1, 300))
def test_what_came_as_a_thin_event_is_present_by_its_snapshots_id(seed: int, events: int) -> None:
    """docs.stripe.com/webhooks/migrate-snapshot-to-thin-events: the thin one has an id of its own.

    The list has the snapshot's, which the thin one names: only what never came is missing.
    """
    world = World(random.Random(seed))
    world.history(events)
    lost = set()
    for number, each in enumerate(world.provider.documents):
        if world.draw.random() < 0.2:
            lost.add(str(each["id"]))
        else:
            assert world.deliver(thin(each, number))

    plan = world.run(world.start(dry_run=True, name="RPL-0"))
    assert {each.id for note in world.store.pages(plan.id) for each in note.missing} == lost

    done = world.run(world.start())
    assert done.proven
    assert inserted_by(world, "RPL-1") == lost
    assert len(world.ledger.records) == events, "and nothing is stored a second time"


def thin(document: dict[str, Any], number: int) -> dict[str, Any]:
    """The same event as an endpoint for thin events is sent it."""
    created = datetime.fromtimestamp(document["created"], UTC)
    subject = document["data"]["object"]
    return {
        "id": f"evt_thin_{number}",
        "object": "v2.core.event",
        "type": f"v1.{document['type']}",
        "created": f"{created:%Y-%m-%dT%H:%M:%S}.000Z",
        "livemode": document["livemode"],
        "related_object": {"id": subject["id"], "type": subject["object"]},
        "snapshot_event": document["id"],
    }


@settings(max_examples=quick_or_full(5, 25), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_pages_are_read_one_at_a_time_and_oldest_first(seed: int) -> None:
    world = World(random.Random(seed))
    world.history(1500)
    plan = world.run(world.start(dry_run=True))

    assert world.provider.largest <= PAGE
    firsts = [[each.created or 0 for each in note.missing] for note in world.store.pages(plan.id)]
    flat = [time for page in firsts for time in page]
    crowded = {time for time in flat if flat.count(time) > PAGE}
    outside = [time for time in flat if time not in crowded]
    assert outside == sorted(outside)
    assert plan.first.calls <= 60 + len(flat) / 20
    assert all(START <= time < END for time in flat)
    assert plan.identity == IDENTITY


@settings(max_examples=quick_or_full(5, 25), deadline=None)
@given(seed=st.integers(0, 2**32), empty=st.integers(1, 40))
def test_a_list_that_comes_back_empty_is_not_believed_before_a_second_pass_agrees(
    seed: int, empty: int
) -> None:
    world = World(random.Random(seed))
    world.history(300)
    lost = lost_in(world, 0.3)
    world.provider.empty_for = empty

    done = world.run(world.start())

    assert done.proven
    assert inserted_by(world, done.id) == lost
    assert stored(world) == {each["id"] for each in world.provider.documents}


@settings(max_examples=quick_or_full(30, 2_200), deadline=None)
@given(
    seed=st.integers(0, 2**32), events=st.integers(1, 60), shown=st.sampled_from((0.1, 0.5, 0.9))
)
def test_a_short_list_proves_nothing(seed: int, events: int, shown: float) -> None:
    """It leaves out some, and others the next time, for as long as it likes; then it is well."""
    world = World(random.Random(seed), kill=0.01)
    world.history(events)
    lost_in(world, world.draw.choice((0, 0.2, 0.7)))
    provider, ill_for = world.provider, world.draw.randrange(5, 120)

    def some(each: object) -> bool:
        if provider.calls > ill_for:
            return True
        REACHED["left out"] += 1
        return crc32(f"{seed} {provider.calls // 9} {each}".encode()) % 100 < shown * 100

    provider.shown = some
    world.lose, world.pace = world.draw.choice((0.6, 0.95)), 40.0  # an hour goes by in few steps
    done = world.run(world.start(), until=lambda cursor: cursor.stage is Stage.STALLED)
    while done.stage is Stage.STALLED:
        REACHED["stalled"] += 1
        provider.shown, world.lose = lambda _: True, 0
        world.store.save(resumed(done))
        done = world.run(done.id, until=lambda cursor: cursor.stage is Stage.STALLED)
    REACHED["another pass"] += max(0, done.passes - 2)
    REACHED["handover lost"] += world.lost
    if done.proven:
        REACHED["proven"] += 1
        # What two passes left out alike, and never arrived, nobody can know of.
        assert len(stored(world)) == done.last.listed >= done.first.listed
        assert done.first.settled == done.first.missing <= len(provider.documents)
        REACHED["all of it"] += len(stored(world)) == len(provider.documents)
    else:
        assert done.doubt == NOTHING_FOUND


REACHED: Counter[str] = Counter()


def test_the_short_lists_were_short() -> None:
    """Of the test before, where it ran in the same process."""
    if REACHED:
        for name in ("left out", "another pass", "handover lost", "all of it"):
            assert REACHED[name] >= quick_or_full(1, 1_000), REACHED
