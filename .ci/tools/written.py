"""Writes a generated page, or says that the one that is there is stale."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def written(path: Path, text: str, *, check: bool, again: str) -> int:
    """The exit code: 1 when only a check was asked for and `path` holds something else."""
    if not check:
        path.write_text(text, encoding="utf-8")
        return 0
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{path} is stale: {again}\n")
    return 1
