"""What is kept of signals besides the entries they led to: values of the incidents' store."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.model.maintenance import Window
    from tocsin.incidents.model.signals import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """Which incident a dedup key belongs to. Kept after closing, for reopening.

    `version` is the incident's when the pointer was written, as it is read. `over` is a pointer as
    it was read that may be written over although it says open: its incident does not hold the key.
    """

    key: str
    incident: str
    open: bool
    reopen_until: datetime | None = None
    version: int = field(default=0, compare=False)
    over: Pointer | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """The newest clear of a dedup key that came while no open incident had the key."""

    id: str
    title: str
    occurred_at: datetime


class Why(StrEnum):
    """Why a signal led to nothing, or not yet."""

    MONITORED = "monitored"
    SUPPRESSED = "suppressed"
    HELD = "held"
    TOLD = "told"
    OUTRANKED = "outranked"
    TOO_FEW = "too few"
    MAINTENANCE = "maintenance"
    INHIBITED = "inhibited"
    FLAPPING = "flapping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A signal that led to nothing when it came, and what it would have done.

    `until` is when one that is held is looked at again. `would` and `because` are in words for
    people; `window` is the maintenance window that holds it.
    """

    id: str
    key: str
    source: str
    title: str
    firing: bool
    at: datetime
    occurred_at: datetime
    why: Why
    rule: str
    would: str
    until: datetime | None = None
    because: str | None = None
    window: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What is known where signals of one key come in, read in one call.

    `new` have no trace yet, in the order they were asked for; `pointer` is their key's.
    """

    new: tuple[Signal, ...]
    pointer: Pointer | None
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Signals of one key and batch that no rule knows."""

    key: str
    source: str
    name: str
    count: int
    at: datetime
    incident: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AsidePage:
    """Signals that were set aside on a day, newest first; `cursor` continues, None is the end."""

    items: tuple[Aside, ...]
    cursor: str | None
