"""What the watch remembers of an outage between two looks."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from tocsin.billing.outage.signs import Arrivals, Trouble, Watched

if TYPE_CHECKING:
    from collections.abc import Mapping


UPDATE_EVERY = 1_800


@dataclass(frozen=True, slots=True)
class Seen:
    """What is remembered of one provider between looks."""

    watched: Mapping[Trouble, Watched] = field(default_factory=dict)
    arrivals: Arrivals = field(default_factory=Arrivals)
    failed_probes: int = 0
    waiting: int | None = None

    @property
    def firing(self) -> frozenset[Trouble]:
        return frozenset(trouble for trouble, each in self.watched.items() if each.firing)

    @property
    def since(self) -> int | None:
        return min((each.since for each in self.watched.values() if each.since), default=None)


@dataclass(frozen=True, slots=True)
class Memory:
    """All that is remembered, by provider.

    `told` names what stakeholders have been told, `rung` the alarms that were said to ring.
    """

    providers: Mapping[str, Seen] = field(default_factory=dict)
    next_update: int | None = None
    told: tuple[str, ...] = ()
    rung: tuple[str, ...] = ()

    @property
    def providers_in_trouble(self) -> bool:
        return any(seen.firing for seen in self.providers.values())

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Memory:
        """The inverse of `to_json`; what a later version adds is left out."""
        plain = json.loads(text)
        return cls(
            {
                name: Seen(
                    {Trouble(key): Watched(**each) for key, each in seen["watched"].items()},
                    Arrivals(tuple(seen["arrivals"]["times"])),
                    seen["failed_probes"],
                    seen["waiting"],
                )
                for name, seen in plain["providers"].items()
            },
            plain["next_update"],
            tuple(plain.get("told", ())),
            tuple(plain.get("rung", ())),
        )
