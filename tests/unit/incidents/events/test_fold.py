"""The timeline is the incident: sealing, folding back, and what the stored form survives."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.harness.worlds.stories import ANA, BO, CLOUDWATCH, COMMANDER, Story, make, signal
from tocsin.errors import BadInput, IllegalTransition, MalformedPayload, PayloadTooLarge
from tocsin.incidents import limits
from tocsin.incidents.commands.opening import OpenFromSignals
from tocsin.incidents.commands.people import AssignRole
from tocsin.incidents.commands.record import AddNote
from tocsin.incidents.commands.severity import ChangeCategory
from tocsin.incidents.events.evolve import evolve
from tocsin.incidents.events.fold import event_of, fold
from tocsin.incidents.events.snapshot import snapshot_of, snapshot_text
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.timeline.codec import decode, decode_fields, encode
from tocsin.incidents.timeline.entry import first_broken_link
from tocsin.incidents.vocabulary import Category, Role, Severity

T0 = "09-08 10:00"


def eventful() -> Story:
    story = Story()
    at = story.at(T0)
    story.do(at, make(OpenFromSignals, CLOUDWATCH, signals=(signal(at),)))
    story.tick("09-08 10:40")
    story.acknowledge("09-08 10:50")
    story.severity("09-08 11:00", Severity.CRITICAL)
    story.severity("09-08 11:05", Severity.LOW, BO, COMMANDER)
    story.do("09-08 11:06", make(AssignRole, ANA, role=Role.SECURITY_OWNER, person="sam"))
    story.do("09-08 11:07", make(ChangeCategory, ANA, category=Category.SECURITY, reason="a leak"))
    story.note("09-08 11:10")
    story.tick("09-09 11:10")
    return story


def test_i4_folding_the_timeline_gives_the_snapshot() -> None:
    story = eventful()

    assert fold(story.entries) == story.incident
    assert len(set(story.types())) > 7


def test_i4_folding_the_rest_after_a_snapshot_gives_the_same() -> None:
    story = eventful()

    half = fold(story.entries[:5])

    assert fold(story.entries[5:], half) == story.incident


def test_i4_the_stored_snapshot_reads_back_as_it_was() -> None:
    story = eventful()

    assert snapshot_of(snapshot_text(story.incident)) == story.incident


def test_every_entry_follows_from_the_one_before() -> None:
    story = eventful()

    assert first_broken_link(story.entries) is None
    assert [entry.seq for entry in story.entries] == list(range(1, len(story.entries) + 1))
    assert story.incident.version == len(story.entries)
    assert story.incident.head == story.entries[-1].hash


@pytest.mark.parametrize("field", ["actor_ref", "type", "seq", "content"])
def test_a_changed_entry_breaks_the_chain(field: str) -> None:
    story = eventful()
    changed: dict[str, Any] = {
        "actor_ref": "person:eve",
        "type": "note_added",
        "seq": 40,
        "content": {},
    }
    story.entries[2] = replace(story.entries[2], **{field: changed[field]})

    assert first_broken_link(story.entries) is not None


def test_an_entry_gives_back_the_event_it_was_sealed_from() -> None:
    story = eventful()

    assert [event_of(entry) for entry in story.entries] == story.events


def test_entry_content_is_plain_json_without_floats() -> None:
    for entry in eventful().entries:
        text = json.dumps(entry.content)
        assert json.loads(text, parse_float=pytest.fail) == entry.content


def test_a_snapshot_without_newer_fields_is_still_read() -> None:
    story = eventful()
    plain = json.loads(snapshot_text(story.incident))
    for name in ("responders", "signal_severity", "lowering", "cycle"):
        plain.pop(name, None)

    old = decode_fields(Incident, plain)

    assert old.responders == ()
    assert old.cycle == 1


def test_an_entry_of_an_unknown_type_is_no_guess() -> None:
    story = eventful()
    unknown = replace(story.entries[-1], type="from_a_later_version")

    with pytest.raises(MalformedPayload):
        event_of(unknown)


def test_an_entry_whose_content_does_not_fit_its_type_is_refused() -> None:
    story = eventful()
    broken = replace(story.entries[0], content={"title": 7})

    with pytest.raises(MalformedPayload):
        event_of(broken)


def test_an_empty_timeline_is_no_incident() -> None:
    with pytest.raises(MalformedPayload):
        fold([])


def test_a_timeline_does_not_start_in_the_middle() -> None:
    story = eventful()

    with pytest.raises(IllegalTransition):
        fold(story.entries[1:])
    with pytest.raises(IllegalTransition):
        evolve(story.incident, story.events[0])


def test_floats_have_no_stored_form() -> None:
    with pytest.raises(TypeError):
        encode(0.5)


def test_a_number_is_no_text() -> None:
    with pytest.raises(ValueError, match="is no str"):
        decode(str, 7)


def test_a_snapshot_that_outgrew_its_item_is_refused() -> None:
    story = eventful()
    swollen = replace(story.incident, responders=tuple(f"p{n}" * 20 for n in range(9_000)))

    with pytest.raises(PayloadTooLarge):
        snapshot_text(swollen)


def test_a_note_over_the_limit_is_refused_whole() -> None:
    story = eventful()
    version = story.incident.version

    with pytest.raises(PayloadTooLarge):
        story.do("09-09 12:00", make(AddNote, ANA, text="x" * (limits.TEXT + 1)))
    with pytest.raises(BadInput):
        story.do("09-09 12:00", make(AddNote, ANA, text="  "))

    assert story.incident.version == version


@pytest.mark.parametrize("title", ["", "two\nlines", "bell\x07", "x" * 201])
def test_a_title_is_one_line(title: str) -> None:
    with pytest.raises(BadInput):
        Story().open(T0, Severity.LOW, title=title)


@pytest.mark.parametrize("name", ["", "a b", "a#b", "person:ana", "x" * 65])
def test_a_person_id_is_an_id(name: str) -> None:
    story = eventful()

    with pytest.raises(BadInput):
        story.do("09-09 12:00", make(AssignRole, ANA, role=Role.MITIGATION_OWNER, person=name))
