"""Making texts fit: a text message, one subject line, whatever a source put into a title.

A part of a text message holds 160 septets of the GSM alphabet, in which brackets count twice, or 70
units of UCS-2: one letter outside the alphabet turns the whole message into that. So the short text
is written in ASCII where its letters are Latin ones, and as it is where they are not. It takes no
more parts than leave room for what is wrong, and three at most.
"""

from __future__ import annotations

import unicodedata

SMS_SEPTETS = 160
SUBJECT_LENGTH = 99
_TWO_SEPTETS = frozenset("[]{}~^|\\")
_CUT = "..."


def one_line(text: str) -> str:
    """The text without line breaks, control characters and runs of spaces."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(text.split())


def ascii_line(text: str) -> str:
    """One line in ASCII: accents are dropped, what has no plain letter becomes `?`."""
    return _plain(text).encode("ascii", "replace").decode("ascii").replace("`", "'")


def text_line(text: str) -> str:
    """One line for a telephone: in ASCII, but as it is where its letters are of another script."""
    plain = _plain(text)
    if not plain.isascii() and any(not char.isascii() and char.isalnum() for char in plain):
        return one_line(text)
    return ascii_line(plain)


def _plain(text: str) -> str:
    """One line, Latin letters and the usual signs in their plain form."""
    line = one_line(text)
    if line.isascii():
        return line
    line = "".join(_SIGNS.get(char, char) for char in line)
    parts = unicodedata.normalize("NFKD", line)
    return "".join(char for char in parts if not unicodedata.combining(char))


_SIGNS = {
    **dict.fromkeys("\u2018\u2019", "'"),
    **dict.fromkeys("\u201c\u201d\u201e", '"'),
    **dict.fromkeys("\u2013\u2014\u2212", "-"),
    **dict(zip("øØłŁđĐıħĦð\u00d7µ", "oOlLdDihHdxu", strict=True)),
    **{"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th"},  # noqa: PIE800
    **{"\u2026": "...", "\u2192": "->", "\u2022": "*", "€": "EUR", "°": " deg"},  # noqa: PIE800
}
"""Letters and signs of half of Europe's alarms that do not decompose into plain ones."""


def septets(text: str) -> int:
    """How much of one SMS an ASCII text takes."""
    return len(text) + sum(char in _TWO_SEPTETS for char in text)


def units(text: str) -> int:
    """How much of text messages a text takes: septets, or units of UCS-2."""
    return septets(text) if text.isascii() else len(text.encode("utf-16-be")) // 2


def parts(text: str) -> int:
    """How many text messages a text is sent as."""
    sizes = _SEPTETS if text.isascii() else _UCS2
    return next((number for number, size in sizes if units(text) <= size), len(sizes) + 1)


def fit_sms(before: str, symptom: str, after: str) -> str:
    """`before symptom after` in as few parts as leave the symptom some room, three at most.

    The symptom is cut first, the rest is what matters.
    """
    symptom = text_line(symptom)
    sizes = _SEPTETS if f"{before}{symptom}{after}".isascii() else _UCS2
    taken = _size(before, sizes) + _size(after, sizes) + 2
    for _, size in sizes:
        if size - taken >= min(_SYMPTOM, _size(symptom, sizes)):
            symptom = _cut(symptom, size - taken, sizes)
            return " ".join(part for part in (before, symptom, after) if part)
    return _cut(" ".join(part for part in (before, after) if part), sizes[-1][1], sizes)


_SEPTETS = ((1, 160), (2, 306), (3, 459))
_UCS2 = ((1, 70), (2, 134), (3, 201))
_SYMPTOM = 12
"""What a text message keeps for what is wrong."""


def _size(text: str, sizes: tuple[tuple[int, int], ...]) -> int:
    return septets(text) if sizes is _SEPTETS else len(text.encode("utf-16-be")) // 2


def shortened(text: str, length: int) -> str:
    """At most `length` characters; what is cut says so."""
    return text if len(text) <= length else text[: length - len(_CUT)].rstrip() + _CUT


def fit_subject(before: str, title: str, after: str) -> str:
    """`before title after` in one subject line; the title is cut first, then what is before."""
    title = one_line(title)
    room = SUBJECT_LENGTH - len(before) - len(after) - 2
    if len(title) > room:
        title = title[: room - len(_CUT)].rstrip() + _CUT if room > len(_CUT) else ""
    if not title:
        before = shortened(before, SUBJECT_LENGTH - len(after) - 1)
    return " ".join(part for part in (before, title, after) if part)


def _cut(text: str, room: int, sizes: tuple[tuple[int, int], ...]) -> str:
    if _size(text, sizes) <= room:
        return text
    while text and _size(text, sizes) > room - len(_CUT):
        text = text[:-1]
    return text.rstrip() + _CUT
