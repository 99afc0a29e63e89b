"""One round of the outage watch: look, judge, remember, report, settle, tell.

Every part fails alone: not reaching one provider, or not being able to write into an incident,
must not keep the others from being seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from tocsin.application.billing.checkout.settle import settle
from tocsin.application.billing.outage.checkout_probes import CheckoutProbes, probe_shut
from tocsin.application.billing.outage.tell import Evidence
from tocsin.application.billing.outage.watch import (
    Look,
    customers_feel,
    judge,
    promised,
    recent_attempts,
    situation,
    status_document,
    wanted_in_vain,
)
from tocsin.billing.checkout.attempts import Result
from tocsin.billing.outage.alarms import ALL_FAIL, SAYS, alarms_of
from tocsin.billing.outage.memory import LastWord, Memory, Seen
from tocsin.billing.outage.recovery import Probe
from tocsin.billing.outage.signs import LOOK_BACK, Trouble
from tocsin.billing.outage.wording import DOWN, OPERATIONAL, gist, plans
from tocsin.errors import TocsinError
from tocsin.notes import Event, Gauge, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from tocsin.application.billing.outage.tell import Teller
    from tocsin.billing.checkout.attempts import Attempt
    from tocsin.billing.checkout.breaker import Breaker
    from tocsin.billing.identity import Identity
    from tocsin.billing.outage.signs import Health
    from tocsin.billing.outage.wording import Situation
    from tocsin.incidents.model.incident import Incident
    from tocsin.notes import Notes
    from tocsin.ports.billing.checkout import BreakerStore, IntentStore, PolicySource
    from tocsin.ports.billing.outage import ComparisonLog, OutageStore, ProbeLog
    from tocsin.ports.time import WallClock

LATE = frozenset({Trouble.BACKLOG, Trouble.SILENCE})
LOOK_AGAIN_MINUTES = 5
FAILING = frozenset({Trouble.DELIVERIES, Trouble.ENDPOINT})


class Ring(Protocol):
    """Says that an alarm rings, or no longer does. `ringing.AlarmQueue` does."""

    def __call__(self, alarm: str, says: str, *, firing: bool, now: int) -> None: ...


class Prober(Protocol):
    """Looks at one account: `providers.http.probes.HttpProbes`, with bases and keys bound."""

    def __call__(self, identity: Identity, *, now: int) -> Health: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """All that a round needs. `arrival` is when the newest webhook of an account arrived.

    `lists` tells whether a provider lists its events; then `provider_watch` probes it too. `key_of`
    gives the dedup key of one of our alarms; `ring` tells those who open incidents by it;
    `announce` tells a hosted status page.
    """

    intents: IntentStore
    breakers: BreakerStore
    policies: PolicySource
    outages: OutageStore
    probes: ProbeLog
    comparisons: ComparisonLog
    probe: Prober
    arrival: Callable[[Identity, int], int | None]
    teller: Teller
    key_of: Callable[[str], str]
    ring: Ring
    announce: Callable[[Mapping[str, Any]], None]
    lists: Callable[[str], bool]
    clock: WallClock
    notes: Notes

    def run(self) -> dict[str, Any]:
        """One round; the answer says what is firing and which parts failed."""
        now, failed = int(self.clock.wall_now().timestamp()), list[str]()
        policy = self.policies.policy()
        accounts = policy.accounts
        before = self.outages.memory()
        log = self.intents.attempts(since=now - LOOK_BACK, until=now)
        seen: dict[str, Seen] = {}
        ringing: dict[str, str] = {}
        for name, identity in accounts.items():
            known = before.providers.get(name, Seen())
            seen[name] = self._seen(identity, known, log, failed, now=now)
            ringing |= _report(name, seen[name], self.notes)
        after = replace(before, providers=seen)
        after = replace(after, next_update=promised(after, now=now))
        found = situation(after, tuple(accounts), now=now, prices=policy.prices)
        if accounts:  # who sells nothing lacks no way to be paid
            says = _nobody(found, wanted_in_vain(log, found))
            self.notes.gauge(Gauge.NO_PAYMENT_PATH, int(says is not None))
            ringing |= {} if says is None else {ALL_FAIL: says}
        rung = set(before.rung)
        with _Alone("ring", failed, self.notes):
            self._ring(rung, ringing, now=now)
        self._publish(found, failed)
        after = replace(after, settled_to=self._settled(before, failed))
        said = _Said(set(after.told), after.word)
        if not _uneventful(before, after, rung) or now // 60 % LOOK_AGAIN_MINUTES == 0:
            with _Alone("tell", failed, self.notes):
                self._tell(before, after, found, said)
        # Kept while an incident is open or stakeholders hold old news: it says what still has to
        # be withdrawn there.
        calm = found.since is None and not before.providers_in_trouble and not said.incidents
        calm = calm and (said.word is None or said.word.gist == gist(found))
        after = replace(
            after,
            told=() if calm else tuple(sorted(said.told)),
            rung=tuple(sorted(rung)),
            word=None if calm else said.word,
        )
        if after != before:
            self.outages.remember(after)
        firing = {name: sorted(each.firing) for name, each in seen.items() if each.firing}
        return {"firing": firing, "level": found.level, "failed": failed}

    def _seen(
        self,
        identity: Identity,
        known: Seen,
        log: Sequence[Attempt],
        failed: list[str],
        *,
        now: int,
    ) -> Seen:
        """What one provider looks like now; as it was known where it cannot be looked at."""
        name, breaker = identity.provider, None
        with _Alone(f"shut:{name}", failed, self.notes):
            breaker = self._probe_shut(identity, now)
        with _Alone(f"look:{name}", failed, self.notes):
            health = self.probe(identity, now=now)
            if not self.lists(name):
                # Elsewhere `provider_watch` records a look a minute, and knows of webhooks too.
                self.probes.record(identity, Probe(now, health.reachable, None))
            attempts = recent_attempts(log, name, now=now)
            newest = self.arrival(identity, now)
            breaker = breaker or self.breakers.load(identity)
            compared = self.comparisons.newest(identity)
            look = Look(identity, attempts, breaker, health, newest, compared)
            return judge(look, known, now=now)
        return known

    def _settled(self, before: Memory, failed: list[str]) -> str:
        """Settles doubts of checkouts; the one that was looked at last."""
        reached = before.settled_to
        with _Alone("settle", failed, self.notes):
            done = settle(
                intents=self.intents,
                policies=self.policies,
                clock=self.clock,
                after=before.settled_place,
            )
            if done.reached is not None:
                reached = "{}#{}".format(*done.reached)
            self.notes.gauge(Gauge.CHECKOUT_DOUBLES, len(done.doubles))
            for error in done.failed.values():
                raise error  # all others were looked at; one stands for them in the log
        return reached

    def _probe_shut(self, identity: Identity, now: int) -> Breaker | None:
        """The breaker, where something is sold there."""
        prices = self.policies.policy().prices.values()
        if not any(identity.provider in price.ids for price in prices):
            return None
        probes = CheckoutProbes(self.intents, self.policies, self.clock)
        return probe_shut(identity, self.breakers, probes, now=now)

    def _ring(self, rung: set[str], ringing: Mapping[str, str], *, now: int) -> None:
        """Says what changed, and keeps in `rung` what was said, also when it fails half way."""
        for alarm in sorted(rung - ringing.keys()):
            self.ring(alarm, "It was well when it was looked at.", firing=False, now=now)
            rung.discard(alarm)
        for alarm in sorted(ringing.keys() - rung):
            self.ring(alarm, ringing[alarm], firing=True, now=now)
            rung.add(alarm)

    def _publish(self, found: Situation, failed: list[str]) -> None:
        document = status_document(found)
        known = self.outages.status()
        self.outages.publish(document)
        if known is None or known["level"] != document["level"]:
            with _Alone("announce", failed, self.notes):
                self.announce(document)

    def _tell(self, before: Memory, after: Memory, found: Situation, said: _Said) -> None:
        """Keeps in `said` what is told, also when it fails half way.

        What has to be cleared or withdrawn is read off the incidents, not off the last round: that
        one may have ended in the middle. While nothing happens that is looked for every few
        minutes.
        """
        incident_of = cache(self.teller.incident_of)
        for name, seen in after.providers.items():
            for alarm in (*alarms_of(name).values(), ALL_FAIL):
                incident = incident_of(self.key_of(alarm))
                if incident is not None:
                    said.incidents[incident.id] = incident
                    earlier = before.providers.get(name, Seen())
                    self._attach(incident, name, seen, earlier, said.told)
        open_ones = tuple(said.incidents.values())
        told = open_ones or self.teller.told(said.word)
        if told:
            self._say(replace(found, frozen=self.teller.frozen(open_ones)), told, said)
        elif said.word is not None:
            said.word = None  # nobody is left by whom what was said could be taken back

    def _say(self, found: Situation, incidents: Sequence[Incident], said: _Said) -> None:
        """Tells stakeholders what they were not told last, and every incident what they know.

        One audience hears it once, whichever incidents are open: it leaves by the worst of them.
        Once all are closed it leaves by those that told the word before: who was told that
        something fails is told when it does no more, whatever people closed meanwhile.
        """
        last, news = said.word, gist(found)
        if last is None and found.level == OPERATIONAL:
            return  # nothing was told that has to be taken back
        if last is None or last.gist != news:
            number, began = (0, 0) if last is None else (last.number, last.since)
            last = LastWord(number + 1, found.since or began, news)
        for incident in sorted(incidents, key=_worst_first):
            if incident.id in last.recorded_in:
                continue
            send = not last.recorded_in
            if self.teller.update(incident, found, last, send=send):
                last = replace(last, recorded_in=(*last.recorded_in, incident.id))
                said.word = last

    def _attach(
        self, incident: Incident, name: str, seen: Seen, earlier: Seen, told: set[str]
    ) -> None:
        """The provider's evidence while it fails, once for each state of things; then its end."""
        now = int(self.clock.wall_now().timestamp())
        shown = seen if seen.firing else earlier
        since = shown.since or now
        if not seen.firing and not self.teller.still_firing(incident, name):
            return
        log = self.intents.attempts(since=since - LOOK_BACK, until=now)
        refused = Trouble.REFUSED in shown.firing
        failed = [
            each
            for each in log
            if each.provider == name
            and (each.failed or (refused and each.result is Result.REFUSED))
        ]
        counted = {trouble: (each.bad, each.total) for trouble, each in shown.watched.items()}
        evidence = Evidence(name, shown.firing, since, failed, counted)
        mark = f"{incident.id}|{evidence.mark}|True"
        if not seen.firing:
            self.teller.attach(incident, evidence, firing=False)
        elif mark not in told and self.teller.attach(incident, evidence, firing=True):
            told.add(mark)


def _uneventful(before: Memory, after: Memory, rung: set[str]) -> bool:
    """Whether nothing fails or failed just now, and nobody has been told of anything."""
    known = before.rung or before.told or before.word or rung
    return not (before.providers_in_trouble or after.providers_in_trouble or known)


@dataclass(slots=True)
class _Said:
    """What incidents and stakeholders have been told, while a round tells it."""

    told: set[str]
    word: LastWord | None
    incidents: dict[str, Incident] = field(default_factory=dict)


def _worst_first(incident: Incident) -> tuple[int, datetime, str]:
    return incident.severity.rank, incident.opened_at, incident.id


def _nobody(found: Situation, in_vain: Sequence[tuple[str, str]]) -> str | None:
    """What the alarm says of those who can pay by no path; None where there are none."""
    if found.level == DOWN:
        return SAYS["all"]
    return SAYS["some"].format(plans(in_vain)) if in_vain else None


def _report(provider: str, seen: Seen, notes: Notes) -> dict[str, str]:
    """One measure an alarm: 1 while it should ring. Downtime alone rings with checkouts.

    Returns:
        The alarms that should, and what each says.
    """
    checkout = customers_feel(seen.firing) or Trouble.DOWNTIME in seen.firing
    ringing = {}
    for kind, gauge, rings in (
        ("checkout", Gauge.CHECKOUT_TROUBLE, checkout),
        ("webhooks", Gauge.WEBHOOK_TROUBLE, bool(seen.firing & FAILING)),
        ("news", Gauge.WEBHOOK_DELAY, bool(seen.firing & LATE)),
        ("billing", Gauge.STATE_DIVERGENCE, Trouble.DIVERGENCE in seen.firing),
    ):
        notes.gauge(gauge, int(rings), provider=provider)
        if rings:
            ringing[alarms_of(provider)[kind]] = SAYS[kind].format(provider)
    return ringing


class _Alone:
    """A part of a round: what keeps it from working is logged, counted, named, and ends there."""

    def __init__(self, name: str, failed: list[str], notes: Notes) -> None:
        self._name, self._failed, self._notes = name, failed, notes

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, Exception):
            return False
        code = error.code if isinstance(error, TocsinError) else "internal"
        self._notes.failed(Event.LOOK_FAILED, error, look=self._name)
        self._notes.count(Metric.LOOKS_FAILED, code=code)
        self._failed.append(self._name)
        return True
