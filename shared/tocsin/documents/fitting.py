"""Making texts fit: one SMS, one subject line, whatever a source put into a title.

An SMS holds 160 septets of the GSM alphabet, in which brackets count twice; one letter outside it
turns the whole message into 70 characters of another encoding and the rest into a second message.
So the short text is written in ASCII and measured in septets.
"""

from __future__ import annotations

import unicodedata

SMS_SEPTETS = 160
SUBJECT_LENGTH = 99
_TWO_SEPTETS = frozenset("[]{}~^|\\")
_CUT = "..."


def one_line(text: str) -> str:
    """The text without line breaks, control characters and runs of spaces."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def ascii_line(text: str) -> str:
    """One line in ASCII: accents are dropped, what has no plain letter becomes `?`."""
    plain = unicodedata.normalize("NFKD", one_line(text))
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return bare.encode("ascii", "replace").decode("ascii").replace("`", "'")


def septets(text: str) -> int:
    """How much of one SMS an ASCII text takes."""
    return len(text) + sum(char in _TWO_SEPTETS for char in text)


def fit_sms(before: str, symptom: str, after: str) -> str:
    """`before symptom after` in one SMS; the symptom is cut first, the rest is what matters."""
    room = SMS_SEPTETS - septets(before) - septets(after) - 2
    symptom = _cut(ascii_line(symptom), room) if room > len(_CUT) else ""
    return _cut(" ".join(part for part in (before, symptom, after) if part), SMS_SEPTETS)


def fit_subject(before: str, title: str, after: str) -> str:
    """`before title after` in one subject line; the title is cut first, then the rest."""
    title = one_line(title)
    room = SUBJECT_LENGTH - len(before) - len(after) - 2
    if len(title) > room:
        title = title[: room - len(_CUT)].rstrip() + _CUT if room > len(_CUT) else ""
    line = " ".join(part for part in (before, title, after) if part)
    return line if len(line) <= SUBJECT_LENGTH else line[: SUBJECT_LENGTH - len(_CUT)] + _CUT


def _cut(text: str, room: int) -> str:
    if septets(text) <= room:
        return text
    while text and septets(text) > room - len(_CUT):
        text = text[:-1]
    return text.rstrip() + _CUT
