"""What was counted while a provider's outage was repaired: what a final update has to say.

One line for each replay and for the newest reconciliation, told by its id. People may put other
words to a line; they may not leave it out, nor another number in it.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.incidents.model.billing import Reconciliation, Replayed, ReplayKind
from tocsin.incidents.model.incident import Incident

REPLAYS, RECONCILIATION = "replay_counts", "reconciliation_counts"
"""Codes of what a text lacks."""

_NUMBER = re.compile(r"(?<![\w.])\d{1,3}(?:,\d{3})+(?![\w,])|(?<![\w.])\d+(?!\w)")


@dataclass(frozen=True, slots=True)
class Counted:
    """The figures of one piece of work, in the order in which they are told, with their words."""

    code: str
    id: str
    figures: tuple[tuple[int, str], ...]

    def __str__(self) -> str:
        """One line, the same for the same figures."""
        what = "replay" if self.code == REPLAYS else "reconciliation"
        return f"{what} {self.id}: {', '.join(f'{count} {word}' for count, word in self.figures)}"

    def held_by(self, lines: Iterable[str]) -> bool:
        """Whether the lines that name it have each of its figures, "1,234" being 1234."""
        name = re.compile(rf"(?<![\w-]){re.escape(self.id)}(?![\w-])")
        text = " ".join(name.sub(" ", line) for line in lines if name.search(line))
        seen = Counter(int(found.replace(",", "")) for found in _NUMBER.findall(text))
        return Counter(count for count, _ in self.figures) <= seen


def counted(incident: Incident) -> tuple[Counted, ...]:
    """Of the newest replay of each account, and of the newest reconciliation."""
    found = [_replay(one) for one in incident.replays.values()]
    if incident.reconciliation is not None:
        found.append(_reconciliation(incident.reconciliation))
    return tuple(found)


def _replay(one: Replayed) -> Counted:
    if one.kind is ReplayKind.OBJECTS:
        told = [(one.listed, "objects listed"), (one.missing, "differed"), (one.fetched, "fetched")]
    else:
        told = [
            (one.missing, "events missing"),
            (one.inserted, "inserted"),
            (one.duplicate, "duplicates"),
        ]
    return Counted(REPLAYS, one.id, tuple(told))


def _reconciliation(one: Reconciliation) -> Counted:
    told = (
        (one.compared, "subscriptions compared"),
        (one.found, "mismatches found"),
        (one.healed, "healed"),
        (one.accepted, "accepted"),
    )
    return Counted(RECONCILIATION, one.id, told)
