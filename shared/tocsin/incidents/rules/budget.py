"""How much one write holds: time does what fits, and the rest stays due.

A transaction takes 100 items and 4 MB. What time alone does to an incident has no bound that people
could keep to: teams are large, and a sweep that comes late finds everything at once. A write that
is refused for its size is refused again every minute, so it is never made that large.
"""

from dataclasses import dataclass

from tocsin.incidents.messages.notices import messages
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.queries.freeze import changed
from tocsin.incidents.queries.prevention import changed_prevention
from tocsin.incidents.rules.draft import Draft
from tocsin.incidents.timeline.codec import encode_fields
from tocsin.incidents.timeline.entry import canonical_json

OF_A_TICK = 90
"""Items that time alone may write at once; the transaction takes 100."""

BEFORE_A_COMMAND = 40
"""Items of time that a command brings along; what a command itself writes is less than the rest."""

BYTES = 2 * 1024 * 1024
"""Of all that is written at once; the transaction takes twice as much."""

_FIXED = 4
"""The snapshot, the trace of a command, and a number that comes late with its entry."""

_ITEM_BYTES = 1024
"""What an item has besides its texts, generously."""


@dataclass(frozen=True, slots=True)
class Weight:
    """What a decision writes so far."""

    items: int
    size: int

    def fits(self, items: int) -> bool:
        return self.items <= items and self.size <= BYTES


def weigh(draft: Draft, before: Incident | None) -> Weight:
    """Everything the events decided so far lead to, as the store counts it."""
    after = draft.incident
    told = messages(draft.events, after, draft.policy, "")
    others = len(changed(before, after)) + len(changed_prevention(before, after))
    items = _FIXED + len(draft.events) + len(told) + others
    texts = sum(len(canonical_json(encode_fields(event))) for event in draft.events)
    texts += sum(len(text.encode()) for item in told for text in item.facts.values())
    return Weight(items, texts + items * _ITEM_BYTES)
