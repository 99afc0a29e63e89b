"""The golden file of stored forms: `python -m tests.harness.stored_forms.golden` writes it anew.

One line an item, a timeline entry or a message, with every field filled in. What stands there has
been stored by somebody: a line may be added, and no line may change or go.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.harness.cloud.moto_cloud import MotoCloud, moto_cloud
from tests.harness.stored_forms import billing, incidents, timeline
from tests.harness.stored_forms.writing import Written

FILE = Path(__file__).with_name("stored_forms.json")


def lines(cloud: MotoCloud) -> dict[str, str]:
    """Every line by its name, as today's code writes it; `cloud` is emptied."""
    cloud.reset()
    written = Written(cloud)
    incidents.write(written)
    billing.write(written)
    found = dict(timeline.lines()) | written.lines
    return {name: _text(value) for name, value in found.items()}


def render(found: dict[str, str]) -> str:
    """The file's text."""
    return (
        "{\n" + ",\n".join(f"{json.dumps(name)}:{text}" for name, text in found.items()) + "\n}\n"
    )


def stored() -> dict[str, str]:
    """The lines of the file."""
    return {name: _text(value) for name, value in json.loads(FILE.read_text()).items()}


def _text(value: object) -> str:
    """Sorted, for the order of an item's attributes is not stored; that inside a text is."""
    return json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=bytes.hex
    )


if __name__ == "__main__":
    with moto_cloud() as running:
        os.environ.update(running.environment())
        FILE.write_text(render(lines(running)))
