"""How a pruned body is kept: one version byte, then deflate with a shipped preset dictionary.

DynamoDB charges a write by the kilobyte. Most of a body is the same few hundred words every time;
with those words in a dictionary that ships with the code, the usual event and its keys fit into
one kilobyte. The version byte names the dictionary, and a dictionary is never changed: another
one is another version, and the old ones stay for as long as a body packed with them may live.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

from tocsin.errors import MalformedPayload
from tocsin.providers.bodies.pruning import prune

VERSION = 1
MAX_KEPT = 350_000
"""Bytes; an item may have 400 KB, and the rest of it needs room."""

MAX_UNPACKED = 4 * 1024 * 1024
_RAW_DEFLATE = -15  # neither header nor checksum: the version byte and the store do their work
_LEVEL = 4  # six packs 15 bytes smaller and takes half as long again
# zlib's defaults allocate 256 KB per event, fresh from the system each time, which costs three
# times the packing. Dictionary and body fit into a window of 8 KB, and pack to the same size.
_WINDOW, _MEMORY = -13, 5


def _load(version: int) -> bytes:
    path = str(Path(__file__).with_name("dictionaries") / f"v{version}.txt")
    loader: Any = __spec__.loader  # reads from a folder and from a zip alike
    return bytes(loader.get_data(path))


_DICTIONARIES = {1: _load(1)}


# Hashing the dictionary is part of making a packer; a copy of one that has done so is cheaper.
_PACKER = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zdict=_DICTIONARIES[VERSION])
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode


def keep(document: dict[str, Any], hash_key: bytes | None) -> bytes:
    """A provider's document, pruned and packed.

    A body too large for an item loses its deeper levels and is marked `cut`, and is stored all
    the same: refusing a valid event would lose it, and what the projector misses it asks for.
    """
    packed = pack(prune(document, hash_key))
    for depth in (3, 0):
        if len(packed) <= MAX_KEPT:
            break
        packed = pack({**prune(document, hash_key, depth=depth), "cut": depth})
    return packed


def pack(document: dict[str, Any]) -> bytes:
    """The document, small. The same document always gives the same bytes."""
    text = _encode(document)
    packer = _PACKER.copy()
    raw = text.encode("utf-8", "surrogatepass")
    return bytes((VERSION,)) + packer.compress(raw) + packer.flush()


def unpack(packed: bytes) -> dict[str, Any]:
    """The inverse of `pack`, for every version ever written.

    Raises:
        MalformedPayload: damaged, over `MAX_UNPACKED`, or of a version this code does not know.
    """
    dictionary = _DICTIONARIES.get(packed[0]) if packed else None
    if dictionary is None:
        raise MalformedPayload("The stored body is of an unknown version.")
    unpacker = zlib.decompressobj(_RAW_DEFLATE, zdict=dictionary)
    try:
        raw = unpacker.decompress(packed[1:], MAX_UNPACKED)
        document = json.loads(raw.decode("utf-8", "surrogatepass"))
    except (zlib.error, ValueError, RecursionError) as error:
        raise MalformedPayload("The stored body is damaged.") from error
    if not unpacker.eof or not isinstance(document, dict):
        raise MalformedPayload("The stored body is damaged.")
    return document
