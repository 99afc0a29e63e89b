"""Whether new checkouts at a provider are proven to succeed again (runbook, Exit Criteria 1).

Two things are wanted. That pages to pay on are made: for three different workspaces since the
recovery, or for a probe of ours. And that they are good for something: one of them was paid, or
nothing failed in half an hour in which enough was asked for to tell. Times are epoch seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tocsin.billing.checkout.breaker import Phase
from tocsin.billing.outage.signs import CHECKOUTS, checkouts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.billing.checkout.attempts import Attempt
    from tocsin.billing.checkout.breaker import Breaker

SESSIONS = 3
QUIET_MINUTES = 30
QUIET_VOLUME = CHECKOUTS.minimum
"""As many as the outage rule needs before it says anything: fewer prove nothing by not failing."""

LOOKED_BACK = 86_400
"""Longest time an examination counts over: the runbook's fix for a critical incident."""

ASKED_ABOUT = 10
"""Sessions whose payment is asked about at the provider, the newest first."""

PROBE_WORKSPACE = "tocsin-probe"
"""Marks a probe in everything it makes here and at the provider; no customer is named so."""


class Lack(StrEnum):
    """What keeps an examination from being proof. Stored on timelines, so never renamed."""

    BREAKER_OPEN = "breaker_open"
    FAILING = "failing"
    TOO_FEW_SESSIONS = "too_few_sessions"
    NOT_PAID_NOR_QUIET = "not_paid_nor_quiet"
    PROBE_FAILED = "probe_failed"
    PROBE_LEFT_OPEN = "probe_left_open"


@dataclass(frozen=True, slots=True)
class Probed:
    """What became of a probe: the session it made, and whether that is known to be expired."""

    session: str | None
    expired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was counted; `lacks` () proves it. `volume` checkouts in `quiet` minutes up to now."""

    since: int
    sessions: int
    workspaces: int
    paid: int
    quiet: int
    volume: int
    probe: Probed | None
    lacks: tuple[Lack, ...]


def counted_from(breaker: Breaker, *, opened: int, now: int) -> int:
    """From when sessions count: the breaker's closing, or the incident's opening if that is later.

    Nothing made before the recovery says that the recovery holds.
    """
    return max(breaker.since if breaker.phase is Phase.CLOSED else now, opened, now - LOOKED_BACK)


def sessions(attempts: Sequence[Attempt], *, since: int) -> list[Attempt]:
    """The attempts of that time which made a page to pay on, the newest first."""
    made = [each for each in attempts if each.worked and each.second >= since]
    return sorted(made, key=lambda each: each.at, reverse=True)


def examine(
    attempts: Sequence[Attempt],
    breaker: Breaker,
    *,
    since: int,
    now: int,
    paid: int,
    probe: Probed | None = None,
) -> Examination:
    """What one provider's attempts say. `paid` of the sessions since then are known to be paid."""
    made = sessions(attempts, since=since)
    workspaces = len({each.workspace for each in made})
    quiet, volume = _quiet(attempts, since=since, now=now)
    lacks = []
    if breaker.phase is not Phase.CLOSED:
        lacks.append(Lack.BREAKER_OPEN)
    if checkouts(attempts, now=now, after=since).broken:
        lacks.append(Lack.FAILING)
    probed = probe is not None and probe.session is not None and probe.expired
    if probe is not None and not probed:
        lacks.append(Lack.PROBE_LEFT_OPEN if probe.session else Lack.PROBE_FAILED)
    if workspaces < SESSIONS and probe is None:
        lacks.append(Lack.TOO_FEW_SESSIONS)
    if not paid and (quiet < QUIET_MINUTES or volume < QUIET_VOLUME):
        lacks.append(Lack.NOT_PAID_NOR_QUIET)
    return Examination(
        since=since,
        sessions=len(made),
        workspaces=workspaces,
        paid=paid,
        quiet=quiet,
        volume=volume,
        probe=probe,
        lacks=tuple(lacks),
    )


def _quiet(attempts: Sequence[Attempt], *, since: int, now: int) -> tuple[int, int]:
    """Whole minutes without a failure up to now, 30 at most, and the checkouts made in them."""
    failed = [each.second for each in attempts if each.failed]
    start = max(since, now - QUIET_MINUTES * 60, *(second + 1 for second in failed))
    made = sum(each.worked and each.second >= start for each in attempts)
    return max(0, now - start) // 60, made
