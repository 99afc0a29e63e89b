"""Commands by which billing tells an incident what it has found out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tocsin.incidents.commands import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReconciliation(Command):
    """How a reconciliation stands. Told again whenever that changes; fields as in the event."""

    reconciliation: str
    started_at: datetime
    full: bool
    workspaces: int
    compared: int
    unresolved: Mapping[str, int]
    unknown: int
    healed: int
    accepted: int
    signed_off_by: str | None = None
    report: str = ""
