"""Contact ways: added, confirmed by a code that goes the way itself, removed without a trace.

Confirming proves that what is sent there is read by the person it is meant for. Codes live for
fifteen minutes, take five wrong answers and are kept as hashes; all of it is real time, because a
drill's moved clock must not prove anything.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.application.people.on_call import manned, read_rotas
from tocsin.errors import BadInput, ConditionFailed, IllegalTransition
from tocsin.incidents.vocabulary import WayKind
from tocsin.people.errors import CodeExpired, CodeTooSoon, CodeWrong, UnknownWay
from tocsin.people.ways import MAX_WAYS, Unreachable, Way, WayState, checked_address, reachability

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.incidents.runbook.policy import Policy
    from tocsin.ports.people import ContactStore, RotaStore
    from tocsin.ports.time import Ids, WallClock


CODE_LIFE = timedelta(minutes=15)

CODE_PAUSE = timedelta(seconds=30)

CODE_TRIES = 5

_RACES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDesk:
    """What people and the notifier do with ways."""

    store: ContactStore
    wall: WallClock
    ids: Ids

    def add(self, person: str, kind: WayKind, address: str) -> tuple[Way, bool]:
        """The way of that address, and whether it is new. The same address twice is one way.

        Raises:
            BadInput: no address of that kind, or the person has eight ways already.
        """
        address = checked_address(kind, address)
        known = self.store.ways(person)
        for way in known:
            if (way.kind, way.address) == (kind, address):
                return way, False
        if len(known) >= MAX_WAYS:
            raise BadInput(f"nobody has more than {MAX_WAYS} ways: remove one first")
        new = Way(
            person=person,
            id=self.ids.unique_id()[-10:].lower(),
            kind=kind,
            address=address,
            state=WayState.PENDING,
            added_at=self.wall.wall_now(),
        )
        return self.store.put(new), True

    def find(self, person: str, way_id: str) -> Way:
        """Raises `UnknownWay` if the person has no such way."""
        found = self.store.way(person, way_id)
        if found is None:
            raise UnknownWay("there is no such way")
        return found

    def issue(self, person: str, way_id: str, code: str) -> Way:
        """Keeps the code for the way, in place of an earlier one; the caller sends it.

        Raises:
            IllegalTransition: the way is confirmed already.
            CodeTooSoon: the last code was sent less than half a minute ago.
        """
        now = self.wall.wall_now()
        way = self.find(person, way_id)
        if way.confirmed:
            raise IllegalTransition("this way is confirmed already")
        if way.code_sent_at is not None and now < way.code_sent_at + CODE_PAUSE:
            raise CodeTooSoon("the last code was sent a moment ago: wait half a minute")
        return self.store.put(
            replace(
                way,
                code_hash=code_hash(way, code),
                code_until=now + CODE_LIFE,
                code_sent_at=now,
                code_tries=0,
            )
        )

    def withdraw(self, way: Way) -> None:
        """Forgets a code that could not be sent, so that the next one need not wait."""
        self.store.put(replace(way, code_hash="", code_until=None, code_sent_at=None, code_tries=0))

    def confirm(self, person: str, way_id: str, code: str) -> Way:
        """The way, confirmed; confirming it again changes nothing.

        Raises:
            CodeWrong: another code was sent; five wrong answers use it up.
            CodeExpired: there is no code to answer any more: ask for a new one.
        """
        for _ in range(_RACES):
            way = self.find(person, way_id)
            if way.confirmed:
                return way
            try:
                return self._answer(way, code)
            except ConditionFailed:
                continue
        raise CodeWrong("too many answers at once")

    def remove(self, person: str, way_id: str) -> None:
        """Erases the way: its address is gone with this call."""
        self.store.erase(self.find(person, way_id))

    def _answer(self, way: Way, code: str) -> Way:
        now = self.wall.wall_now()
        if way.code_until is None or now >= way.code_until or way.code_tries >= CODE_TRIES:
            raise CodeExpired("this code is no longer good: ask for a new one")
        if not hmac.compare_digest(way.code_hash, code_hash(way, code.strip())):
            self.store.put(replace(way, code_tries=way.code_tries + 1))
            raise CodeWrong("this is not the code that was sent")
        confirmed = replace(way, state=WayState.CONFIRMED, confirmed_at=now)
        return self.store.put(replace(confirmed, code_hash="", code_until=None, code_tries=0))


def code_hash(way: Way, code: str) -> str:
    """What is stored of a code: useless for any other way."""
    return hashlib.sha256(f"{way.person}\0{way.id}\0{code}".encode()).hexdigest()


def code_of(randomness: bytes) -> str:
    """Six digits from random bytes."""
    return f"{int.from_bytes(randomness) % 1_000_000:06d}"


def responders(policy: Policy) -> tuple[str, ...]:
    """Everybody the roster can page, each once."""
    roster = policy.roster
    behind = (person for line in roster.deputies.values() for person in line)
    names = [*roster.primary.values(), *roster.backup.values(), roster.engineering_lead, *behind]
    return tuple(dict.fromkeys(name for name in names if name))


def missed(
    policy: Policy, store: ContactStore, rotas: RotaStore, *, now: datetime
) -> tuple[Unreachable, ...]:
    """Whoever can be paged, now or when their turn comes, and could be missed.

    `policy` is the runbook's own. Where a rotation stands in the place of its roster, the roster's
    person is not asked and not looked at.

    Raises:
        StoreUnavailable: rotations or ways could not be read.
    """
    people = whom_to_reach(policy, rotas, now=now)
    return reachability(people, {person: store.ways(person) for person in people})


def numbers(
    policy: Policy, store: ContactStore, rotas: RotaStore, *, now: datetime
) -> dict[str, tuple[str, ...]]:
    """The confirmed telephone numbers of everybody who can be paged; empty where there is none.

    Raises:
        StoreUnavailable: rotations or ways could not be read.
    """
    return {
        person: tuple(
            way.address for way in store.ways(person) if way.confirmed and way.kind is WayKind.SMS
        )
        for person in whom_to_reach(policy, rotas, now=now)
    }


def whom_to_reach(policy: Policy, rotas: RotaStore, *, now: datetime) -> tuple[str, ...]:
    """Everybody who can be paged by roster, rotation or override, each once.

    Raises:
        StoreUnavailable: the rotations could not be read.
    """
    known = read_rotas(rotas, since=now)
    turns = (person for rota in known.values() for person in rota.people)
    return tuple(dict.fromkeys((*responders(manned(policy, known, now)), *turns)))


def erase_person(store: ContactStore, person: str) -> int:
    """Erases every way of a person; how many there were."""
    ways = store.ways(person)
    for way in ways:
        store.erase(way)
    return len(ways)
