"""The sources of signals Tocsin understands: one line each, one module each.

A source's module has `parse(payload) -> Signal` and raises `MalformedPayload` for what it cannot
read. Its samples are the files of `events/<name>/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tocsin.registry import Entry, Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.incidents.model.signals import Signal

SOURCES = Registry(
    "signal source",
    Entry("cloudwatch", "tocsin.signals.cloudwatch.parser"),
)


def parser(source: str) -> Callable[[Mapping[str, object]], Signal]:
    """The parser of a source, imported now if it was not before.

    Raises:
        UnknownName: no such source.
    """
    return cast("Callable[[Mapping[str, object]], Signal]", SOURCES.module(source).parse)
