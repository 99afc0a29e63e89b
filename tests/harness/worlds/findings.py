"""GitHub and AWS's security services before a world: signed deliveries, and their queue."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from functions.github_ingest.deliveries import Deliveries, WebhookSecrets
from functions.security_trigger import intake
from tests.harness.worlds.alarms import queue_event
from tocsin.runtime.web import http
from tocsin.signals.github.delivery import DELIVERY, EVENT, SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.github_ingest.deliveries import Taken
    from tests.harness.worlds.world import World

EVENTS = Path(__file__).parents[3] / "events"
SECRET, NEXT = "first-of-two", "second-of-two"


def sample(source: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / source / f"{name}.json").read_text("utf-8"))
    return found


def signed(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()


def gateway_event(
    body: bytes, headers: Mapping[str, str], *, encoded: bool = False
) -> dict[str, Any]:
    """What API Gateway hands over, payload format 2.0; `encoded` is its own choice."""
    return {
        "requestContext": {"http": {"method": "POST", "path": "/webhooks/github"}},
        "headers": dict(headers),
        "body": base64.b64encode(body).decode() if encoded else body.decode(),
        "isBase64Encoded": encoded,
    }


@dataclass(slots=True)
class Kept:
    """The secret of the webhooks, and one that a rotation has brought since."""

    document: dict[str, Any]
    newer: dict[str, Any] | None = None

    def get(self) -> WebhookSecrets:
        return WebhookSecrets(self.document)

    def refreshed(self) -> WebhookSecrets | None:
        return None if self.newer is None else WebhookSecrets(self.newer)


@dataclass(slots=True)
class Findings:
    """What stands before a world; `bodies` waits in the queue, `sent` is all that ever did."""

    world: World
    kept: Kept = field(
        default_factory=lambda: Kept({"secrets": [{"secret": SECRET}, {"secret": NEXT}]})
    )
    bodies: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    def call(self, operation: str, payload: Mapping[str, object]) -> dict[str, Any]:
        """As SQS takes a message."""
        assert operation == "SendMessage"
        self.bodies.append(str(payload["MessageBody"]))
        self.sent.append(self.bodies[-1])
        return {"MessageId": "m"}

    @property
    def deliveries(self) -> Deliveries:
        return Deliveries(wanted=True, secrets=self.kept, queue=self, queue_url="https://queue")

    def post(self, body: bytes, headers: Mapping[str, str], *, encoded: bool = False) -> Taken:
        """One request as it arrives."""
        request = http.parse(gateway_event(body, headers, encoded=encoded))
        return self.deliveries.take(request.headers, request.body, at=self.world.clock.now)

    def github(self, name: str, guid: str = "", **changes: Any) -> list[str]:
        """A sample is delivered, signed, and worked off; the messages that come back."""
        document = sample("github", name)
        document["payload"].update(changes)
        body = json.dumps(document["payload"], ensure_ascii=False).encode()
        headers = {
            EVENT: document[EVENT],
            DELIVERY: guid or document[DELIVERY],
            SIGNATURE: signed(body),
        }
        self.post(body, headers)
        return self.drain()

    def aws(self, source: str, name: str, **detail: Any) -> list[str]:
        """An event of AWS's comes to the queue and is worked off."""
        event = sample(source, name)
        event["detail"].update(detail)
        self.bodies.append(json.dumps(event))
        self.sent.append(self.bodies[-1])
        return self.drain()

    def drain(self) -> list[str]:
        """Works off what waits; what has to come back stays, as the queue keeps it."""
        bodies, self.bodies = self.bodies, []
        if not bodies:
            return []
        answer = intake.take(
            queue_event(*bodies), application=self.world.application, watch=self.world.watch
        )
        self.world.pump()
        return [one["itemIdentifier"] for one in answer["batchItemFailures"]]
