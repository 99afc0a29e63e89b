"""Where content lies in an archive: `<incident>/<sha256>`, whatever keeps it."""

from __future__ import annotations

import hashlib
import re

from tocsin.errors import StoreUnavailable
from tocsin.incidents.model.content import Stored

_INCIDENT = re.compile(r"[A-Za-z0-9-]{1,64}")


def describe(incident: str, content: bytes, *, media_type: str) -> Stored:
    """What an entry says of content that is kept under that incident.

    Raises:
        ValueError: the incident's id could lead out of its own part of the archive.
    """
    if not _INCIDENT.fullmatch(incident):
        raise ValueError(f"{incident[:64]!r} is no incident's id")
    digest = hashlib.sha256(content).hexdigest()
    return Stored(
        key=f"{incident}/{digest}", sha256=digest, size=len(content), media_type=media_type
    )


def verified(archived: Stored, content: bytes) -> bytes:
    """The content, if it is what was kept.

    Raises:
        StoreUnavailable: other bytes lie there.
    """
    if hashlib.sha256(content).hexdigest() != archived.sha256:
        raise StoreUnavailable(f"what lies at {archived.key} is not what was kept there")
    return content
