"""No line that a function writes holds personal data or a secret: each is looked at.

Both writers of lines (`runtime.watch.json_lines`, and Powertools under `runtime.watch.logging`)
pass by here in every suite, and the log of a deployed stage is read at its end. A person's own id
is no such thing: who did what is what a log is for.
"""

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PATTERNS = {
    "an address": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
    "a telephone number": re.compile(r"(?<![\w:.+-])\+(?!12025550100)[1-9]\d{7,14}(?!\d)"),
    "a secret of an endpoint": re.compile(r"whsec_\w+|rzp_(?:live|test|house)\w*"),
    "a key of a provider": re.compile(r"\b[sr]k_(?:live|test)_\w+"),
    "a key of AWS": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a signature": re.compile(r"\bv1=[0-9a-f]{32,}|Signature=[0-9a-f]{32,}"),
    "a link that acts": re.compile(r"/a/[aehb][a-z2-7]{23}\b"),
    "a card": re.compile(r"(?<!\d)4242[ -]?4242[ -]?4242[ -]?4242(?!\d)"),
}
ANY = re.compile(r"@|\+[1-9]|whsec_|rzp_|[sr]k_|A[KS]IA|v1=|Signature=|/a/|4242")
"""What every kind has a part of: a line without it is not looked at any closer."""

WHO = frozenset({"person", "actor", "actor_ref", "by", "channel_id"})
"""Fields that name who it was, by the id they sign in with, and the id a channel gave a message."""

_lock = Lock()
_found: list[str] = []
_installed: set[str] = set()


def wrong(line: Mapping[str, Any]) -> list[str]:
    """What of a line must not be there: field and kind, and not the thing itself."""
    return [
        f"{kind} in `{name}` of {line.get('message', '?')}"
        for name, value in line.items()
        if name not in WHO
        for kind, pattern in PATTERNS.items()
        if pattern.search(value if isinstance(value, str) else json.dumps(value, default=str))
    ]


def judge(line: Mapping[str, Any]) -> None:
    """Keeps what is wrong with a line for the test that is running."""
    if ANY.search(str(line)) and (found := wrong(line)):
        with _lock:
            _found.extend(f"a log line holds {each}" for each in found)


def install() -> None:
    """Stands beside the writers that are loaded by now."""
    json_lines = sys.modules.get("tocsin.runtime.watch.json_lines")
    if json_lines is not None and "json_lines" not in _installed:
        _installed.add("json_lines")
        _beside_json_lines(json_lines)
    if "aws_lambda_powertools" in sys.modules and "powertools" not in _installed:
        _installed.add("powertools")
        _beside_powertools()


def _beside_json_lines(json_lines: Any) -> None:
    write = json_lines._write

    def judged(line: Mapping[str, object]) -> None:
        judge(line)
        write(line)

    json_lines._write = judged


def _beside_powertools() -> None:
    from aws_lambda_powertools.logging.formatter import (  # noqa: PLC0415 - only beside it
        LambdaPowertoolsFormatter,
    )

    write = LambdaPowertoolsFormatter.format

    def judged(self: LambdaPowertoolsFormatter, record: logging.LogRecord) -> str:
        text = write(self, record)
        if ANY.search(text):
            judge(json.loads(text))
        return text

    LambdaPowertoolsFormatter.format = judged  # type: ignore[method-assign]


def taken() -> list[str]:
    """What was found since this was asked last."""
    with _lock:
        found = [*_found]
        _found.clear()
    return found


@contextmanager
def expected() -> Iterator[list[str]]:
    """Such lines are what the block is about: it is given what was found, and nothing fails."""
    outside, mine = taken(), list[str]()
    try:
        yield mine
    finally:
        mine += taken()
        with _lock:
            _found.extend(outside)


def of_stage(log: Path) -> list[str]:
    """What is wrong with the lines of deployed functions in an emulator's log."""
    found: list[str] = []
    if log.is_file():
        for text in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if text.startswith("{") and '"service"' in text and ANY.search(text):
                try:
                    line = json.loads(text)
                except ValueError:
                    continue  # two processes wrote at once
                found += wrong(line)
    return sorted(set(found))
