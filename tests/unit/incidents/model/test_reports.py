"""What anybody can type, made harmless; numbers that tell nothing; security.txt by its RFC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.application.reports.form import counted
from tocsin.cli.terminal.sheets import cell
from tocsin.errors import BadInput, PayloadTooLarge
from tocsin.incidents.model.reports import is_reference, plain, plain_line, plain_text, reference_of

ANY = st.text(st.characters(exclude_categories=()), max_size=60)
NOW = datetime(2026, 9, 8, 14, 0, tzinfo=UTC)


@given(ANY)
def test_whatever_is_typed_is_printable_and_made_so_once(text: str) -> None:
    found = plain(text)
    assert all(char.isprintable() or char == "\t" for char in found)
    assert plain(found) == found
    found.encode()


@given(ANY)
def test_a_line_is_one_and_a_text_keeps_its_breaks_alone(text: str) -> None:
    try:
        line = plain_line("title", text)
    except (BadInput, PayloadTooLarge):
        line = "x"
    assert line.isprintable()
    for each in plain_text("detail", text).split("\n"):
        assert each.replace("\t", "").isprintable()


@given(st.binary(min_size=32, max_size=32))
def test_a_number_is_read_back_and_says_when_it_came(randomness: bytes) -> None:
    number = reference_of(NOW, randomness)
    assert is_reference(number)
    assert number.startswith("R-20260908-140000-")
    assert not is_reference(number + "0")
    assert not is_reference(number.replace("R", "r"))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("192.0.2.1, 198.51.100.1", "unknown"),
        ("localhost", "unknown"),
    ],
)
def test_an_address_is_counted_by_what_one_person_has(source: str, name: str) -> None:
    assert counted(source) == name


@given(ANY)
def test_no_cell_of_a_sheet_begins_as_a_formula(text: str) -> None:
    found = str(cell(text))
    assert not found.lstrip(" ").startswith(tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20"))
    assert found in {text, f"'{text}"}


def test_the_file_for_researchers_is_one_by_rfc_9116() -> None:
    """Fields are `name: value`; Contact and Expires must be there, Expires once (2.5.3, 2.5.5)."""
    text = (Path(__file__).parents[4] / "docs" / "security.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    fields = [re.fullmatch(r"([A-Za-z-]+): (\S.*)", line) for line in lines]
    assert all(fields)
    named = [(found[1].lower(), found[2]) for found in fields if found]
    assert [name for name, _ in named].count("expires") == 1
    contacts = [value for name, value in named if name == "contact"]
    assert contacts
    assert all(value.startswith(("https://", "mailto:", "tel:")) for value in contacts)
    assert datetime.fromisoformat(dict(named)["expires"]).tzinfo is not None
