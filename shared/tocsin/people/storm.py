"""A storm of alarms on one telephone: how many texts leave in full, and when a bundle does.

Pure. Carriers hold back what comes thirty at a time, and nobody reads it. So in any minute at most
three texts leave in full by one way of one person, and the first critical is always among them: a
place is kept for it until one has left. The rest wait for one text that counts them and names the
worst, at most one a minute. Drills are counted apart, so that no drill takes a place from what is
real.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

WINDOW = timedelta(seconds=60)

IN_FULL = 3

MOST_BUNDLED = 100
"""What one list shows; the rest waits for the next bundle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One way of one person, for what is real or for drills."""

    person: str
    way: str
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """A text that left in full; `at` is incident time, `message_id` tells a repeat."""

    at: datetime
    critical: bool
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What left by one line of late. `epoch` counts its bundles, `rev` its writes (0: none yet)."""

    full: tuple[Left, ...] = ()
    bundled_at: datetime | None = None
    epoch: int = 0
    rev: int = 0

    def lately(self, now: datetime) -> tuple[Left, ...]:
        """What left in full within a minute of `now`."""
        return tuple(one for one in self.full if _near(one.at, now))

    def next_bundle(self, now: datetime) -> datetime:
        """The earliest time at which a bundle may leave."""
        if self.bundled_at is None or not _near(self.bundled_at, now):
            return now
        return max(now, self.bundled_at + WINDOW)


def _near(left: datetime, now: datetime) -> bool:
    """Whether it left within a minute of `now`.

    Two hosts differ by seconds, so a time a little ahead counts. One further ahead was given by a
    clock that has been set back since, as between two drills, and would hold back every text until
    it comes again.
    """
    return abs(now - left) < WINDOW


def takes(texts: Texts, message: Left, *, waited: bool) -> Texts | None:
    """The line after `message` left in full; None: it has to wait for the bundle.

    What has waited already goes with the bundle. A message that left just now under the same id is
    the same text again.
    """
    lately = texts.lately(message.at)
    if any(one.message_id == message.message_id for one in lately):
        return texts
    had_critical = any(one.critical for one in lately)
    room = IN_FULL if had_critical or message.critical else IN_FULL - 1
    if waited or len(lately) >= room:
        return None
    return replace(texts, full=(*lately, message))


def bundles(texts: Texts, now: datetime) -> Texts | None:
    """The line after a bundle left at `now`; None: one left within a minute of it."""
    if texts.next_bundle(now) > now:
        return None
    return replace(texts, full=texts.lately(now), bundled_at=now, epoch=texts.epoch + 1)
