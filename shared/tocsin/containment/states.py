"""What the world looks like to an action, and what it says of it before anything is done.

Everything is flat text: a setting that is not there is a name that is missing, so that "nothing was
set" and "set to nothing" stay two things, and two states are compared by one `==`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One look at a target.

    `owned` is what the action changes, and all of it; `around` what it tells people. `touched` are
    the names of everything that feels the change (the user, the role, the function). `revision` is
    the service's own mark of the state, where it has one.
    """

    owned: Mapping[str, str]
    around: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    touched: tuple[str, ...] = ()
    revision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A dry run: what would change, who feels it, what stays open all the same."""

    changes: tuple[str, ...]
    affected: tuple[str, ...]
    left_open: Mapping[str, str]
    warnings: tuple[str, ...] = ()


class Behaviour(Protocol):
    """What a module of an action holds as `BEHAVIOUR`. Pure."""

    def normal(self, inputs: Mapping[str, str]) -> Mapping[str, str]:
        """The inputs in the one form that is stored, compared and hashed.

        Raises:
            BadInput: they say something that cannot be meant.
        """
        ...

    def target(self, inputs: Mapping[str, str]) -> str:
        """The one thing that is changed, as the list of what is containable names it."""
        ...

    def slot(self, inputs: Mapping[str, str]) -> str:
        """What two runs may not both hold: the target, or the part of it that is changed."""
        ...

    def check(self, inputs: Mapping[str, str], seen: State) -> None:
        """What has to hold before it is done.

        Raises:
            Conflict: it does not hold.
        """
        ...

    def preview(self, inputs: Mapping[str, str], seen: State, at: datetime) -> Preview:
        """What it would do."""
        ...

    def wanted(self, inputs: Mapping[str, str], seen: State, at: datetime) -> Mapping[str, str]:
        """What `owned` is to be afterwards."""
        ...

    def restorable(self, before: Mapping[str, str], seen: State) -> str:
        """Why what was cannot be restored now; empty: it can."""
        ...

    def harmless_from(self, done_at: datetime, before: State) -> datetime | None:
        """From when on an undo gives nothing back to anybody; None: never."""
        ...


def named(target: str) -> str:
    """A target as messages name it: they are logged, and no key's whole id is."""
    return _KEY_ID.sub(r"\1…\2", target)


_KEY_ID = re.compile(r"\b(A[KS]IA)\w+(\w{4})\b")


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """What differs, a line each, for people."""
    return tuple(
        f"{name}: {before.get(name, 'not set')} -> {after.get(name, 'not set')}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )
