"""Synthesises stages without building what runs in them: templates hold a bundle's hash alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from infra.app import synthesise
from infra.bundle.archive import append
from infra.context import Context

if TYPE_CHECKING:
    from pathlib import Path

OPS = "ops@example.com"
BARE = {"stage": "production", "ops_mail": OPS}
FULL = {
    "ops_mail": OPS,
    "providers": "stripe,razorpay",
    "alarm_intake": "prefix:shop-",
    "concurrency": "sized",
    "chat_room": "on",
    "tracing": "on",
    "route_metrics": "on",
    "dashboard": "on",
    "edge": "on",
}
"""All that a stage can be told to have."""
STAGES = {
    "production": {**FULL, "stage": "production"},
    "production-bare": BARE,
    "drill": {**FULL, "stage": "drill", "alarm_accounts": "111122223333"},
    "local": {**FULL, "stage": "local", "alarm_intake": "all"},
}


def assembly(told: dict[str, str], folder: Path) -> Path:
    """The folder of a stage's templates, made beneath `folder`, which is empty."""
    made = folder / "assembly"
    synthesise(Context.read(told), bundle=partial(_stub, folder), outdir=made)
    return made


def _stub(folder: Path, function: str) -> Path:
    content = folder / f"{function}.txt"
    content.write_text(function)
    archive = folder / f"{function}.zip"
    append(archive, {"name.txt": content})
    return archive
