"""How those who act in a life ask something of Tocsin, and what a refusal may not do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from tocsin.errors import TocsinError, Unavailable
from tocsin.incidents.commands.severity import ChangeSeverity
from tocsin.incidents.model.signals import Signal
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind, Group
from tocsin.signals.registry import reader
from tocsin.simulation.fault import Fault
from tocsin.simulation.troubles import Died
from tocsin.simulation.world import TEAM, World

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from datetime import timedelta

    from tocsin.application.incidents.outcome import Outcome
    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.model.incident import Incident

GROUPS: dict[str, frozenset[Group]] = {
    "ana": frozenset({Group.RESPONDER, Group.COMMANDER}),
    "bo": frozenset({Group.RESPONDER, Group.COMMANDER}),
    "cy": frozenset({Group.RESPONDER}),
    "dee": frozenset({Group.RESPONDER}),
    "eli": frozenset({Group.RESPONDER, Group.SECURITY}),
    "security-primary": frozenset({Group.RESPONDER, Group.SECURITY}),
    "vic": frozenset({Group.VIEWER}),
}
"""Who acts. `vic` may only look, and tries all the same."""
PEOPLE = ("ana", "ana", "ana", "bo", "bo", "cy", "dee", "eli", "security-primary", "vic")
"""As often as they act."""
ROBOT = "github"


@dataclass(slots=True)
class Desk:
    """Asks, and keeps what was asked last, so that it can be asked again."""

    world: World
    last: Command | None = None
    refusals: dict[str, int] = field(default_factory=dict)
    _asked: count[int] = field(default_factory=lambda: count(1))

    def open(self) -> list[Incident]:
        return [each for each in self.world.incidents() if each.open]

    def chosen(self, pick: int, *, closed: bool = False) -> Incident | None:
        """One of the open incidents, or of the closed ones."""
        fitting = [each for each in self.world.incidents() if each.open is not closed]
        return fitting[pick % len(fitting)] if fitting else None

    def now(self, incident: Incident) -> Incident:
        """The incident as it stands by now."""
        return next(each for each in self.world.incidents() if each.id == incident.id)

    def ask(
        self, cls: type[Command], incident: Incident | str, who: str, **fields: Any
    ) -> Outcome | None:
        """A person or the robot asks once; None when refused, or when nobody knows the answer."""
        robot = who == ROBOT
        command = cls(
            incident_id=incident if isinstance(incident, str) else incident.id,
            command_id=f"asked-{next(self._asked)}",
            actor=Actor(ActorKind.SOURCE if robot else ActorKind.PERSON, who),
            correlation_id=f"life-{self.world.seed}",
            groups=frozenset() if robot else GROUPS.get(who, frozenset({Group.RESPONDER})),
            **fields,
        )
        return self.send(command)

    def send(self, command: Command) -> Outcome | None:
        """Carries a command out; what leads nowhere must change nothing.

        Raises:
            Fault: a refusal changed something, or an error left that nobody designed.
        """
        self.last = command
        before, was = self.world.store.whole(), self.world.store.seen(command.incident_id)
        try:
            outcome = self.world.engine.execute(command)
        except (Unavailable, Died):
            outcome = None  # whether it was written nobody knows; the same may be asked again
        except TocsinError as refusal:
            self.refusals[refusal.code] = self.refusals.get(refusal.code, 0) + 1
            if self.world.store.whole() != before:
                raise Fault(f"refused with {refusal.code}, and yet something changed") from refusal
            outcome = None
        except Exception as error:
            raise Fault(f"no designed refusal: {type(error).__name__}: {error}") from error
        if isinstance(command, ChangeSeverity) and was is not None:
            self._raised(was, self.now(was))
        self.world.pump()
        return outcome

    @staticmethod
    def _raised(was: Incident, now: Incident) -> None:
        """A raise moves no running clock later; a pause that ends with it may."""
        if was.severity.rank <= now.severity.rank:
            return
        for name, clock in was.clocks.items():
            due = now.clocks[name].due_at
            if clock.pause is not None or clock.due_at is None or not clock.running:
                continue
            if due is None or due > clock.due_at:
                raise Fault(f"I2: raised, {name} of {now.id} moves {clock.due_at} to {due}")

    def again(self) -> None:
        """Asks the last thing once more, by the same id: a client that got no answer.

        Raises:
            Fault: it was carried out before, and now again.
        """
        if self.last is None:
            return
        first = self.send(self.last)
        if first is None:
            return
        before = self.world.store.whole()
        second = self.send(self.last)
        if second is not None and self.world.store.whole() != before:
            raise Fault("I3: the same command, asked twice, changed something the second time")

    def hear_messages(
        self, messages: list[tuple[str, dict[str, Any]]], *, watched: AbstractSet[str] = frozenset()
    ) -> None:
        """Messages of a queue, each its source and its body, are read and worked off together.

        Keys that are `watched` are of findings that a rule in force only watches. Raises `Fault` as
        `hear`; one that nobody can read keeps no other back.
        """
        readings = [reader(source)(body) for source, body in messages]
        for each in readings:
            self.world.met["findings in one message"] += len(each.signals) > 1
            self.world.met["findings that nobody can read"] += len(each.refusals)
        if signals := [signal for each in readings for signal in each.signals]:
            self.world.met["findings told of"] += len(signals)
            self.hear(signals, watched=watched)

    def hear(self, signals: list[Signal], *, watched: AbstractSet[str] = frozenset()) -> None:
        """A source sends a batch; what was not taken is delivered again, as its queue does.

        Raises:
            Fault: an error left that nobody designed, or the batch was never taken; nothing open
                says what is news and fires, or something was opened for what is only `watched`.
        """
        loud = self._news(signals)
        quiet = {key for key in watched if not self._held(key)}
        self._received(signals)
        if left := self.world.store.unseen(signals):
            raise Fault(f"I10: taken, and no trace of {[each.id for each in left]}")
        for newest in loud:
            held, waits = self._held(newest.key), self.world.store.held(newest.key)
            if waits is not None and waits.occurred_at >= newest.occurred_at and held:
                continue  # it is flapping, and heard of when it has been quiet
            says = any(each.signals[newest.key].firing for each in held)
            works = self.world.works.holds(newest.source, self.world.now) and not held
            if works and newest.firing:
                self.world.met["held by works"] += 1
            elif newest.firing and not says and newest.key not in quiet:
                raise Fault(f"I10: {newest.rule} fires, and no open incident says so")
        for key in quiet:
            if held := self._held(key):
                raise Fault(f"{held[0].id} was opened for {key}, which is only watched")
            self.world.met["findings only watched"] += 1
        self.world.pump()

    def _held(self, key: str) -> list[Incident]:
        return [each for each in self.open() if key in each.signals]

    def _news(self, signals: list[Signal]) -> list[Signal]:
        """The newest of each key that says whether something is wrong now, if it is news."""
        newest: dict[str, Signal] = {}
        for signal in signals:
            known = newest.get(signal.key)
            says = not signal.only_told and not signal.suppressed
            if says and (known is None or known.occurred_at < signal.occurred_at):
                newest[signal.key] = signal
        return [each for each in newest.values() if each.occurred_at > self._heard_of(each.key)]

    def _received(self, signals: list[Signal]) -> None:
        for _ in range(_DELIVERIES):
            try:
                self.world.engine.receive(signals)
            except (Died, Unavailable):
                continue
            except TocsinError as error:
                if not error.retryable:
                    raise Fault(f"a signal was refused: {error.code}: {error}") from error
                continue
            except Exception as error:
                raise Fault(f"no designed refusal: {type(error).__name__}: {error}") from error
            break
        else:
            raise Fault(f"a batch was given up after {_DELIVERIES} deliveries")

    def _heard_of(self, key: str) -> datetime:
        """The newest time that anything is known of a key by."""
        known = [
            each.signals[key].last_at for each in self.world.incidents() if key in each.signals
        ]
        clear = self.world.store.clear_heard(key)
        return max([*known, *([clear.occurred_at] if clear else []), _LONG_AGO])

    def signal(self, name: str, *, firing: bool, ago: timedelta, **changes: Any) -> Signal:
        """What CloudWatch would say of an alarm."""
        number = next(self._asked)
        values: dict[str, Any] = {
            "id": f"{name}-{number}",
            "source": "cloudwatch",
            "rule": name,
            "dedup_key": name,
            "title": f"{name} hidden-{name}",
            "firing": firing,
            "occurred_at": self.world.now - ago,
            "correlation_id": f"life-{self.world.seed}",
        }
        return Signal(**(values | changes))


def person(pick: int) -> str:
    """Somebody who acts."""
    return PEOPLE[pick % len(PEOPLE)]


def colleague(pick: int) -> str:
    """Somebody who takes turns."""
    return TEAM[pick % len(TEAM)]


_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_DELIVERIES = 40
