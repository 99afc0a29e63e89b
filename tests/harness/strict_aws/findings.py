"""What was found while a test ran: each refusal belongs to the test, however it is swallowed.

Calls come from anywhere (this process, a server's thread, the emulator), so they are collected
here and every test is asked at its end. The emulator, a process of its own, writes to a file.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from tests.harness.strict_aws.check import Checker
from tests.harness.strict_aws.tables import Tables, of_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.strict_aws.check import Verdict
    from tests.harness.strict_aws.wire import Request

FILE_VARIABLE = "TOCSIN_TEST_REFUSALS"
"""Names the file of refusals to the emulator."""
TABLE_VARIABLE = "TOCSIN_TEST_TABLE"
"""Tells it the keys of the template's tables."""

ON_PURPOSE = "x-tocsin-ill-formed"
"""A header of requests that are ill-formed so that nothing happens where a right exists."""

_lock = Lock()
_found: list[str] = []
_read: dict[Path, int] = {}


@cache
def checker() -> Checker:
    """The one of this process: it knows every table that was made here."""
    if told := os.environ.get(TABLE_VARIABLE):
        return Checker(Tables(of_text(told)))
    from tests.harness.strict_aws.template import DEFAULT  # noqa: PLC0415 - the emulator has none

    return Checker(Tables(DEFAULT))


def judge(request: Request) -> Verdict | None:
    """Judges a request and keeps what is wrong with it, unless it says that this is its purpose."""
    if ON_PURPOSE in request.headers:
        return None
    verdict = checker().judge(request)
    if verdict is not None:
        note(str(verdict))
    return verdict


def note(text: str) -> None:
    """Keeps one finding: here, or where the session that started this process looks."""
    if path := os.environ.get(FILE_VARIABLE):
        with _lock, Path(path).open("a", encoding="utf-8") as file:
            file.write(text.replace("\n", " ") + "\n")
        return
    with _lock:
        _found.append(text)


def watch(path: Path) -> None:
    """From now on findings of another process are read from this file, too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("", encoding="utf-8")
    _read[path] = 0


def taken() -> list[str]:
    """What was found since this was asked last."""
    with _lock:
        found = [*_found]
        _found.clear()
    for path, read in _read.items():
        if not path.exists():
            continue  # its emulator has ended, with its folder
        text = path.read_bytes()[read:]
        whole = text[: text.rfind(b"\n") + 1]
        _read[path] = read + len(whole)
        found += whole.decode().splitlines()
    return found


@contextmanager
def expected() -> Iterator[list[str]]:
    """Refusals are what the block is about: it is given them, and they fail nothing."""
    outside, mine = taken(), list[str]()
    try:
        yield mine
    finally:
        mine += taken()
        for text in outside:
            note(text)
