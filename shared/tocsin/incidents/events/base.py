"""What happened, as the timeline keeps it. Written for ever: fields are added, never renamed.

`actor`, `at` and `occurred_at` go into an entry's header (`at` as `recorded_at`), every other
field into its content. An event carries what was computed when it was decided (deadlines,
people), so folding needs no policy.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.model.parts import UpdateAudience
from tocsin.incidents.timeline.entry import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base; `type` is the entry's type on the timeline.

    `at` is incident time when it was decided and never goes back; clocks stop at it.
    `occurred_at` is when it happened by the account of who says so.
    """

    type: ClassVar[str]

    actor: Actor
    at: datetime
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseMoved:
    """The next update of an audience is promised for another time."""

    audience: UpdateAudience
    old_due: datetime | None
    new_due: datetime | None
