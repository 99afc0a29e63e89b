"""How far an incident may grow."""

from tocsin.errors import PayloadTooLarge
from tocsin.incidents.commands.base import Command
from tocsin.incidents.events.snapshot import snapshot_text
from tocsin.incidents.limits import SNAPSHOT_BYTES
from tocsin.incidents.model.incident import Incident


def check_growth(command: Command, after: Incident) -> None:
    """Refuses what would let the snapshot grow past what each write should cost.

    Raises:
        PayloadTooLarge: what grows from here on belongs into a note or behind a link.
    """
    if command.grows and len(snapshot_text(after).encode()) > SNAPSHOT_BYTES:
        raise PayloadTooLarge("the incident's summary is full: use a note or a link")
