"""Maintenance windows: for how long what opens nothing, by whose word and why.

A window ends by itself, a day after its beginning at the latest. It holds back what would open or
reopen an incident; what joins one that is open joins it all the same.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from tocsin.errors import BadInput
from tocsin.incidents import limits
from tocsin.incidents.model.signals import Signal
from tocsin.incidents.runbook.policy import Noise

LONGEST = timedelta(hours=24)
"""Where a runbook from before it said so does not."""
AHEAD = timedelta(days=31)
KEPT = timedelta(days=30)
MOST = 40
"""Windows that are kept at a time, ended ones included: every signal that comes in reads them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is held back, in incident time: `starts_at` is part of it, `ends_at` is not.

    A signal has to be all that is named: of the `service` (the rule's, else the signal's), of the
    `source`, in the `environment`, of a name like `pattern`. `ended_by` ended it early.
    """

    id: str
    starts_at: datetime
    ends_at: datetime
    set_by: str
    set_at: datetime
    reason: str
    service: str | None = None
    source: str | None = None
    pattern: str | None = None
    environment: str | None = None
    ended_by: str | None = None

    def runs(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at

    def covers(self, signal: Signal, service: str | None) -> bool:
        """Whether it names this signal, which its rule gives to `service`."""
        named = self.pattern is None or fnmatchcase(signal.rule.lower(), self.pattern.lower())
        return (
            named
            and self.service in {None, service}
            and self.source in {None, signal.source}
            and self.environment in {None, signal.environment}
        )

    @property
    def scope(self) -> str:
        """What it names, in words."""
        named = {
            "service": self.service,
            "source": self.source,
            "name": self.pattern,
            "environment": self.environment,
        }
        return ", ".join(f"{name} {value}" for name, value in named.items() if value)


def checked(window: Window, noise: Noise | None, *, now: datetime) -> Window:
    """The window, if it may be set.

    Raises:
        BadInput: it names nothing, has no reason, has ended, is too long or too far ahead.
    """
    if not (window.service or window.source or window.pattern):
        raise BadInput("name a service, a source or a name: a window never holds all", field="name")
    limits.line("reason", window.reason)
    for name in ("service", "source", "pattern", "environment"):
        if (value := getattr(window, name)) is not None:
            limits.line(name, value)
    if window.ends_at <= max(window.starts_at, now):
        raise BadInput("a window ends after it begins, and not in the past", field="ends_at")
    longest = LONGEST if noise is None else timedelta(minutes=noise.maintenance_minutes)
    if window.ends_at - window.starts_at > longest:
        hours = longest / timedelta(hours=1)
        raise BadInput(f"a window is at most {hours:g} hours long; set another", field="ends_at")
    if window.starts_at > now + AHEAD:
        raise BadInput("a window begins within 31 days", field="starts_at")
    return window


def holding(
    windows: tuple[Window, ...], signal: Signal, service: str | None, now: datetime
) -> Window | None:
    """The window that holds a signal back now: of several the one that ends last."""
    found = [one for one in windows if one.runs(now) and one.covers(signal, service)]
    return max(found, key=lambda one: one.ends_at, default=None)
