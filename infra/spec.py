"""What a function is, as data: its size, its rights, what wakes it and what of it is watched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.bundle.groups import DependencyGroup
    from infra.statements import Statement


@dataclass(frozen=True, slots=True)
class Cause:
    """A measure of the function's own that tells whoever keeps Tocsin running.

    From `at_least` in five minutes, or from such a value of a `gauge`. `name` is that of its page.
    How it is told: `tocsin.runtime.attention`.
    """

    name: str
    metric: str
    says: str
    at_least: int = 1
    gauge: bool = False


NEAR_TIMEOUT = Cause(
    "functions-slow",
    "NearTimeout",
    "A function comes close to its timeout, again and again.",
    at_least=3,
)
"""Counted by the call itself: the platform's own report of what ends well is not kept."""

ANY_FUNCTION = (
    NEAR_TIMEOUT,
    Cause(
        "unexpected-errors",
        "UnexpectedErrors",
        "A function met an error nobody meant, or a record it could not work off.",
        at_least=3,
    ),
    Cause(
        "rotas-unread",
        "RotasUnread",
        "Rotations cannot be read: people are paged by what was known before.",
    ),
    Cause(
        "policies-unread",
        "PoliciesUnread",
        "A published runbook cannot be read: incidents go by another than was published.",
        at_least=3,
    ),
)
"""Causes that any function may meet."""


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One Lambda function.

    `timeout` is in seconds. `reserved` is its share of the account's concurrency where the stage
    is sized: a floor for the paging lane, a ceiling for whoever could starve it.
    `incident_clock`: it decides by incident time, so it must see a moved clock. `wakes_itself`:
    it goes on through its own queue, which Lambda would stop as a loop after 16 turns.
    `contains`: it alone writes runs and rules of containment into `operations`.
    `tells`: what needs attention is read from its log by another function; who does not tell counts
    for the alarm alone that it is slow. `statements` are its rights, its own log apart. `woken_by`
    makes its triggers from the function's construct and `EventSources`; without it, routes wake it.
    """

    name: str
    purpose: str
    group: DependencyGroup
    memory: int
    timeout: int
    statements: tuple[Statement, ...]
    reserved: int | None = None
    incident_clock: bool = False
    wakes_itself: bool = False
    woken_by: Callable[..., None] | None = None
    causes: tuple[Cause, ...] = ()
    tells: bool = True
    contains: bool = False

    @property
    def dashed(self) -> str:
        return self.name.replace("_", "-")

    @property
    def pascal(self) -> str:
        return "".join(word.capitalize() for word in self.name.split("_"))
