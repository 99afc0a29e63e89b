"""One way to break a stage: in its wiring, in deployed code, or in the drill's own acts."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.drills import demo
from tocsin.drills.levers import Levers
from tocsin.drills.sabotage.bundles import patched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tocsin.drills.stage import Stage


@dataclass(frozen=True, slots=True)
class Switch:
    """One sabotage: what it breaks and what must be seen. `apply` mends on leaving.

    `may` is red as well or not, by the order in which the provider's events happened to arrive.
    Only those `parts` of the demo are played, and no further than to the check `until`.
    """

    name: str
    breaks: str
    reds: frozenset[str]
    apply: Callable[[Stage], AbstractContextManager[Levers]]
    may: frozenset[str] = frozenset()
    parts: tuple[str, ...] = (demo.ALARM, demo.WEBHOOKS)
    until: str = ""


def wired(
    break_: Callable[[Stage], AbstractContextManager[None]],
) -> Callable[[Stage], AbstractContextManager[Levers]]:
    """A switch in the stage's wiring; the drill acts as always."""

    @contextlib.contextmanager
    def apply(stage: Stage) -> Iterator[Levers]:
        with break_(stage):
            yield Levers()

    return apply


def acting(levers: Levers) -> Callable[[Stage], AbstractContextManager[Levers]]:
    """A switch in how the drill acts; the stage is whole."""
    return lambda _stage: contextlib.nullcontext(levers)


@dataclass(frozen=True, slots=True)
class Code:
    """A switch in the deployed code of one function: `addition` at the end of `module`."""

    function: str
    module: str
    addition: str

    def __call__(self, stage: Stage) -> AbstractContextManager[Levers]:
        deployed = stage.outputs["functions"][self.function]
        return wired(lambda at: patched(at.clients, deployed, self.module, self.addition))(stage)
