"""Reads a request's body field by field, and refuses what nobody asked for.

A field with a typing error in its name would otherwise be a wish that is silently not granted,
such as a severity change without its reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.errors import BadInput
from tocsin.incidents import limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from enum import StrEnum

LONGEST_KEY = 128
LONGEST_LIST = 200


class Fields:
    """The fields of one JSON object; each is taken at most once, and `done` ends the reading.

    `where` is put before names in errors: the object may be inside another one.
    """

    def __init__(self, body: Mapping[str, Any], where: str = "") -> None:
        self._left = dict(body)
        self._where = where

    def full(self, name: str) -> str:
        """The name as the whole body knows it."""
        return self._where + name

    def has(self, name: str) -> bool:
        """Whether the field is there; a null is not."""
        return self._left.get(name) is not None

    def drop(self, name: str) -> None:
        """Takes the field without looking at it."""
        self._left.pop(name, None)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty if the field is not there."""
        values = self._list(name)
        if not all(isinstance(value, str) for value in values):
            raise BadInput(f"`{self.full(name)}` must be a list of texts", field=self.full(name))
        return tuple(values)

    def mapping(self, name: str) -> Mapping[str, Any]:
        """An object that is read elsewhere; it must be there."""
        value = self._left.pop(name, None)
        if not isinstance(value, dict):
            raise BadInput(f"`{self.full(name)}` must be an object", field=self.full(name))
        return value

    def objects(self, name: str) -> tuple[Fields, ...]:
        """A list of objects, each to be read field by field."""
        values = self._list(name)
        if not all(isinstance(value, dict) for value in values):
            raise BadInput(f"`{self.full(name)}` must be a list of objects", field=self.full(name))
        return tuple(
            Fields(value, f"{self.full(name)}[{index}].") for index, value in enumerate(values)
        )

    def _list(self, name: str) -> list[Any]:
        values = self._left.pop(name, None) or []
        if not isinstance(values, list) or len(values) > LONGEST_LIST:
            detail = f"`{self.full(name)}` must be a list of at most {LONGEST_LIST}"
            raise BadInput(detail, field=self.full(name))
        return values

    def text(self, name: str, default: str | None = None) -> str:
        """A text; without a default it must be there.

        Raises:
            BadInput: it is missing or not a text.
        """
        value = self._take(name, default)
        if not isinstance(value, str):
            raise BadInput(f"`{self.full(name)}` must be a text", field=self.full(name))
        return value

    def optional_text(self, name: str) -> str | None:
        if self._left.get(name) is None:
            self._left.pop(name, None)
            return None
        return self.text(name)

    def number(self, name: str) -> int | None:
        """A whole number, or None if the field is not there."""
        value = self._left.pop(name, None)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise BadInput(f"`{self.full(name)}` must be a whole number", field=self.full(name))
        return None if value is None else limits.whole(self.full(name), value)

    def flag(self, name: str) -> bool:
        """True or false; false if the field is not there."""
        value = self._left.pop(name, False)
        if not isinstance(value, bool):
            raise BadInput(f"`{self.full(name)}` must be true or false", field=self.full(name))
        return value

    def word[W: StrEnum](self, name: str, words: type[W], default: W | None = None) -> W:
        """One of a closed set of words."""
        return word(self.full(name), self.text(name, default), words)

    def choice(self, name: str, choices: Iterable[str]) -> str:
        """One of some words that are no enumeration."""
        text, known = self.text(name), tuple(choices)
        if text not in known:
            detail = f"`{self.full(name)}` must be one of: {', '.join(known)}"
            raise BadInput(detail, field=self.full(name))
        return text

    def moment(self, name: str) -> datetime | None:
        """A time of this century that names its zone, or None if the field is not there."""
        text = self.optional_text(name)
        return None if text is None else limits.moment(self.full(name), text)

    def done(self) -> None:
        """Raises `BadInput` if a field is left that nothing asked for."""
        if self._left:
            name = self.full(min(self._left)[:32])
            raise BadInput(f"there is no field `{name}` here", field=name)

    def _take(self, name: str, default: str | None) -> Any:
        value = self._left.pop(name, None)
        if value is None:
            if default is None:
                raise BadInput(f"`{self.full(name)}` is missing", field=self.full(name))
            return default
        return value


def word[W: StrEnum](name: str, text: str, words: type[W]) -> W:
    """Raises `BadInput` naming the words there are, if `text` is none of them."""
    try:
        return words(text)
    except ValueError as error:
        known = ", ".join(words)
        raise BadInput(f"`{name}` must be one of: {known}", field=name) from error


def idempotency_key(headers: Mapping[str, str]) -> str:
    """The caller's `Idempotency-Key`, or an empty text.

    Raises:
        BadInput: it is longer than 128 characters or not plain ASCII.
    """
    key = headers.get("idempotency-key", "")
    if len(key) > LONGEST_KEY or not key.isascii() or (key and not key.isprintable()):
        raise BadInput("`Idempotency-Key` must be at most 128 ASCII characters")
    return key


def if_match(headers: Mapping[str, str]) -> int | None:
    """The version of `If-Match: "7"`; None if any will do.

    Raises:
        BadInput: it is no version in quotes.
    """
    tag = headers.get("if-match", "*").strip()
    if tag == "*":
        return None
    version = tag.removeprefix('"').removesuffix('"')
    if f'"{version}"' != tag or not (version.isascii() and version.isdigit()):
        raise BadInput('`If-Match` must be a version in quotes, like "7"')
    return int(version)


def count(query: Mapping[str, str], name: str, *, default: int, largest: int) -> int:
    """A whole number of the query between 0 and `largest`.

    Raises:
        BadInput: it is something else.
    """
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= largest):  # noqa: PLR2004 - longer texts are no counts
        raise BadInput(f"`{name}` must be a whole number up to {largest}", field=name)
    return int(text)


def flag(query: Mapping[str, str], name: str) -> bool:
    """Whether a switch of the query is on; `?name` alone turns it on.

    Raises:
        BadInput: it is neither true nor false.
    """
    text = query.get(name, "false")
    if text not in {"", "true", "false"}:
        raise BadInput(f"`{name}` must be true or false", field=name)
    return text != "false"
