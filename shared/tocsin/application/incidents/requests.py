"""Requests that were carried out, remembered under the key their sender gave them.

For what is no command of an incident: those are remembered in the incident's own transaction.
Here the record is written after the deed, so a crash between the two lets a repeat act again;
what is asked this way may be done twice and be as if done once. A digest of a telephone number is
a telephone number to whoever has an afternoon, so no address and no code goes into `wish`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.errors import IdempotencyKeyReused
from tocsin.incidents.timeline.entry import Json, canonical_json
from tocsin.ports.requests import Done, RequestStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.ports.time import WallClock


REMEMBERED = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """One person's requests; without a `key` every request is a wish of its own."""

    store: RequestStore
    wall: WallClock
    person: str
    key: str

    def repeated(self, wish: Mapping[str, Json]) -> Done | None:
        """What the key led to before.

        Raises:
            IdempotencyKeyReused: it was used for another wish.
        """
        found = self.store.done(self._digest) if self.key else None
        if found is not None and found.wish != _hash(wish):
            raise IdempotencyKeyReused("this key was used for another request", key=self.key)
        return found

    def carried_out(self, wish: Mapping[str, Json], result: str = "") -> None:
        """Remembers what was done."""
        if self.key:
            until = self.wall.wall_now() + REMEMBERED
            done = Done(wish=_hash(wish), result=result)
            self.store.keep(self._digest, done, until=int(until.timestamp()))

    @property
    def _digest(self) -> str:
        return hashlib.sha256(f"{self.person}\n{self.key}".encode()).hexdigest()


def _hash(wish: Mapping[str, Json]) -> str:
    return hashlib.sha256(canonical_json(dict(wish))).hexdigest()
