"""What the sandbox is told to do wrong with deliveries, decided before any of them is sent.

Pure: an order sees deliveries in the order in which their events were made and answers with what
is to be sent and how much later. With the same seed the same events suffer the same fate.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

KINDS: Final = {
    "drop": "the delivery is never sent",
    "duplicate": "`copies` more of it are sent",
    "delay": "it is sent `seconds` of real time later",
    "reorder": "it is mixed with the `window` deliveries around it",
    "withhold": "it is held until the order is lifted, then sent or lost",
}
"""Every order, and what becomes of a delivery that it takes."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event to be sent to one endpoint; `notes` names the orders that changed its fate.

    `made_at` is when the event was made, provider seconds; None for one sent by hand, which no
    retry window ends. `secret` is the one to sign with where that was settled back then.
    """

    event: str
    kind: str
    endpoint: str
    notes: tuple[str, ...] = ()
    delay_seconds: float = 0.0
    made_at: int | None = None
    secret: str | None = None


@dataclass(slots=True)
class Order:
    """One instruction. It takes a delivery while `count` lasts and the dice say `fraction`.

    `types` are event types or prefixes ending in `*`; empty means all. `window` is how many
    deliveries a reorder mixes, `copies` how many more a duplicate sends. `endpoint` limits it to
    deliveries to one endpoint.
    """

    id: str
    kind: str
    count: int | None = None
    fraction: float = 1.0
    seed: int = 0
    types: tuple[str, ...] = ()
    seconds: float = 0.0
    window: int = 20
    copies: int = 1
    endpoint: str | None = None
    taken: int = 0
    buffer: list[Delivery] = field(default_factory=list)
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind}: not one of {', '.join(sorted(KINDS))}")
        if not 0.0 <= self.fraction <= 1.0 or self.window < 1 or self.copies < 1:
            raise ValueError("fraction is 0 to 1, window and copies are at least 1")
        self.dice = random.Random(self.seed)  # noqa: S311  # repeatable on purpose, not a secret

    def takes(self, delivery: Delivery) -> bool:
        """Whether this delivery is one of those the order is about."""
        if self.endpoint not in {None, delivery.endpoint}:
            return False
        if self.types and not any(_matches(delivery.kind, one) for one in self.types):
            return False
        if self.count is not None and self.taken >= self.count:
            return False
        if self.fraction < 1.0 and self.dice.random() >= self.fraction:
            return False
        self.taken += 1
        return True

    def carry_out(self, delivery: Delivery) -> list[Delivery]:
        """What becomes of a delivery that was taken."""
        noted = replace(delivery, notes=(*delivery.notes, self.kind))
        match self.kind:
            case "drop":
                return []
            case "duplicate":
                return [delivery, *[noted] * self.copies]
            case "delay":
                return [replace(noted, delay_seconds=delivery.delay_seconds + self.seconds)]
            case "withhold":
                self.buffer.append(noted)
                return []
            case _:
                self.buffer.append(noted)
                if len(self.buffer) <= self.window:
                    return []
                return [self.buffer.pop(self.dice.randrange(len(self.buffer)))]

    def release(self) -> list[Delivery]:
        """What the order still holds back, mixed if it is about order."""
        held, self.buffer = self.buffer, []
        if self.kind == "reorder":
            self.dice.shuffle(held)
        return held


@dataclass(slots=True)
class Orders:
    """The orders in force, applied one after the other in the order they were given."""

    active: list[Order] = field(default_factory=list)
    dropped: list[Delivery] = field(default_factory=list)
    issued: int = 0

    def give(self, order: Order) -> None:
        self.active.append(order)

    def new_id(self) -> str:
        self.issued += 1
        return f"ord_{self.issued}"

    def admit(self, delivery: Delivery) -> list[Delivery]:
        """What is to be sent now that this event was made."""
        return self._through([delivery], self.active)

    def flush(self) -> list[Delivery]:
        """Lets go of what reorder holds back; what is withheld stays so until lifted."""
        released: list[Delivery] = []
        for position, order in enumerate(self.active):
            if order.kind == "reorder":
                released += self._through(order.release(), self.active[position + 1 :])
        return released

    def lift(self, identifier: str | None = None, *, lose: bool = False) -> list[Delivery]:
        """Ends one order or all; what they held back is sent, or lost if asked for."""
        released: list[Delivery] = []
        for order in [one for one in self.active if identifier in {None, one.id}]:
            position = self.active.index(order)
            held = order.release()
            if lose:
                self.dropped += held
            else:
                released += self._through(held, self.active[position + 1 :])
            self.active.remove(order)
        return released

    def _through(self, deliveries: Iterable[Delivery], orders: list[Order]) -> list[Delivery]:
        present = list(deliveries)
        for order in orders:
            following: list[Delivery] = []
            for delivery in present:
                if not order.takes(delivery):
                    following.append(delivery)
                    continue
                if order.kind == "drop":
                    self.dropped.append(delivery)
                following += order.carry_out(delivery)
            present = following
        return present


def _matches(kind: str, pattern: str) -> bool:
    return kind.startswith(pattern[:-1]) if pattern.endswith("*") else kind == pattern
