"""What billing knows of the world it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections import Counter
    from datetime import datetime

    from tocsin.simulation.surroundings import Quiet, SimulatedClock
    from tocsin.simulation.troubles import TroubledIncidents, Troubles


class Around(Protocol):
    """The part of a `World` that billing shares. `met` counts what of interest was met."""

    seed: int
    clock: SimulatedClock
    troubles: Troubles
    notes: Quiet
    stream_runs: bool
    punctual_since: datetime | None
    met: Counter[str]
    store: TroubledIncidents

    @property
    def now(self) -> datetime: ...
