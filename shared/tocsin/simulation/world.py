"""A whole Tocsin in one process, in virtual time, with people, sources and troubles around it.

The engine, the sweep and the delivery are those that run in the functions; below them are the
stores in memory, above them whoever acts. What the platform does between (stream, schedule,
redelivery) is done here. Nothing reads a clock, and a seed decides every id.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tocsin.adapters.incidents.due_queue import incidents_of
from tocsin.adapters.people.memory import (
    MemoryContacts,
    MemoryLinks,
    MemoryNews,
    MemoryRotas,
    MemoryTexts,
)
from tocsin.adapters.releases.memory import MemoryReleases
from tocsin.application.incidents.brief_page import Briefer
from tocsin.application.incidents.deliver import LEASE, Delivery
from tocsin.application.incidents.sweeper import Sweeper
from tocsin.application.people.bundles import Bundler
from tocsin.application.people.contacts import ContactDesk
from tocsin.application.people.mint_links import Minter
from tocsin.application.people.on_call import OnDuty
from tocsin.channels.registry import KnownChannels, channel_for
from tocsin.documents.writing import Documents
from tocsin.errors import SendFailed, StoreUnavailable, Unavailable
from tocsin.incidents.model.outbox import OutboxKey
from tocsin.incidents.vocabulary import Role, WayKind
from tocsin.people.links import Keyring
from tocsin.people.rotation import Rotation
from tocsin.simulation.billing.office import Office
from tocsin.simulation.runbooks import Published
from tocsin.simulation.sources.findings import Findings
from tocsin.simulation.sources.jobs import Jobs
from tocsin.simulation.sources.maintenance import Works
from tocsin.simulation.sources.reports import Reports
from tocsin.simulation.surroundings import Postman, Quiet, SeededIds, SimulatedClock
from tocsin.simulation.troubles import Died, Trouble, TroubledIncidents, Troubles
from tocsin.simulation.whole import Whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.people.ways import Way
    from tocsin.ports.messages import Message, Sender
    from tocsin.ports.people import WaySender

BASE = "https://abcdefghij.execute-api.us-east-1.amazonaws.com"
MINUTE = timedelta(minutes=1)
_NEVER = datetime.max.replace(tzinfo=UTC)
TEAM = ("ana", "bo", "cy", "dee", "eli")
"""Who takes turns as commander; the other roles stay with the runbook's own people."""
_ZONES = ("America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe")


@dataclass(frozen=True, slots=True)
class Received:
    """One message that left, at incident time; `way` is the channel it went by.

    `restricted` and `kept_out` tell how its incident and its reader stood to each other then.
    """

    at: datetime
    way: str
    message: Message
    restricted: bool
    kept_out: bool

    @property
    def person(self) -> str:
        return self.message.attributes.get("person", "")

    @property
    def kind(self) -> str:
        return self.message.attributes.get("kind", "")

    @property
    def incident(self) -> str:
        return self.message.attributes.get("incident", "")

    @property
    def message_id(self) -> str:
        return self.message.attributes.get("message_id", "")


@dataclass(frozen=True, slots=True)
class Channel:
    """Where messages of one way arrive, unless the way is dead or the process dies."""

    world: World
    way: str

    def send(self, message: Message) -> str:
        """Arrives, and then the process may die."""
        if self.world.silent(self.way) or self.world.troubles.now(Trouble.DEAD_CHANNEL):
            raise SendFailed(f"{self.way} does not answer")
        self.world.receive(self.way, message)
        self.world.troubles.die(Trouble.DIED_AFTER_SENDING)
        return f"{self.way}-{len(self.world.received)}"


@dataclass(slots=True)
class World:
    """Everything a life happens to.

    `dead` are ways that take nothing until then, `punctual_since` is since when every sweep came
    in time and nothing went wrong, `log` has a line an act; `met` counts what was met.
    """

    seed: int
    clock: SimulatedClock
    troubles: Troubles = field(default_factory=Troubles)
    received: list[Received] = field(default_factory=list)
    dead: dict[str, datetime] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    notes: Quiet = field(default_factory=Quiet)
    stream_runs: bool = True
    punctual_since: datetime | None = None
    sweeps: int = 0
    met: Counter[str] = field(default_factory=Counter)
    store: TroubledIncidents = field(init=False)
    ids: SeededIds = field(init=False)
    policies: OnDuty = field(init=False)
    runbooks: Published = field(init=False)
    rotas: MemoryRotas = field(init=False)
    engine: Whole = field(init=False)
    delivery: Delivery = field(init=False)
    sweeper: Sweeper = field(init=False)
    billing: Office = field(init=False)
    jobs: Jobs = field(init=False)
    reports: Reports = field(init=False)
    works: Works = field(init=False)
    findings: Findings = field(default_factory=Findings)
    _owners: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.store = TroubledIncidents(self.troubles)
        self.ids = SeededIds(self.seed)
        self.rotas = MemoryRotas()
        self.runbooks = Published(self.seed // 2)
        self.policies = OnDuty(self.runbooks, self.rotas, self.clock)
        self.jobs = Jobs(self.seed, self.clock, self.troubles, self.met)
        self.reports = Reports(self.seed, self.clock, self.troubles, self.met)
        self.engine = Whole(
            jobs=self.jobs,
            reports=self.reports,
            store=self.store,
            policies=self.policies,
            clock=self.clock,
            ids=self.ids,
            releases=MemoryReleases(self.store.creations),
        )
        self.works = Works(self.engine)
        self.delivery = Delivery(
            store=self.store,
            policies=self.policies,
            clock=self.clock,
            wall=self.clock,
            router=(router := self._router()),
            bundler=self._bundler(router),
            news=MemoryNews(),
            notes=self.notes,
        )
        self.sweeper = Sweeper(
            engine=self.engine, notify=self._notify, notes=self.notes, read=incidents_of
        )
        self.punctual_since = self.clock.now
        self._man()
        self.billing = Office(self)

    @property
    def now(self) -> datetime:
        return self.clock.now

    @property
    def policy(self) -> Policy:
        return self.policies.current()

    def zone_of(self, incident_id: str) -> str:
        """The zone of the runbook an incident was opened under; of the one in force otherwise."""
        incident = self.store.seen(incident_id)
        version = None if incident is None else incident.policy_version
        policy = self.runbooks.current() if version is None else self.runbooks.version(version)
        return policy.calendar.zone

    def silent(self, way: str) -> bool:
        """Whether the way takes nothing now."""
        return way in self.dead and self.now < self.dead[way]

    def incidents(self) -> list[Incident]:
        """All that there are, in the order they were opened; read past every trouble."""
        return [each for each in map(self.store.seen, self.store.ids()) if each is not None]

    def receive(self, way: str, message: Message) -> None:
        """A message arrives."""
        about, person = message.attributes.get("incident"), message.attributes.get("person")
        found = self.store.seen(about or "")
        restricted = found is not None and found.restricted
        kept_out = found is not None and restricted and person in found.access.excluded
        self.received.append(Received(self.clock.now, way, message, restricted, kept_out))

    # Time

    def pass_time(self, minutes: int, *, punctual: bool) -> None:
        """Minutes pass; a punctual sweep comes whenever something is due, a late one at the end."""
        end = self.clock.now + minutes * MINUTE
        while (moment := self._next(punctual=punctual)) < end:
            self.clock.now = max(self.clock.now, moment)
            due = self._next_due() if punctual else None
            self.jobs.work()
            if due is not None and due - MINUTE <= self.clock.now:
                self.sweep()
        self.clock.now = max(self.clock.now, end)
        self.jobs.work()
        self.billing.books.catch_up()
        self.billing.shop.pass_time()
        if not punctual and minutes:
            self.punctual_since = None
        self.sweep()

    def _next(self, *, punctual: bool) -> datetime:
        """When a job next runs, or a punctual sweep would find something."""
        due = self._next_due() if punctual else None
        return min((each for each in (due, self.jobs.next_beat()) if each), default=_NEVER)

    def _next_due(self) -> datetime | None:
        """The next minute at which a sweep would find something."""
        known = (self.store.next_due(), self.jobs.next_due(), self.reports.next_due())
        due = min((each for each in known if each is not None), default=None)
        return None if due is None else max(due, self.clock.now + MINUTE)

    def sweep(self) -> None:
        """The scheduled function, once, and what the stream then carries."""
        self.sweeps += 1
        if self.troubles.waiting() or any(map(self.silent, self.dead)):
            self.punctual_since = None
        elif self.punctual_since is None:
            self.punctual_since = self.clock.now
        try:
            self.sweeper.run(has_time=lambda: True)
        except (Died, Unavailable):
            self.punctual_since = None
        self.pump()

    def pump(self) -> None:
        """Delivers the stream; a batch whose process died or failed is delivered again."""
        for _ in range(_REDELIVERIES):
            if not self.store.stream:
                return
            if not self.stream_runs:
                self.punctual_since = None
                return
            keys, self.store.stream = self.store.stream, []
            try:
                self._deliver(keys)
            except (Died, StoreUnavailable):
                self.store.stream = keys + self.store.stream

    def _deliver(self, keys: list[OutboxKey]) -> None:
        owner = f"invocation-{next(self._owners)}"
        for key in keys:
            self.delivery.deliver(key, owner=owner)

    def _notify(self, payload: Mapping[str, Any]) -> Mapping[str, int]:
        """The sweep's call of the notifier."""
        try:
            redrive = payload["redrive"]
            self._deliver([OutboxKey(incident=one["incident"], sk=one["sk"]) for one in redrive])
            self.delivery.bundle(owner=f"invocation-{next(self._owners)}")
        except Died as death:
            raise Unavailable("a function failed") from death
        return {}

    # Who there is

    def _man(self) -> None:
        """Rotations in several zones, and ways for everybody who may be asked."""
        zone = _ZONES[self.seed % len(_ZONES)]
        starts = self.clock.now.astimezone(ZoneInfo(zone)).replace(hour=9, minute=0, second=0)
        turns = Rotation(
            role=Role.INCIDENT_COMMANDER,
            zone=zone,
            starts_at=starts - timedelta(days=3),
            length_days=1 + self.seed % 7,
            members=TEAM[: 2 + self.seed % 4],
        )
        self.rotas.set_rotation(turns, before=None)

    def _router(self) -> Postman:
        contacts, links = MemoryContacts(), MemoryLinks()
        desk = ContactDesk(store=contacts, wall=self.clock, ids=SeededIds(self.seed + 1))
        roster = self.runbooks.current().roster
        people = {*TEAM, *roster.primary.values(), *roster.backup.values()}
        for number, person in enumerate(sorted(people)):
            for kind, address in (
                (WayKind.SMS, f"+120255501{number:02d}"),
                (WayKind.MAIL, f"{person}@tocsin.example"),
            ):
                way, _ = desk.add(person, kind, address)
                desk.issue(person, way.id, "000000")
                desk.confirm(person, way.id, "000000")
        ring = Keyring("1", {"1": bytes(range(32))})
        return Postman(
            contacts=contacts,
            topics=self._topic,
            ways=self._way,
            writer=Documents(),
            channels=KnownChannels(),
            minter=Minter(
                store=links, ring=lambda: ring, base=lambda: BASE, wall=self.clock, notes=self.notes
            ),
            notes=self.notes,
            brief=Briefer(
                store=self.store,
                policies=self.policies,
                releases=self.engine.releases,
                clock=self.clock,
                notes=self.notes,
            ).brief,
        )

    def _bundler(self, router: Postman) -> Bundler:
        return Bundler(
            store=self.store,
            texts=MemoryTexts(),
            contacts=router.contacts,
            policies=self.policies,
            ways=self._way,
            private=KnownChannels().private,
            writer=Documents(),
            minter=router.minter,
            brief=router.brief,
            clock=self.clock,
            wall=self.clock,
            notes=self.notes,
            lease=LEASE,
        )

    def _topic(self, target: str) -> Sender:
        return Channel(self, channel_for(target).name)

    def _way(self, kind: str) -> WaySender:
        return _Ways(Channel(self, kind))


@dataclass(frozen=True, slots=True)
class _Ways:
    """A way's sender over the channel of its kind."""

    channel: Channel

    def send(self, way: Way, message: Message) -> str:
        del way
        return self.channel.send(message)


_REDELIVERIES = 20
"""A stream tries a batch until it expires; troubles end long before."""
