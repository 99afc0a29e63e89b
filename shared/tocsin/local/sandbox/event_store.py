"""Every event the account ever made, packed, and found by id, by second and by object.

A history of 100,000 events has to fit beside everything else on a laptop: what an event shows of
its object is kept as compressed JSON and unpacked when it is asked for. Nothing is ever changed.
"""

from __future__ import annotations

import base64
import json
import zlib
from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tocsin.local.sandbox.defaults import Json

_LEVEL: Final = 1
"""Level 9 would save a tenth of the space and cost three times the time."""

type Place = tuple[int, int]
"""Where an event stands: its `created` and, within that second, how many were made before it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is looked at without unpacking. `made_at` is when it truly happened, `created` says so.

    The two differ only while the account is told to be imprecise, see `Account.jitter`.
    """

    id: str
    kind: str
    place: Place
    made_at: int
    api_version: str
    object_id: str
    object_kind: str
    request: tuple[str | None, str | None]
    pending_webhooks: int
    account: str | None
    packed: bytes

    @property
    def created(self) -> int:
        """Unix seconds."""
        return self.place[0]

    def dump(self) -> list[Any]:
        """As JSON; `undump` is the inverse."""
        whole = [getattr(self, name) for name in _FIELDS]
        return [*whole, base64.b64encode(self.packed).decode()]


_FIELDS: Final = tuple(name for name in Kept.__dataclass_fields__ if name != "packed")


def undump(dumped: list[Any]) -> Kept:
    """What `Kept.dump` gave."""
    *whole, packed = dumped
    named = dict(zip(_FIELDS, whole, strict=True))
    named["place"], named["request"] = tuple(named["place"]), tuple(named["request"])
    return Kept(**named, packed=base64.b64decode(packed))


class EventStore(Mapping[str, "Json"]):
    """Reads like a dict of whole events by id, oldest made first."""

    def __init__(self, kept: Iterable[Kept] = ()) -> None:
        self._kept: dict[str, Kept] = {}
        self._order: list[tuple[Place, str]] = []
        self._of_object: dict[str, list[str]] = {}
        for one in kept:
            self._take(one)

    def add(self, event: Json, *, made_at: int) -> None:
        """Keeps a copy of the event as it is now."""
        subject = event["subject"]
        packed = json.dumps([subject, event["before"]], separators=(",", ":")).encode()
        self._take(
            Kept(
                id=event["id"],
                kind=event["type"],
                place=(event["created"], len(self._kept)),
                made_at=made_at,
                api_version=event["api_version"],
                object_id=subject["id"],
                object_kind=subject["object"],
                request=(event["request"]["id"], event["request"]["idempotency_key"]),
                pending_webhooks=event["pending_webhooks"],
                account=event["account"],
                packed=zlib.compress(packed, _LEVEL),
            )
        )

    def kept(self) -> list[Kept]:
        """All of them as they are kept, oldest made first."""
        return list(self._kept.values())

    def facts(self, identifier: str) -> Kept | None:
        """One as it is kept."""
        return self._kept.get(identifier)

    def between(self, lowest: int, highest: int) -> tuple[int, int]:
        """Positions [first, last) of the seconds `lowest` to `highest`, both included."""
        return (
            bisect_left(self._order, ((lowest, -1), "")),
            bisect_left(self._order, ((highest + 1, -1), "")),
        )

    def at(self, position: int) -> Kept:
        """The one at this position in the order of `created`."""
        return self._kept[self._order[position][1]]

    def position(self, identifier: str) -> int | None:
        """Where it stands in that order."""
        one = self._kept.get(identifier)
        return None if one is None else bisect_left(self._order, (one.place, identifier))

    def state_of(self, object_id: str, *, at: int) -> Json | None:
        """The object as its newest event of no later than `at` showed it.

        Where there is none so early it is as it was before its first event, or as that showed it.
        """
        made = self._of_object.get(object_id)
        if not made:
            return None
        known = [one for one in made if self._kept[one].made_at <= at]
        first = self[known[-1] if known else made[0]]
        shown: Json = first["subject"] if known else first["before"] or first["subject"]
        return shown

    def existed(self, stored: Json, *, at: int) -> bool:
        """Whether the object was there by then.

        What is not told of when it is made (a checkout session) is there since its `created`.
        """
        made = self._of_object.get(stored["id"])
        if made and (first := self._kept[made[0]]).kind.endswith(".created"):
            return first.made_at <= at
        return bool(stored["created"] <= at)

    def __getitem__(self, identifier: str) -> Json:
        return unpacked(self._kept[identifier])

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def _take(self, one: Kept) -> None:
        self._kept[one.id] = one
        insort(self._order, (one.place, one.id))
        self._of_object.setdefault(one.object_id, []).append(one.id)


def unpacked(one: Kept) -> Json:
    """The whole event; its parts belong to whoever asked."""
    subject, before = json.loads(zlib.decompress(one.packed))
    return {
        "id": one.id,
        "type": one.kind,
        "created": one.created,
        "api_version": one.api_version,
        "account": one.account,
        "subject": subject,
        "before": before,
        "request": {"id": one.request[0], "idempotency_key": one.request[1]},
        "pending_webhooks": one.pending_webhooks,
    }
