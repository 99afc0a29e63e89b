"""What the watch remembers of an outage between two looks."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

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
class LastWord:
    """What stakeholders were told last: `gist` without times, the `number`th word of its outage.

    `since` is when that outage began, epoch seconds. `recorded_in` are the incidents that have it.
    """

    number: int
    since: int
    gist: str
    recorded_in: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The same for the same word, and for no other one, also of another outage."""
        digest = hashlib.sha256(self.gist.encode()).hexdigest()[:12]
        return f"{self.since}-{self.number}-{digest}"


@dataclass(frozen=True, slots=True)
class Memory:
    """All that is remembered, by provider.

    `told` names the evidence that incidents have, `rung` the alarms that were said to ring.
    `settled_to` is the unsettled checkout that was looked at last, `<created>#<id>`.
    """

    providers: Mapping[str, Seen] = field(default_factory=dict)
    next_update: int | None = None
    told: tuple[str, ...] = ()
    rung: tuple[str, ...] = ()
    word: LastWord | None = None
    settled_to: str = ""

    @property
    def settled_place(self) -> tuple[int, str] | None:
        """The place behind which settling goes on."""
        created, _, name = self.settled_to.partition("#")
        return (int(created), name) if created.isdecimal() else None

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
            _last_word(plain),
            plain.get("settled_to") or "",
        )


def _last_word(plain: Mapping[str, Any]) -> LastWord | None:
    """What was told last; of what was kept before this was, only that something was told."""
    known = plain.get("word")
    if known is not None:
        return LastWord(**{**known, "recorded_in": tuple(known["recorded_in"])})
    if any("|degraded|" in mark or "|down|" in mark for mark in plain.get("told", ())):
        return LastWord(0, 0, "")
    return None
