"""The sources of signals Tocsin understands: one line each, one module each.

A source's module has `read(payload) -> Reading` and raises `MalformedPayload` for a message it
cannot read at all. Its samples are the files of `events/<name>/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tocsin.registry import Entry, Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.signals.reading import Reading

    type Reader = Callable[[Mapping[str, object]], Reading]

SOURCES = Registry(
    "signal source",
    Entry("cloudwatch", "tocsin.signals.cloudwatch.parser"),
    Entry("github", "tocsin.signals.github.parser"),
    Entry("guardduty", "tocsin.signals.guardduty"),
    Entry("report", "tocsin.signals.report"),
    Entry("security_hub", "tocsin.signals.security_hub.parser"),
)


def reader(source: str) -> Reader:
    """What reads a source's messages, imported now if it was not before.

    Raises:
        UnknownName: no such source.
    """
    return cast("Reader", SOURCES.module(source).read)
