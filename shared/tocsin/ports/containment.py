"""What containing asks of the world: targets to look at and change, and where it keeps things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tocsin.containment.guards import Ledger
    from tocsin.containment.rulebook import Edition, Rulebook
    from tocsin.containment.runs import Run
    from tocsin.containment.states import State


class Target(Protocol):
    """What one action needs of the world, with the rights of its role and no other."""

    def look(
        self, inputs: Mapping[str, str], *, restoring: Mapping[str, str] | None = None
    ) -> State:
        """The target as it is; `restoring` is what is to be set again, to see whether it can be.

        Raises:
            NotFound: there is no such target.
            NotAllowed: the role may not look at it.
            Unavailable: the service did not answer.
        """
        ...

    def change(self, inputs: Mapping[str, str], seen: State, owned: Mapping[str, str]) -> None:
        """Makes `owned` of it and touches nothing else, over the state that was seen.

        Raises:
            Conflict: it is not as it was seen any more; nothing was changed.
            NotFound: there is no such target any more.
            NotAllowed: the role may not change it; nothing was changed.
            Unavailable: no answer; whether it was changed is unknown until looked at.
        """
        ...


class Connect(Protocol):
    """A client of an AWS service in the rights of one action's role; None: this Region."""

    def __call__(self, service: str, region: str | None) -> Any: ...


class Targets(Protocol):
    """Targets by the name of the action."""

    def of(self, action: str) -> Target: ...


class RunStore(Protocol):
    """Runs of the whole stage, and the ledger of what they hold. Reads by key are consistent."""

    def get(self, incident: str, run: str) -> Run | None: ...

    def of(self, incident: str) -> tuple[Run, ...]:
        """Every run of an incident, the one asked for first being first."""
        ...

    def ledger(self) -> Ledger: ...

    def save(self, run: Run, *, ledger: Ledger | None = None) -> None:
        """Writes the run over the version before its own, and the ledger likewise, both or none.

        Raises:
            ConditionFailed: somebody else has written one of them since.
        """
        ...

    def due(self, *, at: datetime, limit: int) -> tuple[Run, ...]:
        """Runs that somebody has to look at by a time, the longest due first."""
        ...


class RuleStore(Protocol):
    """What is containable in this stage, by whose word. Reads are consistent."""

    def load(self) -> Rulebook: ...

    def save(self, book: Rulebook, *, edition: Edition | None = None) -> None:
        """Writes the book over the version before its own, and a new edition beside it, or neither.

        Raises:
            ConditionFailed: somebody else has written it since.
        """
        ...

    def editions(self, *, limit: int) -> tuple[Edition, ...]:
        """Those that are and were in force, the newest first."""
        ...
