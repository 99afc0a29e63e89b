"""Freezes in memory: the twin of `dynamodb_freezes`, over the incident store beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.adapters.freeze_forms import freeze_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.incidents.queries.freeze import ServiceFreeze


class MemoryFreezes:
    """A `FreezeStore` over `MemoryIncidents.freezes`: texts by their place in the table."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def of(self, service: str) -> tuple[ServiceFreeze, ...]:
        return tuple(held for held in self.all() if held.service == service)

    def all(self) -> tuple[ServiceFreeze, ...]:
        return tuple(freeze_of(text) for _, text in sorted(self._texts.items()))
