"""Stored forms of contact ways, links and rotations, shared by both stores.

In the `operations` table, which a key of ours encrypts:

    PERSON#<person>   WAY#<way id>     a contact way; the id is random: an address, hashed or not,
                                       is in no key
    LINK#<handle>     LINK             a link's record; BUNDLE the list behind a bundle
    TEXTS#<person>    <way id>[#drill] what left by the way of late
    TEXTS#<person>    <way id>[#drill]#<epoch>#<incident>#<message>
                                       a message that waits for the way's next bundle
    ROTA#<role>       BASE             the rotation; WAS#<set_at> every one before it, for good;
                                       OVR#<from>#<id> an override, removed long after its end
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.incidents.timeline.entry import canonical_json, format_time
from tocsin.people.links import Bundle, Link
from tocsin.people.rotation import Override, Rotation
from tocsin.people.storm import Line, Texts
from tocsin.people.ways import Way

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.incidents.model.outbox import OutboxKey
    from tocsin.incidents.vocabulary import Role


WAY_PREFIX = "WAY#"


def person_pk(person: str) -> str:
    """Where a person's ways are."""
    return f"PERSON#{person}"


def way_sk(way_id: str) -> str:
    """The place of one way among them."""
    return f"{WAY_PREFIX}{way_id}"


def way_text(way: Way) -> str:
    """The way as text, all but its revision."""
    return canonical_json(encode_fields(way) | {"rev": 0}).decode()


def way_of(text: str, rev: int) -> Way:
    """The inverse of `way_text`."""
    return decode_fields(Way, json.loads(text), rev=rev)


def in_order(ways: Iterable[Way]) -> tuple[Way, ...]:
    """The oldest first."""
    return tuple(sorted(ways, key=lambda way: (way.added_at, way.id)))


LINK = "LINK"


def link_pk(handle: str) -> str:
    """Where the record of one message's links is."""
    return f"LINK#{handle}"


def link_text(link: Link) -> str:
    """The record as text."""
    return canonical_json(encode_fields(link)).decode()


def link_of(text: str) -> Link:
    """The inverse of `link_text`."""
    return decode_fields(Link, json.loads(text))


BUNDLE = "BUNDLE"


def bundle_text(bundle: Bundle) -> str:
    """The list as text."""
    return canonical_json(encode_fields(bundle)).decode()


def bundle_of(text: str) -> Bundle:
    """The inverse of `bundle_text`."""
    return decode_fields(Bundle, json.loads(text))


def texts_pk(line: Line) -> str:
    """Where what left of late by the ways of a person is."""
    return f"TEXTS#{line.person}"


def texts_sk(line: Line) -> str:
    """The place of one line among them."""
    return f"{line.way}#drill" if line.drill else line.way


def waiting_prefix(line: Line, epoch: int) -> str:
    """What the keys of those that wait for one bundle begin with."""
    return f"{texts_sk(line)}#{epoch:08d}#"


def waiting_sk(line: Line, epoch: int, key: OutboxKey) -> str:
    """The place of one message among those that wait."""
    return f"{waiting_prefix(line, epoch)}{key.incident}#{key.sk}"


def texts_text(texts: Texts) -> str:
    """What left of late as text, all but its revision."""
    return canonical_json(encode_fields(texts) | {"rev": 0}).decode()


def texts_of(text: str, rev: int) -> Texts:
    """The inverse of `texts_text`."""
    return decode_fields(Texts, json.loads(text), rev=rev)


BASE, WAS, OVERRIDE = "BASE", "WAS#", "OVR#"

KEPT_AFTER_END = timedelta(days=400)


def rota_pk(role: Role) -> str:
    """Where everything about a role's rotation is."""
    return f"ROTA#{role}"


def was_sk(rotation: Rotation) -> str:
    """Where a rotation goes when another takes its place."""
    return f"{WAS}{format_time(rotation.set_at or rotation.starts_at)}"


def override_sk(override: Override) -> str:
    """The place of an override among those of its role."""
    return f"{OVERRIDE}{format_time(override.starts_at)}#{override.id}"


def text_of(value: Rotation | Override) -> str:
    """The value as text; equal values give equal texts."""
    return canonical_json(encode_fields(value)).decode()


def rotation_of(text: str) -> Rotation:
    """The inverse of `text_of`."""
    return decode_fields(Rotation, json.loads(text))


def override_of(text: str) -> Override:
    """The inverse of `text_of`."""
    return decode_fields(Override, json.loads(text))
