"""Intents, attempts and breakers in memory: the twin of `checkout.store`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.billing.checkout.breaker import Breaker
from tocsin.billing.checkout.intent import waits

if TYPE_CHECKING:
    from tocsin.billing.checkout.attempts import Attempt
    from tocsin.billing.checkout.intent import Intent
    from tocsin.billing.identity import Identity


class MemoryIntents:
    """Implements `ports.billing.checkout.IntentStore`."""

    def __init__(self) -> None:
        self.intents: dict[str, Intent] = {}
        self.log: list[Attempt] = []

    def load(self, intent_id: str) -> Intent | None:
        return self.intents.get(intent_id)

    def save(self, intent: Intent, attempt: Attempt | None = None) -> bool:
        stored = self.intents.get(intent.id)
        if (stored.ver if stored else 0) != intent.ver - 1:
            return False
        self.intents[intent.id] = intent
        if attempt is not None:
            self.log.append(attempt)
        return True

    def note(self, attempt: Attempt) -> None:
        self.log.append(attempt)

    def unsettled(
        self, *, limit: int = 200, after: tuple[int, str] | None = None, again_by: int = 0
    ) -> tuple[Intent, ...]:
        found = [
            each
            for each in self.intents.values()
            if waits(each, again_by) and (after is None or each.place > after)
        ]
        return tuple(sorted(found, key=lambda each: each.place)[:limit])

    def attempts(self, *, since: int, until: int) -> tuple[Attempt, ...]:
        found = [each for each in self.log if since <= each.second <= until]
        return tuple(sorted(found, key=lambda each: (each.at, each.intent, each.provider)))


class MemoryBreakers:
    """Implements `ports.billing.checkout.BreakerStore`; `writes` counts what was written."""

    def __init__(self) -> None:
        self.breakers: dict[Identity, Breaker] = {}
        self.writes = 0

    def load(self, identity: Identity) -> Breaker:
        return self.breakers.get(identity, Breaker())

    def save(self, identity: Identity, breaker: Breaker) -> bool:
        stored = self.breakers.get(identity)
        if stored is not None and stored.ver != breaker.ver - 1:
            return False
        self.breakers[identity] = breaker
        self.writes += 1
        return True
