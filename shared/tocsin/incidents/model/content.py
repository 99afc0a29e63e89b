"""Content that lies in the archive, as an entry names it.

The entry's hash covers these four, and `sha256` covers every byte: the chain stands for content
that it does not hold.
"""

from dataclasses import dataclass
from enum import StrEnum


class MediaType(StrEnum):
    """What kind of text evidence is."""

    PLAIN = "text/plain"
    MARKDOWN = "text/markdown"
    CSV = "text/csv"
    JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Where it lies, its hash in hexadecimal digits, its size in bytes, and what it is."""

    key: str
    sha256: str
    size: int
    media_type: str
