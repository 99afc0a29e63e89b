"""The store as the version before this one left it: open incidents, waiting proposals, cut writes.

`store_before.json` was written by that version and is never written anew: what it holds has been
stored by somebody. `names` says which incident is in which of the situations. `entries_before.json`
are the lines of its golden file about timelines: every type of entry, and what it made of one.
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.adapters.incidents.items import command_of, entry_of, pointer_of
from tocsin.adapters.incidents.keys import due_sk
from tocsin.incidents.events.snapshot import snapshot_of
from tocsin.incidents.queries.agenda import next_due
from tocsin.policy.compiled.policies import default

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.adapters.incidents.memory import MemoryIncidents
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.timeline.entry import Entry

FILE = Path(__file__).with_name("store_before.json")
ENTRIES = Path(__file__).with_name("entries_before.json")

POLICY = "default-1+f083e6e32789"
"""The version of the policy that its incidents go by."""


def read() -> dict[str, Any]:
    """`at`, `names`, and the stored forms."""
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def entries() -> Iterator[tuple[str, Entry, dict[str, Any]]]:
    """Every entry of the golden file as it was, its name there, and what it changed then."""
    found: dict[str, Any] = json.loads(ENTRIES.read_text())
    for name, item in found.items():
        if name.startswith("entry "):
            again = {key: _based(value) for key, value in item.items()}
            yield name, entry_of(again), found[name.replace("entry ", "after ", 1)]


def incident() -> Incident:
    """The incident they are entries of."""
    return snapshot_of(json.dumps(json.loads(ENTRIES.read_text())["incident open"]))


def _based(value: dict[str, Any]) -> dict[str, Any]:
    """Bytes stand in the file in hexadecimal, and in an item of the table in base 64."""
    if "B" not in value:
        return value
    return {"B": b64encode(bytes.fromhex(value["B"])).decode()}


def fill(store: MemoryIncidents) -> tuple[datetime, dict[str, str]]:
    """Puts everything into an empty store; when that was, and the incidents by situation."""
    found = read()
    for name, text in found["snapshots"].items():
        store._snapshots[name] = text
        store._entries[name] = [entry_of(item) for item in found["entries"][name]]
        if (due := next_due(snapshot_of(text), default())) is not None:
            store._due[name] = due_sk(due)
    for item in found["pointers"]:
        pointer = pointer_of(item)
        store._pointers[pointer.key] = pointer
    for item in found["commands"]:
        record = command_of(item)
        if record.principal is None:
            store._commands[record.incident, record.hash] = record
        else:
            store.creations[record.principal, record.key or ""] = record
    return datetime.fromisoformat(found["at"]), dict(found["names"])
