"""No pointer swallows alarms: merged, split and cut off, a key always finds an open incident."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.desk import Desk, key_of
from tests.harness.worlds.stories import ANA, BO, CY, signal
from tocsin.application.incidents.receive import SignalsNotReceived
from tocsin.errors import BadInput, PayloadTooLarge
from tocsin.incidents.commands.access import Restrict
from tocsin.incidents.commands.closing import Close
from tocsin.incidents.commands.containment import PlanAction
from tocsin.incidents.commands.people import Acknowledge
from tocsin.incidents.commands.record import AddLink, RecordEvidence, RecordImpact
from tocsin.incidents.commands.relations import Merge, Split
from tocsin.incidents.events.closing import DuplicateAbsorbed
from tocsin.incidents.events.fold import event_of
from tocsin.incidents.limits import KEYS_PER_INCIDENT
from tocsin.incidents.model.parts import Exposure, LinkPurpose
from tocsin.incidents.vocabulary import Resolution, Severity
from tocsin.ports.signals import Pointer

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import Incident


def fill(desk: Desk, incident: Incident) -> None:
    """Writes into its summary until that takes nothing more."""
    names = tuple(f"{n}{'\N{FIRE}' * 60}" for n in range(10))
    fields: dict[str, Any] = {"services": names, "endpoints": names, "data_categories": names}
    desk.ask(incident, RecordImpact, summary="s", exposure=Exposure.NONE, **fields)
    for action in range(12):
        for size in (199, 50, 5):
            try:
                text = "\N{FIRE}" * size
                desk.ask(incident, PlanAction, action=f"a-{action}-{size}", text=text)
            except PayloadTooLarge:
                continue
            break


def merge(desk: Desk, into: Incident, other: Incident, **fields: Any) -> None:
    for who in (BO, CY):
        desk.ask(into, Merge, who, other=other.id, reason="one cause", **fields)


def end(desk: Desk, incident: Incident | str) -> None:
    for who in (BO, CY):
        desk.ask(incident, Close, who, resolution=Resolution.FALSE_POSITIVE, reason="nothing")


def with_keys(desk: Desk, count: int, prefix: str) -> Incident:
    """One incident that holds so many keys."""
    first = desk.alarm(f"{prefix}-0")
    for number in range(1, count):
        merge(desk, first, desk.alarm(f"{prefix}-{number}"))
    return desk.load(first)


class TestAMerge:
    def test_it_is_one_write_of_both(self) -> None:
        desk = Desk()
        target, other = desk.alarm("api-5xx"), desk.alarm("queue-age")
        desk.ask(target, Merge, BO, other=other.id, reason="one cause")
        before = desk.store.commits
        desk.ask(target, Merge, CY, other=other.id, reason="one cause")
        assert desk.store.commits == before + 1
        assert not desk.load(other).open
        assert set(desk.load(target).signals) == {key_of("api-5xx"), key_of("queue-age")}

    @pytest.mark.parametrize("write", [1, 2])
    def test_cut_off_after_any_write_the_next_alarm_is_recorded(self, write: int) -> None:
        desk = Desk()
        target, other = desk.alarm("api-5xx"), desk.alarm("queue-age")
        desk.ask(target, Merge, BO, other=other.id, reason="one cause")
        desk.cut(write, Merge, target, who=CY, other=other.id, reason="one cause")
        end(desk, target)
        desk.advance(20)
        owner = desk.alarm("queue-age")
        assert owner.open
        assert owner.signals[key_of("queue-age")].firing

    def test_a_target_that_is_full_is_a_reason_not_to_close(self) -> None:
        desk = Desk()
        full, other = with_keys(desk, KEYS_PER_INCIDENT, "k"), desk.alarm("one-more")
        desk.ask(full, Merge, BO, other=other.id, reason="one cause")
        with pytest.raises(BadInput):
            desk.ask(full, Merge, CY, other=other.id, reason="one cause")
        assert desk.load(other).open
        assert desk.alarm("one-more", id="again").id == other.id

    def test_a_target_whose_summary_is_full_is_a_reason_not_to_close(self) -> None:
        desk = Desk()
        target, other = desk.alarm("api-5xx"), desk.alarm("queue-age")
        fill(desk, target)
        desk.ask(target, Merge, BO, other=other.id, reason="one cause")
        with pytest.raises(PayloadTooLarge):
            desk.ask(target, Merge, CY, other=other.id, reason="one cause")
        assert desk.load(other).open
        assert desk.alarm("queue-age", id="again").id == other.id

    def test_the_target_is_as_bad_and_began_as_early_as_the_worse_of_the_two(self) -> None:
        desk = Desk()
        target = desk.alarm("api-5xx")
        worse = desk.alarm("api-outage")
        assert (target.severity, worse.severity) == (Severity.HIGH, Severity.CRITICAL)
        merge(desk, target, worse)
        assert desk.load(target).severity is Severity.CRITICAL


class TestASplit:
    @pytest.mark.parametrize("write", [1, 2, 3])
    def test_cut_off_after_any_write_and_the_whole_closed_no_part_is_left_alone(
        self, write: int
    ) -> None:
        desk = Desk()
        whole = with_keys(desk, 2, "k")
        desk.cut(write, Split, whole, title="b", reason="another cause", keys=(key_of("k-1"),))
        end(desk, whole)
        lines = desk.store.board(limit=99).items
        for line in lines:
            assert set(desk.load(line.id).signals) == {key_of("k-1")}
        desk.advance(20)
        assert desk.alarm("k-1").open
        assert desk.alarm("k-0").open

    def test_the_part_that_closes_gives_its_key_free(self) -> None:
        desk = Desk()
        whole = with_keys(desk, 2, "k")
        fields: dict[str, Any] = {"title": "b", "reason": "another cause", "keys": (key_of("k-1"),)}
        part = desk.ask(whole, Split, **fields).incident
        end(desk, part)
        desk.advance(9 * 24 * 60)
        new = desk.alarm("k-1")
        assert new.id not in (whole.id, part.id)


class TestWhatAnEarlierVersionLeft:
    """Pointers as a process that died between two writes left them."""

    def poisoned(self, desk: Desk, owner: str, name: str = "lost") -> None:
        pointer = Pointer(key=key_of(name), incident=owner, open=True, version=1)
        desk.store._pointers[pointer.key] = pointer

    def test_an_open_pointer_to_one_closed_within_the_window_reopens_it(self) -> None:
        desk = Desk()
        owner = desk.alarm("api-5xx")
        end(desk, owner)
        self.poisoned(desk, owner.id)
        desk.advance(60)
        assert desk.alarm("lost").id == owner.id
        assert desk.load(owner).cycle == 2
        assert desk.alarm("api-5xx").id == owner.id

    def test_an_open_pointer_to_one_closed_long_ago_opens_a_new_one_linked_to_it(self) -> None:
        desk = Desk()
        owner = desk.alarm("api-5xx")
        end(desk, owner)
        self.poisoned(desk, owner.id)
        desk.advance(8 * 24 * 60)
        new = desk.alarm("lost")
        assert new.id != owner.id
        assert desk.entries(new, "opened")[0].content["previous"] == owner.id
        assert desk.alarm("lost", id="again").id == new.id

    def test_an_open_pointer_to_a_duplicate_leads_to_what_that_goes_on_as(self) -> None:
        desk = Desk()
        owner, other = desk.alarm("api-5xx"), desk.alarm("queue-age")
        merge(desk, owner, other)
        self.poisoned(desk, other.id)
        assert desk.alarm("lost").id == owner.id

    def test_an_open_pointer_to_one_that_is_full_opens_a_new_one(self) -> None:
        desk = Desk()
        full = with_keys(desk, KEYS_PER_INCIDENT, "k")
        self.poisoned(desk, full.id)
        new = desk.alarm("lost")
        assert new.id != full.id
        assert desk.alarm("lost", id="again").id == new.id

    def test_a_clear_of_it_is_no_reason_to_open_anything(self) -> None:
        desk = Desk()
        owner = desk.alarm("api-5xx")
        end(desk, owner)
        self.poisoned(desk, owner.id)
        assert desk.engine.receive([signal(desk.clock.now, name="lost", firing=False)]) == []

    def test_a_closed_pointer_to_one_that_was_reopened_without_the_key_merges(self) -> None:
        desk = Desk()
        owner = desk.alarm("api-5xx")
        key = key_of("lost")
        desk.store._pointers[key] = Pointer(
            key=key, incident=owner.id, open=False, reopen_until=desk.clock.now.replace(year=2027)
        )
        assert desk.alarm("lost").id == owner.id


class TestRepeats:
    def test_a_batch_delivered_again_in_another_order_is_the_same_batch(self) -> None:
        desk = Desk()
        desk.alarm("api-5xx")
        desk.advance(1)
        batch = [signal(desk.clock.now, id=name) for name in ("a", "b")]
        desk.store.lose_answers = 1
        with pytest.raises(SignalsNotReceived):
            desk.engine.receive(batch)
        (again,) = desk.engine.receive(batch[::-1])
        assert again.repeated
        assert len(desk.entries(again.incident, "signals_merged")) == 2

    def test_a_batch_that_was_merged_before_closing_reopens_nothing(self) -> None:
        desk = Desk()
        incident = desk.alarm("api-5xx")
        desk.advance(1)
        late = [signal(desk.clock.now, id="a")]
        desk.store.lose_answers = 1
        with pytest.raises(SignalsNotReceived):
            desk.engine.receive(late)
        end(desk, incident)
        (again,) = desk.engine.receive(late)
        assert again.repeated
        assert not desk.load(incident).open

    def test_a_duplicates_closing_repeats_after_later_evidence_and_a_closed_target(
        self,
    ) -> None:
        desk = Desk()
        target, other = desk.alarm("api-5xx"), desk.alarm("queue-age")
        fields: dict[str, Any] = {"other": other.id, "reason": "one cause"}
        desk.ask(target, Merge, BO, **fields)
        desk.ask(target, Merge, CY, command_id="twice", **fields)
        desk.ask(other, RecordEvidence, title="late", text="found it")
        before = [desk.load(target), desk.load(other)]
        assert desk.ask(target, Merge, CY, command_id="twice", **fields).repeated
        assert [desk.load(target), desk.load(other)] == before
        end(desk, target)
        assert desk.ask(target, Merge, CY, command_id="twice", **fields).repeated
        assert len(desk.entries(target, "duplicate_absorbed")) == 1

    def test_an_old_acknowledgement_repeated_in_a_later_round_acknowledges_nothing(self) -> None:
        desk = Desk()
        incident = desk.alarm("api-outage")
        desk.ask(incident, Acknowledge, ANA)
        assert desk.ask(incident, Acknowledge, BO, command_id="mine too").entries == ()
        desk.run(40)
        again = desk.load(incident).round
        assert again is not None
        assert (again.number, again.open) == (2, True)
        outcome = desk.ask(incident, Acknowledge, BO, command_id="mine too")
        assert outcome.repeated
        current = desk.load(incident).round
        assert current is not None
        assert current.open


def test_a_restricted_duplicate_brings_no_titles_and_hides_its_target() -> None:
    desk = Desk()
    target, other = desk.alarm("api-5xx"), desk.alarm("queue-age")
    url = "https://example.com/evidence"
    desk.ask(other, AddLink, purpose=LinkPurpose.EVIDENCE, url=url, title="who leaked it")
    desk.ask(other, RecordEvidence, title="who leaked it too", text="names")
    desk.ask(other, Restrict, reason="who knows")
    merge(desk, target, other)
    assert desk.load(target).restricted
    (absorbed,) = desk.entries(target, "duplicate_absorbed")
    assert "leaked" not in str(absorbed.content)
    event = event_of(absorbed)
    assert isinstance(event, DuplicateAbsorbed)
    assert [each.title for each in event.evidence] == ["restricted"] * 2
