"""Whether a provider is known to have recovered: what a replay waits for (Replay Procedure 1).

A replay into a provider that is still failing would find half of what is missing and call it all.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PROBES = 10
WITHIN = 15 * 60


class Doubt(StrEnum):
    """Why recovery is not confirmed. Part of the API's answer, so never renamed."""

    BREAKER_OPEN = "breaker_open"
    TOO_FEW_PROBES = "too_few_probes"
    PROBE_FAILED = "probe_failed"
    NEWEST_EVENT_NOT_BY_WEBHOOK = "newest_event_not_by_webhook"

    @property
    def sentence(self) -> str:
        """What is missing, and what to do about it."""
        return _SENTENCES[self]


_SENTENCES = {
    Doubt.BREAKER_OPEN: "its breaker has not closed yet, for checkouts fail: wait until they work",
    Doubt.TOO_FEW_PROBES: (
        f"of the last {PROBES} looks at it fewer were made within {WITHIN // 60} minutes:"
        " one is made every minute, try again when there are ten"
    ),
    Doubt.PROBE_FAILED: (
        f"a look at it failed in the last {WITHIN // 60} minutes:"
        " try again when ten in a row have succeeded"
    ),
    Doubt.NEWEST_EVENT_NOT_BY_WEBHOOK: (
        "its newest event did not come by webhook: see in its dashboard whether the endpoint is"
        " enabled, and try again when webhooks arrive"
    ),
}


@dataclass(frozen=True, slots=True)
class Probe:
    """One look at the provider; `at` in epoch seconds.

    `by_webhook` says whether the newest event it listed had been delivered here by webhook; None
    if it listed none.
    """

    at: int
    succeeded: bool
    by_webhook: bool | None = None


def doubts(probes: Sequence[Probe], *, breaker_closed: bool, now: int) -> tuple[Doubt, ...]:
    """What speaks against it; () confirms it.

    The newest ten probes have to have succeeded, all in the last 15 minutes, the breaker has to be
    closed, and webhooks to arrive.
    """
    found: list[Doubt] = []
    if not breaker_closed:
        found.append(Doubt.BREAKER_OPEN)
    newest = sorted(probes, key=lambda probe: probe.at)[-PROBES:]
    recent = [probe for probe in newest if now - probe.at <= WITHIN]
    if len(recent) < PROBES:
        found.append(Doubt.TOO_FEW_PROBES)
    if not all(probe.succeeded for probe in recent):
        found.append(Doubt.PROBE_FAILED)
    said = [probe.by_webhook for probe in recent if probe.by_webhook is not None]
    if said and not said[-1]:
        found.append(Doubt.NEWEST_EVENT_NOT_BY_WEBHOOK)
    return tuple(found)


def confirmed_at(probes: Sequence[Probe], *, closed_since: int) -> int | None:
    """When the present run of good looks first confirmed recovery; None: it does not.

    That is its first ten looks within 15 minutes, and not before `closed_since`, when the breaker
    closed. Looks are kept for a day: of an older run the answer is too late, never too early.
    """
    run: list[int] = []
    for probe in sorted(probes, key=lambda probe: probe.at, reverse=True):
        if not probe.succeeded or probe.by_webhook is False:
            break
        run.append(probe.at)
    run.reverse()
    for first, tenth in zip(run, run[PROBES - 1 :], strict=False):
        if tenth - first <= WITHIN:
            return max(tenth, closed_since)
    return None
