"""What somebody or something wants of an incident. Every way in becomes one of these.

A command is a wish, not a fact: `decide` turns it into events or refuses it. Its fields (without
the envelope) are hashed, so that one command id cannot stand for two different wishes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The envelope.

    `command_id` is the caller's idempotency key (empty: not kept; only ticks). `occurred_at` is
    when it happened by the caller's account; None means now. `if_match` is the version the
    caller has seen. `groups` is what the acting person may do, as the front door proved it.

    Of the kind: `large` names the field that may be larger than an entry, which goes to the archive
    first and whose place is `stored`; `grows` says that it adds something to the incident's summary
    that was not there, so that it is refused once that is full.
    """

    large: ClassVar[str] = ""
    grows: ClassVar[bool] = False

    incident_id: str
    command_id: str
    actor: Actor
    correlation_id: str
    occurred_at: datetime | None = None
    if_match: int | None = None
    groups: frozenset[Group] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Command):
    """Time has passed. Does what is due and nothing else."""
