"""What must hold after every step of a life, whoever did what and whatever went wrong.

Written from `docs/semantics.md` and from what a message says to its reader, not from the functions
that are tried. What these laws do not see is in `docs/how-to/simulate.md`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tocsin.incidents.events.fold import fold
from tocsin.incidents.timeline.entry import first_broken_link
from tocsin.incidents.vocabulary import ClockName, Severity
from tocsin.simulation.fault import Fault
from tocsin.simulation.promised import LONGEST_SILENCE, promised
from tocsin.simulation.troubles import Trouble

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.timeline.entry import Entry
    from tocsin.simulation.world import Received, World

HIDDEN = "hidden-"
"""Every title of a life begins with it, so that where it stands a title stands."""
_AHEAD = re.compile(r"\bby (\d\d):(\d\d)(?: ([A-Z]{2,5}))?\b")
_HALF_A_DAY = timedelta(hours=12)
_MOVES_PROMISES = frozenset({"fix_paused", "release_recorded", "left_unscheduled"})
_URGENT = (Severity.CRITICAL, Severity.HIGH)


@dataclass(slots=True)
class Laws:
    """Looks at a world again and again, and remembers what it saw last."""

    world: World
    entries: Counter[str] = field(default_factory=Counter)
    _seen: dict[str, Incident] = field(default_factory=dict)
    _heard: int = 0

    def look(self) -> None:
        """Raises `Fault` for the first law that does not hold."""
        incidents = self.world.incidents()
        self._messages()
        self._keys(incidents)
        self._notes()
        for incident in incidents:
            before = self._seen.get(incident.id)
            if before is None or before.version != incident.version:
                fresh = self._timeline(incident, before)
                if before is None:
                    self._deadlines(incident, fresh)
                if any(entry.type == "severity_changed" for entry in fresh):
                    self._raised(incident)
                if any(entry.type == "closed" for entry in fresh) and not incident.open:
                    self._closing(incident)
                self._seen[incident.id] = incident
            self._unanswered(incident)

    def at_the_end(self) -> None:
        """Raises `Fault` where something was lost, doubled without cause, or forgotten."""
        for incident in self.world.incidents():
            if first_broken_link(self.world.store.entries(incident.id)) is not None:
                raise Fault(f"the chain of {incident.id} is broken")
            if incident.open and incident.severity in _URGENT and not incident.contained:
                self._still_asking(incident)
            said = incident.communication.internal
            late = said.next_by is not None and said.next_by < self.world.now
            if incident.open and late and said.missed_at is None:
                raise Fault(f"an update of {incident.id} was due {said.next_by}, and nobody asked")
        self._delivered()

    # -- incidents

    def _keys(self, incidents: list[Incident]) -> None:
        held = Counter(key for each in incidents if each.open for key in each.signals)
        if doubled := [key for key, often in held.items() if often > 1]:
            raise Fault(f"I1: two open incidents hold {doubled[0]}")

    def _timeline(self, incident: Incident, before: Incident | None) -> tuple[Entry, ...]:
        after = before.version if before else 0
        fresh = self.world.store.entries(incident.id, after=after)
        self.entries.update(entry.type for entry in fresh)
        if fold(fresh, before) != incident:
            raise Fault(f"I4: {incident.id} is not what its timeline tells")
        times = [entry.recorded_at for entry in fresh]
        if times != sorted(times):
            raise Fault(f"times of {incident.id} go backwards")
        return fresh

    def _deadlines(self, incident: Incident, fresh: tuple[Entry, ...]) -> None:
        """Of what has just been opened, and is still as it was opened."""
        if any(entry.type == "severity_changed" for entry in fresh) or incident.cycle > 1:
            return
        runbooks = self.world.runbooks
        calendar = runbooks.version(incident.policy_version).calendar
        for name, clock in incident.clocks.items():
            due = promised(
                runbooks.promises(incident.policy_version),
                incident.severity,
                name,
                incident.opened_at,
                zone=calendar.zone,
                holidays=calendar.closed_dates,
            )
            if due is not None and clock.due_at != due:
                raise Fault(
                    f"{incident.id}, {incident.severity}, opened {incident.opened_at}: "
                    f"{name} is due {clock.due_at} and not {due}"
                )

    def _raised(self, incident: Incident) -> None:
        """Of what was raised only: each severity it ever had promises from t0, the earliest holds.

        Whatever else moves a promise (pauses, releases, reopening) is left to those it is told to.
        """
        timeline = self.world.store.entries(incident.id)
        turns = [
            (Severity(str(e.content["old"])), Severity(str(e.content["new"])))
            for e in timeline
            if e.type == "severity_changed"
        ]
        lowered = any(new.rank > old.rank for old, new in turns)
        if lowered or incident.cycle > 1 or any(e.type in _MOVES_PROMISES for e in timeline):
            return
        runbooks = self.world.runbooks
        calendar = runbooks.version(incident.policy_version).calendar
        for name in (ClockName.CONTAIN, ClockName.FIX):
            promises = [
                promised(
                    runbooks.promises(incident.policy_version),
                    severity,
                    name,
                    incident.opened_at,
                    zone=calendar.zone,
                    holidays=calendar.closed_dates,
                )
                for severity in (turns[0][0], *(new for _, new in turns))
            ]
            due = min(each for each in promises if each is not None)
            if incident.clocks[name].due_at != due:
                raise Fault(
                    f"{incident.id}, raised to {incident.severity}, opened {incident.opened_at}: "
                    f"{name} is due {incident.clocks[name].due_at} and not {due}"
                )

    def _closing(self, incident: Incident) -> None:
        """As resolved: contained, fixed, told, written up, and quiet for the whole window."""
        if incident.resolution != "resolved":
            return
        timeline = self.world.store.entries(incident.id)
        last = max((e.seq for e in timeline if e.type == "reopened"), default=0)
        cycle = [entry for entry in timeline if entry.seq > last]
        waived = {e.content["criterion"] for e in timeline if e.type == "waiver_approved"}
        types = {entry.type for entry in cycle}
        drill = incident.id.startswith("DRL")
        needed = {"containment_verified", "fixed", "postmortem_published"}
        if not waived and (lacks := needed - types) and not drill and last == 0:
            raise Fault(f"I6: {incident.id} closed as resolved without {', '.join(sorted(lacks))}")
        fixed = [entry.recorded_at for entry in cycle if entry.type == "fixed"]
        promises = self.world.runbooks.promises(incident.policy_version)
        window = timedelta(hours=promises.window[incident.severity])
        if fixed and not waived and incident.closed_at is not None:
            quiet = incident.closed_at - fixed[-1]
            if quiet < window:
                raise Fault(f"I6: {incident.id} closed {quiet} after its fix")

    # -- messages

    def _messages(self) -> None:
        for received in self.world.received[self._heard :]:
            self._says_nothing_restricted(received)
            self._names_what_lies_ahead(received)
        self._heard = len(self.world.received)

    def _says_nothing_restricted(self, received: Received) -> None:
        message = received.message
        said = f"{message.subject} {message.text} {message.short}"
        if received.restricted and HIDDEN in said:
            raise Fault(f"a restricted incident's title left as a {received.kind}: {said[:200]}")
        if received.kept_out:
            raise Fault(f"{received.person} is kept out of {received.incident} and was told")

    def _names_what_lies_ahead(self, received: Received) -> None:
        """I14, of the moments in a subject or a text message: `by 10:15` on the team's clocks."""
        zones = (self.world.zone_of(received.incident), *self.world.runbooks.zones)
        for text in (received.message.subject, received.message.short):
            for hour, minute, named in _AHEAD.findall(text):
                here = on_its_clock(received.at, named, zones)
                if _has_passed(here, int(hour), int(minute)):
                    raise Fault(f"I14: at {here:%H:%M} a {received.kind} says: {text}")

    def _unanswered(self, incident: Incident) -> None:
        """Nobody has it: while sweeps are punctual and channels work somebody is asked."""
        asks = incident.open and incident.severity in _URGENT
        current, quiet_since = incident.round, self.world.punctual_since
        if not asks or current is None or not current.open or quiet_since is None:
            return
        since = max(quiet_since, current.started_at, current.ladder_start)
        if self.world.now - since <= LONGEST_SILENCE:
            return
        self._still_asking(incident)

    def _still_asking(self, incident: Incident) -> None:
        last = self.world.store.asked.get(incident.id)
        if last is None or self.world.now - last > LONGEST_SILENCE:
            when = last or "never"
            raise Fault(f"forgotten: {incident.id}, {incident.severity}, asked last {when}")

    def _delivered(self) -> None:
        """Every message of the outbox has ended, and what is marked as sent was received."""
        often = Counter(received.message_id for received in self.world.received)
        hour_ago = self.world.now - timedelta(hours=1)
        for item in self.world.store.all_outbox():
            if item.state != "sent":
                if item.due_at < hour_ago:
                    raise Fault(f"I10: {item.message_id} was never sent: {item.tried}")
            elif item.tried and item.tried[-1].endswith(" sent") and not often[item.message_id]:
                raise Fault(f"I10: {item.message_id} is marked as sent, and nobody received it")
        happened = self.world.troubles.happened
        deaths = happened[Trouble.DIED_AFTER_SENDING] + happened[Trouble.DIED_BEFORE_MARK]
        doubled = sum(number - 1 for number in often.values())
        if doubled > deaths:
            raise Fault(f"{doubled} messages came twice, and {deaths} processes died on the way")

    def _notes(self) -> None:
        if self.world.notes.unmeant:
            raise Fault(f"nobody meant this: {self.world.notes.unmeant[0]}")


def on_its_clock(at: datetime, named: str, zones: Sequence[str]) -> datetime:
    """`at` on the first of these clocks that has the name; on the first where none has.

    What stands for many may speak in the zone of one of them, and that was opened under a runbook
    that is no longer in force.
    """
    clocks = [at.astimezone(ZoneInfo(zone)) for zone in zones]
    return next((here for here in clocks if here.tzname() == named), clocks[0])


def _has_passed(here: datetime, hour: int, minute: int) -> bool:
    """Whether what a clock on the wall calls so lies behind, within half a day.

    An hour that comes twice, where summer time ends, has passed when it has the second time.
    """
    now = here.replace(second=0, microsecond=0).astimezone(UTC)
    named = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return all(
        timedelta() < now - named.replace(fold=which).astimezone(UTC) < _HALF_A_DAY
        for which in (0, 1)
    )
