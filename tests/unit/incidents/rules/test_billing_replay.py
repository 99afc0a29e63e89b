"""Replays on the record: what the gate can read of them, and what stays on the timeline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.harness.worlds.stories import Story, local, make
from tocsin.errors import BadInput
from tocsin.incidents import limits
from tocsin.incidents.commands.billing import RecordReplay
from tocsin.incidents.events.fold import fold
from tocsin.incidents.events.snapshot import snapshot_of, snapshot_text
from tocsin.incidents.model.billing import ReplayCounts, ReplayKind, ReplayStanding
from tocsin.incidents.model.content import Stored
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind, Severity

PLANNER = Actor(ActorKind.RULE, "replay")
KEPT = Stored(key="a/b", sha256="0" * 64, size=12, media_type="application/json")
COUNTS = ReplayCounts(
    listed=120, duplicate=80, inserted=40, unreadable=0, applied=30, stale=5, fetched=5
)


def told(story: Story, at: str, **changes: Any) -> None:
    values: dict[str, Any] = {
        "replay": "RPL-1",
        "kind": ReplayKind.EVENTS,
        "provider": "stripe",
        "account": "acct_1#live",
        "start": local("09-08 09:00"),
        "end": local("09-08 11:00"),
        "counts": COUNTS,
        "proven": True,
        "checksums": ("a", "b", "b"),
        "evidence": KEPT,
    }
    story.do(at, make(RecordReplay, PLANNER, **(values | changes)))


def test_the_newest_replay_of_each_account_is_what_counts() -> None:
    story = Story().open("09-08 10:00", Severity.HIGH)
    told(story, "09-08 12:00", proven=False)
    told(story, "09-08 13:00", replay="RPL-2", counts=replace(COUNTS, inserted=3))
    told(story, "09-08 13:05", provider="razorpay", kind=ReplayKind.OBJECTS, account="acc_2#live")

    stripe, razorpay = story.incident.replays.values()
    assert (stripe.id, stripe.inserted, stripe.proven) == ("RPL-2", 3, True)
    assert razorpay.kind is ReplayKind.OBJECTS
    assert list(story.incident.replays) == ["stripe#acct_1#live", "razorpay#acc_2#live"]
    assert fold(story.entries) == snapshot_of(snapshot_text(story.incident)) == story.incident
    (first, *_) = [each for each in story.entries if each.type == "replay_recorded"]
    assert first.content["evidence"] == {
        "key": "a/b",
        "sha256": "0" * 64,
        "size": 12,
        "media_type": "application/json",
    }
    counts = first.content["counts"]
    assert isinstance(counts, dict)
    assert counts["inserted"] == 40


@pytest.mark.parametrize(
    "changes",
    [
        {"end": local("09-08 09:00")},
        {"provider": ""},
        {"account": "two\nlines"},
        {"replay": "a b"},
    ],
)
def test_a_report_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    story = Story().open("09-08 10:00", Severity.HIGH)
    with pytest.raises(BadInput):
        told(story, "09-08 12:00", **changes)
    assert not story.incident.replays


def test_what_is_not_complete_proves_nothing() -> None:
    story = Story().open("09-08 10:00", Severity.HIGH)
    for standing in (ReplayStanding.STALLED, ReplayStanding.CANCELLED):
        with pytest.raises(BadInput):
            told(story, "09-08 12:00", standing=standing)
        told(story, "09-08 12:00", standing=standing, proven=False, why="HTTP 503")
    assert not story.incident.replays["stripe#acct_1#live"].proven


def test_an_incident_keeps_so_many_accounts_and_the_known_ones_stay_open() -> None:
    story = Story().open("09-08 10:00", Severity.HIGH)
    for number in range(limits.REPLAYED_ACCOUNTS):
        told(story, "09-08 12:00", account=f"acct_{number}#live")
    with pytest.raises(BadInput, match="12 accounts"):
        told(story, "09-08 12:00", account="one_more#live")
    told(story, "09-08 12:00", account="acct_0#live", replay="RPL-9")
    assert story.incident.replays["stripe#acct_0#live"].id == "RPL-9"
