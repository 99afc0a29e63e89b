"""What a source's parser makes of a message: signals, what it had to refuse, what says nothing.

One message may hold several of each. A message that cannot be read at all raises instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.errors import MalformedPayload
    from tocsin.incidents.model.signals import Signal

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
    """All that one message says. `noted` are parts that were understood and are no signal: why."""

    signals: tuple[Signal, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    noted: tuple[str, ...] = ()
