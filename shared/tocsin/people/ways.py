"""The ways a person can be reached: which there are, in which order they are tried, who lacks some.

Pure. An address is personal data: it is in the way's value and in no key, no log line and no
record of an attempt. A way that its owner has not confirmed carries nothing but its code.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.errors import BadInput
from tocsin.incidents.vocabulary import WayKind

__all__ = [
    "ENOUGH_WAYS",
    "MAX_WAYS",
    "Unreachable",
    "Way",
    "WayKind",
    "WayState",
    "checked_address",
    "order",
    "reachability",
]

ENOUGH_WAYS = 2
MAX_WAYS = 8


class WayState(StrEnum):
    """Pending until its owner returns the code that was sent by the way itself."""

    PENDING = "pending"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of one person. `rev` counts writes; 0 was never written.

    Times are real time, UTC. `code_hash` and `code_until` are of the code sent last, `code_tries`
    counts wrong answers to it, `code_sent_at` keeps codes apart.
    """

    person: str
    id: str
    kind: WayKind
    address: str
    state: WayState
    added_at: datetime
    confirmed_at: datetime | None = None
    code_hash: str = ""
    code_until: datetime | None = None
    code_sent_at: datetime | None = None
    code_tries: int = 0
    rev: int = 0

    @property
    def confirmed(self) -> bool:
        return self.state is WayState.CONFIRMED

    @property
    def hint(self) -> str:
        """Enough of the address for its owner to know it again."""
        if self.kind is WayKind.MAIL:
            name, _, domain = self.address.partition("@")
            return f"{name[:1]}***@{domain}"
        if self.kind is WayKind.WEBHOOK:
            return self.address.split("/")[2]
        return f"***{self.address[-2:]}"


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Somebody with too few ways; `problems` are codes, `confirmed` counts what there is."""

    person: str
    confirmed: int
    problems: tuple[str, ...]


_ADDRESSES = {
    WayKind.SMS: (re.compile(r"\+[1-9]\d{7,14}"), "a telephone number like +12025550100"),
    WayKind.MAIL: (
        re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"),
        "a mail address like kim@example.com",
    ),
    WayKind.CHAT: (re.compile(r"[UW][A-Z0-9]{5,20}"), "a member id of Slack like U012AB3CD"),
    WayKind.WEBHOOK: (
        re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[!-~]*)?"),
        "an address like https://pager.example.com/hook",
    ),
}
_LONGEST_ADDRESS = 254


def order(
    ways: Iterable[Way], kinds: Sequence[WayKind], *, page: bool, step: int = 0
) -> tuple[Way, ...]:
    """The confirmed ways to try, first one first; `kinds` is the policy's order of kinds.

    A later step of the same round begins with the next way that rings: a telephone that takes
    texts and shows them to nobody must not swallow every page of an incident.
    """
    usable = sorted(
        (way for way in ways if way.confirmed and way.kind in kinds),
        key=lambda way: (kinds.index(way.kind), way.added_at, way.id),
    )
    ringing = [way for way in usable if way.kind is not WayKind.MAIL] if page else []
    quiet = [way for way in usable if way not in ringing]
    first = step % len(ringing) if ringing else 0
    return (*ringing[first:], *ringing[:first], *quiet)


def reachability(
    people: Iterable[str], ways: Mapping[str, Sequence[Way]]
) -> tuple[Unreachable, ...]:
    """Who of `people` has fewer than two confirmed ways, or no other than mail."""
    found: list[Unreachable] = []
    for person in dict.fromkeys(people):
        confirmed = [way for way in ways.get(person, ()) if way.confirmed]
        problems = []
        if len(confirmed) < ENOUGH_WAYS:
            problems.append("fewer_than_two_ways")
        if all(way.kind is WayKind.MAIL for way in confirmed):
            problems.append("no_way_that_rings")
        if problems:
            found.append(Unreachable(person, len(confirmed), tuple(problems)))
    return tuple(found)


def checked_address(kind: WayKind, address: str) -> str:
    """The address as it is stored.

    Raises:
        BadInput: it is none of that kind. The address itself is not repeated.
    """
    bare = address.strip()
    if kind is WayKind.SMS:
        bare = re.sub(r"[ ().-]", "", bare)
    shape, example = _ADDRESSES[kind]
    if len(bare) > _LONGEST_ADDRESS or not shape.fullmatch(bare):
        raise BadInput(f"a way of kind {kind} needs {example}", field="address")
    return bare
