"""Reads the JSON a caller sends, and refuses what Razorpay refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.local.sandbox.razorpay.errors import bad_request

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json

_MOST_NOTES = 15
_LONGEST_NOTE = 256


def only(given: Json, allowed: frozenset[str]) -> None:
    """Refuses fields the call does not know, in Razorpay's words."""
    for name in given:
        if name not in allowed:
            raise bad_request(f"{name} is/are not required and should not be sent", field=name)


def text(given: Json, name: str, *, required: bool = False) -> str | None:
    """The text under `name`."""
    value = given.get(name)
    if value is None and required:
        raise bad_request(f"The {name.replace('_', ' ')} field is required.", field=name)
    if value is not None and not isinstance(value, str):
        raise bad_request(f"The {name.replace('_', ' ')} must be a string.", field=name)
    return value


def whole(given: Json, name: str, *, required: bool = False, least: int = 0) -> int | None:
    """The whole number under `name`; digits in a text count too."""
    value = given.get(name)
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if value is None and required:
        raise bad_request(f"The {name.replace('_', ' ')} field is required.", field=name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad_request(f"The {name.replace('_', ' ')} must be an integer.", field=name)
    if value < least:
        raise bad_request(f"The {name.replace('_', ' ')} must be at least {least}.", field=name)
    return value


def flag(given: Json, name: str) -> bool:
    """Yes or no under `name`: Razorpay takes 0, 1, true, false."""
    value = given.get(name, False)
    if value not in {0, 1, "0", "1", "true", "false"}:
        raise bad_request(f"The {name.replace('_', ' ')} field must be true or false.", field=name)
    return value in {1, "1", "true"}


def notes(given: Json) -> Json:
    """Up to 15 short texts by name; an empty list is none."""
    value = given.get("notes") or {}
    if not isinstance(value, dict) or len(value) > _MOST_NOTES:
        raise bad_request("The notes must be an object of at most 15 entries.", field="notes")
    for name, note in value.items():
        if not isinstance(note, str | int | float) or len(str(note)) > _LONGEST_NOTE:
            raise bad_request(f"notes[{name}] may not be greater than 256 characters.")
    return value
