"""The stored form of rotations and overrides, shared by both stores.

`ROTA#<role>` in the `operations` table: `BASE`, `WAS#<set_at>` for every rotation before it, and
`OVR#<from>#<id>`. An override is removed long after its end, a rotation never.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.incidents.timeline.entry import canonical_json, format_time
from tocsin.people.rotation import Override, Rotation

if TYPE_CHECKING:
    from tocsin.incidents.vocabulary import Role

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
