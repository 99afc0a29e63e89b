"""What is said of the ways a function is woken, in words that need no CDK."""

from __future__ import annotations

from dataclasses import dataclass

ALARM_STATE_RULE = "alarm-state-change"
"""Name of the rule that hands alarm changes over; the failure queue lets it in by this name."""
ALARM_GONE_RULE = "alarm-gone"
"""Name of the rule that tells of deleted alarms; the failure queue lets it in too."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often, and for how many seconds, what fails is tried again.

    Then it is a dead letter if `failures`, or gone.
    """

    retries: int
    max_age: int | None = None
    failures: bool = True
