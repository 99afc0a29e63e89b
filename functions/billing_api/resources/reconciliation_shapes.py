"""What the billing API answers about reconciliations, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.billing.reconcile.accounts import NotCompared
    from tocsin.billing.reconcile.compare import Healing, Kind
    from tocsin.billing.reconcile.work import Scope, Stage, State


@dataclass(frozen=True, slots=True, kw_only=True)
class OfKind:
    """Mismatches of one class that are neither healed nor accepted."""

    kind: Kind
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FactPair:
    """One fact as we hold it and as the provider says; null where that side has none."""

    name: str
    held: str | None
    says: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MismatchShown:
    """One mismatch; `note` is the reason it was accepted for, or what healing did.

    `approved_by` approved that it be healed; null where nobody had to.
    """

    id: str
    kind: Kind
    workspace: str | None
    account: str
    subscription: str
    others: tuple[str, ...]
    facts: tuple[FactPair, ...]
    healing: Healing
    state: State
    by: str | None
    approved_by: str | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLeft:
    """An account that is not compared, and why; `/*` stands for all connected ones of a platform.

    `text` says it for people. A sign-off has to name the `account`.
    """

    account: str
    why: NotCompared
    count: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """A reconciliation: how far it has come, and what it found.

    `population` workspaces were not touched, of which `drawn` were read; `escalated` tells that a
    mismatch among them led to everything being read (`full`). All counts are of one moment: when
    it last became ready or a mismatch was accepted; on the way they are what was counted so far.
    `mismatches` are a page of them by id, and `next` is the `cursor` of the following one;
    `unknown` are the first 50 that could not be compared and why. The report has all of them.
    `approve` are the lines that an approval of healing all that is open has to name, for the
    action `billing.heal`; there are none while it is being found out what is. `accounts` are
    compared, `not_compared` are not. `agrees` tells whether all that gives access here was looked
    at and is right, or settled by name; null while that is being found out.
    """

    id: str
    scope: Scope
    accounts: tuple[str, ...]
    not_compared: tuple[AccountLeft, ...]
    agrees: bool | None
    workspaces: tuple[str, ...]
    start: datetime
    end: datetime
    seed: str
    dry_run: bool
    incident: str | None
    stage: Stage
    problem: str | None
    started_at: datetime
    started_by: str
    updated_at: datetime | None
    population: int
    drawn: int
    full: bool
    escalated: bool
    provider_calls: int
    compared_workspaces: int
    compared_subscriptions: int
    not_comparable: int
    found: int
    healed: int
    accepted: int
    open: int
    unresolved: tuple[OfKind, ...]
    unknown: tuple[str, ...]
    mismatches: tuple[MismatchShown, ...]
    more: bool
    next: str | None
    approve: tuple[str, ...]
    signed_off_by: str | None
    signed_off_at: datetime | None
    report: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationReport:
    """The report: `document` is JSON as text.

    `matrix` is an SVG: what the provider says by what we hold, where they differ. `agrees` as in
    the reconciliation.
    """

    id: str
    agrees: bool | None
    document: str
    markdown: str
    matrix: str
