"""Setting heartbeats, taking beats, and letting incidents hear of those that stay away.

That one is missing is stored before any incident hears of it, and stays due until one has: whoever
dies in between leaves it to the next sweep, and the same news twice are one signal. A beat only
puts down when it came, so that whoever may beat can write nothing else; the sweep does the rest.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.errors import ConditionFailed, UnknownName
from tocsin.incidents.model.heartbeats import (
    beaten,
    checked,
    expected_anew,
    heard,
    missed,
    news,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tocsin.application.incidents.engine import Engine
    from tocsin.incidents.model.heartbeats import Heartbeat
    from tocsin.ports.heartbeats import HeartbeatStore

AT_ONCE = 200
RACES = 5
PROOF_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What became of the heartbeats of a sweep: how many were looked at, which could not be."""

    looked_at: int = 0
    failed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A heartbeat that was set, and what its address ends with; "" where that is known already."""

    heartbeat: Heartbeat
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatDesk:
    """Heartbeats of one stage; `now` is incident time."""

    store: HeartbeatStore
    now: Callable[[], datetime]

    def set(self, asked: Heartbeat, *, proof: bytes, new_address: bool = False) -> Made:
        """Sets what is asked; the next beat is expected from now on.

        `proof` makes the address of one that is new, or that is to get another.

        Raises:
            BadInput: its name, its period or its grace is none.
            ConditionFailed: others kept writing it.
        """
        checked(asked)
        token = f"{asked.name}.{proof[:PROOF_BYTES].hex()}"

        def change(known: Heartbeat | None) -> Heartbeat:
            another = known is None or known.removed or new_address
            made_up = _digest(token) if another else ""
            return expected_anew(asked, known, proof=made_up, now=self.now())

        made = self._write(asked.name, change)
        return Made(heartbeat=made, token=token if made.proof == _digest(token) else "")

    def remove(self, name: str) -> Heartbeat:
        """Expects it no longer; an incident that it opened hears that its source is gone.

        Raises:
            UnknownName: there is none of that name.
        """
        return self._write(name, lambda known: replace(_there(known, name), removed=True))

    def known(self, name: str) -> Heartbeat:
        """The heartbeat, one that is removed included.

        Raises:
            UnknownName: there never was one of that name.
        """
        if (found := self.store.get(name)) is None:
            raise UnknownName(f"there is no heartbeat {name!r}", kind="heartbeat")
        return found

    def listed(self) -> tuple[Heartbeat, ...]:
        return self.store.all()

    def beat(self, name: str) -> Heartbeat:
        """Puts down that it came now.

        Raises:
            UnknownName: there is none of that name.
        """
        return self._write(name, lambda known: beaten(_there(known, name), self.now()))

    def beat_by(self, token: str) -> Heartbeat:
        """The same, by what its address ends with.

        Raises:
            UnknownName: no heartbeat has this address; which of its halves is wrong is not said.
        """
        name, _, _ = token.rpartition(".")
        known = self.store.get(name) if name else None
        proof = "" if known is None or known.removed else known.proof
        if not hmac.compare_digest(proof, _digest(token)):
            raise UnknownName("no heartbeat has this address", kind="heartbeat")
        return self.beat(name)

    def _write(self, name: str, change: Callable[[Heartbeat | None], Heartbeat]) -> Heartbeat:
        for race in range(RACES):
            known = self.store.get(name)
            version = 0 if known is None else known.ver
            written = replace(change(known), ver=version + 1)
            try:
                self.store.save(written, expected=version)
            except ConditionFailed:
                if race == RACES - 1:
                    raise
            else:
                return written
        raise AssertionError("the last race returns or raises")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """The part of a sweep that hears what stays away."""

    engine: Engine
    store: HeartbeatStore

    def listen(self, *, has_time: Callable[[], bool]) -> Pulse:
        """Does what is due, whatever happens to the others.

        Raises:
            StoreUnavailable: the store did not answer; what is left is found again.
        """
        failed: list[tuple[str, str]] = []
        done = 0
        for heartbeat in self.store.due(at=self.engine.clock.incident_now(), limit=AT_ONCE):
            if not has_time():
                break
            done += 1
            try:
                self._tell(heartbeat)
            except ConditionFailed:
                continue  # it has changed meanwhile; what is still due is found again
            except Exception as error:  # noqa: BLE001 - one must never keep the others unheard
                failed.append((heartbeat.name, f"{type(error).__name__}: {error}"))
        return Pulse(looked_at=done, failed=tuple(failed))

    def _tell(self, heartbeat: Heartbeat) -> None:
        heartbeat = self._saved(heartbeat, missed(heartbeat, self.engine.clock.incident_now()))
        while (signal := news(heartbeat)) is not None:
            self.engine.receive([signal])
            heartbeat = self._saved(heartbeat, heard(heartbeat))

    def _saved(self, before: Heartbeat, after: Heartbeat) -> Heartbeat:
        if after == before:
            return before
        after = replace(after, ver=before.ver + 1)
        self.store.save(after, expected=before.ver)
        return after


def _there(known: Heartbeat | None, name: str) -> Heartbeat:
    if known is None or known.removed:
        raise UnknownName(f"there is no heartbeat {name!r}", kind="heartbeat")
    return known


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
