"""Stories are bursty, repeatable, within their seconds, and touch every status that matters."""

from __future__ import annotations

from collections import Counter

import pytest

from tocsin.local.sandbox.stripe.account import Account
from tocsin.local.sandbox.stripe.history import Story, tell

START = 1_790_000_000


def test_the_same_seed_tells_the_same_story_to_the_byte() -> None:
    one, two = Account("a"), Account("a")
    for account in (one, two):
        tell(account, Story(seed=7, start=START, until=START + 90))
    assert one.dump() == two.dump()
    other = Account("a")
    tell(other, Story(seed=8, start=START, until=START + 90))
    assert other.dump() != one.dump()


@pytest.mark.parametrize("seed", range(20))
def test_a_story_has_its_events_its_ties_and_stays_within_its_seconds(seed: int) -> None:
    account = Account("a")
    told = tell(account, Story(seed=seed, start=START, until=START + 60, events=200))
    seconds = [event["created"] for event in account.events.values()]
    assert told["events"] == len(account.events) >= 200
    assert told["ties"] > 20
    assert seconds == sorted(seconds)
    assert START <= seconds[0] <= seconds[-1] <= START + 60


def test_over_some_stories_every_status_is_seen_and_changed_by_events() -> None:
    seen: Counter[str] = Counter()
    for seed in range(15):
        account = Account("a")
        tell(account, Story(seed=seed, start=START, until=START + 600, events=300))
        seen.update(
            event["subject"]["status"]
            for event in account.events.values()
            if event["subject"]["object"] == "subscription"
        )
    assert {"incomplete", "trialing", "active", "past_due", "unpaid", "canceled"} <= set(seen)
