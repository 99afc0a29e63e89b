"""A rebuild ends at the provider's truth, whatever dies, and says what it cannot bring back."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.models.rebuild import END, IDENTITY, RebuildWorld
from tocsin.billing.provider import provider
from tocsin.billing.replay.cursor import Kind, Stage
from tocsin.billing.replay.rebuild import COUNTED, UNCOUNTED, losses, step_done
from tocsin.billing.replay.stops import resumed
from tocsin.errors import UnknownName


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32), share=st.sampled_from((0.3, 1)))
def test_i9_a_killed_rebuild_is_finished_by_the_next_driver_and_a_second_one_changes_nothing(
    seed: int, share: float
) -> None:
    world = RebuildWorld(random.Random(seed), kill=0.02, fail=0.03)
    world.history(120, seed=seed % 1_000, share=share)

    done = world.run(world.start())

    assert world.wrong() == []
    assert (done.stage, done.proven, done.unchanged) == (Stage.COMPLETE, True, True)
    assert done.last.missing == 0
    audited = {row["object"].partition("#")[0]: row for row in world.audit.rows("RPL-1", limit=999)}
    rebuilt = {name for name, row in audited.items() if row["before"] != row["after"]}
    assert all(row["via"] == "fetched" and row["ended_at"] for row in audited.values())
    rows = {name: row for (_, name), row in world.projection.rows.items()}
    assert rebuilt <= set(rows)
    before = {name: (row.rev, row.subscription) for name, row in rows.items()}

    again = world.run(world.start(name="RPL-2"))
    assert (again.proven, again.first.missing, again.first.changed) == (True, 0, 0)
    assert again.checksum_before == again.checksum_last == done.checksum_last
    after = {name: (row.rev, row.subscription) for (_, name), row in world.projection.rows.items()}
    assert after == before
    assert len(world.ledger.records) == len(world.merchant.events) - len(world.lost), "no events"


@pytest.mark.parametrize("seed", range(4))
def test_what_cannot_be_recovered_is_what_the_provider_dropped_kind_by_kind(seed: int) -> None:
    world = RebuildWorld(random.Random(seed))
    world.history(400, seed=seed, share=0.6)
    plan = world.run(world.start(dry_run=True))
    assert (plan.stage, plan.first.fetched, world.told) == (Stage.COMPLETE, 0, [])
    wrong = set(world.wrong())
    assert wrong

    done = world.run(world.start(name="RPL-2"))

    dropped = world.lost_by_kind
    listed = {each.kind: each for each in losses(done)}
    assert losses(plan) == losses(done)
    for kind in COUNTED:
        assert listed[kind].lost == dropped[kind], kind
    assert sum(dropped[kind] for kind in COUNTED) > 10
    for kind in dropped.keys() - {*COUNTED}:
        assert (kind in UNCOUNTED, listed[kind].expected, listed[kind].lost) == (True, None, None)
    stored = Counter(record.envelope.type for record in world.ledger.records.values())
    assert {kind: each.stored for kind, each in listed.items() if each.stored} == dict(stored)
    assert done.first.missing >= len(wrong)
    assert done.first.changed == len(wrong)


def test_every_fetched_object_is_confirmed_later_where_its_answer_came_early() -> None:
    world = RebuildWorld(random.Random(1))
    world.history(60, seed=1, share=1)
    world.clock = END + 5
    done = world.run(world.start())
    asked = {request.subscription for request in world.confirming}
    assert asked == {name for (_, name) in world.projection.rows}
    assert done.first.fetched == len(asked)


def test_a_provider_that_is_down_half_way_is_waited_for_and_then_gone_on_with() -> None:
    world = RebuildWorld(random.Random(2))
    world.history(120, seed=2, share=1)
    name = world.start()
    world.fail = 1.0
    cursor = world.planner().run(name, go_on=lambda: True)
    assert (cursor.stage, cursor.problem) == (Stage.STALLED, "HTTP 503")
    world.fail = 0.0
    world.store.save(resumed(cursor))
    assert world.run(name).proven
    assert world.wrong() == []


def test_steps_by_hand_keep_who_was_first_and_no_other_names() -> None:
    world = RebuildWorld(random.Random(3))
    cursor = world.store.load(world.start())
    assert cursor is not None
    steps = list(provider(IDENTITY.provider).by_hand)
    assert steps == ["dashboard-replay", "dashboard-arrived", "ask-support"]
    first = step_done(cursor, "dashboard-replay", by="ana", at=5)
    assert step_done(first, "dashboard-replay", by="bo", at=9).steps == {
        "dashboard-replay": ("ana", 5)
    }
    with pytest.raises(UnknownName, match="dashboard-replay"):
        step_done(cursor, "dance", by="ana", at=5)
    with pytest.raises(UnknownName, match="none"):
        step_done(replace(cursor, kind=Kind.EVENTS), "dashboard-replay", by="ana", at=5)
    assert cursor.identity == IDENTITY
