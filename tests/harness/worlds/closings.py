"""Incidents on their way to closing: opened, contained, fixed, told of, closed."""

from __future__ import annotations

from typing import Any

from tests.harness.worlds.stories import BO, CLOUDWATCH, CY, Story, make, signal
from tocsin.incidents.commands.opening import MergeSignals, OpenFromSignals
from tocsin.incidents.vocabulary import (
    Severity,
)

T0 = "09-08 10:00"


def told(severity: Severity = Severity.HIGH, **changes: Any) -> Story:
    story = Story().open(T0, severity, **changes)
    story.acknowledge("09-08 10:05", BO)
    return story


def watched(severity: Severity = Severity.HIGH) -> Story:
    """Opened by a signal, contained, and fixed Tue 10:30: the window runs."""
    story = Story()
    at = story.at(T0)
    name = {Severity.HIGH: "api-5xx", Severity.CRITICAL: "total-outage"}[severity]
    story.do(at, make(OpenFromSignals, CLOUDWATCH, signals=(signal(at, name=name),)))
    story.acknowledge("09-08 10:02", BO)
    say(story, "09-08 10:05", firing=False, name=name)
    story.contain("09-08 10:06", verifier=CY)
    story.repair("09-08 10:30")
    return story


def say(story: Story, at: str, *, firing: bool, name: str = "api-5xx") -> None:
    told_by = signal(story.at(at), firing=firing, name=name)
    story.do(at, make(MergeSignals, CLOUDWATCH, signals=(told_by,)))


def closed(severity: Severity = Severity.HIGH) -> Story:
    story = watched(severity)
    story.tell_everybody("09-08 12:00")
    story.close("09-12 12:00")
    return story


def window_end(story: Story) -> str:
    assert story.incident.window is not None
    return f"{story.incident.window.ends_at.astimezone(story.zone):%m-%d %H:%M}"
