"""Reads an iCalendar file by RFC 5545's own rules: unfold, split, unescape. For tests only."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_LINE = re.compile(r"([A-Z-]+)((?:;[^:]*)?):(.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)")


def events(text: str) -> list[dict[str, str]]:
    """The properties of every event, as texts.

    Raises:
        AssertionError: a line is too long or none, or a component is not closed.
    """
    assert text.endswith("\r\n")
    raw = text.removesuffix("\r\n").split("\r\n")
    assert all(0 < len(line.encode()) <= 75 for line in raw)
    assert not any(mark in text.replace("\r\n", "") for mark in "\r\n")
    opened: list[str] = []
    found: list[dict[str, str]] = []
    for line in "\r\n".join(raw).replace("\r\n ", "").split("\r\n"):
        match = _LINE.fullmatch(line)
        assert match is not None, line
        name, _, value = match.groups()
        if name == "BEGIN":
            opened.append(value)
            if value == "VEVENT":
                found.append({})
        elif name == "END":
            assert opened.pop() == value
        elif opened[-1] == "VEVENT":
            assert name not in found[-1], f"{name} twice"
            found[-1][name] = _ESCAPE.sub(_plain, value)
    assert opened == []
    return found


def moment(text: str) -> datetime:
    """A time in UTC."""
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _plain(match: re.Match[str]) -> str:
    letter = match.group(1)
    assert letter in "\\;,nN", f"\\{letter} is no escape"
    return "\n" if letter in "nN" else letter
