"""Whatever names people and roles have, the file stays one that calendar programs read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.harness.models.icalendar import events
from tocsin.documents.ical import calendar
from tocsin.incidents.vocabulary import Role
from tocsin.people.rotation import OnCall, Shift

NOW = datetime(2026, 9, 8, 14, 0, tzinfo=UTC)
PERSON = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1).map(
    lambda text: text.strip() or "x"
)


def shift(primary: str | None, backup: str | None = None, *deputies: str) -> Shift:
    people = OnCall(primary, backup, deputies)
    return Shift(Role.SECURITY_OWNER, NOW, NOW + timedelta(hours=12), people)


@given(PERSON, PERSON, st.lists(PERSON, max_size=5))
def test_any_name_comes_back_as_it_was(primary: str, backup: str, deputies: list[str]) -> None:
    text = calendar([shift(primary, backup, *deputies)], name=primary, now=NOW)
    (event,) = events(text)
    assert event["SUMMARY"] == f"security owner: {primary}"
    assert event["DESCRIPTION"] == f"Then: {', '.join([backup, *deputies])}"


def test_a_shift_keeps_its_name_from_export_to_export() -> None:
    uids = []
    for person, at in (("ana", NOW), ("bo", NOW + timedelta(days=1))):
        uids += [one["UID"] for one in events(calendar([shift(person)], name="x", now=at))]
    assert len(uids) == 2
    assert len(set(uids)) == 1


def test_an_empty_calendar_is_one_too() -> None:
    assert events(calendar([], name="x", now=NOW)) == []
