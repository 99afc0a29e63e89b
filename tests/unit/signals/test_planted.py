"""A planted secret is found in whatever wraps it: else a search without a find proves nothing."""

from __future__ import annotations

import base64
import gzip
import json
import urllib.parse
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.harness.planted import ways

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = 'key "s3cret"/0042&+'


@pytest.mark.parametrize(
    "wrap",
    [
        lambda text: text,
        base64.b64encode,
        base64.urlsafe_b64encode,
        lambda text: b"data:" + base64.b64encode(b"x" + text) + b",",
        lambda text: b"ab" + base64.b64encode(text),
        gzip.compress,
        lambda text: b"\x00\x01" + zlib.compress(text) + b"tail",
        lambda text: json.dumps({"b": base64.b64encode(zlib.compress(text)).decode()}).encode(),
        lambda text: text.hex().encode(),
        lambda text: text.upper(),
    ],
)
@pytest.mark.parametrize(
    "spell",
    [
        lambda text: text,
        lambda text: json.dumps({"secret": text}),
        urllib.parse.quote,
        lambda text: urllib.parse.quote(text, safe=""),
    ],
)
def test_it_is_found_however_it_is_spelled_and_wrapped(
    spell: Callable[[str], str], wrap: Callable[[bytes], bytes]
) -> None:
    around = f"some text before, {spell(SECRET)}, and some behind"
    assert ways(wrap(around.encode()), SECRET)


def test_what_is_not_there_is_not_found() -> None:
    assert ways(zlib.compress(b"key s3cret") + base64.b64encode(b"0042" * 40), SECRET) == set()
