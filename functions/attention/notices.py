"""What operations are told, and how often: each cause by its name, where it happens, its page.

Lines of functions name causes with how much of a limit each is; reports of the platform name what
failed. A cause is told when its limit is reached within five minutes, and then not again for an
hour: what goes on is one mail, not sixty. What was told is remembered by this process alone, so
another one may tell it once more; what could not be told is told when it is seen again.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

WINDOW_MS = 5 * 60 * 1000
QUIET_MS = 60 * 60 * 1000
FAILING = "functions-failing"
_REPORT = "platform.report"
# What a line may be about, the most telling first.
_ABOUT = ("provider", "queue", "code", "reason", "kind")


@dataclass(frozen=True, slots=True)
class Seen:
    """One sign of a cause. `share` is how much of its limit it is."""

    cause: str
    where: str
    says: str
    share: float
    at: int


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told, once."""

    cause: str
    where: str
    says: str


@dataclass(slots=True)
class Desk:
    """Adds up what is seen and says what to tell."""

    _seen: dict[tuple[str, str], deque[tuple[int, float]]] = field(
        default_factory=lambda: defaultdict(deque)
    )
    _told: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, seen: Iterable[Seen]) -> Iterator[Notice]:
        """What reached its limit with these and was not told within the hour.

        One counts as told when the next one is asked for: after an error it comes again.
        """
        for one in seen:
            key = (one.cause, one.where)
            recent = self._seen[key]
            recent.append((one.at, one.share))
            while recent and recent[0][0] <= one.at - WINDOW_MS:
                recent.popleft()
            last = self._told.get(key)
            quiet = last is not None and one.at < last + QUIET_MS
            if not quiet and sum(share for _, share in recent) >= 1 - 1e-6:
                yield Notice(one.cause, one.where, one.says)
                self._told[key] = one.at


def seen_in(batch: Mapping[str, Any], *, stage: str) -> Iterable[Seen]:
    """What a batch of a log group's lines says; a line that says nothing is passed over."""
    function = str(batch["logGroup"]).rpartition(f"tocsin-{stage}-")[2].replace("-", "_")
    for event in batch["logEvents"]:
        try:
            line = json.loads(event["message"])
        except ValueError:
            continue
        if isinstance(line, dict) and (found := _seen(line, function, int(event["timestamp"]))):
            yield found


def _seen(line: Mapping[str, Any], function: str, at: int) -> Seen | None:
    if "cause" in line and "share" in line:
        about = next((line[name] for name in _ABOUT if line.get(name)), None)
        where = f"{function}, {about}" if about else function
        return Seen(str(line["cause"]), where, str(line["says"]), float(line["share"]), at)
    if line.get("type") != _REPORT:
        return None
    status = str(line["record"].get("status"))
    return Seen(FAILING, function, f"It ended with {status}.", 1, at)
