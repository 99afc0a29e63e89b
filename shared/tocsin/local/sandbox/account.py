"""The sandbox's one provider account: its objects, its events, its ids.

No clock, no socket, no thread in here: time is an argument of every change, ids come from a seed
and a counter, and whoever wants to hear of events registers a listener. So the same seed and the
same calls give the same bytes.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.defaults import RETENTION_SECONDS, Json
from tocsin.local.sandbox.errors import missing
from tocsin.local.sandbox.versions import NEWEST, changed_attributes, checked, render

if TYPE_CHECKING:
    from collections.abc import Callable

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH: Final = 24

KINDS: Final = ("customer", "product", "price", "subscription", "invoice", "payment_intent")


@dataclass(slots=True)
class Origin:
    """What an event says about the request that caused it; both empty for the passage of time."""

    request_id: str | None = None
    idempotency_key: str | None = None


@dataclass(slots=True)
class Account:
    """Everything the provider knows. Stored objects are in the newest shape, see `versions`."""

    seed: str
    api_version: str = NEWEST
    after_retries: str = "unpaid"
    issued: dict[str, int] = field(default_factory=dict)
    objects: dict[str, dict[str, Json]] = field(
        default_factory=lambda: {kind: {} for kind in KINDS}
    )
    events: dict[str, Json] = field(default_factory=dict)
    listeners: list[Callable[[Json], None]] = field(default_factory=list)
    origin: Origin = field(default_factory=Origin)

    def new_id(self, prefix: str) -> str:
        """`sub_…`: unlike any other of this seed, and the same again for the same history.

        Each prefix counts by itself, so that reading more often does not change later ids.
        """
        count = self.issued[prefix] = self.issued.get(prefix, 0) + 1
        number = int.from_bytes(hashlib.sha256(f"{self.seed}/{prefix}/{count}".encode()).digest())
        characters = []
        for _ in range(_ID_LENGTH):
            number, digit = divmod(number, len(_ALPHABET))
            characters.append(_ALPHABET[digit])
        return f"{prefix}_{''.join(characters)}"

    def add(self, stored: Json) -> Json:
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
        """Records that `subject` just changed and tells the listeners; the stored event."""
        event: Json = {
            "id": self.new_id("evt"),
            "type": kind,
            "created": now,
            "api_version": self.api_version,
            "subject": copy.deepcopy(subject),
            "before": copy.deepcopy(before),
            "request": {
                "id": self.origin.request_id,
                "idempotency_key": self.origin.idempotency_key,
            },
            "pending_webhooks": len(self.listeners),
        }
        self.events[event["id"]] = event
        for listener in self.listeners:
            listener(event)
        return event

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
            "api_version": self.api_version,
            "after_retries": self.after_retries,
            "issued": self.issued,
            "objects": self.objects,
            "events": list(self.events.values()),
        }

    def load(self, dumped: Json) -> None:
        self.seed, self.issued = dumped["seed"], dict(dumped["issued"])
        self.api_version = checked(dumped["api_version"])
        self.after_retries = dumped["after_retries"]
        self.objects = {kind: dict(dumped["objects"][kind]) for kind in KINDS}
        self.events = {event["id"]: event for event in dumped["events"]}


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
    return {
        "id": event["id"],
        "object": "event",
        "api_version": version,
        "created": event["created"],
        "data": data,
        "livemode": False,
        "pending_webhooks": event["pending_webhooks"],
        "request": event["request"],
        "type": event["type"],
    }
