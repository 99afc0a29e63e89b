"""The application with its ports bound, as a function uses it: made once, at init.

Four functions need the same store, policy, clock and ids. Binding them here keeps the handlers to
what they are about, and gives tests one thing to replace.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.adapters.incidents.numbers import DynamoNumbers
from tocsin.adapters.incidents.store import DynamoIncidents
from tocsin.application.heartbeats.keep import Listening, Pulse
from tocsin.application.incidents.engine import Engine
from tocsin.application.people.on_call import OnDuty
from tocsin.application.releases.tell import Teller, Told
from tocsin.application.reports.ringing import AT_ONCE, Ringer, Rung
from tocsin.incidents.commands.closing import Close
from tocsin.runtime.aws.http import Patience, from_environment
from tocsin.runtime.clock import wall_clock
from tocsin.runtime.ids import SystemIds
from tocsin.runtime.wiring.runbooks import published_policies, stage_policies

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.application.incidents.outcome import Outcome
    from tocsin.application.reports.answering import Answering
    from tocsin.application.runbooks.versions import PublishedPolicies
    from tocsin.errors import TocsinError
    from tocsin.incidents.commands.base import Command
    from tocsin.ports.heartbeats import HeartbeatStore
    from tocsin.ports.incidents import ActionStore, AuditStore
    from tocsin.ports.people import RotaStore
    from tocsin.ports.releases import FreezeStore, KeptReleases
    from tocsin.ports.reports import ReportStore
    from tocsin.ports.time import IncidentClock
    from tocsin.runtime.aws.http import AwsHttp
    from tocsin.runtime.watch.invocation import Watch

_PATIENCE = Patience(connect=1, read=3, deadline=4)
NUMBERS_IN = Patience(attempts=1, connect=0.25, read=0.25, deadline=0.25)
"""How long an opening waits for its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application(Engine):
    """The engine of a stage, and what lies beside incidents.

    `releases`, `freezes`, `actions`, `heartbeats`, `reports` and `on_duty` are there where the
    operations table is; then `on_duty` is also `policies`, which have the people on call in their
    roster.
    `published` are the same policies as they were written.
    """

    releases: KeptReleases | None = None
    freezes: FreezeStore | None = None
    actions: ActionStore | None = None
    on_duty: OnDuty | None = None
    published: PublishedPolicies | None = None
    heartbeats: HeartbeatStore | None = None
    reports: ReportStore | None = None

    def execute(self, command: Command) -> Outcome:
        """Carries the command out; an end of an incident is the outcome of its reports too.

        Raises:
            TocsinError: as `Engine.execute`. Where reports could not be answered, the command was
                carried out all the same, and the sweep answers them.
        """
        if not isinstance(command, Close) or self.reports is None:
            return Engine.execute(self, command)
        return self._answering(self.reports).closing(
            command, lambda close: Engine.execute(self, close), self.store
        )

    def listen(self, *, has_time: Callable[[], bool]) -> Pulse:
        """Lets incidents hear of heartbeats that stay away; none without the operations table."""
        if self.heartbeats is None:
            return Pulse()
        return Listening(engine=self, store=self.heartbeats).listen(has_time=has_time)

    def ring_reports(self, *, has_time: Callable[[], bool]) -> Rung:
        """Lets incidents hear of reports that are due, and answers those of closed incidents.

        None without the operations table.
        """
        if self.reports is None:
            return Rung()
        rung = Ringer(engine=self, store=self.reports).ring_due(has_time=has_time)
        left = self._answering(self.reports).finish(self.store, has_time=has_time)
        return replace(rung, failed=(*rung.failed, *left))

    def _answering(self, store: ReportStore) -> Answering:
        from tocsin.application.reports.answering import (  # noqa: PLC0415 -- not every function's
            Answering,
        )

        return Answering(store=store, now=self.clock.incident_now)

    def reporters_waiting(self) -> tuple[str, ...]:
        """The reports whose senders something is to be written to now."""
        if self.reports is None:
            return ()
        return self.reports.to_be_written_to(at=self.clock.incident_now(), limit=AT_ONCE)

    def tell_releases(self, *, has_time: Callable[[], bool]) -> Told:
        """Goes on telling incidents of releases; nothing without the operations table."""
        if self.releases is None:
            return Told()
        return Teller(engine=self, tellings=self.releases).tell_waiting(has_time=has_time)


def tables() -> AwsHttp:
    """The caller of a function's tables; it gives up long before the function."""
    return from_environment("dynamodb", patience=_PATIENCE)


def connect(
    incidents_table: str,
    *,
    clock: IncidentClock,
    operations_table: str | None = None,
    policies_table: str | None = None,
    tell: Callable[[TocsinError], None] = lambda _error: None,
    policy_unread: Callable[[TocsinError], None] = lambda _error: None,
    dynamodb: AwsHttp | None = None,
    no_number: Callable[[TocsinError], None] | None = None,
) -> Application:
    """The application of a deployed function; `dynamodb` where it has a client already.

    `policies_table` has the published policies; it need be named only without `operations_table`.
    `tell` hears why rotations could not be read, `policy_unread` why a policy could not be; people
    are paged nevertheless. Incidents get numbers where `no_number` is given: it hears
    why one goes by its id for now.
    """
    dynamodb = dynamodb or tables()
    published, on_duty = None, None
    if (table := policies_table or operations_table) is not None:
        published = published_policies(dynamodb, table, policy_unread)
    policies = stage_policies(policies=published)
    if operations_table is not None:
        on_duty = OnDuty(policies, _rotas(dynamodb, operations_table), clock, tell)
    return Application(
        store=DynamoIncidents(dynamodb, table=incidents_table, operations_table=operations_table),
        policies=on_duty or policies,
        clock=clock,
        ids=SystemIds(wall_clock()),
        releases=None if operations_table is None else _releases(dynamodb, operations_table),
        freezes=None if operations_table is None else _freezes(dynamodb, operations_table),
        actions=None if operations_table is None else _actions(dynamodb, incidents_table),
        heartbeats=None if operations_table is None else heartbeats(dynamodb, operations_table),
        reports=None if operations_table is None else reports(dynamodb, operations_table),
        on_duty=on_duty,
        published=published,
        numbers=None
        if operations_table is None or no_number is None
        else DynamoNumbers(
            dynamodb,
            hasty=dynamodb.hasty(NUMBERS_IN),
            incidents_table=incidents_table,
            operations_table=operations_table,
            failed=no_number,
        ),
    )


def connect_for_signals(
    incidents_table: str, *, operations_table: str, watch: Watch
) -> Application:
    """The application of a function that signals come to, observed by its watch."""
    made = connect(
        incidents_table,
        clock=watch.clock,
        operations_table=operations_table,
        tell=watch.rotas_unread,
        policy_unread=watch.policy_unread,
        no_number=watch.no_number,
    )
    return replace(made, became=watch.signals_became)


def heartbeats(dynamodb: AwsCall, table: str) -> HeartbeatStore:
    """What is expected to beat."""
    from tocsin.adapters.heartbeats.store import DynamoHeartbeats  # noqa: PLC0415 -- as above

    return DynamoHeartbeats(dynamodb, table=table)


def reports(dynamodb: AwsCall, table: str) -> ReportStore:
    """What people have reported."""
    from tocsin.adapters.reports.store import DynamoReports  # noqa: PLC0415 -- as above

    return DynamoReports(dynamodb, table=table)


def connect_audit(incidents_table: str) -> AuditStore:
    """What the auditor alone reads."""
    from tocsin.adapters.incidents.boards import DynamoAudit  # noqa: PLC0415 -- one function's

    return DynamoAudit(tables(), table=incidents_table)


def _rotas(dynamodb: AwsCall, table: str) -> RotaStore:
    from tocsin.adapters.people.rotas import DynamoRotas  # noqa: PLC0415 -- not every function's

    return DynamoRotas(dynamodb, table=table)


def _releases(dynamodb: AwsCall, table: str) -> KeptReleases:
    from tocsin.adapters.releases.store import DynamoReleases  # noqa: PLC0415 -- one function's

    return DynamoReleases(dynamodb, table=table)


def _freezes(dynamodb: AwsCall, table: str) -> FreezeStore:
    from tocsin.adapters.releases.freezes import DynamoFreezes  # noqa: PLC0415 -- one function's

    return DynamoFreezes(dynamodb, table=table)


def _actions(dynamodb: AwsCall, table: str) -> ActionStore:
    from tocsin.adapters.incidents.boards import DynamoActions  # noqa: PLC0415 -- one function's

    return DynamoActions(dynamodb, table=table)
