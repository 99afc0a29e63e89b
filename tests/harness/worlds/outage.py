"""The outage watch in a world: one of incidents, one of checkouts, on one clock."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from functions.outage_watch.accounts import key_maker
from functions.outage_watch.ringing import AlarmQueue
from tests.harness.worlds.checkout import CheckoutWorld
from tests.harness.worlds.inbox import passed_on
from tests.harness.worlds.world import World
from tocsin.adapters.billing.outage.memory import MemoryComparisons, MemoryOutages
from tocsin.application.billing.outage.tell import Teller
from tocsin.application.billing.outage.watch_round import Rounds
from tocsin.billing.outage.signs import Health
from tocsin.errors import QueueUnavailable, TocsinError
from tocsin.providers.registry import lists_events
from tocsin.runtime.watch.json_lines import NOTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness.worlds.checkout import ModelProvider
    from tocsin.billing.identity import Identity
    from tocsin.billing.outage.recovery import Probe
    from tocsin.incidents.model.incident import Incident

WELL = Health(reachable=True, listed=(), events=0, undelivered=0, disabled=False, downtime=False)
FUNCTION_ARN = "arn:aws:lambda:eu-west-1:111122223333:function:tocsin-local-outage-watch"


@dataclass
class Watched:
    """A world of incidents and one of checkouts on one clock, and the watch over both."""

    world: World = field(default_factory=World)
    health: dict[str, Health] = field(default_factory=dict)
    arrivals: dict[str, int | None] = field(default_factory=dict)
    announced: list[Mapping[str, Any]] = field(default_factory=list)
    recorded: list[tuple[str, bool]] = field(default_factory=list)
    rung: list[dict[str, Any]] = field(default_factory=list)
    deaf: bool = False

    def __post_init__(self) -> None:
        self.checkout = CheckoutWorld(clock=self.world.wall)
        self.outages = MemoryOutages()
        self.comparisons = MemoryComparisons()
        self.keys = 0
        self.rounds = Rounds(
            intents=self.checkout.intents,
            breakers=self.checkout.breakers,
            policies=self.checkout,
            outages=self.outages,
            probes=self,
            comparisons=self.comparisons,
            probe=self.look,
            arrival=lambda identity, _now: self.arrivals.get(identity.provider),
            teller=Teller(
                store=self.world.store,
                policies=self.world.application.policies,
                execute=self.world.application.execute,
                now=self.world.clock.incident_now,
            ),
            key_of=key_maker(FUNCTION_ARN, "local"),
            ring=self.ring,
            announce=self.announced.append,
            lists=lists_events,
            clock=self.world.wall,
            notes=NOTES,
        )

    def ring(self, alarm: str, says: str, *, firing: bool, now: int) -> None:
        """What the deployed watch puts into the queue of alarms, read as `alarm_trigger` does."""
        if self.deaf:
            raise QueueUnavailable
        AlarmQueue(self, "queue", FUNCTION_ARN, "local").ring(alarm, says, firing=firing, now=now)

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        assert operation == "SendMessage"
        self.rung.append(json.loads(payload["MessageBody"]))
        return {}

    def record(self, identity: Identity, probe: Probe) -> None:
        self.recorded.append((identity.provider, probe.succeeded))

    def probes(self, _identity: Identity, *, since: int) -> list[Probe]:
        raise AssertionError(since)

    def look(self, identity: Identity, *, now: int) -> Health:
        assert now == self.now
        return self.health.get(identity.provider, WELL)

    @property
    def sent(self) -> list[tuple[str, str, str]]:
        """What stakeholders were told: incident, subject and text, as their outbox has it."""
        return passed_on(self.world.store.all_outbox())

    @property
    def now(self) -> int:
        return int(self.world.wall.wall_now().timestamp())

    @property
    def stripe(self) -> ModelProvider:
        return self.checkout.stripe

    def pass_time(self, seconds: int) -> None:
        self.world.wall.advance(timedelta(seconds=seconds))
        self.world.clock.advance(timedelta(seconds=seconds))

    def buy(self, **changes: Any) -> str:
        self.keys += 1
        try:
            return self.checkout.buy(f"k{self.keys}", **changes).leg.provider
        except TocsinError as error:
            return error.code

    def minutes(self, count: int) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for _ in range(count):
            self.pass_time(60)
            answer = self.rounds.run()
        return answer

    def alarm(self, name: str, *, state: str = "ALARM") -> Incident:
        """CloudWatch's part: the measure has crossed the line (or is back)."""
        incident = self.world.alarm(f"tocsin-local-{name}", state=state)
        assert incident is not None
        return incident

    def facts(self, incident: Incident) -> list[Mapping[str, str]]:
        """The facts of every signal of source billing in the incident."""
        return [
            signal["facts"]
            for entry in self.world.store.entries(incident.id)
            for signal in dict[str, Any](entry.content).get("signals", ())
            if "provider" in signal.get("facts", {})
        ]
