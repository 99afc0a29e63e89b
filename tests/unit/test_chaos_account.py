"""What a run under fire says of its own figures, and the deck its troubles are dealt from."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.account import Phase, document, table
from tests.harness.cloud.faulty_proxy import (
    HANG,
    KILL_AFTER,
    KILL_BEFORE,
    LOST_ANSWER,
    THROTTLE,
    Crashes,
    Deck,
)

GOOD = Phase(
    name="everything",
    seed=1,
    iam=True,
    seconds=12.0,
    wanted=(THROTTLE, LOST_ANSWER),
    at_least={"events": 100, "commands": 200, "alarms": 50},
    faults={THROTTLE: 3, LOST_ANSWER: 2},
    events={"sent": 100, "stored": 100, "applied": 100, "lost": 0, "doubled": 0, "set_aside": 0},
    commands={"sent": 200, "stored": 200, "applied": 200, "lost": 0, "doubled": 0, "refused": 0},
    alarms={"sent": 50, "stored": 50, "opened": 10, "merged": 49, "lost": 0, "doubled": 0}
    | {"repeated": 2, "twice": 1, "injected_crashes": 1},
    notifications={"expected": 8, "delivered": 8, "doubled": 1, "injected_crashes": 1},
)


def with_figure(figure: str, value: int) -> Phase:
    group, name = figure.split(".")
    changed: dict[str, Any] = {group: {**getattr(GOOD, group), name: value}}
    return replace(GOOD, **changed)


def test_a_run_that_kept_every_promise_says_nothing() -> None:
    assert list(GOOD.broken()) == []


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("faults.throttle", 0),
        ("events.sent", 99),
        ("events.stored", 99),
        ("events.applied", 99),
        ("events.lost", 1),
        ("events.doubled", 1),
        ("events.set_aside", 1),
        ("commands.sent", 199),
        ("commands.stored", 199),
        ("commands.applied", 199),
        ("commands.lost", 1),
        ("commands.doubled", 1),
        ("commands.refused", 1),
        ("alarms.sent", 49),
        ("alarms.stored", 49),
        ("alarms.lost", 1),
        ("alarms.doubled", 1),
        ("alarms.repeated", 3),
        ("notifications.expected", 0),
        ("notifications.delivered", 7),
        ("notifications.doubled", 2),
        ("notifications.injected_crashes", 0),
    ],
)
def test_a_figure_that_breaks_a_promise_is_named(figure: str, value: int) -> None:
    assert any(each.startswith(figure) for each in with_figure(figure, value).broken())


def test_the_document_has_the_figures_on_top_and_what_is_broken() -> None:
    found = json.loads(json.dumps(document({"everything": with_figure("events.lost", 2)})))

    assert found["events"]["lost"] == 2
    assert found["broken"] == ["everything: events.lost: 2, and none may be"]


def test_the_table_fits_a_terminal() -> None:
    crowded = replace(GOOD, faults={f"provider_{each}": 12_345 for each in "abcdefghijklmnop"})
    told = table(crowded)

    assert all(len(line) <= 80 for line in told.splitlines())
    assert all(f"{name} {count}" in told for name, count in crowded.alarms.items())


def test_every_trouble_of_a_deck_happens_once_in_so_many_requests_in_a_seeded_order() -> None:
    def dealt(seed: int) -> list[str]:
        deck = Deck(seed, {THROTTLE: 2, HANG: 1}, 10)
        return [deck.deal() for _ in range(40)]

    assert Counter(dealt(1)) == {"": 28, THROTTLE: 8, HANG: 4}
    assert dealt(1) == dealt(1)
    assert dealt(1) != dealt(2)


def test_a_deck_that_is_over_deals_nothing_more() -> None:
    deck = Deck(1, {THROTTLE: 10}, 10)
    deck.over = True

    assert [deck.deal() for _ in range(5)] == [""] * 5


def test_a_deck_of_what_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="no trouble is called rain"):
        Deck(1, {"rain": 1}, 10)
    with pytest.raises(ValueError, match="no more troubles than cards"):
        Deck(1, {THROTTLE: 11}, 10)


SEND = ("", "/", b"Action=Publish&Message=x")
MARK = ("DynamoDB_20120810.UpdateItem", "/", b'{"ExpressionAttributeNames":{"#a":"sent_at"}}')
READ = ("DynamoDB_20120810.GetItem", "/", b"{}")


@pytest.mark.parametrize(
    ("reached", "trouble", "request_", "between"),
    [
        ([SEND], KILL_AFTER, SEND, 1),
        ([SEND], LOST_ANSWER, SEND, 1),
        ([SEND], KILL_BEFORE, MARK, 1),
        ([SEND, READ], KILL_AFTER, READ, 1),
        ([SEND, MARK], KILL_AFTER, MARK, 0),
        ([READ], KILL_AFTER, READ, 0),
        ([], KILL_BEFORE, SEND, 0),
        ([SEND, MARK], LOST_ANSWER, MARK, 0),
    ],
)
def test_what_died_between_send_and_mark_is_counted_and_nothing_else(
    reached: list[tuple[str, str, bytes]],
    trouble: str,
    request_: tuple[str, str, bytes],
    between: int,
) -> None:
    crashes = Crashes()
    for request in reached:
        crashes.reached(7, *request)
    crashes.troubled(7, trouble, request_[1], request_[2])
    crashes.troubled(8, KILL_BEFORE, "/", b"")  # another process, which has sent nothing

    assert crashes.between == between
