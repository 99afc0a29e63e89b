"""The stored form of a link's record, shared by both stores: `LINK#<handle>` / `LINK`."""

from __future__ import annotations

import json

from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.incidents.timeline.entry import canonical_json
from tocsin.people.links import Link

SK = "LINK"


def link_pk(handle: str) -> str:
    """Where the record of one message's links is."""
    return f"LINK#{handle}"


def link_text(link: Link) -> str:
    """The record as text."""
    return canonical_json(encode_fields(link)).decode()


def link_of(text: str) -> Link:
    """The inverse of `link_text`."""
    return decode_fields(Link, json.loads(text))
