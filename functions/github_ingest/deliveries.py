"""From a delivery of GitHub's to a message of the queue: verify, prune, queue.

The order is what keeps secrets out: nothing is believed before the raw bytes are verified, nothing
is queued but the fields that are picked, and nothing is acknowledged before it is durable.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.errors import (
    MalformedPayload,
    SecretUnavailable,
    SignatureInvalid,
    Unavailable,
    UnknownRegistration,
)
from tocsin.signals.github.delivery import DELIVERY, EVENT, kept_of, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import Protocol

    from tocsin.incidents.model.deployments import Deployment

    class Waiting(Protocol):
        """`adapters.releases.deployments.DynamoDeployments`, as far as it is used here."""

        def add(self, deployment: Deployment) -> bool: ...

    class Queue(Protocol):
        """Calls of SQS."""

        def call(self, operation: str, payload: Mapping[str, object]) -> dict[str, Any]: ...

    class SecretSource(Protocol):
        """`runtime.aws.secrets.CachedSecret` over the secret of the webhooks."""

        def get(self) -> WebhookSecrets: ...

        def refreshed(self) -> WebhookSecrets | None: ...


DEPLOYMENT = "deployment_protection_rule"
FORM = "application/x-www-form-urlencoded"
_LONGEST_NAME = 64


class WebhookSecrets:
    """The secret document: `{"secrets": [{"secret": "...", "not_after": 1790000000}, ...]}`.

    Two are valid while one is being replaced; `not_after` is in epoch seconds.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Reads the document once.

        Raises:
            SecretUnavailable: an entry cannot be read; none is used then.
        """
        try:
            self._all = tuple(
                (each["secret"].strip().encode(), each.get("not_after"))
                for each in document.get("secrets", ())
            )
        except (KeyError, TypeError, AttributeError) as error:
            problem = f"The webhook secrets cannot be read: {type(error).__name__}."
            raise SecretUnavailable(problem) from error

    def active(self, now: float) -> tuple[bytes, ...]:
        """Those that may have signed at `now`; an empty one signs nothing."""
        return tuple(
            secret for secret, until in self._all if secret and (until is None or now <= until)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a delivery."""

    event: str
    guid: str
    queued: bool
    kept_bytes: int = 0

    @property
    def status(self) -> str:
        """One word for who sent it."""
        return "queued" if self.queued else "pong" if self.event == "ping" else "noted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployments:
    """Where deployments are written down that GitHub holds, and who is woken to answer them.

    `api` is the base address of GitHub's API. That nobody could be woken is no harm: what is
    written down is found within a minute.
    """

    store: Waiting
    wake: Callable[[], object]
    api: str

    def take(self, document: Mapping[str, object], *, at: datetime) -> bool:
        """Writes down what is asked; false if nothing is. The same once more changes nothing."""
        from tocsin.signals.github.deployment import asked  # noqa: PLC0415 - most are findings

        if (found := asked(document, api=self.api, at=at)) is None:
            return False
        self.store.add(found)
        with suppress(Unavailable):
            self.wake()
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """What takes deliveries; not `wanted`, there is nobody here.

    `deployments` are where they wait whose GitHub asks whether they may go out.
    """

    wanted: bool
    secrets: SecretSource
    queue: Queue
    queue_url: str
    deployments: Deployments | None = None

    def take(self, headers: Mapping[str, str], body: bytes, *, at: datetime) -> Taken:
        """Verifies one delivery and queues what may be kept of it; header names are lower case.

        Raises:
            UnknownRegistration: the stage takes no deliveries of GitHub's.
            SignatureInvalid: no active secret signed these bytes.
            MalformedPayload: signed, but no delivery.
            SecretUnavailable: the secrets cannot be read.
            Unavailable: it is not known to be durable.
        """
        if not self.wanted:
            raise UnknownRegistration
        self._verify(headers, body, at.timestamp())
        event, guid = headers.get(EVENT.lower(), ""), headers.get(DELIVERY.lower(), "")
        if not event.isidentifier() or len(event) > _LONGEST_NAME or len(guid) > _LONGEST_NAME:
            raise MalformedPayload(f"`{EVENT}` must name an event", field=EVENT)
        document = _document(body, headers.get("content-type", ""))
        if event == DEPLOYMENT and self.deployments is not None:
            return Taken(event=event, guid=guid, queued=self.deployments.take(document, at=at))
        kept = kept_of(event, document)
        if event == "ping":
            return Taken(event=event, guid=guid, queued=False)
        message = json.dumps(
            {EVENT: event, DELIVERY: guid, "received_at": at.isoformat(), "payload": kept},
            separators=(",", ":"),
        )
        self.queue.call("SendMessage", {"QueueUrl": self.queue_url, "MessageBody": message})
        return Taken(event=event, guid=guid, queued=True, kept_bytes=len(message))

    def _verify(self, headers: Mapping[str, str], body: bytes, now: float) -> None:
        try:
            verify(headers, body, self.secrets.get().active(now))
        except SignatureInvalid:
            newer = self.secrets.refreshed()
            if newer is None:
                raise
            verify(headers, body, newer.active(now))


def _document(body: bytes, content_type: str) -> dict[str, Any]:
    """The payload, in either content type that a webhook of GitHub's can be set to.

    Raises:
        MalformedPayload: it is something else, which says nothing of what it holds.
    """
    form = content_type.partition(";")[0].strip().lower() == FORM
    try:
        document = json.loads(_of_form(body) if form else body)
    except (ValueError, RecursionError) as error:
        raise MalformedPayload("the body holds no JSON") from error
    if not isinstance(document, dict):
        raise MalformedPayload("the body is not a JSON object")
    return document


def _of_form(body: bytes) -> bytes:
    """The field `payload`, the only one GitHub sends ("Webhook events and payloads")."""
    from urllib.parse import parse_qs  # noqa: PLC0415 - most are sent as JSON

    fields = parse_qs(body, max_num_fields=4)
    given = fields.get(b"payload", [])
    if len(given) != 1:
        raise ValueError
    return given[0]
