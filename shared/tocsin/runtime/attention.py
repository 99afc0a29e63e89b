"""What needs the attention of whoever keeps Tocsin running, told where it happens.

A count or gauge of a function may be a cause: from so many in five minutes, or from such a value,
somebody is told. All causes share one metric without dimensions, so that one alarm hears them all;
each adds its share of its own limit to it, and a sum of one rings. The same line names the cause,
and whoever reads the logs tells operations by that name (`functions.attention`).

Which causes a function has is said by its deployment, in one variable. Standard library only, for
the ingest path.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tocsin.notes import NAMESPACE, Event, Metric

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "NEEDS_ATTENTION"
WINDOW_SECONDS = 300
"""What the alarm sums over; limits of counts are for as long."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause: its name, which is that of its page; its limit; what it means."""

    name: str
    at_least: int
    says: str
    gauge: bool = False

    def share(self, value: int) -> float:
        """How much of the limit `value` is: a gauge counts from its limit on, and then wholly."""
        if self.gauge:
            return float(value >= self.at_least)
        return value / self.at_least


def read(text: str | None) -> Mapping[str, Cause]:
    """Causes by the measure they are read off, as `write` wrote them; none without a text."""
    if not text:
        return {}
    return {measure: Cause(*parts) for measure, parts in json.loads(text).items()}


def write(causes: Mapping[str, Cause]) -> str:
    """The value of the variable."""
    parts = {
        measure: [one.name, one.at_least, one.says, one.gauge] for measure, one in causes.items()
    }
    return json.dumps(parts, separators=(",", ":"))


def note(measure: str, value: int, *, service: str, stage: str, details: Mapping[str, str]) -> None:
    """Writes a line where the measure is a cause and `value` is some of its limit."""
    cause = _CAUSES.get(measure)
    if cause is None or not (share := cause.share(value)):
        return
    moment = datetime.now(UTC)
    directive = {
        "Namespace": f"{NAMESPACE}/{stage}",
        "Dimensions": [[]],
        "Metrics": [{"Name": Metric.NEEDS_ATTENTION, "Unit": "Count"}],
    }
    line = {
        "_aws": {"Timestamp": int(moment.timestamp() * 1000), "CloudWatchMetrics": [directive]},
        "level": "WARNING",
        "message": Event.ATTENTION_NEEDED,
        "timestamp": moment.isoformat(timespec="milliseconds"),
        "service": service,
        "stage": stage,
        **details,
        "cause": cause.name,
        "says": cause.says,
        "measure": measure,
        "value": value,
        "share": round(share, 6),
        Metric.NEEDS_ATTENTION: [share],
    }
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
    sys.stdout.flush()


_CAUSES = read(os.environ.get(VARIABLE))
