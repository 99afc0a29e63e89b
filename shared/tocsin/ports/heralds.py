"""Whom freezes are told to besides people: a bus of events, and stages of pipelines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldFreezes:
    """The freezes that were told last, by service and incident; version 0 is stored nowhere."""

    freezes: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    ver: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a pipeline, by whose way in deployments come."""

    pipeline: str
    stage: str


class ToldStore(Protocol):
    """What was told last. Reads are consistent."""

    def load(self) -> ToldFreezes: ...

    def save(self, told: ToldFreezes) -> None:
        """Replaces the version before.

        Raises:
            ConditionFailed: another turn has told it.
        """
        ...


class FreezeBus(Protocol):
    """A bus of events."""

    def publish(self, events: Sequence[tuple[str, Mapping[str, object]]]) -> None:
        """Sends them all, each by its kind.

        Raises:
            Unavailable: it is not known that every one was taken.
        """
        ...


class StageLocks(Protocol):
    """The ways into stages. Every method raises `Unavailable` where none answers."""

    def reason(self, place: Stage) -> str | None:
        """Why it is disabled; None where it is not."""
        ...

    def disable(self, place: Stage, reason: str) -> None: ...

    def enable(self, place: Stage) -> None: ...
