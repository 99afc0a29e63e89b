"""One assertion of a drill, as a value: what was expected, what was seen, and whether it held.

A check has a code that never changes, because scores are compared over time and a sabotage names
the codes it must turn red.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one check; `expected` and `observed` are for people."""

    code: str
    says: str
    expected: str
    observed: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """A check before it was made: its code, and what it says when it holds."""

    code: str
    says: str

    def equal(self, *, expected: object, observed: object) -> Check:
        """Holds when both are equal; sets and dicts are shown sorted."""
        passed = expected == observed
        return Check(self.code, self.says, shown(expected), shown(observed), passed)

    def holds(self, passed: bool, *, expected: str, observed: object) -> Check:  # noqa: FBT001  # reads as "claim holds"
        """Holds when `passed`; for what is no plain equality."""
        return Check(self.code, self.says, expected, shown(observed), passed)

    def not_reached(self, why: str) -> Check:
        """Fails because the step that would have made it did not get there."""
        return Check(self.code, self.says, "the step gets this far", why, passed=False)


def shown(value: object) -> str:
    """A value in one line, the same for equal values."""
    if isinstance(value, set | frozenset):
        return ", ".join(sorted(map(shown, value))) or "nothing"
    if isinstance(value, dict):
        items = sorted((shown(key), shown(child)) for key, child in value.items())
        return ", ".join(f"{key}: {child}" for key, child in items) or "nothing"
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value)) or "nothing"
    return str(value)
