"""Changing what may be contained: proposed by one person, in force by another's yes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.containment import rulebook
from tocsin.errors import ConditionFailed, Conflict

if TYPE_CHECKING:
    from tocsin.application.containment.desk import Who
    from tocsin.containment.guards import Rules
    from tocsin.containment.rulebook import Edition, Rulebook
    from tocsin.ports.containment import RuleStore
    from tocsin.ports.time import WallClock


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesDesk:
    """The rules of one stage. Times are real ones."""

    book: RuleStore
    wall: WallClock

    def propose(self, who: Who, rules: Rules, *, why: str) -> Rulebook:
        """Has the rules wait for another person; what waited before waits no more.

        Raises:
            Conflict: somebody wrote at the same moment.
            TocsinError: as `rulebook.proposed`.
        """
        after = rulebook.proposed(
            self.book.load(),
            rules,
            by=who.person,
            groups=who.groups,
            why=why,
            at=self.wall.wall_now(),
        )
        return self._save(after)

    def agree(self, who: Who, *, shown: str) -> Rulebook:
        """Puts what waits in force, where it is what this person was shown.

        Raises:
            Conflict: somebody wrote at the same moment.
            TocsinError: as `rulebook.agreed`.
        """
        after = rulebook.agreed(
            self.book.load(),
            by=who.person,
            groups=who.groups,
            shown=shown,
            at=self.wall.wall_now(),
        )
        return self._save(after, after.edition)

    def _save(self, book: Rulebook, edition: Edition | None = None) -> Rulebook:
        try:
            self.book.save(book, edition=edition)
        except ConditionFailed as lost:
            raise Conflict("somebody changed the rules at the same moment: look again") from lost
        return book
