"""Telling others of freezes: an event when one starts, changes or ends, and locks in pipelines.

What is frozen is compared every minute with what was told last, so a freeze that runs out without
any write is told too, and one that was missed is told by the next turn. An event may come twice.
A lock is ours by what its reason says; what somebody else disabled is left as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.application.releases.freeze import ask_freeze
from tocsin.errors import StoreUnavailable, TocsinError
from tocsin.incidents.timeline.entry import format_time
from tocsin.ports.heralds import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from tocsin.incidents.queries.freeze import ServiceFreeze
    from tocsin.ports.heralds import FreezeBus, StageLocks, ToldStore
    from tocsin.ports.releases import FreezeStore
    from tocsin.ports.time import IncidentClock

type Facts = Mapping[str, object]

STARTED, CHANGED, ENDED = "Freeze Started", "Freeze Changed", "Freeze Ended"
LONGEST_REASON = 300
_PLAIN = re.compile(r"[^a-zA-Z0-9!@ ().*?-]")
"""What CodePipeline takes in no reason (its API Reference, DisableStageTransition)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a turn has told: events by their kind and service, locks set and taken away."""

    events: tuple[tuple[str, str], ...] = ()
    locked: tuple[str, ...] = ()
    unlocked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Herald:
    """The ports of telling. `stages` are those that a service's freeze locks; `stage` is ours."""

    stage: str
    freezes: FreezeStore
    told: ToldStore
    bus: FreezeBus | None
    locks: StageLocks
    stages: tuple[tuple[str, Stage], ...]
    clock: IncidentClock

    def turn(self) -> Told:
        """Tells what has changed since the last turn; what fails keeps nothing else from it.

        Raises:
            TocsinError: the first that failed, once all was tried; the next turn tries it again.
        """
        now = self.clock.incident_now()
        failed: list[TocsinError] = []
        events: tuple[tuple[str, str], ...] = ()
        locked, unlocked = list[str](), list[str]()
        if self.bus is not None:
            try:
                events = self._publish(now, self.bus)
            except TocsinError as error:
                failed.append(error)
        for service, place in self.stages:
            try:
                self._lock(service, place, now, locked, unlocked)
            except TocsinError as error:
                failed.append(error)
        if failed:
            raise failed[0]
        return Told(events=events, locked=tuple(locked), unlocked=tuple(unlocked))

    def _publish(self, now: datetime, bus: FreezeBus) -> tuple[tuple[str, str], ...]:
        before = self.told.load()
        held = [one for one in self.freezes.all() if one.holds_at(now)]
        after = {f"{one.service}#{one.incident}": _facts(one) for one in held}
        events = list(_changes(before.freezes, after))
        if not events:
            return ()
        bus.publish(events)
        self.told.save(replace(before, freezes=after, ver=before.ver + 1))
        return tuple((kind, str(facts["service"])) for kind, facts in events)

    def _lock(
        self, service: str, place: Stage, now: datetime, locked: list[str], unlocked: list[str]
    ) -> None:
        """Sets or takes away our own lock of one stage, and says so in one of the two lists."""
        found = ask_freeze(self.freezes, service=service, at=now)
        if not found.known:
            raise StoreUnavailable("freezes cannot be read")
        reason = self.locks.reason(place)
        if found.stopped_by and reason is None:
            self.locks.disable(place, self._reason(service))
            locked.append(f"{place.pipeline}/{place.stage}")
        elif not found.stopped_by and reason is not None and reason.startswith(self.mark):
            self.locks.enable(place)
            unlocked.append(f"{place.pipeline}/{place.stage}")

    @property
    def mark(self) -> str:
        """How every reason of ours begins; two stages of Tocsin never take each other's away."""
        return f"Tocsin ({self.stage}) freeze."

    def _reason(self, service: str) -> str:
        """Which service; nothing of why, for more people read pipelines than incidents."""
        says = f"{self.mark} Service {service}. It is enabled again when the freeze has ended."
        return _PLAIN.sub("-", says)[:LONGEST_REASON]


def stages_of(text: str) -> tuple[tuple[str, Stage], ...]:
    """From a setting: `none`, or `<service>=<pipeline>/<stage>` with commas."""
    found = []
    for one in text.split(",") if text != "none" else ():
        service, _, place = one.partition("=")
        pipeline, _, stage = place.partition("/")
        found.append((service, Stage(pipeline, stage)))
    return tuple(found)


def _changes(
    before: Mapping[str, Facts], after: Mapping[str, Facts]
) -> Iterable[tuple[str, Facts]]:
    for place, facts in after.items():
        if place not in before:
            yield STARTED, facts
        elif before[place] != facts:
            yield CHANGED, facts
    for place, facts in before.items():
        if place not in after:
            yield ENDED, facts


def _facts(one: ServiceFreeze) -> Facts:
    """What others may know: of a restricted incident that it holds, and nothing else."""
    return {
        "service": one.service,
        "incident": None if one.restricted else one.incident,
        "restricted": one.restricted,
        "since": format_time(one.since),
        "until": None if one.until is None else format_time(one.until),
        "let_through": [] if one.restricted else list(one.allowed),
    }
