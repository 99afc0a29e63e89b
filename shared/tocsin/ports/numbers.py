"""Where numbers of incidents come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tocsin.incidents.vocabulary import Kind


class Numbers(Protocol):
    """Counts incidents, drills apart.

    Nothing here may delay or refuse an opening: `next` and `skip` give up soon and say so by their
    answer, never by an error.
    """

    def next(self, kind: Kind) -> int | None:
        """A number that nobody else is or was given; None if it did not come in time."""
        ...

    def skip(self, kind: Kind, number: int) -> bool:
        """Records that no incident has the number; False if one has it, or nobody could say."""
        ...

    def holder(self, name: str) -> str | None:
        """The id of the incident called `INC-142` or `DRILL-7`; None if there is none.

        Raises:
            StoreUnavailable: no answer.
        """
        ...
