"""Every text has a bound, and nothing that was taken keeps an incident from being worked on."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.desk import Desk, key_of
from tests.harness.worlds.stories import ANA, BO, CY
from tests.harness.worlds.wishes import BY_TOCSIN, CASES, Case
from tocsin.errors import BadInput
from tocsin.incidents import limits
from tocsin.incidents.commands import base as e
from tocsin.incidents.commands import closing as c
from tocsin.incidents.commands import opening as o
from tocsin.incidents.commands import people as p
from tocsin.incidents.events.snapshot import snapshot_text
from tocsin.incidents.rules.decide import HANDLERS
from tocsin.incidents.vocabulary import Resolution

if TYPE_CHECKING:
    from collections.abc import Iterator


LONG = 450_000


def longer(value: Any, text: str) -> Any:
    return (text,) if isinstance(value, tuple) else text


def texts() -> Iterator[tuple[Case, str]]:
    for case in CASES:
        for name, value in case[2].items():
            plain = type(value) is str
            if plain or (isinstance(value, tuple) and value and type(value[0]) is str):
                yield case, name


def name_of(given: object) -> str:
    return given[0].__name__ if isinstance(given, tuple) else str(given)


@pytest.mark.parametrize(("case", "field"), [*texts()], ids=name_of)
def test_a_text_over_its_bound_is_refused_and_nothing_else_after_it(case: Case, field: str) -> None:
    cls, who, given, begin = case
    desk = Desk()
    incident = begin(desk)
    before = desk.load(incident)
    for size in (LONG, 47_000, 9_000):
        with pytest.raises(BadInput):
            desk.ask(incident, cls, who, **given | {field: longer(given[field], "x" * size)})
    assert desk.load(incident) == before
    assert desk.ask(incident, cls, who, **given).entries


@pytest.mark.parametrize("case", [case for case in CASES if "reason" in case[2]], ids=name_of)
def test_the_longest_texts_that_are_taken_stop_neither_ticks_nor_acknowledgements(
    case: Case,
) -> None:
    cls, who, given, begin = case
    desk = Desk()
    incident = begin(desk)
    reason = "\N{FIRE}" * limits.REASON
    desk.ask(incident, cls, who, **given | {"reason": reason})
    desk.run(3)
    if desk.load(incident).open:
        desk.ask(incident, p.Acknowledge, ANA)
    desk.advance(24 * 60)
    desk.sweep()


def test_every_command_with_a_text_is_among_them() -> None:
    known = {case[0] for case in CASES} | BY_TOCSIN
    envelope = {field.name for field in fields(e.Command)}
    for cls in HANDLERS:
        own = [one for one in fields(cls) if one.name not in envelope]
        spoken = [one.name for one in own if "str" in str(one.type)]
        if spoken and cls not in known:
            assert cls in (c.ApproveWaiver, o.OpenIncident), (cls, spoken)


def test_a_reason_from_before_there_was_a_bound_stops_nothing() -> None:
    desk = Desk()
    incident = desk.alarm("api-outage")
    desk.ask(incident, c.Close, BO, resolution=Resolution.FALSE_POSITIVE, reason="short")
    (entry,) = desk.entries(incident, "closing_proposed")
    old = replace(entry, content={**entry.content, "reason": "y" * 47_000})
    entries = desk.store._entries[incident.id]
    entries[entries.index(entry)] = old
    swollen = desk.load_folded(incident)
    desk.store._snapshots[incident.id] = snapshot_text(swollen)
    desk.run(20)
    desk.ask(incident, p.Acknowledge, ANA)
    desk.ask(incident, c.Close, CY, resolution=Resolution.FALSE_POSITIVE, reason="so it is")
    assert not desk.load(incident).open


def test_what_a_signal_says_is_shortened_and_taken() -> None:
    desk = Desk()
    text = "z" * 90_000
    facts = {f"fact {n}": text for n in range(20)}
    incident = desk.alarm(
        "n" * 900, title=text, detail=text, service=text, environment=text, facts=facts
    )
    assert len(snapshot_text(incident)) < limits.SNAPSHOT_BYTES
    assert key_of("n" * 900) not in incident.signals
