"""When a provider is said to be failing, and when it is said to be well again.

Every rule states what it counts, out of what, how much there must be and over which time, so that
an alarm can say why it rang. Two kinds of trouble: what customers meet (checkouts fail) and what
makes us blind (webhooks fail, pile up or stop). Times are epoch seconds of the real clock.

Silence alone proves nothing: night is silent. It is only ever *suspected*, and settled by asking
the provider for its list of events.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING

from tocsin.billing.checkout.attempts import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tocsin.billing.checkout.attempts import Attempt


class Trouble(StrEnum):
    """What is wrong: a metric's dimension and part of an alarm's name, so never renamed."""

    CHECKOUT = "checkout"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    DELIVERIES = "deliveries"
    BACKLOG = "backlog"
    SILENCE = "silence"
    ENDPOINT = "endpoint"
    DOWNTIME = "downtime"
    DIVERGENCE = "divergence"


@dataclass(frozen=True, slots=True)
class Rule:
    """At least `percent` of what is counted, out of at least `minimum`, within `window` seconds."""

    trouble: Trouble
    numerator: str
    denominator: str
    minimum: int
    percent: int
    window: int

    def broken(self, bad: int, total: int) -> bool:
        return total >= self.minimum and bad * 100 >= total * self.percent


CHECKOUTS = Rule(
    Trouble.CHECKOUT,
    numerator="wishes to pay whose newest attempt failed or got no usable answer",
    denominator="wishes to pay that were tried, without those refused for what they asked",
    minimum=10,
    percent=50,
    window=300,
)
PARTLY = Rule(
    Trouble.CHECKOUT,
    numerator=CHECKOUTS.numerator,
    denominator=CHECKOUTS.denominator,
    minimum=5,
    percent=50,
    window=1_800,
)
"""The same at a volume that brings no ten in five minutes, in half an hour."""

WORKSPACES = 3
"""Who fail, at least, before any rule speaks: one customer who asks again and again, be it with new
wishes, says nothing of the others."""

PARTLY_WORKSPACES = 4
"""With three, six wishes of a healthy provider in half an hour would be an outage once in 140 days
at two errors in a hundred (`docs/adr/0052-a-partial-outage-takes-four.md`)."""

REFUSALS = Rule(
    Trouble.REFUSED,
    numerator="checkout attempts since the last that was accepted, with refusals among them",
    denominator="the same: it speaks only where none is accepted",
    minimum=10,
    percent=100,
    window=14_400,
)
"""A price that was archived or a key without the right to sell: no failure of the provider, so that
no breaker opens, and yet nobody can pay there."""

DELIVERIES = Rule(
    Trouble.DELIVERIES,
    numerator="events of the hour of which the provider says that no delivery succeeded",
    denominator="events the provider lists for the hour",
    minimum=10,
    percent=20,
    window=3_600,
)
DIVERGENCES = Rule(
    Trouble.DIVERGENCE,
    numerator="subscriptions whose projection differs from the provider's answer",
    denominator="subscriptions that were compared",
    minimum=1,
    percent=1,
    window=3_600,
)

LOW_TRAFFIC_WINDOW = 1_800
LOW_TRAFFIC = ((4, 600), (WORKSPACES, LOW_TRAFFIC_WINDOW))
"""Low traffic: so many workspaces failed since the last success, and none came in these seconds."""

LOOK_BACK = 14_400
"""How far back failures are counted: at one checkout in twenty minutes, three take an hour."""

PROBES_IN_A_ROW = 3
"""Failed list probes, one a minute, after which the provider counts as unreachable."""

BACKLOG_EVENTS = 20
SILENT_AFTER = 1_800
SILENT_GAPS = 3
PROBE_MARGIN = 300
"""A listed event must be this old before its absence here says that a delivery is missing."""

MISSING = 2
MISSING_ALONE = 3_600
"""Seconds after which a single missing event is silence too. Before that it may be one delivery
that is tried again, which on a quiet account is the only event there was."""

ARRIVALS_KEPT = 40
RECOVERED_AFTER = 600
"""Seconds of nothing wrong before a trouble is said to be over."""

URGENT = frozenset({Trouble.CHECKOUT, Trouble.REFUSED, Trouble.UNREACHABLE})
"""Trouble that customers meet: it moves checkouts, the wording and the freeze."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a rule counted, so that an alarm can show its working."""

    bad: int
    total: int
    broken: bool
    why: str = ""


def checkouts(attempts: Iterable[Attempt], *, now: int, after: int = 0) -> Tally:
    """Whether one provider's checkouts fail: by volume, in part, or by the low-traffic rule.

    Counted are wishes to pay, each by its newest attempt: asked for again it is the same wish. So
    many workspaces have to fail. Attempts before `after` are not counted: they belong to an outage
    that is over.
    """
    seen = sorted(
        (each for each in attempts if (each.failed or each.worked) and each.second >= after),
        key=lambda each: each.at,
    )
    by_volume = _counted(seen, CHECKOUTS, WORKSPACES, now=now)
    if by_volume.broken:
        return replace(by_volume, why="volume")
    partly = _counted(seen, PARTLY, PARTLY_WORKSPACES, now=now)
    if partly.broken:
        return replace(partly, why="partly")
    looked_at = [each for each in seen if now - LOOK_BACK < each.second <= now]
    since_success = _wishes(_after_last_success(looked_at))
    last = max((each.second for each in looked_at if each.worked), default=now - LOOK_BACK)
    if any(last <= now - calm and _enough(since_success, who) for who, calm in LOW_TRAFFIC):
        return Tally(len(since_success), len(since_success), broken=True, why="low_traffic")
    return by_volume


def _counted(seen: Iterable[Attempt], rule: Rule, workspaces: int, *, now: int) -> Tally:
    recent = _wishes(each for each in seen if now - rule.window < each.second <= now)
    bad = [each for each in recent if each.failed]
    broken = rule.broken(len(bad), len(recent)) and _enough(bad, workspaces)
    return Tally(len(bad), len(recent), broken=broken)


def _wishes(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The newest attempt of each wish; `attempts` oldest first."""
    return list({each.intent: each for each in attempts}.values())


def _enough(failed: Iterable[Attempt], workspaces: int) -> bool:
    return len({each.workspace for each in failed}) >= workspaces


def refusals(attempts: Iterable[Attempt], *, now: int) -> Tally:
    """Whether one provider accepts no checkout at all, for what it says of the requests."""
    asked = sorted(
        (
            each
            for each in attempts
            if (each.failed or each.worked or each.result is Result.REFUSED)
            and now - REFUSALS.window < each.second <= now
        ),
        key=lambda each: each.at,
    )
    since_success = _after_last_success(asked)
    refused = any(each.result is Result.REFUSED for each in since_success)
    broken = REFUSALS.broken(len(since_success), len(since_success))
    broken = broken and refused and _enough(since_success, WORKSPACES)
    return Tally(
        len(since_success), len(since_success), broken=broken, why="refused" if broken else ""
    )


def _after_last_success(attempts: Sequence[Attempt]) -> Sequence[Attempt]:
    for index in range(len(attempts) - 1, -1, -1):
        if attempts[index].worked:
            return attempts[index + 1 :]
    return attempts


def backlog(waiting: int, before: int | None) -> Tally:
    """Whether undelivered events pile up: many, and no fewer than a minute ago."""
    broken = waiting >= BACKLOG_EVENTS and before is not None and waiting >= before
    return Tally(waiting, waiting, broken=broken, why="backlog" if broken else "")


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When webhooks of one account arrived, newest last: at most `ARRIVALS_KEPT` times."""

    times: tuple[int, ...] = ()

    def noted(self, newest: int | None) -> Arrivals:
        """With one more arrival, if it is newer than those known."""
        if newest is None or (self.times and newest <= self.times[-1]):
            return self
        return Arrivals((*self.times, newest)[-ARRIVALS_KEPT:])

    @property
    def usual_gap(self) -> int:
        """The median time between arrivals, in seconds; 0 where too little is known."""
        gaps = [later - earlier for earlier, later in zip(self.times, self.times[1:], strict=False)]
        return int(median(gaps)) if gaps else 0

    def suspect_at(self) -> int | None:
        """From when silence is suspected; None while nothing has ever arrived."""
        if not self.times:
            return None
        return self.times[-1] + max(SILENT_AFTER, SILENT_GAPS * self.usual_gap)


def silence(arrivals: Arrivals, listed: Sequence[int] | None, *, now: int) -> Tally | None:
    """Settles a suspicion; None while there is none, or while it cannot be settled.

    `listed` is when the provider says its newest events were made, None where it did not answer
    (which is another trouble). It is silence if several of them should have arrived, or one of
    them long ago.
    """
    suspect_at = arrivals.suspect_at()
    if suspect_at is None or now < suspect_at or listed is None:
        return None
    missing = [at for at in listed if arrivals.times[-1] < at <= now - PROBE_MARGIN]
    broken = len(missing) >= MISSING or any(at <= now - MISSING_ALONE for at in missing)
    return Tally(len(missing), len(listed), broken=broken, why="missing" * broken)


@dataclass(frozen=True, slots=True)
class Health:
    """What one look found; None where it could not be seen.

    `listed`: when the newest events were made, epoch seconds. `undelivered` of `events` of the
    last hour reached no endpoint. `disabled`: an endpoint of ours is switched off. `downtime`: the
    provider itself says that payments fail.
    """

    reachable: bool
    listed: tuple[int, ...] | None = None
    events: int | None = None
    undelivered: int | None = None
    disabled: bool | None = None
    downtime: bool | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """One trouble of one provider over time: firing at once, over only after a calm spell."""

    since: int | None = None
    last_bad: int | None = None
    bad: int = 0
    total: int = 0

    @property
    def firing(self) -> bool:
        return self.since is not None

    def seen(self, tally: Tally | None, *, now: int) -> Watched:
        """After one look. None (it could not be looked at) changes nothing, not even time.

        Not knowing is not calm: the calm spell is counted from the last look that was bad or blind.
        """
        if tally is None:
            return replace(self, last_bad=now) if self.firing else self
        if tally.broken:
            return Watched(self.since or now, now, tally.bad, tally.total)
        if self.last_bad is not None and now - self.last_bad < RECOVERED_AFTER:
            return self
        return Watched()
