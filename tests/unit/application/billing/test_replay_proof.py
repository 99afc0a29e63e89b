"""What a replay takes for proof, in stories: lists cut short, empty, late, and notes left over."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from tests.harness.models.replay import END, START, World, document
from tocsin.billing.replay.cursor import DAY, NOTHING_FOUND, Stage
from tocsin.billing.replay.stops import resumed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.billing.projection.ledger_key import LedgerRecord
    from tocsin.billing.replay.cursor import Cursor


def world(events: int, *, lost: int, apart: int = 60) -> World:
    """Events so many seconds apart, of which the first so many never arrived."""
    made = World(random.Random(1))
    made.provider.documents = [document(number, START + apart * number) for number in range(events)]
    for each in made.provider.documents[lost:]:
        assert made.deliver(each)
    return made


def only(*numbers: int) -> Callable[[dict[str, Any]], bool]:
    wanted = {f"evt_{number:06d}" for number in numbers}
    return lambda each: each["id"] in wanted


def rests(cursor: Cursor) -> bool:
    return cursor.stage is Stage.STALLED


def test_twenty_nine_of_fifty_eight_and_then_one_are_no_proof() -> None:
    there = world(58, lost=11, apart=10)
    first_pass = only(*range(11, 40))
    there.provider.shown = lambda each: first_pass(each) if passes(there) == 0 else only(57)(each)
    stalled = there.run(there.start(incident="INC-1"), until=rests)
    assert not stalled.proven
    assert stalled.problem == "the ledger holds 47 events of the window and 1 are listed"
    assert there.stops == ["stalled-1"], "its incident is told"
    assert stalled.passes < 20, "asked again ever later, not again and again"

    there.provider.shown = lambda _: True
    there.store.save(resumed(stalled))
    done = there.run("RPL-1")
    assert done.proven
    assert len(there.ledger.records) == 58


def passes(there: World) -> int:
    cursor = there.store.load("RPL-1")
    assert cursor is not None
    return cursor.passes


def test_passes_that_list_other_events_are_made_again_until_two_agree() -> None:
    """The ledger cannot tell: nothing of the window ever arrived."""
    there = world(40, lost=40)
    there.provider.shown = lambda each: passes(there) > 2 or only(*range(passes(there) + 5))(each)
    done = there.run(there.start())
    assert done.proven
    assert len(there.ledger.records) == 40
    assert done.passes > 4


def test_an_empty_list_over_an_empty_ledger_is_nothing_found_and_asked_for_again() -> None:
    there = world(0, lost=0)
    began = there.clock
    done = there.run(there.start(incident="INC-1"))
    assert (done.stage, done.proven) == (Stage.COMPLETE, False)
    assert done.doubt == done.problem == NOTHING_FOUND
    assert there.clock - began >= 60
    assert done.passes == 3


def test_what_is_listed_late_over_an_empty_ledger_is_found_when_asked_again() -> None:
    there = world(7, lost=7)
    began = there.clock
    there.provider.shown = lambda _: there.clock > began + 45
    done = there.run(there.start())
    assert done.proven
    assert len(there.ledger.records) == 7


def test_a_note_that_an_earlier_driver_left_hides_nothing_that_is_listed_since() -> None:
    """It listed a page, noted it and died; then the provider listed more."""
    there = world(8, lost=8)
    there.provider.shown = only(0, 1, 2)
    name = there.start()
    cursor = there.store.load(name)
    assert cursor is not None
    planner = there.planner()
    planner._take(cursor, planner.source.page(there.identity, cursor.slice()))
    there.provider.shown = lambda _: True
    (noted,) = there.store.pages(name)
    assert len(noted.missing) == 3

    done = there.run(name)
    assert done.proven
    assert done.first.missing == done.first.inserted == 8
    assert done.passes == 2


def test_a_window_that_the_provider_lists_no_more_ends_as_inserted_and_not_provable() -> None:
    """It waited for a month; what its first pass found is in the ledger, and nothing is stuck."""
    there = world(30, lost=12)
    name = there.start(incident="INC-1")
    there.provider.failing = lambda: passes(there) > 0
    stalled = there.run(name, until=rests)
    there.provider.failing = lambda: False
    there.clock = START + 31 * DAY
    there.store.save(resumed(stalled))
    done = there.run(name)
    assert (done.stage, done.proven) == (Stage.COMPLETE, False)
    assert "no longer lists" in done.doubt
    assert done.first.inserted == 12
    assert len(there.ledger.records) == 30
    assert END > START


def test_a_lost_message_is_handed_over_again_at_each_resume_and_counted_once() -> None:
    there = world(20, lost=20)
    lose = {"on": True}
    send = there.send

    def lossy(replay: str, records: Sequence[LedgerRecord]) -> None:
        if not lose["on"]:
            send(replay, records)

    there.send = lossy  # type: ignore[method-assign]
    name = there.start(incident="INC-1")
    for turn in (1, 2):
        stalled = there.run(name, until=rests)
        assert (stalled.stalls, stalled.stalled_in) == (turn, Stage.DRAINING)
        assert "inserted nothing" in stalled.problem
        lose["on"] = turn == 1
        there.store.save(resumed(stalled))
    done = there.run(name)
    assert done.proven
    assert (done.first.missing, done.first.inserted) == (20, 20)
    assert len(there.ledger.records) == 20


def test_what_arrived_while_it_was_stalled_is_counted_when_it_goes_on() -> None:
    there = world(20, lost=20)
    there.send = lambda *_: None  # type: ignore[method-assign]
    stalled = there.run(there.start(), until=rests)
    for each in there.provider.documents:
        assert there.deliver(each)
    there.store.save(resumed(stalled))
    done = there.run("RPL-1")
    assert done.proven
    assert (done.first.missing, done.first.inserted, done.first.arrived) == (20, 0, 20)


def test_a_busy_account_does_not_stall_over_projections_that_keep_changing() -> None:
    """Live events change them too: all is inserted, only "unchanged" cannot be shown."""
    there = world(20, lost=7)
    turns = iter(range(1, 1_000_000))
    there.of = lambda *_, **__: next(turns)  # type: ignore[method-assign]
    began = there.clock
    done = there.run(there.start())
    assert (done.proven, done.unchanged) == (True, False)
    assert there.clock - began < 3_600
