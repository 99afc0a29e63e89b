"""What a run came to: figures by their dotted names, and every promise that they break."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from tests.harness.cloud.faulty_proxy import LOST_ANSWER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_WIDTH = 78
_GROUPS = ("events", "commands", "alarms", "notifications")

MANY = 200
"""Commands whose messages are so many that some notifier has to die over them."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One run over one stage. `wanted` are kinds of trouble that had to take place.

    `faults` counts troubles by kind; `events`, `commands`, `alarms` and `notifications` count what
    was sent and what became of it; `at_least` is how many of each had to be sent.
    """

    name: str
    seed: int
    iam: bool
    seconds: float
    wanted: tuple[str, ...]
    at_least: Mapping[str, int]
    faults: Mapping[str, int]
    events: Mapping[str, int]
    commands: Mapping[str, int]
    alarms: Mapping[str, int]
    notifications: Mapping[str, int]
    detail: Mapping[str, Any] = field(default_factory=dict)

    def figures(self) -> dict[str, int]:
        """By dotted name, as in the file."""
        return {
            f"{group}.{name}": value
            for group in ("faults", *_GROUPS)
            for name, value in getattr(self, group).items()
        }

    def broken(self) -> Iterator[str]:
        """Every promise that this run breaks, and all that makes it show nothing."""
        found = self.figures()
        for kind in self.wanted:
            if not found.get(f"faults.{kind}"):
                yield f"faults.{kind}: it never happened, so nothing is shown about it"
        for what, least in self.at_least.items():
            yield from _kept(found, what, least)
        for name in ("events.set_aside", "events.never_acknowledged", "commands.refused"):
            if found.get(name):
                yield f"{name}: {found[name]}, and none may be"
        yield from _messages(found)
        repeated = found["alarms.repeated"]
        cause = found["alarms.twice"] + found["alarms.injected_crashes"]
        if repeated > cause:
            yield f"alarms.repeated: {repeated}, and only {cause} came twice or in trouble"
        crashed = found["notifications.injected_crashes"]
        if LOST_ANSWER in self.wanted and self.at_least["commands"] >= MANY and not crashed:
            yield "notifications.injected_crashes: nothing died between send and mark"


def _kept(found: Mapping[str, int], what: str, least: int) -> Iterator[str]:
    """What became of events, commands or alarms, of which at least so many had to be sent.

    Not every alarm's change is applied: a clear for which nothing is open leads to nothing.
    """
    sent = found[f"{what}.sent"]
    if sent < least:
        yield f"{what}.sent: {sent} of at least {least}"
    for name in ("stored", "applied"):
        if found.get(f"{what}.{name}", sent) < sent:
            yield f"{what}.{name}: {found[f'{what}.{name}']} of {sent} sent"
    for name in ("lost", "doubled"):
        if found[f"{what}.{name}"]:
            yield f"{what}.{name}: {found[f'{what}.{name}']}, and none may be"


def _messages(found: Mapping[str, int]) -> Iterator[str]:
    expected, delivered = found["notifications.expected"], found["notifications.delivered"]
    if not expected:
        yield "notifications.expected: nobody was to be told, so nothing is shown"
    if delivered < expected:
        yield f"notifications.delivered: {delivered} of {expected} expected"
    doubled, crashes = found["notifications.doubled"], found["notifications.injected_crashes"]
    if doubled > crashes:
        yield f"notifications.doubled: {doubled}, and only {crashes} crashed between send and mark"


def document(phases: Mapping[str, Phase]) -> dict[str, Any]:
    """The whole run, as it is written: the first phase's figures on top, all phases beneath."""
    first = next(iter(phases.values()))
    return {
        "faults": dict(first.faults),
        "events": dict(first.events),
        "commands": dict(first.commands),
        "alarms": dict(first.alarms),
        "notifications": dict(first.notifications),
        "broken": [f"{name}: {text}" for name, each in phases.items() for text in each.broken()],
        "phases": {name: asdict(each) for name, each in phases.items()},
    }


def table(phase: Phase) -> str:
    """The figures as lines of text, at most 80 columns."""
    lines = [f"{phase.name}: seed {phase.seed}, {phase.seconds:.0f} s"]
    for group in ("faults", *_GROUPS):
        figures = getattr(phase, group).items()
        told = [
            f"{name} {count}" for name, count in (sorted(figures) if group == "faults" else figures)
        ]
        head = group
        while told:
            line = f"  {head:<14}"
            while told and len(line) + len(told[0]) < _WIDTH:
                line += told.pop(0) + "  "
            lines.append(line.rstrip())
            head = ""
    return "\n".join(lines)
