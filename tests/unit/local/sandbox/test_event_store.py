"""Packed events are found as a plain list would find them, at any size."""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.local.sandbox.asking import DAY, START, Provider
from tocsin.local.sandbox.ratelimit import RateLimit
from tocsin.local.sandbox.stripe.account import Account
from tocsin.local.sandbox.stripe.events_list import list_events
from tocsin.local.sandbox.stripe.history import Story, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

seconds = st.integers(0, 12)


def emitting(created: list[int]) -> Account:
    account = Account("store")
    for number, second in enumerate(created):
        kind = "a.one" if number % 3 else "b.two"
        account.emit(kind, {"object": "customer", "id": f"cus_{number % 4}"}, now=START + second)
    return account


def pages(account: Account, params: dict[str, Any], cursor: str) -> Iterator[list[str]]:
    """Every page of a walk with one of the two cursors; the first page has none or the oldest."""
    given = dict(params)
    while True:
        found, more = list_events(account, given, now=START + 50, delivered=lambda _: True)
        names = [one["id"] for one in found]
        yield names
        if not more:
            return
        given[cursor] = names[-1] if cursor == "starting_after" else names[0]


@given(
    st.lists(seconds, max_size=40),
    seconds,
    seconds,
    st.integers(1, 7),
    st.sampled_from([None, "a.*"]),
)
def test_a_window_is_what_filtering_all_events_gives_newest_first_and_whole_over_pages(
    created: list[int], low: int, high: int, limit: int, kind: str | None
) -> None:
    account = emitting(created)
    everything = list(account.events.values())
    expected = [
        one["id"]
        for one in sorted(everything, key=lambda one: one["created"])[::-1]
        if START + low <= one["created"] < START + high
        and (kind is None or one["type"].startswith("a."))
    ]
    params: dict[str, Any] = {
        "limit": str(limit),
        "created": {"gte": str(START + low), "lt": str(START + high)},
    } | ({"type": kind} if kind else {})
    walked = list(pages(account, params, "starting_after"))
    assert [name for page in walked for name in page] == expected
    assert all(len(page) == limit for page in walked[:-1])
    if expected:
        upward = list(pages(account, {**params, "ending_before": expected[-1]}, "ending_before"))
        assert [name for page in upward[::-1] for name in page] == expected[:-1]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=20), st.integers(0, 9))
def test_a_replica_shows_each_object_as_the_last_event_it_knows_did(
    versions: list[int], at: int
) -> None:
    account = Account("lag")
    moments = sorted(versions)
    for number, second in enumerate(moments):
        subject = {"object": "customer", "id": "cus_1", "created": START, "version": number}
        kind = "customer.updated" if number else "customer.created"
        account.emit(kind, subject, now=START + second)
    known = [number for number, second in enumerate(moments) if second <= at]
    shown = account.events.state_of("cus_1", at=START + at)
    assert shown is not None
    assert shown["version"] == (known[-1] if known else 0)
    assert account.events.existed(subject, at=START + at) == bool(known)


def test_a_replica_knows_what_no_event_told_of_since_it_was_made() -> None:
    """Stripe has no event for a new checkout session: a list that is behind has it all the same."""
    account = Account("lag")
    session = {"object": "checkout.session", "id": "cs_1", "created": START, "status": "open"}
    account.add(session)
    for kind in ("before", "after"):
        assert not account.events.existed(session, at=START - 1), kind
        assert account.events.existed(session, at=START), kind
        was, session["status"] = {**session}, "complete"
        account.emit("checkout.session.completed", session, now=START + 60, before=was)
    shown = [account.events.state_of("cs_1", at=START + at) for at in (59, 60)]
    assert [each and each["status"] for each in shown] == ["open", "complete"]


def test_a_story_over_a_restart_is_the_same_to_the_byte() -> None:
    account = Account("a")
    tell(account, Story(seed=3, start=START, until=START + 60))
    again = Account("b")
    again.load(account.dump())
    assert list(again.events.values()) == list(account.events.values())
    assert again.dump() == account.dump()


def test_jitter_moves_created_and_only_that_and_is_repeatable() -> None:
    def made(jitter: int) -> list[int]:
        account = Account("j", jitter=jitter)
        tell(account, Story(seed=3, start=START, until=START + 60))
        assert all(abs(one.created - one.made_at) <= jitter for one in account.events.kept())
        return [one.created for one in account.events.kept()]

    assert made(0) == sorted(made(0))
    assert made(1) == made(1) != sorted(made(1))


def test_events_older_than_thirty_days_are_neither_listed_nor_read(provider: Provider) -> None:
    old = provider.ok("POST", "/v1/customers", {"name": "old"})
    event = next(iter(provider.account.events))
    provider.now += 30 * DAY
    assert [one["id"] for one in provider.ok("GET", "/v1/events")["data"]] == [event]
    provider.now += 1
    assert provider.ok("GET", "/v1/events")["data"] == []
    assert provider.call("GET", f"/v1/events/{event}").status == 404
    assert provider.ok("GET", f"/v1/customers/{old['id']}")["id"] == old["id"]


@pytest.mark.parametrize("events", [5_000, pytest.param(100_000, marks=pytest.mark.full)])
def test_a_long_history_is_made_fast_in_bounded_memory_and_its_last_page_costs_no_more(
    events: int,
) -> None:
    account, before = Account("big"), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    told = tell(
        account,
        Story(seed=1, start=START, until=START + DAY, events=events, customers=events // 20),
    )
    making = time.process_time() - began
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"{told['events']} events, {told['events'] / making:.0f}/s, {grown // 1024} MB")  # noqa: T201  # the figure
    assert told["events"] / making > 1_000
    assert grown * 1_024 / events < 6_000
    params: dict[str, Any] = {"limit": "100"}
    began = time.process_time()
    walked = list(pages(account, params, "starting_after"))
    assert sum(map(len, walked)) == told["events"]
    assert (time.process_time() - began) / len(walked) < 0.1


def test_a_rate_limit_lets_a_burst_through_then_its_rate_and_names_what_was_exceeded() -> None:
    at = [0.0]
    limit = RateLimit(monotonic=lambda: at[0])
    assert {limit.refusal("GET", "/v1/events") for _ in range(200)} == {None}
    limit.limit(25, 10)
    seen = [limit.refusal("GET", f"/v1/subscriptions/{number}") for number in range(11)]
    assert seen == [None] * 10 + ["endpoint-rate"]
    others = [limit.refusal("GET", f"/v1/other{number}") for number in range(20)]
    assert others.count(None) == 14
    assert others[-1] == "global-rate"
    at[0] += 1.0
    assert [limit.refusal("GET", "/v1/subscriptions") for _ in range(11)].count(None) == 10
    with pytest.raises(ValueError, match="more than 0"):
        limit.limit(0, None)
