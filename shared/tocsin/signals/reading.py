"""What a source's parser makes of a message: signals, what it had to refuse, what says nothing.

One message may hold several of each. A message that cannot be read at all raises instead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.errors import MalformedPayload
from tocsin.signals.fields import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.incidents.model.signals import Signal
    from tocsin.incidents.model.work import Work

REHEARSING = "tocsin.drill."
"""What events begin their source with that rehearse one of AWS's: nobody else may send as AWS."""
_SHOWN = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A part of a message that could not be read: which, and why, by the error's stable code."""

    what: str
    code: str
    detail: str

    @classmethod
    def of(cls, what: str, error: MalformedPayload) -> Refusal:
        """The refusal of the part called `what`."""
        return cls(what=what[:_SHOWN], code=error.code, detail=error.detail[:_SHOWN])


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that one message says. `noted` are parts that were understood and are no signal: why.

    `work` on an incident is no signal: it opens nothing.
    """

    signals: tuple[Signal, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    noted: tuple[str, ...] = ()
    work: tuple[Work, ...] = ()


def is_rehearsed(event: Mapping[str, object], service: str) -> bool:
    """Whether an event on the bus rehearses one of this service of AWS's, and is not one itself.

    Raises:
        MalformedPayload: it is neither.
    """
    source = text(event, "source")
    if source not in {f"aws.{service}", REHEARSING + service}:
        raise MalformedPayload(f"not an event of aws.{service}", field="source")
    return source != f"aws.{service}"


def rehearsed(reading: Reading) -> Reading:
    """The same as a drill of its own, which joins no real incident and is none's repetition."""
    signals = (
        replace(one, drill=True, id=f"rehearsed-{one.id}", dedup_key=f"rehearsed/{one.dedup_key}")
        for one in reading.signals
    )
    return replace(reading, signals=tuple(signals))
