"""The sandbox's one Razorpay account: its objects, how each looked when, its events, its ids.

As in `sandbox.account` there is no clock, socket or thread in here. An event is kept as the bytes
that are sent, so that every retry carries the same body.
"""

from __future__ import annotations

import json
import zlib
from bisect import bisect_right
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tocsin.local.sandbox.defaults import RAZORPAY_ACCOUNT
from tocsin.local.sandbox.ids import drawn
from tocsin.local.sandbox.razorpay.body import event_body
from tocsin.local.sandbox.razorpay.errors import unknown_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.local.sandbox.defaults import Json

KINDS: Final = (
    "plan",
    "customer",
    "subscription",
    "invoice",
    "payment",
    "refund",
    "payment_link",
    "payment.downtime",
)
_ID_LENGTH: Final = 14


@dataclass(frozen=True, slots=True)
class Made:
    """One event: `subjects` are the ids of the objects it shows."""

    id: str
    kind: str
    at: int
    subjects: tuple[str, ...]
    packed: bytes

    @property
    def body(self) -> bytes:
        """What is signed and sent."""
        return zlib.decompress(self.packed)


@dataclass(slots=True)
class Merchant:
    """Everything Razorpay knows. `failures_until_halted` is how many charges in a row may fail."""

    seed: str
    failures_until_halted: int = 4
    issued: dict[str, int] = field(default_factory=dict)
    objects: dict[str, dict[str, Json]] = field(
        default_factory=lambda: {kind: {} for kind in KINDS}
    )
    shapes: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    events: dict[str, Made] = field(default_factory=dict)
    states: list[Json] = field(default_factory=list)
    replays: list[int] = field(default_factory=list)
    listeners: list[Callable[[Made], None]] = field(default_factory=list)

    def new_id(self, prefix: str = "") -> str:
        """`sub_…` and 14 characters; an event's id has no prefix. Repeatable from the seed."""
        count = self.issued[prefix] = self.issued.get(prefix, 0) + 1
        name = drawn(f"{self.seed}/razorpay/{prefix}/{count}", length=_ID_LENGTH)
        return f"{prefix}_{name}" if prefix else name

    def keep(self, stored: Json, *, now: int) -> Json:
        """Adds an object, or notes how it looks after a change."""
        self.objects[stored["entity"]][stored["id"]] = stored
        shape = zlib.compress(json.dumps(stored).encode(), 1)
        self.shapes.setdefault(stored["id"], []).append((now, shape))
        return stored

    def get(self, kind: str, identifier: str) -> Json:
        """The stored object itself.

        Raises:
            RazorpayRefusal: there is none of that kind.
        """
        found = self.objects[kind].get(identifier)
        if found is None:
            raise unknown_id()
        return found

    def as_of(self, stored: Json, at: int | None) -> Json | None:
        """How the object looked at second `at`; None when it was not there yet."""
        if at is None:
            return stored
        shapes = self.shapes[stored["id"]]
        known = bisect_right([made for made, _ in shapes], at)
        if known == 0:
            return None
        shown: Json = json.loads(zlib.decompress(shapes[known - 1][1]))
        return shown

    def status(self, subscription: Json, status: str, *, now: int) -> None:
        """Another status, written down with its time: what no list tells afterwards."""
        self.states.append(
            {
                "subscription": subscription["id"],
                "from": subscription["status"],
                "to": status,
                "at": now,
                "event": None,
            }
        )
        subscription["status"] = status

    def emit(self, kind: str, subjects: Mapping[str, Json], *, now: int) -> Made:
        """Records an event that shows these objects as they are now, and tells the listeners."""
        for stored in subjects.values():
            self.keep(stored, now=now)
        body = event_body(kind, subjects, account=RAZORPAY_ACCOUNT, now=now)
        made = Made(
            id=self.new_id(),
            kind=kind,
            at=now,
            subjects=tuple(stored["id"] for stored in subjects.values()),
            packed=zlib.compress(json.dumps(body, separators=(",", ":")).encode(), 1),
        )
        self._name_states(made)
        self.events[made.id] = made
        for listener in self.listeners:
            listener(made)
        return made

    def _name_states(self, made: Made) -> None:
        """Joins a change of status with the first event that shows it."""
        for change in reversed(self.states):
            if change["event"] is not None:
                break
            if change["subscription"] in made.subjects:
                change["event"] = made.id

    def dump(self) -> Json:
        """As JSON; `load` is the inverse."""
        return {
            "seed": self.seed,
            "failures_until_halted": self.failures_until_halted,
            "issued": self.issued,
            "objects": self.objects,
            "states": self.states,
            "replays": self.replays,
            "shapes": {
                name: [[at, shape.hex()] for at, shape in shapes]
                for name, shapes in self.shapes.items()
            },
            "events": [{**asdict(one), "packed": one.packed.hex()} for one in self.events.values()],
        }

    def load(self, dumped: Json) -> None:
        self.seed, self.issued = dumped["seed"], dict(dumped["issued"])
        self.failures_until_halted = dumped["failures_until_halted"]
        self.objects = {kind: dict(dumped["objects"][kind]) for kind in KINDS}
        self.states, self.replays = list(dumped["states"]), list(dumped["replays"])
        self.shapes = {
            name: [(at, bytes.fromhex(shape)) for at, shape in shapes]
            for name, shapes in dumped["shapes"].items()
        }
        self.events = {one["id"]: _made(one) for one in dumped["events"]}


def _made(dumped: dict[str, Any]) -> Made:
    packed, subjects = bytes.fromhex(dumped["packed"]), tuple(dumped["subjects"])
    return Made(**{**dumped, "packed": packed, "subjects": subjects})
