"""The words by which a person hears that their turns on call have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.documents.times import full_moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.people.rotation import Rotation
    from tocsin.people.turns import ChangedTurn

_SHOWN = 40
"""Turns in one message; the calendar has them all."""


def changed_turns(person: str, rotation: Rotation, turns: Sequence[ChangedTurn], *, by: str) -> str:
    """A text for one person: which turns are theirs now, and which are not any more."""
    role, zone = rotation.role.replace("_", " "), rotation.zone
    lines = [f"{by} changed who is on call as {role}. What it changes for you:", ""]
    for one in turns[:_SHOWN]:
        stretch = f"{full_moment(one.starts_at, zone)} to {full_moment(one.ends_at, zone)}"
        yours = one.after == person
        other = (one.before if yours else one.after) or "nobody"
        lines.append(f"{stretch}: {f'you, not {other}' if yours else f'{other}, not you'}")
    if (more := len(turns) - _SHOWN) > 0:
        lines.append(f"and {more} more")
    lines += ["", "All of them, for your calendar: tocsin oncall ical --out oncall.ics"]
    return "\n".join(lines) + "\n"
