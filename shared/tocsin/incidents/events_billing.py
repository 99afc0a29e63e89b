"""What billing found out: the facts its exit criterion is computed from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationRecorded(Event):
    """How a reconciliation stands now; the newest one counts.

    `unresolved` counts mismatches that are neither healed nor accepted, by class (missing, stale,
    status, period, plan, enforcement, orphan, double); classes without any are left out. `unknown`
    could not be compared, because a provider did not answer or answered with nothing. `full`: all
    workspaces were read and not a sample. `signed_off_by` is the person who stands for it. `report`
    says where its report is kept.
    """

    type: ClassVar[str] = "reconciliation_recorded"

    reconciliation: str
    started_at: datetime
    full: bool
    workspaces: int
    compared: int
    unresolved: Mapping[str, int]
    unknown: int
    healed: int
    accepted: int
    signed_off_by: str | None
    report: str = ""
