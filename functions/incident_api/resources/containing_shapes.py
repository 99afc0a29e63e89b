"""What the API answers about containment by Tocsin: actions, runs, and what is containable.

The same promises as in `incident_shapes`: a field may be added, never renamed, removed or narrowed.
Times of runs are real ones: what they end knows no incident clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tocsin.containment.runs import Purpose, RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentInput:
    """One thing an action is given; `default` is what is meant without it."""

    name: str
    says: str
    default: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentAction:
    """An action that Tocsin can carry out.

    `others` is how many people besides the one who acts agree first, in this incident, and
    `undo_others` the same of its undo, because of what it `reopens`. It ends by itself after
    `lasts_seconds`; null: never. `fits` are reasons why it may be the right one here.
    """

    name: str
    title: str
    inputs: tuple[ContainmentInput, ...]
    others: int
    undo_others: int
    reopens: str
    lasts_seconds: int | None
    longest_seconds: int | None
    fits: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentAsks:
    """A yes that a run waits for: of so many `more` people other than `by`, to just `agree`."""

    purpose: Purpose
    by: str
    until: datetime
    more: int
    agree: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentYes:
    """Somebody's yes; spent with the act it was for."""

    purpose: Purpose
    by: str
    at: datetime
    spent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentRun:
    """One action on one target, from being asked to being undone.

    States are flat: a name that is missing is a setting that is not there. `seen` is the target
    when it was asked, `before` when it was begun, `wanted` what is left behind, `found` what stood
    there instead. `left_open` has to be settled by a person before it counts as contained.
    `void`: what is containable, or who approves, has changed since it was asked.
    """

    id: str
    incident: str
    action: str
    title: str
    inputs: Mapping[str, str]
    target: str
    state: RunState
    reason: str
    why: str
    asked_by: str
    asked_at: datetime
    approve_by: datetime
    void: bool
    asks: ContainmentAsks | None
    approvals: tuple[ContainmentYes, ...]
    seen: Mapping[str, str]
    around: Mapping[str, str]
    before: Mapping[str, str] | None
    wanted: Mapping[str, str]
    found: Mapping[str, str] | None
    left_open: Mapping[str, str]
    settled: Mapping[str, str]
    lasts_seconds: int | None
    expires_at: datetime | None
    executed_by: str | None
    executed_at: datetime | None
    verified_by: str | None
    verified_at: datetime | None
    undone_by: str | None
    undone_at: datetime | None
    undo_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentPlan:
    """A run that was asked for, or would be: what it changes, who feels it, what stays open.

    `recorded` is false after a dry run, of which nothing is kept.
    """

    run: ContainmentRun
    recorded: bool
    changes: tuple[str, ...]
    affected: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Containments:
    """What can be done about an incident, the best fitting first, and what was, the oldest first.

    `on` is whether this stage has roles to act in.
    """

    on: bool
    actions: tuple[ContainmentAction, ...]
    runs: tuple[ContainmentRun, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentRuling:
    """Which targets may be acted on, which never, who approves, which ranges two people block."""

    containable: tuple[str, ...]
    protected: tuple[str, ...]
    approvers: tuple[str, ...]
    wide: tuple[str, ...]
    per_hour: int
    per_incident: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentEdition:
    """Rules that are in force, and whose two words they are."""

    number: int
    proposed_by: str
    agreed_by: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentProposal:
    """Rules that wait for another person's yes to just `agree`."""

    rules: ContainmentRuling
    by: str
    at: datetime
    until: datetime
    why: str
    agree: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainmentRulebook:
    """What is in force; `edition` is null while nobody has ruled and nothing is containable."""

    rules: ContainmentRuling
    edition: ContainmentEdition | None
    proposal: ContainmentProposal | None
