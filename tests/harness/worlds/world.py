"""A whole Tocsin in one process, in virtual time: alarms in, messages out, nothing waits.

The functions' own code runs over the memory store; what the platform does between them (the
stream, the schedule, the queue) is done here, as plainly as possible. Every message that leaves
lands in the inbox, and a test that does not account for all of them fails.
"""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from functions.alarm_trigger import intake as alarm_intake
from functions.incident_api.call import Containing, PeopleDesk
from functions.incident_api.routes import Api
from functions.notifier import intake as notifier_intake
from functions.public_intake.routes import Public
from tests.harness.fakes.application import Policies
from tests.harness.fakes.contacts import USUAL_WAYS, InboxWays, an_address
from tests.harness.fakes.crashes import Crashes, CrashingSender, Killed, StreamedIncidents
from tests.harness.fakes.ids import SeededIds
from tests.harness.fakes.requests import api_event, link_event
from tests.harness.fakes.targets import Account
from tests.harness.fakes.time import START, VirtualIncidentClock, VirtualWallClock
from tests.harness.worlds.alarms import notification, queue_event
from tests.harness.worlds.inbox import Inbox, InboxSender
from tocsin.adapters.containment.memory import MemoryRulebook, MemoryRuns
from tocsin.adapters.evidence.memory import MemoryArchive
from tocsin.adapters.heartbeats.memory import MemoryHeartbeats
from tocsin.adapters.incidents.due_queue import incidents_of
from tocsin.adapters.incidents.memory_boards import MemoryActions
from tocsin.adapters.incidents.numbers import MemoryNumbers
from tocsin.adapters.people.memory import (
    MemoryContacts,
    MemoryLinks,
    MemoryNews,
    MemoryRequests,
    MemoryRotas,
    MemoryTexts,
)
from tocsin.adapters.releases.memory import MemoryFreezes, MemoryReleases
from tocsin.adapters.reports.memory import MemoryReports
from tocsin.adapters.runbooks.memory import MemoryPolicies
from tocsin.application.containment.office import Office
from tocsin.application.heartbeats.keep import HeartbeatDesk
from tocsin.application.incidents.brief_page import Briefer
from tocsin.application.incidents.deliver import LEASE, Delivery
from tocsin.application.incidents.sweeper import Sweeper
from tocsin.application.people.bundles import Bundler
from tocsin.application.people.contact_messages import Contacting
from tocsin.application.people.contacts import ContactDesk, responders
from tocsin.application.people.link_facts import LinkFactsDesk
from tocsin.application.people.links import LinkDesk
from tocsin.application.people.mint_links import Minter
from tocsin.application.people.on_call import OnDuty
from tocsin.application.people.route import Router
from tocsin.application.reports.desk import ReportDesk
from tocsin.application.reports.form import PublicForm
from tocsin.application.reports.mails import ReportMails
from tocsin.application.runbooks.versions import PublishedPolicies
from tocsin.channels.registry import KnownChannels, channel_for
from tocsin.documents.writing import Documents
from tocsin.errors import Unavailable
from tocsin.incidents.timeline.entry import first_broken_link
from tocsin.people.links import Keyring, counted_as
from tocsin.policy.compiled.policies import PackagedPolicies, from_json
from tocsin.runtime.watch.invocation import Watch
from tocsin.runtime.watch.logging import Journal
from tocsin.runtime.web.identity import SignIn
from tocsin.runtime.wiring.incidents import Application
from tocsin.runtime.wiring.runbooks import WithoutRoom

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.model.outbox import OutboxKey
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.incidents.timeline.entry import Entry
    from tocsin.incidents.vocabulary import WayKind
    from tocsin.ports.messages import Sender
    from tocsin.ports.people import WaySender
    from tocsin.ports.runbooks import PolicySource

_names = count(1)
BASE = "https://abcdefghij.execute-api.us-east-1.amazonaws.com"


class QuietMeter:
    """Keeps counts instead of printing them."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def count(self, metric: str, value: int = 1, **_dimensions: str) -> None:
        self.counts[metric] = self.counts.get(metric, 0) + value

    def gauge(self, measure: str, value: int, **_details: str) -> None:
        self.counts[measure] = value


class World:
    """Everything a story needs; times are moved by `advance` and `jump` only.

    `refusals` maps the beginning of a target (or of a way: `sms:<person>`) to what its channel
    raises; `stream_runs` says whether the stream delivers, `room` whether the stage has a chat
    room. Nobody has a way of their own until `reachable` gives them some: until then messages
    leave by topic.
    """

    def __init__(
        self,
        start: datetime = START,
        policy: Policy | None = None,
        *,
        policies: PolicySource | None = None,
        room: bool = False,
    ) -> None:
        self.clock = VirtualIncidentClock(start)
        self.wall = VirtualWallClock(start)
        self.inbox = Inbox()
        self.crashes = Crashes()
        self.store = StreamedIncidents(self.crashes)
        self.log = io.StringIO()
        self.meter = QuietMeter()
        self.refusals: dict[str, Exception] = {}
        self.stream_runs = True
        self._owners = count(1)
        journal = Journal(f"world-{next(_names)}", stage="local", stream=self.log)
        self.watch = Watch(journal=journal, meter=self.meter, clock=self.clock)
        self.rotas = MemoryRotas()
        self.versions = MemoryPolicies()
        self.published = PublishedPolicies(
            build=policies or (PackagedPolicies() if policy is None else Policies([policy])),
            versions=self.versions,
            read=from_json,
            wall=self.wall,
            tell=self.watch.policy_unread,
        )
        policies = self.published if room else WithoutRoom(self.published)
        on_duty = OnDuty(policies, self.rotas, self.clock, self.watch.rotas_unread)
        self.reports = MemoryReports()
        self.application = Application(
            store=self.store,
            policies=on_duty,
            clock=self.clock,
            ids=SeededIds(),
            releases=MemoryReleases(self.store.creations),
            freezes=MemoryFreezes(self.store.freezes),
            actions=MemoryActions(self.store.actions),
            on_duty=on_duty,
            published=self.published,
            numbers=MemoryNumbers(self.store),
            heartbeats=(beats := MemoryHeartbeats()),
            reports=self.reports,
            became=self.watch.signals_became,
        )
        self.contacts = MemoryContacts()
        self.links = MemoryLinks()
        self.texts = MemoryTexts()
        self.keys = Keyring("1", {"1": bytes(range(32))})
        self.desk = ContactDesk(store=self.contacts, wall=self.wall, ids=SeededIds(1))
        self.delivery = Delivery(
            store=self.store,
            policies=self.application.policies,
            clock=self.clock,
            wall=self.wall,
            router=(router := self._router()),
            bundler=Bundler(
                store=self.store,
                texts=self.texts,
                contacts=self.contacts,
                policies=self.application.policies,
                ways=self._way,
                private=KnownChannels().private,
                writer=Documents(),
                minter=router.minter,
                brief=router.brief,
                clock=self.clock,
                wall=self.wall,
                notes=self.watch,
                lease=LEASE,
            ),
            news=MemoryNews(),
            notes=self.watch,
        )
        self.sweeper = Sweeper(
            engine=self.application, notify=self.notify, notes=self.watch, read=incidents_of
        )
        self.contacting = Contacting(
            desk=self.desk, ways=self._way, secret=lambda way: f"whsec_{way}", notes=self.watch
        )
        self.mails = ReportMails(
            store=self.reports,
            ways=self._way,
            base=lambda: BASE,
            name_of=lambda address: counted_as(address, self.keys),
            clock=self.clock,
            wall=self.wall,
            ids=SeededIds(2),
            notes=self.watch,
        )
        self.status: Mapping[str, Any] | None = None
        self.public = Public(
            desk=LinkDesk(
                store=self.store,
                policies=self.application.policies,
                wall=self.wall,
                links=self.links,
                ring=lambda: self.keys,
                execute=self.application.execute,
            ),
            facts=LinkFactsDesk(
                store=self.store,
                policies=self.application.policies,
                releases=self.application.releases,
                clock=self.clock,
                notes=self.watch,
            ),
            watch=self.watch,
            status=lambda: self.status,
            heartbeats=HeartbeatDesk(store=beats, now=self.clock.incident_now),
            form=PublicForm(
                desk=ReportDesk(
                    store=self.reports,
                    now=self.clock.incident_now,
                    wall=self.wall,
                    ids=SeededIds(3),
                    triage_minutes=lambda: policies.current().limits.report_triage_minutes,
                ),
                name_of=lambda address: counted_as(address, self.keys),
            ),
        )
        people = PeopleDesk(
            contacts=self.contacts,
            requests=MemoryRequests(),
            notify=lambda wish: self.contacting.answer(wish["contact"]),
            wall=self.wall,
        )
        self.archive = MemoryArchive()
        self.account = Account(self.crashes)
        self.office = Office(
            engine=self.application,
            runs=MemoryRuns(),
            book=MemoryRulebook(),
            targets=self.account,
            wall=self.wall,
            notes=self.watch,
        )
        self.api = Api(
            application=self.application,
            watch=self.watch,
            sign_in=SignIn("local"),
            people=people,
            archive=self.archive,
            containing=lambda: Containing(
                runs=self.office.runs,
                rules=self.office.book,
                order=self.contain,
                wall=self.wall,
                on=True,
            ),
        )

    # What happens from outside

    def alarm(
        self, name: str = "api-outage", *, state: str = "ALARM", description: str | None = None
    ) -> Incident | None:
        """The alarm changes its state now; the incident it belongs to, if any."""
        envelope = notification(name, self.clock.now, state=state, description=description)
        assert self.deliver_alarms(envelope) == []
        self.pump()
        open_now = self.application.store.board(limit=200).items
        return self.store.load(open_now[0].id) if open_now else None

    def hear(self, event: Mapping[str, Any]) -> None:
        """What EventBridge hands to the function itself."""
        alarm_intake.take(event, application=self.application, watch=self.watch)
        self.pump()

    def deliver_alarms(self, *bodies: object) -> list[str]:
        """One batch of the queue; the message ids that must be delivered again."""
        answer = alarm_intake.take(
            queue_event(*bodies), application=self.application, watch=self.watch
        )
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def request(
        self, method: str, path: str, body: object = None, *, person: str, **options: Any
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        """A request to the API: status, body, headers. What it wrote is pumped."""
        response = self.api.respond(api_event(method, path, body, person=person, **options))
        self.pump()
        return response["statusCode"], json.loads(response["body"]), response["headers"]

    def visit(
        self, method: str, url: str, body: str = "", *, source: str = "192.0.2.1"
    ) -> tuple[int, str, dict[str, str]]:
        """A request without a login to a public page: status, page, headers."""
        response = self.public.respond(link_event(method, url, body, source=source))
        self.pump()
        return response["statusCode"], response["body"], response["headers"]

    def acknowledge(self, incident: Incident, person: str) -> None:
        """A responder says "I have it"."""
        status, body, _ = self.request(
            "POST", f"/v1/incidents/{incident.id}/acknowledge", person=person
        )
        assert status == 200, body

    # What the platform does

    def advance(self, minutes: int) -> None:
        """Time passes, with the sweep once a minute."""
        for _ in range(minutes):
            self.jump(1)

    def jump(self, minutes: int, *, sweep: bool = True) -> None:
        """Time passes at once, with one sweep after it: a sweep that is late."""
        step = timedelta(minutes=minutes)
        self.clock.advance(step)
        self.wall.advance(step)
        if sweep:
            self.sweep()

    def sweep(self) -> dict[str, Any] | None:
        """The scheduled function, once, and what the stream then carries; None if it failed."""
        try:
            report = self.sweeper.run(has_time=lambda: True)
        except Unavailable:
            report = None
        self.office.sweep(has_time=lambda: True)
        self.pump()
        return report

    def pump(self) -> None:
        """Delivers the stream; a batch whose function was killed is delivered once more."""
        while self.stream_runs and (keys := self.store.stream):
            self.store.stream = []
            for _ in range(2):
                try:
                    self._wake_notifier({"Records": [_record(key) for key in keys]})
                except Killed:
                    continue
                break

    def lose_stream(self) -> None:
        """Loses everything the stream still holds, as if it had stopped for a day."""
        self.store.stream = []

    def notify(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """The synchronous call of the notifier, as the sweep makes it."""
        if "report" in payload:
            return self.mails.answer(payload["report"])
        try:
            return self._wake_notifier(payload)
        except Killed as death:
            raise Unavailable("a function failed") from death

    def contain(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The synchronous call of the function that contains; JSON on both ways."""
        sent = json.loads(json.dumps(event["order"]))
        try:
            answered = self.office.answer(sent)
        except Killed as death:
            raise Unavailable("a function failed") from death
        return dict(json.loads(json.dumps(answered)))

    def _wake_notifier(self, event: Mapping[str, Any]) -> dict[str, Any]:
        owner = f"invocation-{next(self._owners)}"
        return notifier_intake.take(event, delivery=self.delivery, owner=owner)

    def _router(self) -> Router:
        minter = Minter(
            store=self.links,
            ring=lambda: self.keys,
            base=lambda: BASE,
            wall=self.wall,
            notes=self.watch,
        )
        return Router(
            contacts=self.contacts,
            topics=self._sender,
            ways=self._way,
            writer=Documents(),
            channels=KnownChannels(),
            minter=minter,
            notes=self.watch,
            brief=Briefer(
                store=self.store,
                policies=self.application.policies,
                releases=self.application.releases,
                clock=self.clock,
                notes=self.watch,
            ).brief,
        )

    def _sender(self, target: str) -> Sender:
        self._refuse(target)
        inbox = InboxSender(self.inbox, channel_for(target).name, self.clock.incident_now)
        return CrashingSender(inbox, self.crashes)

    def _way(self, kind: str) -> WaySender:
        return InboxWays(kind, self._refuse, self._sender_by)

    def _sender_by(self, channel: str) -> Sender:
        inbox = InboxSender(self.inbox, channel, self.clock.incident_now)
        return CrashingSender(inbox, self.crashes)

    def _refuse(self, what: str) -> None:
        for prefix, error in self.refusals.items():
            if what.startswith(prefix):
                raise error

    def reachable(self, *people: str, kinds: Sequence[WayKind] = USUAL_WAYS) -> None:
        """Gives people confirmed ways of these kinds; without people, the whole roster."""
        for number, person in enumerate(people or responders(self.application.policies.current())):
            for kind in kinds:
                way, new = self.desk.add(person, kind, an_address(kind, person, number))
                if not new:
                    continue
                self.desk.issue(person, way.id, "000000")
                self.desk.confirm(person, way.id, "000000")

    # What a test looks at

    def expect(self, kind: str, *people: str, at: str = "", subject: str = "") -> None:
        self.inbox.expect(kind, *people, at=at, subject=subject)

    def timeline(self, incident: Incident) -> tuple[Entry, ...]:
        """The entries, after checking that their chain is whole."""
        entries = self.store.entries(incident.id)
        assert first_broken_link(entries) is None
        return entries

    @property
    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@contextmanager
def a_world(start: datetime = START, *, room: bool = False) -> Iterator[World]:
    """A world that ends with every message accounted for."""
    world = World(start, room=room)
    yield world
    world.inbox.expect_nothing_more()


def _record(key: OutboxKey) -> dict[str, Any]:
    keys = {"PK": {"S": f"INC#{key.incident}"}, "SK": {"S": key.sk}}
    sequence = f"{key.incident}/{key.sk}"
    return {"eventName": "INSERT", "dynamodb": {"Keys": keys, "SequenceNumber": sequence}}
