"""What a handler gets back from the application: values to answer with, log and count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.outbox import OutboxItem, OutboxKey
    from tocsin.incidents.timeline.entry import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A command that was carried out, was already carried out, or changed nothing.

    `entries` is empty when nothing changed. `repeated` says that this command id was seen
    before; then `incident` is as it is now. `attempts` counts tries, so lost races and
    one more. `due` is when the
    incident next needs a tick, where something was written.
    """

    incident: Incident
    entries: tuple[Entry, ...] = ()
    outbox: tuple[OutboxItem, ...] = ()
    repeated: bool = False
    attempts: int = 1
    due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepReport:
    """One sweep. `due` incidents were looked at, `changed` got entries, `failed` says why.

    `outbox_due` is for the caller to send again. `more` asks for another sweep at once;
    `handed_on` were given to others and need none.
    `weeks` have unknown signals that nobody was told of.
    """

    due: int
    changed: tuple[str, ...]
    failed: Mapping[str, str]
    outbox_due: tuple[OutboxKey, ...]
    more: bool
    handed_on: int = 0
    weeks: tuple[str, ...] = ()
