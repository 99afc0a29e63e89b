"""When somebody works on what GuardDuty watches: until then it opens nothing.

Written from semantics 13.143 to 13.145. The windows lie in the store; of them the book has
beginning and end, and nothing of the rules under test.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.application.signals.maintenance import MaintenanceDesk
from tocsin.incidents.model.maintenance import Window

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.application.incidents.execute import Ports

SOURCE = "guardduty"
MOST = 2
"""Windows of one life."""
LASTS = (timedelta(minutes=30), timedelta(hours=2), timedelta(hours=24))


@dataclass(slots=True)
class Works:
    """The windows of a life, each by its id with beginning and end."""

    ports: Ports
    windows: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)

    def begin(self, pick: int) -> str | None:
        """Somebody works on it from now on."""
        if len(self.windows) >= MOST:
            return None
        now = self.ports.clock.incident_now()
        name, ends = f"m-{len(self.windows) + 1}", now + LASTS[pick % len(LASTS)]
        asked = Window(
            id=name,
            starts_at=now,
            ends_at=ends,
            set_by="ana",
            set_at=now,
            reason="works",
            source=SOURCE,
        )
        MaintenanceDesk(ports=self.ports).set(asked)
        self.windows[name] = (now, ends)
        return f"{name}: works until {ends:%m-%d %H:%M}"

    def end(self) -> str | None:
        """They are done sooner."""
        now = self.ports.clock.incident_now()
        for name, (begins, ends) in self.windows.items():
            if begins < now < ends:
                MaintenanceDesk(ports=self.ports).end(name, by="bo")
                self.windows[name] = (begins, now)
                return f"{name} ends sooner"
        return None

    def holds(self, source: str, at: datetime) -> bool:
        """Whether something of a source that came then opened nothing yet."""
        inside = (begins <= at < ends for begins, ends in self.windows.values())
        return source == SOURCE and any(inside)

    def over_by(self, source: str, at: datetime) -> datetime:
        """When what came then may open: the end of the windows that follow one another."""
        while source == SOURCE:
            ends = [until for since, until in self.windows.values() if since <= at < until]
            if not ends:
                break
            at = max(ends)
        return at
