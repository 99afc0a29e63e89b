"""How cases are made: broken from real samples, from a seed, so that a failure can be repeated.

`TOCSIN_FUZZ_CASES` sets how many run (`make fuzz`: over a million); by default a sample does.
"""

from __future__ import annotations

import json
import os
import random
from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = int(os.environ.get("TOCSIN_FUZZ_CASES", "50000"))
SEED = int(os.environ.get("TOCSIN_FUZZ_SEED", "20260227"))
STRANGE: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    10**40,
    float("inf"),
    "",
    "x" * 5000,
    "\ud800",
    "\0",
    "é₹",
    "#/../#",
    [],
    [[]],
    {},
    {"id": {}},
    [None, 5, "x", {"id": 1}],
    "2026-13-99T99:99:99Z",
    "9999-12-31T23:59:59-23:59",
]

DEEP, LONG_NUMBER = b"[" * 20_000, b"9" * 5_000
"""Deeper than any parser goes down, and more digits than Python makes a number of."""


def cases(share: float) -> int:
    return max(1, int(CASES * share))


def run(share: float, salt: str, one: Callable[[random.Random], None]) -> None:
    """Runs its share of the cases, each from its own seed."""
    for number in range(cases(share)):
        seed = f"{SEED}-{salt}-{number}"
        try:
            one(random.Random(seed))
        except Exception as error:
            raise AssertionError(f"case {seed!r} broke it: {error!r}") from error


def noise(draw: random.Random, longest: int) -> bytes:
    return draw.randbytes(draw.randrange(longest))


def broken_header(draw: random.Random, good: str) -> str:
    """A signature header, cut, stuffed, repeated or replaced."""
    cut = draw.randrange(len(good) + 1)
    junk = noise(draw, 40).decode(draw.choice(["latin-1", "utf-16-le", "utf-8"]), "replace")
    return draw.choice(
        [
            good[:cut],
            good[:cut] + junk + good[cut:],
            junk,
            ",".join([good] * draw.randrange(40)),
            good.replace("=", draw.choice(["", "==", " = ", "\0"])),
            good.upper(),
            "".join(draw.sample(good, len(good))),
        ]
    )


def broken_bytes(draw: random.Random, body: bytes) -> bytes:
    """A body with bytes flipped, cut out or put in."""
    raw = bytearray(body)
    for _ in range(draw.randrange(1, 6)):
        at = draw.randrange(len(raw) + 1)
        how = draw.randrange(3)
        if how == 0 and at < len(raw):
            raw[at] ^= draw.randrange(1, 256)
        elif how == 1:
            del raw[at : at + draw.randrange(200)]
        else:
            put = [DEEP, LONG_NUMBER, b"[" * 50, b'"', b"\\u0000", b"1e999", noise(draw, 8)]
            raw[at:at] = draw.choice(put)
    return bytes(raw)


def broken_document(draw: random.Random, body: bytes) -> bytes:
    """A body whose JSON is sound and whose content is not."""
    document = json.loads(body)
    for _ in range(draw.randrange(1, 5)):
        place: Any = document
        for _ in range(draw.randrange(6)):
            inner = [each for each in _children(place) if isinstance(each, dict | list) and each]
            if not inner:
                break
            place = draw.choice(inner)
        if isinstance(place, dict) and place:
            key = draw.choice(sorted(place))
            if draw.random() < 0.3:
                del place[key]
            else:
                place[key] = deepcopy(draw.choice(STRANGE))
        elif isinstance(place, list) and place:
            place[draw.randrange(len(place))] = deepcopy(draw.choice(STRANGE))
    return json.dumps(document).encode()


def _children(place: Any) -> list[Any]:
    return list(place.values()) if isinstance(place, dict) else list(place)
