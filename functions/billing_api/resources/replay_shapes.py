"""What the billing API answers about replays, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.billing.replay.cursor import Kind, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a replay met; what was `missing` has since been `inserted`, or has `arrived` itself.

    A rebuild meets objects: it has `fetched` those that differed, and `changed` so many.
    """

    listed: int
    present: int
    missing: int
    inserted: int
    arrived: int
    unreadable: int
    provider_calls: int
    fetched: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfType:
    """Events of one type: what the provider has, and what the ledger lacked."""

    type: str
    expected: int
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfWorkspace:
    """Missing events of one workspace."""

    workspace: str
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a person does by hand at the provider, and who has done it."""

    step: str
    text: str
    done_by: str | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Events of one kind that no rebuild brings back.

    `expected` is how many the provider's objects speak of and `lost` how many of them the ledger
    lacks; null where nothing tells how many there were.
    """

    kind: str
    expected: int | None
    stored: int
    lost: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What inserting all that is missing will take, from the plan's own figures."""

    seconds: int
    write_units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A replay or (`dry_run`) a plan for one.

    `window_facts` are those the window was found by, where the incident told it.
    `walked_to` is how far the present pass over the window has come. `proven` says that all that
    was missing is in the ledger and one more pass found nothing; `unchanged` that this last pass
    left the projections as they were. Of `kind` `objects` it is a rebuild: `steps` come first, by
    hand, and `lost` is what it cannot bring back. `days_left`: until the window's first second can
    be listed no more, with `warning` from day 20 of 30.
    """

    id: str
    provider: str
    account: str
    mode: str
    start: datetime
    end: datetime
    dry_run: bool
    incident: str | None
    override: str | None
    window_facts: str | None
    stage: Stage
    problem: str | None
    started_at: datetime
    started_by: str
    updated_at: datetime | None
    walked_to: datetime
    passes: int
    counts: Counted
    last_pass: Counted
    types: tuple[OfType, ...]
    workspaces: tuple[OfWorkspace, ...]
    other_workspaces: int
    no_workspace: int
    estimate: Estimate | None
    checksum_before: str | None
    checksum_after: str | None
    checksum_last: str | None
    proven: bool
    unchanged: bool
    days_left: int
    warning: str | None
    kind: Kind
    steps: tuple[Step, ...]
    lost: tuple[Loss, ...]
