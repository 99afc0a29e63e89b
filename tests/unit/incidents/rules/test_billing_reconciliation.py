"""A reconciliation on the timeline: told by what compared, signed for by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.stories import ANA, BO, COMMANDER, Story, make
from tocsin.errors import BadInput, IllegalTransition
from tocsin.incidents.commands.billing import RecordReconciliation
from tocsin.incidents.commands.closing import Close, Reopen
from tocsin.incidents.events.fold import fold
from tocsin.incidents.events.snapshot import snapshot_of, snapshot_text
from tocsin.incidents.model.billing import Reconciliation
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind, Resolution, Severity

if TYPE_CHECKING:
    from tocsin.incidents.events.base import Event

RECONCILER = Actor(ActorKind.RULE, "reconciler")


def opened() -> Story:
    story = Story().open("09-08 10:00", Severity.HIGH)
    story.acknowledge("09-08 10:05")
    return story


def tell(story: Story, at: str, *, by: Actor = RECONCILER, **fields: Any) -> tuple[Event, ...]:
    values: dict[str, Any] = {
        "reconciliation": "RECON-1",
        "started_at": story.at("09-08 11:00"),
        "full": True,
        "workspaces": 10,
        "compared": 12,
        "unresolved": {"stale": 2},
        "unknown": 0,
        "healed": 0,
        "accepted": 0,
    }
    return story.do(at, make(RecordReconciliation, by, groups=COMMANDER, **(values | fields)))


def stands(story: Story) -> Reconciliation:
    assert story.incident.reconciliation is not None
    return story.incident.reconciliation


def test_what_is_left_is_known_by_class_and_settles_once_signed() -> None:
    story = opened()
    tell(story, "09-08 11:05", unresolved={"stale": 2, "orphan": 0})
    found = stands(story)
    assert found == Reconciliation(
        id="RECON-1",
        started_at=story.at("09-08 11:00"),
        unresolved={"stale": 2},
        unknown=0,
        signed_off_by=None,
        at=story.at("09-08 11:05"),
        compared=12,
    )
    assert not found.settled
    tell(story, "09-08 11:30", unresolved={}, healed=2)
    assert not stands(story).settled, "nobody has signed"
    tell(story, "09-08 11:40", unresolved={}, healed=2, signed_off_by="ana")
    assert stands(story).settled
    assert story.types()[-3:] == ["reconciliation_recorded"] * 3


def test_what_could_not_be_compared_does_not_settle() -> None:
    story = opened()
    tell(story, "09-08 11:05", unresolved={}, unknown=1, signed_off_by="ana")
    assert not stands(story).settled


def test_it_is_in_the_fold_and_in_the_snapshot() -> None:
    story = opened()
    tell(story, "09-08 11:05")
    assert fold(story.entries) == story.incident
    assert snapshot_of(snapshot_text(story.incident)) == story.incident


def test_an_older_one_does_not_replace_a_newer_one() -> None:
    story = opened()
    tell(story, "09-08 12:05", reconciliation="RECON-2", started_at=story.at("09-08 12:00"))
    with pytest.raises(IllegalTransition, match="RECON-2"):
        tell(story, "09-08 12:10", unresolved={}, signed_off_by="ana")


@pytest.mark.parametrize(
    ("by", "fields"),
    [
        (ANA, {}),
        (RECONCILER, {"unresolved": {"stale": -1}}),
        (RECONCILER, {"unknown": -1}),
        (RECONCILER, {"unresolved": {f"class-{number}": 1 for number in range(13)}}),
        (RECONCILER, {"signed_off_by": "a b"}),
    ],
)
def test_a_person_cannot_tell_it_and_nobody_tells_nonsense(
    by: Actor, fields: dict[str, Any]
) -> None:
    story = opened()
    with pytest.raises(BadInput):
        tell(story, "09-08 11:05", by=by, **fields)
    assert story.incident.reconciliation is None


def test_a_new_cycle_starts_without_one() -> None:
    story = opened()
    tell(story, "09-08 11:05", unresolved={}, signed_off_by="ana")
    for who in (ANA, BO):
        closing = {"resolution": Resolution.FALSE_POSITIVE, "reason": "a typo in the alarm"}
        story.do("09-08 12:00", make(Close, who, groups=COMMANDER, **closing))
    with pytest.raises(IllegalTransition, match="closed"):
        tell(story, "09-08 12:05")
    story.do("09-09 09:00", make(Reopen, ANA, groups=COMMANDER, reason="it is back"))
    assert story.incident.reconciliation is None
