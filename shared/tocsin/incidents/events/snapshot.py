"""The stored text of an incident, and how large it may become.

Two limits, because they protect different things. What people add to the record is refused once
the snapshot is 16 KB, so that every write stays cheap. Nothing else is: an incident that is too
well documented must still page, breach, be acknowledged and be closed. So the other limit is where
the table's own is, far above what all bounds of an incident allow together.
"""

import json

from tocsin.errors import PayloadTooLarge
from tocsin.incidents.limits import SNAPSHOT_BYTES_EVER
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.timeline.codec import decode_fields, encode_fields


def snapshot_text(incident: Incident) -> str:
    """The snapshot as JSON.

    Raises:
        PayloadTooLarge: it is over what an item of the table takes.
    """
    text = json.dumps(encode_fields(incident), separators=(",", ":"), ensure_ascii=False)
    if len(text.encode()) > SNAPSHOT_BYTES_EVER:
        raise PayloadTooLarge("the incident holds more than a snapshot takes")
    return text


def snapshot_of(text: str) -> Incident:
    """The inverse of `snapshot_text`; also reads snapshots that lack newer fields."""
    return decode_fields(Incident, json.loads(text))
