"""The stored form of a release, shared by both stores.

`REL#<service>` / `<cut_at>#<id>` in the `operations` table: sorted by when they were cut, because
the question asked of them is which one was cut first after a time. `TELL#<service>` holds whom they
are still to be told; while something is left, a telling is in the index `due`, in its own shard.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.incidents.model.releases import Release, Telling
from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.incidents.timeline.entry import canonical_json, format_time

if TYPE_CHECKING:
    from datetime import datetime

MILLISECOND = timedelta(milliseconds=1)


def release_pk(service: str) -> str:
    """Where a service's releases are."""
    return f"REL#{service}"


def release_sk(release: Release) -> str:
    """The place of one release among them."""
    return f"{format_time(release.cut_at)}#{release.release}"


def sk_after(cut_at: datetime) -> str:
    """Every release cut after the time sorts behind this; stored times have whole milliseconds."""
    return format_time(cut_at + MILLISECOND)


def telling_pk(telling: Telling) -> str:
    """Where the tellings of a service's releases are."""
    return f"TELL#{telling.release.service}"


def telling_sk(telling: Telling) -> str:
    """One for each thing that was reported of a release: planned and shipped are two."""
    told = hashlib.sha256(release_text(telling.release).encode()).hexdigest()[:16]
    return f"{release_sk(telling.release)}#{told}"


def telling_text(telling: Telling) -> str:
    """The telling as text."""
    return canonical_json(encode_fields(telling)).decode()


def telling_of(text: str) -> Telling:
    """The inverse of `telling_text`."""
    return decode_fields(Telling, json.loads(text))


def release_text(release: Release) -> str:
    """The release as text."""
    return canonical_json(encode_fields(release)).decode()


def release_of(text: str) -> Release:
    """The inverse of `release_text`."""
    return decode_fields(Release, json.loads(text))
