"""The function that contains, without its platform: one order, or a look at what is due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.application.containment.desk import Desk
from tocsin.application.containment.orders import Order, carry_out
from tocsin.application.containment.ruling import RulesDesk
from tocsin.incidents.timeline.codec import decode_fields, encode_fields
from tocsin.notes import Event, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.application.incidents.engine import Engine
    from tocsin.incidents.timeline.entry import Json
    from tocsin.notes import Notes
    from tocsin.ports.containment import RuleStore, RunStore, Targets
    from tocsin.ports.time import WallClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Rules are read anew for each order: none is carried out by rules of yesterday."""

    engine: Engine
    runs: RunStore
    book: RuleStore
    targets: Targets
    wall: WallClock
    notes: Notes

    def answer(self, sent: Mapping[str, Any]) -> dict[str, Json]:
        """What an order led to.

        Raises:
            ValueError: it is none.
        """
        order = decode_fields(Order, sent)
        done = carry_out(order, self.desk(), RulesDesk(book=self.book, wall=self.wall))
        self.notes.info(
            Event.CONTAINMENT_ORDERED,
            what=order.what,
            person=order.person,
            incident=order.incident,
            run=order.run if done.run is None else done.run.id,
            code="" if done.refused is None else done.refused.code,
        )
        return encode_fields(done)

    def sweep(self, *, has_time: Callable[[], bool]) -> dict[str, Json]:
        """Looks after what is due; what stands in the way is told, and tried again by the next."""
        if not self.runs.due(at=self.wall.wall_now(), limit=1):
            return {"failed": {}}  # nearly always, and then not even the rules are read
        failed = self.desk().sweep(has_time=has_time)
        for run, why in failed.items():
            self.notes.warning(Event.CONTAINMENT_STUCK, run=run, why=why)
        if failed:
            self.notes.count(Metric.CONTAINMENT_STUCK, len(failed))
        return {"failed": dict(failed)}

    def desk(self) -> Desk:
        """The desk by the rules that are in force now."""
        return Desk(
            engine=self.engine,
            runs=self.runs,
            targets=self.targets,
            rules=self.book.load().rules,
            wall=self.wall,
        )
