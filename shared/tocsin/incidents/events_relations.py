"""What another incident did to one: it was split, or a drill gave way to what is real."""

from dataclasses import dataclass
from typing import ClassVar

from tocsin.incidents.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysGiven(Event):
    """These dedup keys are the incident `into`'s from now on."""

    type: ClassVar[str] = "keys_given"

    into: str
    keys: tuple[str, ...]
    firing: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysTaken(Event):
    """These dedup keys, and what they last said, came from the incident `source`."""

    type: ClassVar[str] = "keys_taken"

    source: str
    keys: tuple[str, ...]
    firing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillStopped(Event):
    """The drill is over because the critical incident `real` is open; `people` are told."""

    type: ClassVar[str] = "drill_stopped"

    real: str
    people: tuple[str, ...]
