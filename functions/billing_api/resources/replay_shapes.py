"""What the billing API answers about replays, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from functions.billing_api.resources.shapes import Moment
    from tocsin.billing.replay.cursor import Kind, Stage


class Counted(TypedDict):
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


class OfType(TypedDict):
    """Events of one type: what the provider has, and what the ledger lacked."""

    type: str
    expected: int
    missing: int


class OfWorkspace(TypedDict):
    """Missing events of one workspace."""

    workspace: str
    missing: int


class Step(TypedDict):
    """What a person does by hand at the provider, and who has done it."""

    step: str
    text: str
    done_by: str | None
    done_at: Moment | None


class Loss(TypedDict):
    """Events of one kind that no rebuild brings back.

    `expected` is how many the provider's objects speak of and `lost` how many of them the ledger
    lacks; null where nothing tells how many there were.
    """

    kind: str
    expected: int | None
    stored: int
    lost: int | None


class Estimate(TypedDict):
    """What inserting all that is missing will take, from the plan's own figures."""

    seconds: int
    write_units: int


class Replay(TypedDict):
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
    start: Moment
    end: Moment
    dry_run: bool
    incident: str | None
    override: str | None
    window_facts: str | None
    stage: Stage
    problem: str | None
    started_at: Moment
    started_by: str
    updated_at: Moment | None
    walked_to: Moment
    passes: int
    counts: Counted
    last_pass: Counted
    types: list[OfType]
    workspaces: list[OfWorkspace]
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
    steps: list[Step]
    lost: list[Loss]
