"""Where the local cloud keeps things, so that a second cloud can live beside the developer's.

Caches that depend on nothing but their inputs (the emulator's environment, bundles, syntheses)
belong to the checkout and are shared; all that belongs to one running cloud (process records,
logs, temporary files, outputs, inbox) lies in its state folder, which `TOCSIN_LOCAL_DIR` moves.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tocsin.local.errors import CheckoutNeeded

STATE_VARIABLE = "TOCSIN_LOCAL_DIR"


@dataclass(frozen=True, slots=True)
class Places:
    """Absolute paths; nothing exists until it is needed."""

    checkout: Path
    state: Path

    @property
    def caches(self) -> Path:
        return self.checkout / ".local"

    @property
    def emulator(self) -> Path:
        """The emulator's own virtual environment: functions can import whatever lies in it."""
        return self.caches / "ministack"

    @property
    def syntheses(self) -> Path:
        return self.caches / "synth"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def temporary(self) -> Path:
        """TMPDIR of the emulator, which leaves a folder per worker; emptied on `down`."""
        return self.state / "tmp"

    @property
    def outputs(self) -> Path:
        return self.state / "outputs.json"

    @property
    def inbox(self) -> Path:
        return self.state / "inbox.jsonl"

    @property
    def lock(self) -> Path:
        return self.state / "lock"

    def record(self, program: str) -> Path:
        """The process record of `program`, in the place of a bare pid file."""
        return self.state / f"{program}.json"

    def log(self, program: str) -> Path:
        return self.logs / f"{program}.log"


def find(state: Path | None = None) -> Places:
    """The places for this checkout, with the state folder named here, by variable, or default.

    Raises:
        CheckoutNeeded: neither the package nor the current folder lies in a checkout.
    """
    checkout = _checkout()
    named = os.environ.get(STATE_VARIABLE)
    chosen = state or (Path(named) if named else checkout / ".local")
    return Places(checkout=checkout, state=chosen.expanduser().absolute())


def _checkout() -> Path:
    current = Path.cwd()
    for folder in (*Path(__file__).resolve().parents, current, *current.parents):
        if (folder / "infra").is_dir() and (folder / "shared" / "tocsin").is_dir():
            return folder
    raise CheckoutNeeded(
        "this command builds the deployment from source: run it inside a Tocsin checkout"
    )
