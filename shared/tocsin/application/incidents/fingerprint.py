"""What makes two commands the same: who sent them under which key, and what they ask for."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tocsin.incidents.timeline.codec import encode_fields
from tocsin.incidents.timeline.entry import canonical_json

if TYPE_CHECKING:
    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.model.releases import Release
    from tocsin.incidents.timeline.entry import Actor

# The envelope, and what the application adds: a retry may differ in these and be the same wish.
_ENVELOPE = frozenset(
    {
        *("incident_id", "command_id", "correlation_id", "groups", "if_match"),
        *("verified_head", "gone", "called"),
    }
)


def command_hash(actor: Actor, command_id: str) -> str:
    """The name under which a command id is remembered; one principal cannot use another's."""
    return hashlib.sha256(f"{actor.ref}\n{command_id}".encode()).hexdigest()


def request_hash(command: Command | Release) -> str:
    """The wish, whoever carries it: its kind and every field that is not envelope."""
    wish = encode_fields(command, without=_ENVELOPE) | {"command": type(command).__name__}
    return hashlib.sha256(canonical_json(wish)).hexdigest()
