"""The dashboard's webhook replay: a window of what was not acknowledged, sent again.

Seven days back at most, five times in 24 hours, signed with the present secret, and it switches a
disabled webhook on again. There is no call of the API for it and no list of events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.local.sandbox.razorpay.merchant import Made, Merchant

DAY: Final = 86_400
REACH: Final = 7 * DAY
MOST_A_DAY: Final = 5


@dataclass(frozen=True, slots=True)
class Replay:
    """What is asked for: the seconds it covers, or the objects it is about, or both."""

    first: int
    last: int
    objects: frozenset[str] = frozenset()


def choose(
    merchant: Merchant, wanted: Replay, *, now: int, unacknowledged: Callable[[str, str], bool]
) -> list[Made]:
    """The events to send again, oldest first; the run is counted even if there are none.

    Raises:
        ValueError: the window is inverted or too long ago, or five runs were made in a day.
    """
    if wanted.first > wanted.last:
        raise ValueError("the window ends before it begins")
    if wanted.first < now - REACH:
        raise ValueError("webhooks of the last 7 days can be replayed; ask support for older ones")
    recent = [at for at in merchant.replays if at > now - DAY]
    if len(recent) >= MOST_A_DAY:
        raise ValueError("5 replays were made within 24 hours")
    merchant.replays = [*recent, now]
    return [
        made
        for made in merchant.events.values()
        if wanted.first <= made.at <= wanted.last
        and (not wanted.objects or wanted.objects & set(made.subjects))
        and unacknowledged(made.id, made.kind)
    ]
