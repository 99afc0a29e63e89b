"""A listed event, filed as its webhook would have been.

The same reader, the same pruning and packing, the same key; only the proof differs: it was read
from the provider's API with the account's own key instead of being signed by its secret.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.billing.projection.ledger_key import LedgerRecord, usable_time
from tocsin.billing.projection.quarantine import Poison
from tocsin.errors import RegistrationMismatch, TocsinError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from tocsin.application.billing.projection.ingest import BodyPacker
    from tocsin.billing.event import Envelope
    from tocsin.billing.identity import Identity
    from tocsin.ports.billing.projection import Quarantine, WebhookReader

ENDPOINT = "replay"


@dataclass(frozen=True, slots=True)
class Filer:
    """Implements `application.billing.replay.drive.Filing`. `hash_key`: the key of pseudonyms."""

    reader: Callable[[str], WebhookReader]
    pack: BodyPacker
    hash_key: Callable[[], bytes | None]
    workspace: Callable[[Mapping[str, Any]], str | None]

    def __call__(
        self, identity: Identity, document: Mapping[str, Any], *, now: int, replay: str
    ) -> tuple[LedgerRecord, str | None]:
        """The record of a listed document.

        Raises:
            MalformedPayload: it is no event of this provider.
            RegistrationMismatch: it is of the other mode, or of another account.
        """
        body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode(
            "utf-8", "surrogatepass"
        )
        envelope, read = self.reader(identity.provider).read({}, body)
        _check(identity, envelope)
        record = LedgerRecord(
            identity=identity,
            endpoint=ENDPOINT,
            envelope=envelope,
            received_at=now,
            body=self.pack(read, self.hash_key()),
            replay=replay,
        )
        return record, self.workspace(document)


@dataclass(frozen=True, slots=True)
class SetAside:
    """Keeps what cannot be filed in the quarantine."""

    quarantine: Quarantine

    def __call__(
        self, identity: Identity, document: Mapping[str, Any], error: Exception, *, now: int
    ) -> None:
        self.quarantine.put(
            Poison(
                provider=identity.provider,
                id=str(document.get("id", "unknown"))[:255],
                reason=error.code if isinstance(error, TocsinError) else "unreadable",
                detail=str(error),
                # The event's own time, so that the same event set aside again is one item.
                first_seen=usable_time(document.get("created")) or now,
                identity=str(identity),
            )
        )


def _check(identity: Identity, envelope: Envelope) -> None:
    if envelope.live is not None and envelope.live != (identity.mode == "live"):
        raise RegistrationMismatch("The event is of the other mode.", mode=identity.mode)
    allowed = {None, identity.connected_account, identity.account.partition("/")[0]}
    if envelope.account not in allowed:
        raise RegistrationMismatch("The event is of another account.", account=identity.account)
