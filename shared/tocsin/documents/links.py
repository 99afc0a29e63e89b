"""The addresses a personal message carries, each of which acts for the person it is sent to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PersonalLinks:
    """Whole addresses; opening one only asks, what it does is confirmed on its page."""

    acknowledge: str
    escalate: str
    hand_over: str
