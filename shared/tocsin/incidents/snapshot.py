"""The stored text of an incident, and how large it may become.

Two limits, because they protect different things. What people add to the record is refused once
the snapshot is 16 KB, so that every write stays cheap. Nothing else is: an incident that is too
well documented must still page, breach, be acknowledged and be closed.
"""

import json

from tocsin.errors import PayloadTooLarge
from tocsin.incidents import commands_freeze as f
from tocsin.incidents import commands_record as w
from tocsin.incidents import commands_relations as k
from tocsin.incidents import commands_response as r
from tocsin.incidents.codec import decode_fields, encode_fields
from tocsin.incidents.commands import Command
from tocsin.incidents.limits import SNAPSHOT_BYTES, SNAPSHOT_BYTES_EVER
from tocsin.incidents.model import Incident

GROWING = (
    f.AllowChange,
    k.TakeKeys,
    r.AbsorbDuplicate,
    r.AskWaiver,
    r.PlanAction,
    w.ChangeAccess,
    w.RecordChannel,
    w.RecordImpact,
    w.SettleItem,
)
"""Commands that add something to the snapshot that was not there; the rest change what is."""


def snapshot_text(incident: Incident) -> str:
    """The snapshot as JSON.

    Raises:
        PayloadTooLarge: it is over what all bounds of an incident allow together.
    """
    text = json.dumps(encode_fields(incident), separators=(",", ":"), ensure_ascii=False)
    if len(text.encode()) > SNAPSHOT_BYTES_EVER:
        raise PayloadTooLarge("the incident holds more than a snapshot takes")
    return text


def snapshot_of(text: str) -> Incident:
    """The inverse of `snapshot_text`; also reads snapshots that lack newer fields."""
    return decode_fields(Incident, json.loads(text))


def check_growth(command: Command, after: Incident) -> None:
    """Refuses what would let the snapshot grow past what each write should cost.

    Raises:
        PayloadTooLarge: what grows from here on belongs into a note or behind a link.
    """
    if isinstance(command, GROWING) and len(snapshot_text(after).encode()) > SNAPSHOT_BYTES:
        raise PayloadTooLarge("the incident's summary is full: use a note or a link")
