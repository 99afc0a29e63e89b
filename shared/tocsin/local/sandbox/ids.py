"""Ids that look like the providers' own and are the same again for the same seed."""

from __future__ import annotations

import hashlib
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def drawn(source: str, *, length: int) -> str:
    """So many letters and digits that belong to `source` alone."""
    number = int.from_bytes(hashlib.sha256(source.encode()).digest())
    characters = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        characters.append(_ALPHABET[digit])
    return "".join(characters)
