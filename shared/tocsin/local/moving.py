"""Moves the incident clock of the local cloud, and sweeps at once.

An advance would otherwise take effect with the next scheduled sweep, up to a minute later. The
sweep is the deployed function, invoked synchronously: what is due has been acted on when this
returns, and whatever it wrote to the outbox is on its way.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tocsin.errors import BadInput, Unavailable
from tocsin.incidents.limits import YEARS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.local.look.clients import Clients

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """The two clocks of a stage. Aware, UTC; `offset` in whole seconds, ahead of the wall."""

    wall: datetime
    offset: timedelta

    @property
    def incident(self) -> datetime:
        return self.wall + self.offset


@dataclass(frozen=True, slots=True)
class StageClock:
    """The adjustable clock of one deployed stage."""

    clients: Clients
    parameter: str
    sweep_function: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def read(self) -> Reading:
        """What the stage's functions will take for the time now."""
        stored = self.clients.ssm.get_parameter(Name=self.parameter)["Parameter"]["Value"]
        return Reading(self.now(), timedelta(seconds=int(stored)))

    def advance(self, by: timedelta) -> Reading:
        """Moves the clock on.

        Raises:
            BadInput: `by` is not forwards, for timelines never go back, or out of this century.
        """
        if by < _SECOND:
            raise BadInput("the clock only advances: give a second at least, like 90s, 5m or 4h")
        return self._store(self.read().offset + by)

    def set(self, to: datetime) -> Reading:
        """Moves the clock to an instant, which may lie before the present incident time."""
        return self._store(to - self.now())

    def reset(self) -> Reading:
        """Back to the wall clock. Entries made ahead of it stay, and time stands until then."""
        return self._store(timedelta())

    def sweep(self) -> dict[str, Any]:
        """Runs the sweep once, now; its report.

        Raises:
            Unavailable: the function failed; with what it said.
        """
        answer = self.clients.functions.invoke(FunctionName=self.sweep_function, Payload=b"{}")
        body: Any = json.loads(answer["Payload"].read() or b"null")
        if answer.get("FunctionError"):
            raise Unavailable(f"the sweep failed: {json.dumps(body)[:600]}")
        return body if isinstance(body, dict) else {"report": body}

    def _store(self, offset: timedelta) -> Reading:
        first, last = (datetime(year, 1, 1, tzinfo=UTC) for year in (YEARS[0], YEARS[-1]))
        now = self.now()
        if not first - now <= offset <= last - now:
            raise BadInput(f"the clock is moved within the years {YEARS[0]} to {YEARS[-1]}")
        seconds = round(offset / _SECOND)
        self.clients.ssm.put_parameter(
            Name=self.parameter, Value=str(seconds), Type="String", Overwrite=True
        )
        return Reading(self.now(), timedelta(seconds=seconds))
