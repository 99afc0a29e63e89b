"""The window of an incident's outage, from what is stored (runbook, Replay Procedure 2).

It begins 15 minutes before the last that is known to have worked before harm began: the newest
event that had come by webhook, or the newest checkout that the provider took, whichever is older,
since either may have failed first. It ends at the confirmed recovery. Too wide a window costs list
calls, too narrow a one leaves events lost: every doubt here widens it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tocsin.billing.checkout.breaker import Phase
from tocsin.billing.errors import WindowUnknown
from tocsin.billing.outage.recovery import confirmed_at, doubts
from tocsin.billing.outage.watching import HOUR, LONGEST_SILENCE_HOURS
from tocsin.billing.replay.cursor import Window, window_of_outage
from tocsin.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from tocsin.billing.checkout.breaker import Breaker
    from tocsin.billing.identity import Identity
    from tocsin.incidents.vocabulary import Group
    from tocsin.ports.billing.checkout import IntentStore
    from tocsin.ports.billing.outage import LedgerHours, ProbeLog

    class Incidents(Protocol):
        """What is asked of an incident here."""

        def harm(self, incident: str, *, person: str, groups: frozenset[Group]) -> Harm:
            """Raises `UnknownIncident`: there is none, or the person may not see it."""
            ...


_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Harm:
    """When harm began by the incident (or it was opened), epoch seconds; what caused it.

    `replayed_from` is the earliest second of any window that was replayed for it.
    """

    began_at: int
    provider: str | None
    replayed_from: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody said of the window; None: take it from the incident."""

    provider: str | None
    account: str | None
    mode: str | None
    start: int | None
    end: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """Whose events, which window, and by which facts."""

    identity: Identity
    window: Window
    facts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowDesk:
    """The desk over its ports; `identities` are the accounts there are keys for."""

    incidents: Incidents
    ledger: LedgerHours
    intents: IntentStore
    probes: ProbeLog
    breaker: Callable[[Identity], Breaker]
    identities: Callable[[], Sequence[Identity]]
    now: Callable[[], int]

    def find(self, incident: str, asked: Asked, *, person: str, groups: frozenset[Group]) -> Found:
        """The window of the incident's outage, as far as nobody has said another.

        Raises:
            UnknownIncident: there is none, or the person may not see it.
            BadInput: it is not clear which account is meant.
            WindowUnknown: a fact is missing; `missing` names it, or both.
        """
        harm = self.incidents.harm(incident, person=person, groups=groups)
        identity = self._identity(asked, harm)
        missing: list[str] = []
        facts: list[str] = []
        start, end = asked.start, asked.end
        if start is None:
            good = self._last_good(identity, harm.began_at, facts)
            if good is None:
                missing.append("last_good")
            else:
                start = window_of_outage(last_good=good, recovered_at=good).start
        if end is None:
            end = self._recovered(identity, facts)
            if end is None:
                missing.append("recovery")
        if start is None or end is None:
            raise WindowUnknown(_detail(missing), missing=",".join(missing))
        return Found(identity, Window(start, end), "; ".join(facts))

    def touched_from(self, incident: str, *, person: str, groups: frozenset[Group]) -> int:
        """From when on the outage may have touched a workspace, epoch seconds.

        The earliest of what was replayed for the incident and of a quarter of an hour before the
        last good of each account it may concern; without any, before harm began.

        Raises:
            UnknownIncident: there is none, or the person may not see it.
        """
        harm = self.incidents.harm(incident, person=person, groups=groups)
        concerned = [each for each in self.identities() if harm.provider in (None, each.provider)]
        known = [self._last_good(each, harm.began_at, []) for each in concerned]
        good = min((at for at in known if at is not None), default=harm.began_at)
        start = window_of_outage(last_good=good, recovered_at=good).start
        return start if harm.replayed_from is None else min(start, harm.replayed_from)

    def _identity(self, asked: Asked, harm: Harm) -> Identity:
        provider = asked.provider or harm.provider
        fitting = [
            each
            for each in self.identities()
            if (provider is None or each.provider == provider)
            and (asked.account is None or each.account == asked.account)
            and (asked.mode is None or each.mode == asked.mode)
        ]
        if len(fitting) != 1:
            known = ", ".join(map(str, fitting or self.identities())) or "none"
            detail = f"say provider, account and mode; there are keys for: {known}"
            raise BadInput(detail, field="account")
        return fitting[0]

    def _last_good(self, identity: Identity, before: int, facts: list[str]) -> int | None:
        """The older one of the newest event and the newest checkout before harm began."""
        found = {
            "webhook": self._newest_event(identity, before),
            "checkout": self._newest_checkout(identity, before),
        }
        known = {name: at for name, at in found.items() if at is not None}
        facts += [f"last good {name} {_iso(at)}" for name, at in known.items()]
        return min(known.values(), default=None)

    def _newest_event(self, identity: Identity, before: int) -> int | None:
        for hours in range(LONGEST_SILENCE_HOURS):
            sample = self.ledger.sample(identity, before - hours * HOUR)
            times = [event.received_at for event in sample if event.received_at <= before]
            if times:
                return max(times)
        return None

    def _newest_checkout(self, identity: Identity, before: int) -> int | None:
        until = before
        for _ in range(LONGEST_SILENCE_HOURS):
            log = self.intents.attempts(since=until - HOUR + 1, until=until)
            times = [
                each.second for each in log if each.worked and each.provider == identity.provider
            ]
            if times:
                return max(times)
            until -= HOUR
        return None

    def _recovered(self, identity: Identity, facts: list[str]) -> int | None:
        now, breaker = self.now(), self.breaker(identity)
        closed = breaker.phase is Phase.CLOSED
        probes = self.probes.probes(identity, since=now - _A_DAY)
        unsure = doubts(probes, breaker_closed=closed, now=now)
        found = None if unsure else confirmed_at(probes, closed_since=breaker.since)
        if found is not None:
            facts.append(f"recovery confirmed {_iso(found)}")
        return found


def _detail(missing: Sequence[str]) -> str:
    said = {
        "last_good": "no event by webhook and no checkout is stored of the 48 hours before harm "
        "began: say `start`, or correct when harm began",
        "recovery": "recovery is not confirmed: wait for ten good looks in a quarter of an hour, "
        "or say `end`",
    }
    return "; ".join(said[each] for each in missing)


def _iso(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
