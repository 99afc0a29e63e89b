"""Heartbeats: signs of life that come at their hours, and are missed when they do not.

A job, a backup, a queue's consumer says that it has done its work. Nothing watches the work itself:
what stays away is the alarm. A missed one is a signal like any other, and so is its return.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.errors import BadInput
from tocsin.incidents.model.signals import Signal

SOURCE = "heartbeat"
SHORTEST, LONGEST = 60, 31 * 86_400
"""Seconds, of a period and of a grace."""
GRACE_SHARE = 0.2
"""Of the period, where nobody says how long a beat may be late."""
SOURCE_GONE = "source_gone"
_MOMENT = timedelta(milliseconds=1)
"""So that an end is never as old as its beginning."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """One heartbeat as it stands.

    `every_seconds` after a beat the next is expected, and `grace_seconds` later it is missed.
    `missed_at` is since when it has been missing, until a beat after it; `told` that incidents
    have heard of that. `ver` counts the writes. One that is `removed` only waits for incidents to
    hear of it. `proof` is the SHA-256 of what its address ends with.
    """

    name: str
    every_seconds: int
    grace_seconds: int
    service: str | None = None
    environment: str = "production"
    drill: bool = False
    set_by: str
    set_at: datetime
    proof: str = ""
    last_at: datetime | None = None
    missed_at: datetime | None = None
    told: bool = False
    removed: bool = False
    ver: int = 1

    @property
    def expected_by(self) -> datetime:
        """When a beat is missed that has not come by then."""
        since = self.set_at if self.last_at is None else max(self.last_at, self.set_at)
        return since + timedelta(seconds=self.every_seconds + self.grace_seconds)

    @property
    def due_at(self) -> datetime | None:
        """When something is to be done about it; None while it is missing and that is known."""
        if self.missed_at is None:
            return None if self.removed else self.expected_by
        if not self.told or self.removed:
            return self.missed_at
        return self.returned_at

    @property
    def returned_at(self) -> datetime | None:
        """When it beat again after it had been missing; None while it has not."""
        if self.missed_at is None or self.last_at is None or self.last_at < self.missed_at:
            return None
        return max(self.last_at, self.missed_at + _MOMENT)


def checked(heartbeat: Heartbeat) -> Heartbeat:
    """The heartbeat, if it can be kept.

    Raises:
        BadInput: its name, its period or its grace is none.
    """
    if not _NAME.fullmatch(heartbeat.name):
        raise BadInput(
            "a heartbeat's name is 1 to 63 of a-z, 0-9, dot, dash and underscore", field="name"
        )
    if not SHORTEST <= heartbeat.every_seconds <= LONGEST:
        raise BadInput("a heartbeat comes every minute to every 31 days", field="every_seconds")
    if not SHORTEST <= heartbeat.grace_seconds <= LONGEST:
        raise BadInput("a heartbeat's grace is a minute to 31 days", field="grace_seconds")
    return heartbeat


def usual_grace(every_seconds: int) -> int:
    """A fifth of the period, at least a minute; in seconds."""
    return max(SHORTEST, round(every_seconds * GRACE_SHARE))


def beaten(heartbeat: Heartbeat, now: datetime) -> Heartbeat:
    """After a beat. One that came out of order moves nothing back.

    One that comes too late has been missed, whether or not a sweep has looked meanwhile.
    """
    last = now if heartbeat.last_at is None else max(now, heartbeat.last_at)
    late = missed(heartbeat, now) if now > heartbeat.expected_by else heartbeat
    return replace(late, last_at=last)


def expected_anew(
    asked: Heartbeat, known: Heartbeat | None, *, proof: str, now: datetime
) -> Heartbeat:
    """As asked, from now on; what is missing stays so until it beats.

    `proof` is of a new address: "" keeps the one there is.
    """
    if known is None:
        return replace(asked, proof=proof, set_at=now)
    late = missed(known, now)
    return replace(
        asked,
        proof=proof or known.proof,
        set_at=now,
        last_at=None if known.removed and late.missed_at is None else known.last_at,
        missed_at=late.missed_at,
        told=late.told,
    )


def missed(heartbeat: Heartbeat, now: datetime) -> Heartbeat:
    """Missing since its time was up, if it is; as it was otherwise.

    Missing once more before it is put down that incidents heard of its return, it is told anew:
    they may have heard of it all the same.
    """
    known = heartbeat.missed_at is not None and heartbeat.returned_at is None
    if heartbeat.removed or known or now < heartbeat.expected_by:
        return heartbeat
    return replace(heartbeat, missed_at=heartbeat.expected_by, told=False)


def news(heartbeat: Heartbeat) -> Signal | None:
    """What incidents have not heard: that it is missing, that it is back, or that it is gone."""
    since = heartbeat.missed_at
    if since is None:
        return None
    if not heartbeat.told:
        return _signal(heartbeat, since, firing=True)
    end = since + _MOMENT if heartbeat.removed else heartbeat.returned_at
    return None if end is None else _signal(heartbeat, end, firing=False)


def heard(heartbeat: Heartbeat) -> Heartbeat:
    """After incidents have heard the news."""
    if not heartbeat.told:
        return replace(heartbeat, told=True)
    return replace(heartbeat, told=False, missed_at=None)


def _signal(heartbeat: Heartbeat, at: datetime, *, firing: bool) -> Signal:
    since = heartbeat.missed_at or at
    state = "missing" if firing else SOURCE_GONE if heartbeat.removed else "back"
    facts = {"every_seconds": str(heartbeat.every_seconds), "state": state}
    last = heartbeat.last_at
    if last is not None and firing:
        facts["last_at"] = f"{last:%Y-%m-%dT%H:%M:%SZ}"
    seen = "none was ever seen" if last is None else f"the last one came {last:%Y-%m-%d %H:%M} UTC"
    return Signal(
        id=f"{SOURCE}:{heartbeat.name}:{since:%Y%m%dT%H%M%S.%f}:{state}",
        source=SOURCE,
        rule=heartbeat.name,
        dedup_key=heartbeat.name,
        title=f"No heartbeat of {heartbeat.name}",
        detail=f"Missing since {since:%Y-%m-%d %H:%M} UTC: {seen}." if firing else "",
        firing=firing,
        occurred_at=at,
        service=heartbeat.service,
        environment=heartbeat.environment,
        facts=facts,
        drill=heartbeat.drill,
    )
