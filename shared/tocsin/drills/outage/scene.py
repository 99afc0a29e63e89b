"""What the acts of the outage chapter share: the people, the provider, and what happened so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tocsin.drills import shop
from tocsin.drills.paging.story import RESPONDER, PagingStory
from tocsin.incidents.timeline.entry import format_time, parse_time
from tocsin.local.sandbox.defaults import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.drills.billing.story import BillingStory
    from tocsin.drills.person import Answer, Person
    from tocsin.drills.scenario import Watcher
    from tocsin.drills.stage import Stage


@dataclass(slots=True)
class OutageScene:
    """What happened so far; `paging` has the incident, `books` compares with the provider."""

    paging: PagingStory
    books: BillingStory
    bought: list[dict[str, Any]] = field(default_factory=list)
    compared: str = ""
    numbers: dict[str, str] = field(default_factory=dict)
    keys: int = 0

    @property
    def stage(self) -> Stage:
        return self.paging.stage

    @property
    def watcher(self) -> Watcher:
        return self.paging.watcher

    @property
    def commander(self) -> Person:
        return self.stage.person(RESPONDER)

    @property
    def incident(self) -> str:
        return self.paging.incident

    def window(self) -> dict[str, Any]:
        """What a replay of this outage is asked for."""
        began = parse_time("1970-01-01T00:00:00.000Z") + timedelta(seconds=self.books.began_at)
        return {
            "provider": "stripe",
            "account": ACCOUNT,
            "mode": "test",
            "start": format_time(began),
            "end": format_time(began + timedelta(seconds=201)),
            "incident": self.incident,
        }

    def buy(self, name: str) -> dict[str, Any]:
        """The answer to a checkout of a workspace of this name."""
        workspace = f"ws-{self.paging.run}-{name}"
        answer = shop.buy(self.commander, workspace, key=f"{self.paging.run}-{name}")
        return answer.body

    def command(self, verb: str, body: Mapping[str, Any], who: str) -> Answer:
        return self.stage.person(who).command(self.incident, verb, body, key=self._key())

    def post(self, path: str, body: Mapping[str, Any], who: Person | None = None) -> Answer:
        return (who or self.commander).post(path, body, key=self._key())

    def _key(self) -> str:
        self.keys += 1
        return f"outage-{self.paging.run}-{self.keys}"
