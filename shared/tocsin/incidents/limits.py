"""How much an incident takes in. Texts over a limit are refused whole, never cut.

A source's words are the exception: a signal cannot be told to be brief, so its texts are
shortened with a mark where they are, and the signal itself is kept by its source.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from tocsin.errors import BadInput, PayloadTooLarge

LINE = 200
TEXT = 8_000
HEAD = 1_000
REASON = 2_000
NAME = 64
PERSON = 64
COMMAND_ID = 256
DEDUP_KEY = 200
DEDUP_PART = 80
SIGNAL_DETAIL = 500
SIGNAL_FACTS = 10
SIGNALS_PER_ENTRY = 50
SIGNALS_IN_FULL = 10
KEYS_PER_INCIDENT = 20
RESPONDERS = 40
ACTIONS = 12
ALLOWED_CHANGES = 12
EVIDENCE_MOVED = 50
NAMED_IN_IMPACT = 10
ACCESS = 12
REQUESTS = 40
CALLS_WAITING = 5
REJECTED = 10
PREVENTIVE = 20
REPLAYED_ACCOUNTS = 12
SEQ_DIGITS = 8
SNAPSHOT_BYTES = 16 * 1024
SNAPSHOT_BYTES_EVER = 320 * 1024
WHOLE = 2**53 - 1
"""The largest whole number that every reader of JSON takes as it is."""
YEARS = range(2000, 2100)
"""The years that a time somebody gives may be in; what was stored before is read as it is."""
CUT = "…"
_A_TIME = "must be a time with its zone, like 2026-09-08T14:00:00Z"
_INSTEAD = ": put it on the record with `evidence`, and here say where it is"


def line(name: str, text: str) -> str:
    """A short text on one line.

    Raises:
        BadInput: it is empty or has line breaks or other control characters.
        PayloadTooLarge: it is longer than a line.
    """
    clean = text.strip()
    if not clean or not clean.isprintable():
        raise BadInput(f"{name} must be one line of text", field=name)
    return _bounded(name, clean, LINE)


def name(field: str, text: str) -> str:
    """An id somebody else made up: a commit, an action, a release.

    Raises:
        BadInput: it is empty or has spaces or control characters.
        PayloadTooLarge: it is longer than names are.
    """
    if not text or not text.isprintable() or " " in text:
        raise BadInput(f"{field} must be a name without spaces", field=field)
    return _bounded(field, text, NAME)


def body(name: str, text: str) -> str:
    """A longer text.

    Raises:
        BadInput: it is empty.
        PayloadTooLarge: it is longer than the record takes.
    """
    if not (clean := text.strip()):
        raise BadInput(f"{name} must not be empty", field=name)
    return _bounded(name, clean, TEXT, instead=_INSTEAD)


def optional_body(name: str, text: str) -> str:
    """Like `body`, but it may be empty."""
    return _bounded(name, text.strip(), TEXT, instead=_INSTEAD)


def optional_reason(text: str) -> str:
    """Why, in a few sentences: reasons stand in messages, and in what waits for a second person.

    Raises:
        PayloadTooLarge: it is longer than that.
    """
    return _bounded("reason", text.strip(), REASON, instead=_INSTEAD)


def person(text: str) -> str:
    """A person id.

    Raises:
        BadInput: it is empty, too long, or has characters ids do not have.
    """
    if not text or len(text) > PERSON or not text.isprintable() or set(text) & set(" #/:"):
        raise BadInput("that is no person id", field="person")
    return text


def link(name: str, text: str) -> str:
    """A link that may be followed: to a page, never to code or to a file.

    Raises:
        BadInput: it is no address of the web.
        PayloadTooLarge: it is longer than a line.
    """
    url = line(name, text)
    if not url.lower().startswith(("https://", "http://")):
        raise BadInput("a link starts with https:// or http://", field=name)
    return url


def place(name: str, text: str) -> str:
    """Where people talk: a link, a number, or a name.

    Raises:
        BadInput: it is a link to something else than a page, a call or a chat.
    """
    where = line(name, text)
    scheme, colon, _ = where.partition(":")
    letters = scheme.replace("+", "").replace("-", "").replace(".", "")
    if colon and letters.isalnum() and letters[:1].isalpha() and scheme.lower() not in _SCHEMES:
        raise BadInput(f"`{name}` is a link, a number or a name", field=name)
    return where


_SCHEMES = frozenset({"https", "http", "tel", "sip", "sips", "slack", "msteams", "zoommtg"})


def moment(name: str, text: str) -> datetime:
    """A time that somebody wrote with its zone, in UTC.

    Raises:
        BadInput: it cannot be read, names no zone, or is in no year of this century.
    """
    try:
        found = datetime.fromisoformat(text)
        zone = found.utcoffset()
        found = found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadInput(f"`{name}` {_A_TIME}", field=name) from error
    if zone is None:
        raise BadInput(f"`{name}` {_A_TIME}", field=name)
    if found.year not in YEARS:
        first, last = YEARS[0], YEARS[-1]
        raise BadInput(f"`{name}` must be in the years {first} to {last}", field=name)
    return found


def whole(name: str, number: int) -> int:
    """A whole number that somebody gave.

    Raises:
        BadInput: it is further from 0 than readers of JSON can follow.
    """
    if abs(number) > WHOLE:
        raise BadInput(f"`{name}` must be between -{WHOLE} and {WHOLE}", field=name)
    return number


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, the last one a mark if something is missing."""
    return text if len(text) <= limit else text[: limit - 1] + CUT


def facts(values: Mapping[str, str]) -> dict[str, str]:
    """A source's facts within bounds, in the order of their names."""
    kept = sorted(values.items())[:SIGNAL_FACTS]
    return {shortened(name, NAME): shortened(text, LINE) for name, text in kept}


def bounded(name: str, text: str, limit: int) -> str:
    """A text of at most `limit` characters.

    Raises:
        PayloadTooLarge: it is longer.
    """
    return _bounded(name, text, limit)


def _bounded(name: str, text: str, limit: int, *, instead: str = "") -> str:
    if len(text) > limit:
        detail = f"{name} is over {limit} characters{instead}"
        raise PayloadTooLarge(detail, field=name, limit=limit)
    return text
