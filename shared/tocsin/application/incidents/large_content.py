"""Content that is too large for a timeline goes to the archive first; the entry names it.

The archive is written before the transaction that names the content. A command that would be
refused writes nothing there: it is decided once for trial. What is stored although the command
then loses is named by nothing, and the same command again finds it where it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tocsin.application.incidents.fingerprint import command_hash
from tocsin.errors import BadInput, NotFound, PayloadTooLarge, TocsinError
from tocsin.incidents import limits
from tocsin.incidents.model.content import MediaType, Stored
from tocsin.incidents.rules.decide import decide

if TYPE_CHECKING:
    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.model.incident import Incident
    from tocsin.ports.evidence import Archive
    from tocsin.ports.incidents import IncidentStore
    from tocsin.ports.runbooks import PolicySource
    from tocsin.ports.time import IncidentClock

MOST_BYTES = 900_000
"""Of one text, in UTF-8: with its JSON it still fits the body of a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeContent:
    """The archive, and what a trial decision needs."""

    archive: Archive
    store: IncidentStore
    policies: PolicySource
    clock: IncidentClock

    def offload(self, command: Command, incident: Incident) -> Command:
        """The command as it is, or with the beginning of its content and where all of it lies.

        Raises:
            PayloadTooLarge: the content is over what is taken at all.
            StoreUnavailable: it could not be kept; nothing has changed.
            TocsinError: the command is refused.
        """
        field = command.large
        text = str(getattr(command, field)) if field else ""
        if len(text.strip()) <= limits.TEXT:
            return command
        content = _bytes(field, text)
        head: dict[str, Any] = {field: limits.shortened(text.strip(), limits.HEAD)}
        short = replace(command, **head)
        self._try(short, incident)
        kept = self.archive.keep(incident.id, content, media_type=_media_type(command))
        found: dict[str, Any] = {"stored": kept}
        return replace(short, **found)

    def read(self, incident: Incident, sha256: str) -> tuple[Stored, str]:
        """Content that an entry of the incident names, and what the entry says of it.

        Raises:
            NotFound: no entry names it, or it was erased.
            StoreUnavailable: no answer, or other bytes lie there.
        """
        for entry in self.store.entries(incident.id):
            named = entry.content.get("stored")
            if isinstance(named, dict) and named.get("sha256") == sha256:
                about: dict[str, Any] = dict(named)
                kept = Stored(**about)
                return kept, self.archive.read(kept).decode()
        raise NotFound(f"no entry of {incident.id} names content {sha256[:64]}")

    def _try(self, command: Command, incident: Incident) -> None:
        """Raises what the command would be refused for, unless it was carried out before."""
        policy = self.policies.version(incident.policy_version)
        try:
            decide(incident, command, policy, self.clock.incident_now())
        except TocsinError:
            name = command_hash(command.actor, command.command_id)
            if not command.command_id or self.store.command(incident.id, name) is None:
                raise


def _bytes(field: str, text: str) -> bytes:
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        raise BadInput(f"{field} holds half a character", field=field) from error
    if len(content) > MOST_BYTES:
        detail = (
            f"{field} is over {MOST_BYTES} bytes: hand over the part that matters, or keep it"
            " elsewhere and `link` to it"
        )
        raise PayloadTooLarge(detail, field=field, limit=MOST_BYTES)
    return content


def _media_type(command: Command) -> str:
    return str(getattr(command, "media_type", MediaType.PLAIN))
