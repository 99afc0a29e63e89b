"""The monitoring window: it runs while the incident is contained, fixed and quiet, or not at all.

A signal that returns stops it; when it clears, the window starts again in full. A signal that
stays for longer than a flap means that containment is lost (`containing`).
"""

from datetime import datetime, timedelta

from tocsin.incidents.draft import CLOCK, Draft
from tocsin.incidents.events_response import WindowStarted, WindowStopped


def settle(draft: Draft, *, why: str = "a signal is firing") -> None:
    """Starts or stops the window as the facts ask for; called after whatever may change them."""
    incident = draft.incident
    should_run = incident.open and incident.contained and incident.fixed and not incident.firing
    if should_run and incident.window is None:
        _start(draft, draft.at)
    if not should_run and incident.window is not None and incident.open:
        draft.add(WindowStopped(actor=CLOCK, at=draft.at, occurred_at=draft.at, reason=why))


def resize(draft: Draft) -> None:
    """Gives a running window the length of the severity now, from where it started."""
    if draft.incident.open and (window := draft.incident.window) is not None:
        _start(draft, window.started_at)


def _start(draft: Draft, started_at: datetime) -> None:
    length = draft.policy.severities[draft.incident.severity].monitoring
    draft.add(
        WindowStarted(
            actor=CLOCK,
            at=draft.at,
            occurred_at=draft.at,
            started_at=started_at,
            ends_at=started_at + timedelta(minutes=length.minutes),
        )
    )
