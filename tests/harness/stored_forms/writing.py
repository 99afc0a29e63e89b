"""What stores leave in their tables, step by step.

After a step every item that is new or changed is a line: the tables are read as another program
would read them, so it does not matter by which calls an item came to be.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING, Any

from infra.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness.cloud.moto_cloud import MotoCloud

_DEFLATED = b"\x78"


class Written:
    """Collects the lines of steps; `cloud` has empty tables to begin with."""

    def __init__(self, cloud: MotoCloud) -> None:
        self.cloud = cloud
        self.lines: dict[str, Any] = {}
        self._seen: dict[tuple[str, str, str], str] = {}

    def after(self, step: str) -> None:
        """Notes what the step wrote; a step that wrote nothing is a mistake of whoever says so."""
        found = [
            (table.name, item["PK"]["S"], item["SK"]["S"], item)
            for table in TABLES
            for item in self.cloud.items(table.name)
        ]
        written = 0
        for table, pk, sk, item in sorted(found, key=lambda each: each[:3]):
            plain = {name: _plain(value) for name, value in item.items()}
            text = json.dumps(plain, sort_keys=True)
            if self._seen.get((table, pk, sk)) != text:
                written += 1
                self._seen[table, pk, sk] = text
                self.lines[f"item {step} {written}"] = {"table": table, "item": plain}
        assert written, f"{step} wrote nothing"

    def message(self, step: str, body: str) -> None:
        """Notes a message that waits in a queue."""
        self.lines[f"message {step}"] = body


def _plain(value: Mapping[str, Any]) -> Any:
    """An attribute as JSON; what is deflated is shown inflated, for zlibs pack differently."""
    ((kind, inner),) = value.items()
    if kind == "B":
        if inner.startswith(_DEFLATED):
            return {"B": {"deflated": zlib.decompress(inner).decode()}}
        return {"B": base64.b64encode(inner).decode()}
    if kind == "M":
        return {"M": {name: _plain(each) for name, each in inner.items()}}
    if kind == "L":
        return {"L": [_plain(each) for each in inner]}
    return {kind: inner}
