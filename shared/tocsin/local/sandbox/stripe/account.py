"""The sandbox's one provider account: its objects, its events, its ids.

No clock, no socket, no thread in here: time is an argument of every change, ids come from a seed
and a counter, and whoever wants to hear of events registers a listener. So the same seed and the
same calls give the same bytes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.defaults import NEWEST, RETENTION_SECONDS, Json
from tocsin.local.sandbox.event_store import EventStore, undump
from tocsin.local.sandbox.ids import drawn
from tocsin.local.sandbox.stripe.errors import missing
from tocsin.local.sandbox.stripe.versions import changed_attributes, checked, render

if TYPE_CHECKING:
    from collections.abc import Callable

_ID_LENGTH: Final = 24

KINDS: Final = (
    "customer",
    "product",
    "price",
    "subscription",
    "invoice",
    "payment_intent",
    "checkout.session",
)


@dataclass(slots=True)
class Origin:
    """What an event says about the request that caused it; both empty for the passage of time."""

    request_id: str | None = None
    idempotency_key: str | None = None


@dataclass(slots=True)
class Account:
    """Everything the provider knows. Stored objects are in the newest shape, see `versions`.

    `id` is set for a connected account only: its events name it. `jitter` is by how many seconds
    at most an event's `created` is away from when it was made; `ungenerated` counts events still
    to be lost before they exist, so that neither a webhook nor a list ever shows them.
    """

    seed: str
    id: str | None = None
    api_version: str = NEWEST
    after_retries: str = "unpaid"
    livemode: bool = False
    jitter: int = 0
    ungenerated: int = 0
    lost: list[Json] = field(default_factory=list)
    issued: dict[str, int] = field(default_factory=dict)
    objects: dict[str, dict[str, Json]] = field(
        default_factory=lambda: {kind: {} for kind in KINDS}
    )
    events: EventStore = field(default_factory=EventStore)
    listeners: list[Callable[[Json], None]] = field(default_factory=list)
    origin: Origin = field(default_factory=Origin)

    def new_id(self, prefix: str) -> str:
        """`sub_…`: unlike any other of this seed, and the same again for the same history.

        Each prefix counts by itself, so that reading more often does not change later ids.
        """
        count = self.issued[prefix] = self.issued.get(prefix, 0) + 1
        return f"{prefix}_{drawn(f'{self.seed}/{prefix}/{count}', length=_ID_LENGTH)}"

    def add(self, stored: Json) -> Json:
        stored["livemode"] = self.livemode
        self.objects[stored["object"]][stored["id"]] = stored
        return stored

    def get(self, kind: str, identifier: str, *, param: str = "id") -> Json:
        """The stored object itself, not a copy.

        Raises:
            ProviderRefusal: there is none; 404 for a path, 400 for a parameter that names it.
        """
        found = self.objects[kind].get(identifier)
        if found is None:
            raise missing(kind, identifier, param=param, status=404 if param == "id" else 400)
        return found

    def emit(self, kind: str, subject: Json, *, now: int, before: Json | None = None) -> Json:
        """Records that `subject` just changed and tells the listeners; the event.

        With `ungenerated` it is neither recorded nor told of: the provider failed to make it.
        """
        event: Json = {
            "id": self.new_id("evt"),
            "type": kind,
            "created": now + self._imprecision(),
            "api_version": self.api_version,
            "account": self.id,
            "subject": subject,
            "before": before,
            "request": {
                "id": self.origin.request_id,
                "idempotency_key": self.origin.idempotency_key,
            },
            "pending_webhooks": len(self.listeners),
        }
        if self.ungenerated and not kind.startswith("v2."):
            self.ungenerated -= 1
            self.lost.append({"id": event["id"], "type": kind, "object": subject["id"], "at": now})
            return event
        self.events.add(event, made_at=now)
        for listener in self.listeners:
            listener(event)
        return event

    def _imprecision(self) -> int:
        if not self.jitter:
            return 0
        drawn = random.Random(f"{self.seed}/jitter/{len(self.events)}")  # noqa: S311  # repeatable
        return drawn.randint(-self.jitter, self.jitter)

    def event(self, identifier: str, *, now: int) -> Json:
        """A stored event that is not older than the provider keeps them."""
        found = self.events.get(identifier)
        if found is None or found["created"] < now - RETENTION_SECONDS:
            raise missing("event", identifier)
        return found

    def dump(self) -> Json:
        """All of it as JSON; `load` is the inverse."""
        return {
            "seed": self.seed,
            "id": self.id,
            "livemode": self.livemode,
            "jitter": self.jitter,
            "lost": self.lost,
            "api_version": self.api_version,
            "after_retries": self.after_retries,
            "issued": self.issued,
            "objects": self.objects,
            "events": [one.dump() for one in self.events.kept()],
        }

    def load(self, dumped: Json) -> None:
        self.seed, self.issued = dumped["seed"], dict(dumped["issued"])
        self.api_version = checked(dumped["api_version"])
        self.after_retries = dumped["after_retries"]
        self.id, self.jitter = dumped["id"], dumped["jitter"]
        self.livemode = dumped["livemode"]
        self.lost, self.ungenerated = list(dumped["lost"]), 0
        self.objects = {kind: dict(dumped["objects"].get(kind, {})) for kind in KINDS}
        self.events = EventStore(undump(one) for one in dumped["events"])


def render_event(event: Json, version: str | None = None) -> Json:
    """The event as sent to an endpoint pinned to `version`, or as listed when there is none.

    The list always gives the version the account had when the event was made: a replayed event
    can have another shape than the copy its endpoint got.
    """
    version = version or event["api_version"]
    data: Json = {"object": render(event["subject"], version)}
    if event["before"] is not None:
        data["previous_attributes"] = changed_attributes(
            render(event["before"], version), data["object"]
        )
    shown: Json = {
        "id": event["id"],
        "object": "event",
        "api_version": version,
        "created": event["created"],
        "data": data,
        "livemode": event["subject"].get("livemode", False),
        "pending_webhooks": event["pending_webhooks"],
        "request": event["request"],
        "type": event["type"],
    }
    return shown | {"account": event["account"]} if event["account"] else shown


def render_thin(event: Json) -> Json:
    """The same event without its object: an id to ask for, whatever the version."""
    subject = event["subject"]
    of_api = event["type"].startswith("v2.")  # no event of /v1 in another dress
    plural = f"{subject['object'].replace('.', '/')}s"
    at = datetime.fromtimestamp(event["created"], UTC)
    return {
        "id": event["id"],
        "object": "v2.core.event",
        "context": event["account"],
        "created": f"{at:%Y-%m-%dT%H:%M:%S}.000Z",
        "livemode": subject.get("livemode", False),
        "reason": {"type": "request", "request": event["request"]}
        if event["request"]["id"]
        else None,
        "related_object": None
        if of_api
        else {
            "id": subject["id"],
            "type": subject["object"],
            "url": f"/v1/{plural}/{subject['id']}",
        },
        "type": event["type"] if of_api else f"v1.{event['type']}",
    }
