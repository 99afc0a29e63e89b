"""The registry: names without imports, imports on use, and an error that says what there is."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest

from tocsin.errors import InvalidSettings, NotFound, UnknownName
from tocsin.registry import Entry, Registry

UNUSED_MODULE = "xml.sax.expatreader"  # in the standard library, and nothing here imports it


@dataclass(frozen=True, slots=True)
class Route(Entry):
    """An entry with a fact of its own, as infra needs them."""

    path: str


def registry() -> Registry[Route]:
    return Registry(
        "source",
        Route("fractions", "fractions", "/fractions"),
        Route("sax", UNUSED_MODULE, "/sax"),
        Route("broken", "tocsin.there_is_no_such_module", "/broken"),
    )


def test_names_and_facts_are_read_without_importing_a_module() -> None:
    sys.modules.pop(UNUSED_MODULE, None)

    sources = registry()

    assert sources.names == ("fractions", "sax", "broken")
    assert [entry.path for entry in sources] == ["/fractions", "/sax", "/broken"]
    assert "sax" in sources
    assert "soap" not in sources
    assert len(sources) == 3
    assert UNUSED_MODULE not in sys.modules


def test_a_module_is_imported_when_it_is_used_and_only_that_one() -> None:
    sys.modules.pop(UNUSED_MODULE, None)
    sources = registry()

    assert sources.module("fractions").Fraction(1, 2) == 0.5
    assert UNUSED_MODULE not in sys.modules

    assert sources.module("sax").__name__ == UNUSED_MODULE


def test_an_unknown_name_is_a_coded_error_that_lists_what_there_is() -> None:
    with pytest.raises(UnknownName, match=r"'soap'; known: fractions, sax, broken") as caught:
        registry().entry("soap")

    assert isinstance(caught.value, NotFound)
    assert caught.value.code == "unknown_name"
    assert caught.value.status == 404
    assert caught.value.context == {"kind": "source"}


def test_an_empty_registry_says_that_it_knows_none() -> None:
    empty: Registry[Entry] = Registry("provider")

    with pytest.raises(UnknownName, match="no provider is called 'stripe'; known: none"):
        empty.module("stripe")


def test_a_broken_module_is_not_mistaken_for_an_unknown_name() -> None:
    with pytest.raises(ModuleNotFoundError, match="there_is_no_such_module"):
        registry().module("broken")


def test_two_entries_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidSettings, match="two entries of one name in the registry of sources"):
        Registry("source", Entry("same", "json"), Entry("same", "csv"))
