"""Answering deployments that wait: at once where nothing is frozen, else when the freeze ends.

Nobody has to tell this of a freeze that ends. What waits is due at the end that is known, and every
minute besides: for containment that is verified, a change that is let through, a freeze that is
lifted. Each look decides anew from what is stored, so a look that dies is made up for by the next.

An answer is written down before it is sent. Where it is lost whether it arrived, it is sent again;
refused then, over and over, it had arrived. What was never sent and is refused is given up, loudly.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.application.releases.freeze import ask_freeze
from tocsin.errors import ConditionFailed, GithubUnavailable, ReviewRefused, StoreUnavailable
from tocsin.incidents.model.deployments import LONGEST, REPORTS, DeploymentState
from tocsin.incidents.queries.freeze import EVERY_SERVICE, is_production
from tocsin.incidents.timeline.entry import format_time
from tocsin.notes import Event, Metric

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tocsin.incidents.model.deployments import Deployment
    from tocsin.incidents.queries.freeze import ServiceFreeze
    from tocsin.notes import Notes
    from tocsin.ports.deployments import DeploymentStore, Reviews
    from tocsin.ports.releases import FreezeStore
    from tocsin.ports.time import IncidentClock

AT_ONCE = 50
LOOK_AGAIN = timedelta(minutes=1)
FIRST_RETRY, LAST_RETRY = timedelta(seconds=15), timedelta(minutes=15)
MOST_REFUSALS = 5
"""In a row, over some minutes: then GitHub has no such deployment any more."""
LONGEST_COMMENT = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What one round came to: ids by what became of them; `more`: it had to stop."""

    answered: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    given_up: tuple[str, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentGate:
    """The ports of answering. With `rejects`, what is frozen is rejected instead of held."""

    deployments: DeploymentStore
    freezes: FreezeStore
    reviews: Reviews
    clock: IncidentClock
    rejects: bool = False

    def look(self, *, has_time: Callable[[], bool]) -> Looked:
        """Answers or holds what is due, the longest due first.

        Raises:
            StoreUnavailable: nothing can be read; all of it is due again.
        """
        answered, held, given_up = list[str](), list[str](), list[str]()
        failed: list[tuple[str, str]] = []
        waiting = self.deployments.due(at=self.clock.incident_now(), limit=AT_ONCE)
        for one in waiting:
            if not has_time():
                break
            try:
                after = self._turn(one, failed)
            except ConditionFailed:
                continue  # another round has it
            if after.state is DeploymentState.REFUSED:
                given_up.append(one.id)
            else:
                (held if after.waits else answered).append(one.id)
        done = len(answered) + len(held) + len(given_up)
        return Looked(
            answered=tuple(answered),
            held=tuple(held),
            failed=tuple(failed),
            given_up=tuple(given_up),
            more=done < len(waiting) or len(waiting) == AT_ONCE,
        )

    def _turn(self, one: Deployment, failed: list[tuple[str, str]]) -> Deployment:
        """It as it stands after this look, whether or not GitHub took what it was told."""
        try:
            return self._settle(one)
        except (GithubUnavailable, ReviewRefused) as error:
            failed.append((one.id, f"{error.code}: {error.detail}"))
            return self._failed(one, refused=isinstance(error, ReviewRefused))

    def _settle(self, one: Deployment) -> Deployment:
        """It as it stands after GitHub was told."""
        now = self.clock.incident_now()
        if not is_production(one.environment):
            return self._answer(one, DeploymentState.APPROVED, "Not production: never frozen.")
        stopping, held = self._frozen(one, now)
        if not stopping:
            why = f"Let through by {_named(held)}." if held else "Nothing is frozen."
            return self._answer(one, DeploymentState.APPROVED, why)
        if self.rejects or now >= one.requested_at + LONGEST:
            why = f"Frozen by {_named(stopping)}. Run it again once the freeze has ended."
            return self._answer(one, DeploymentState.REJECTED, why)
        return self._hold(one, stopping, now)

    def _frozen(
        self, one: Deployment, now: datetime
    ) -> tuple[tuple[ServiceFreeze, ...], tuple[ServiceFreeze, ...]]:
        """What stops it, and what holds its services, stopping or not."""
        stopping: dict[ServiceFreeze, None] = {}
        held: dict[ServiceFreeze, None] = {}
        for service in self.reviews.services(one.repository):
            found = ask_freeze(self.freezes, service=service, at=now, names=one.names)
            if not found.known:
                raise StoreUnavailable("freezes cannot be read")
            stopping |= dict.fromkeys(found.stopped_by)
            held |= dict.fromkeys(found.held)
        return tuple(stopping), tuple(held)

    def _answer(self, one: Deployment, state: DeploymentState, why: str) -> Deployment:
        if one.asked is not state:
            one = self._save(one.after(asked=state))
        self.reviews.answer(one, state, why[:LONGEST_COMMENT])
        return self._save(one.after(state=state, failures=0, refusals=0))

    def _hold(self, one: Deployment, by: tuple[ServiceFreeze, ...], now: datetime) -> Deployment:
        """Says by what it is held, when that changes, and sets the time of the next look."""
        said = f"Waits: frozen by {_named(by)}. It goes on by itself when that has ended."
        ends = [each.until for each in by if each.until is not None]
        due = min([now + LOOK_AGAIN, *ends])
        if said == one.said or one.reports >= REPORTS:
            return self._save(one.after(due_at=due, failures=0, refusals=0))
        self.reviews.report(one, said[:LONGEST_COMMENT])
        told = one.after(due_at=due, said=said, reports=one.reports + 1, failures=0, refusals=0)
        return self._save(told)

    def _failed(self, one: Deployment, *, refused: bool) -> Deployment:
        """Tried again later; what is refused over and over is given up, and that is told."""
        stored = self.deployments.get(one.repository, one.id) or one
        refusals = one.refusals + 1 if refused else 0
        wait = min(FIRST_RETRY * 2 ** min(one.failures, 10), LAST_RETRY)
        # What was refused did not arrive; what was sent before may have.
        asked = one.asked if refused else stored.asked
        over = (asked or DeploymentState.REFUSED) if refusals >= MOST_REFUSALS else stored.state
        after = stored.after(
            due_at=self.clock.incident_now() + wait,
            failures=one.failures + 1,
            refusals=refusals,
            asked=asked,
            state=over,
        )
        return self._save(after)

    def _save(self, after: Deployment) -> Deployment:
        self.deployments.save(after)
        return after


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """One turn of the gate, and what its operators are told of it."""

    gate: DeploymentGate
    notes: Notes

    def run(self, *, has_time: Callable[[], bool]) -> Looked:
        """Looks once. What is left is due, and found by the next turn."""
        looked = self.gate.look(has_time=has_time)
        for one, why in looked.failed:
            self.notes.warning(Event.DEPLOYMENT_UNANSWERED, deployment=one, why=why)
        for one in looked.given_up:
            self.notes.warning(Event.DEPLOYMENT_GIVEN_UP, deployment=one)
        if looked.failed:
            self.notes.count(Metric.DEPLOYMENTS_UNANSWERED, len(looked.failed))
        if looked.answered or looked.held:
            self.notes.info(
                Event.DEPLOYMENTS_LOOKED_AT, answered=len(looked.answered), held=len(looked.held)
            )
        return looked


def _named(held: tuple[ServiceFreeze, ...]) -> str:
    """Of a restricted incident nobody is told which it is: a run's page may be public."""
    return ", ".join(map(_one, held))


def _one(held: ServiceFreeze) -> str:
    who = "a restricted incident" if held.restricted else held.incident
    what = "every service" if held.service == EVERY_SERVICE else held.service
    until = "contained" if held.until is None else format_time(held.until)
    return f"{who} ({what}, until {until})"
