"""A store written by the version before goes on: it folds equal, is worked on, and closes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.stored_forms import before
from tests.harness.worlds.desk import Desk, key_of
from tests.harness.worlds.stories import ANA, BO, CY, GITHUB, SAM
from tocsin.application.incidents.close import verified_head
from tocsin.incidents.commands.access import LiftRestriction
from tocsin.incidents.commands.closing import Close
from tocsin.incidents.commands.fix import LinkFix, RecordRun
from tocsin.incidents.commands.people import Acknowledge
from tocsin.incidents.commands.relations import Merge, Split
from tocsin.incidents.commands.severity import ChangeSeverity
from tocsin.incidents.commands.updates import DecideCustomers
from tocsin.incidents.events.fold import fold
from tocsin.incidents.events.snapshot import snapshot_of
from tocsin.incidents.model.parts import RunKind
from tocsin.incidents.queries.agenda import next_due
from tocsin.incidents.timeline.codec import encode_fields
from tocsin.incidents.vocabulary import ClockName, Resolution, Severity
from tocsin.policy.compiled.policies import PackagedPolicies

if TYPE_CHECKING:
    from tocsin.incidents.timeline.entry import Entry


class Before(Desk):
    def __init__(self) -> None:
        super().__init__()
        then = PackagedPolicies().version(before.POLICY)
        self.policies.known.append(replace(then, chat_room=None))
        self.clock.now, self.names = before.fill(self.store)


@pytest.fixture
def desk() -> Before:
    return Before()


def test_every_timeline_folds_to_what_is_stored(desk: Before) -> None:
    found = before.read()
    assert len(found["snapshots"]) >= 10
    for name, text in found["snapshots"].items():
        assert fold(desk.store.entries(name)) == snapshot_of(text)
        assert verified_head(name, desk.store) == snapshot_of(text).head


@pytest.mark.parametrize(
    ("entry", "changed"),
    [pytest.param(entry, changed, id=name) for name, entry, changed in before.entries()],
)
def test_every_type_of_entry_makes_of_an_incident_what_it_made_of_it(
    entry: Entry, changed: dict[str, Any]
) -> None:
    opening = entry.type == "opened"
    known = None if opening else before.incident()
    old = {} if known is None else encode_fields(known)
    new = encode_fields(fold([entry], known))
    for name in {*old, *new, *changed} - {"head", "recorded_at", "version"} - ADDED:
        if name in changed or old.get(name) != new.get(name):
            assert _as_then(new.get(name)) == changed.get(name), name


def _as_then(value: Any) -> Any:
    """Without what has been added since and is empty: the form had no place for it."""
    if isinstance(value, dict):
        return {name: _as_then(each) for name, each in value.items() if name not in ADDED}
    return value


ADDED = frozenset({"already", "ahead"})
"""Names of fields added since that are written although they are empty."""


def test_each_is_due_when_the_index_has_it(desk: Before) -> None:
    """Another time would ring the auditor for every open incident, until somebody writes to it."""
    found = before.read()
    for name, due in found["due"].items():
        incident = snapshot_of(found["snapshots"][name])
        assert str(next_due(incident, desk.policy)) == str(due)


def test_a_fold_that_says_something_else_is_seen(desk: Before) -> None:
    name = desk.names["lowering"]
    entries = desk.store._entries[name]
    entries[0] = replace(entries[0], content={**entries[0].content, "title": "another"})
    assert verified_head(name, desk.store) is None


def test_time_passes_for_all_of_them(desk: Before) -> None:
    for _ in range(20):
        desk.run(1)
    desk.advance(3 * 24 * 60)
    desk.sweep()
    for name in desk.store._snapshots:
        desk.load(name)


def test_what_waits_for_a_second_person_waits_for_them_still(desk: Before) -> None:
    names = desk.names
    desk.ask(names["lowering"], ChangeSeverity, SAM, severity=Severity.MEDIUM, reason="so it is")
    assert desk.load(names["lowering"]).severity is Severity.MEDIUM
    fields: dict[str, Any] = {"resolution": Resolution.FALSE_POSITIVE, "reason": "so it is"}
    desk.ask(names["closing"], Close, CY, **fields)
    assert not desk.load(names["closing"]).open
    desk.ask(names["lifting"], LiftRestriction, BO, reason="so it is")
    assert not desk.load(names["lifting"]).restricted
    desk.ask(names["lifting"], DecideCustomers, CY, tell=True)
    assert desk.load(names["lifting"]).communication.customers


def test_a_long_reason_that_was_taken_stops_nothing(desk: Before) -> None:
    name = desk.names["long"]
    assert len(before.read()["snapshots"][name]) > 40_000
    desk.run(15)
    desk.ask(name, Acknowledge, ANA)
    desk.ask(name, Close, CY, resolution=Resolution.FALSE_POSITIVE, reason="so it is")
    assert not desk.load(name).open


def test_a_split_that_was_cut_in_half_is_finished_by_repeating_it(desk: Before) -> None:
    whole, part, key = desk.names["half_split"], desk.names["half_part"], key_of("cache-evict")
    assert desk.load(part).signals == {}
    fields: dict[str, Any] = {"title": "evictions", "reason": "another cause", "keys": (key,)}
    again = desk.ask(whole, Split, ANA, command_id="split-1", **fields)
    assert (again.repeated, again.incident.id) == (True, part)
    assert set(desk.load(part).signals) == {key}
    version = desk.load(part).version
    assert desk.ask(whole, Split, ANA, command_id="split-1", **fields).repeated
    assert desk.load(part).version == version


def test_its_key_finds_the_part_also_without(desk: Before) -> None:
    desk.advance(1)
    assert desk.alarm("cache-evict").id == desk.names["half_part"]


def test_and_another_incident_once_the_part_is_closed(desk: Before) -> None:
    part = desk.names["half_part"]
    for who in (BO, CY):
        desk.ask(part, Close, who, resolution=Resolution.FALSE_POSITIVE, reason="nothing")
    desk.advance(9 * 24 * 60)
    assert desk.alarm("cache-evict").id != part


def test_a_merge_that_was_cut_in_half_is_finished_by_repeating_it(desk: Before) -> None:
    target, other = desk.names["target"], desk.names["unabsorbed"]
    assert not desk.load(other).open
    assert key_of("lag-b") not in desk.load(target).signals
    again = desk.ask(target, Merge, CY, command_id="merge-cut", other=other, reason="one cause")
    assert again.repeated
    assert desk.load(target).signals[key_of("lag-b")].firing
    version = desk.load(target).version
    desk.ask(target, Merge, CY, command_id="merge-cut", other=other, reason="one cause")
    assert desk.load(target).version == version


def test_a_poisoned_pointer_swallows_no_alarm(desk: Before) -> None:
    owner = desk.names["poisoned_owner"]
    pointer = desk.store.pointer(key_of("poison-x"))
    assert pointer is not None
    assert (pointer.incident, pointer.open, desk.load(owner).open) == (owner, True, False)
    desk.advance(1)
    assert desk.alarm("poison-x").open


def test_a_pause_and_reports_from_before_are_what_they_were(desk: Before) -> None:
    """What was reported before it was kept is not known to the fold, and is reported again."""
    name = desk.names["early"]
    due = desk.load(name).clocks[ClockName.FIX].due_at
    assert due is not None
    desk.ask(name, LinkFix, commit="c0ffee")
    assert desk.load(name).fix.green == {}
    desk.advance(90)
    desk.sweep()
    moved = desk.load(name).clocks[ClockName.FIX].due_at
    assert moved is not None
    assert moved > due
    desk.ask(name, RecordRun, GITHUB, commit="c0ffee", run=RunKind.QUALITY, conclusion="success")
    assert set(desk.load(name).fix.green) == {RunKind.QUALITY}
