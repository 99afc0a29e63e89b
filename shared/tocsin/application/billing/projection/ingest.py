"""From a delivery to a stored event: verify, read just enough, file it.

The order is the contract with a provider: nothing is believed before the raw bytes are verified,
and nothing is acknowledged before the event is durable. After the put there is nothing left to
do, so there is no state between "stored" and "acknowledged" to be lost in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.billing.projection.ledger_key import LedgerRecord
from tocsin.errors import SignatureInvalid, UnknownRegistration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Protocol

    from tocsin.billing.identity import Registration, Registrations
    from tocsin.ports.billing.projection import Ledger, WebhookReader

    class RegistrationSource(Protocol):
        """`runtime.aws.secrets.CachedSecret` over the registrations secret."""

        def get(self) -> Registrations: ...

        def refreshed(self) -> Registrations | None: ...

    class BodyPacker(Protocol):
        """Prunes and packs a document for keeping."""

        def __call__(self, document: dict[str, Any], hash_key: bytes | None) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST of a provider: header names lower-case, the body exactly as received."""

    provider: str
    endpoint: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivery. `stored` is False for one that was known already."""

    stored: bool
    record: LedgerRecord


@dataclass(frozen=True, slots=True)
class Ingest:
    """The ingest path of every provider, with what it needs."""

    registrations: RegistrationSource
    reader: Callable[[str], WebhookReader]
    ledger: Ledger
    pack: BodyPacker

    def receive(self, delivery: Delivery, *, now: int) -> Receipt:
        """Verifies and stores one delivery; `now` is the wall clock in epoch seconds.

        Raises:
            UnknownRegistration: no such provider or endpoint.
            SignatureInvalid: no active secret signed these bytes.
            TimestampOutOfTolerance: signed too long ago, or in the future.
            RegistrationMismatch: verified, but of another account or mode.
            MalformedPayload: verified, but no event of this provider.
            SecretUnavailable: the registrations cannot be read.
            StoreUnavailable: the event is not known to be durable.
        """
        reader = self.reader(delivery.provider)
        registrations = self.registrations.get()
        try:
            registration = _verified(reader, registrations, delivery, now)
        except (SignatureInvalid, UnknownRegistration):
            newer = self.registrations.refreshed()
            if newer is None:
                raise
            registrations = newer
            registration = _verified(reader, registrations, delivery, now)
        envelope, document = reader.read(delivery.headers, delivery.body)
        identity = registration.identify(account=envelope.account, live=envelope.live)
        record = LedgerRecord(
            identity=identity,
            endpoint=registration.endpoint,
            envelope=envelope,
            received_at=now,
            body=self.pack(document, registrations.hash_key),
        )
        return Receipt(self.ledger.put(record), record)


def _verified(
    reader: WebhookReader, registrations: Registrations, delivery: Delivery, now: int
) -> Registration:
    registration = registrations.named(delivery.provider, delivery.endpoint)
    secrets = registration.active_secrets(now)
    reader.verify(delivery.headers, delivery.body, secrets=secrets, now=now)
    return registration
