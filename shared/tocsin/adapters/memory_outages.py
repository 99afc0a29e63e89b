"""The outage watch's memory and the public status, in memory: the twin of `dynamodb_outages`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tocsin.billing.outage.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Mapping


class MemoryOutages:
    """Implements `application.watch_outages.OutageStore`; kept as text, as in the table."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def memory(self) -> Memory:
        return Memory.read(self.texts["memory"]) if "memory" in self.texts else Memory()

    def remember(self, memory: Memory) -> None:
        self.texts["memory"] = memory.to_json()

    def status(self) -> dict[str, Any] | None:
        return json.loads(self.texts["status"]) if "status" in self.texts else None

    def publish(self, status: Mapping[str, Any]) -> None:
        self.texts["status"] = json.dumps(status)
