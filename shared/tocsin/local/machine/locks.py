"""Keeps two commands from changing the same folder at once. Gone with the process that held it."""

from __future__ import annotations

import contextlib
import fcntl
import time
from typing import TYPE_CHECKING

from tocsin.local.errors import CloudBusy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POLL_SECONDS = 0.1


@contextlib.contextmanager
def held(path: Path, *, seconds: float, what: str) -> Iterator[None]:
    """Holds the lock `path` for the block; `what` names the thing others have to wait for.

    Raises:
        CloudBusy: somebody else kept it for `seconds`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + seconds
    with path.open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise CloudBusy(f"another command is changing {what}: let it end") from None
                time.sleep(_POLL_SECONDS)
        yield
