"""How many workspaces a reconciliation reads: that part of the runbook, without the rest of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tocsin.billing.reconcile.sampling import Sampling
from tocsin.errors import InvalidPolicy
from tocsin.policy.billing_rules import FILES, HERE
from tocsin.policy.seal import is_sealed

if TYPE_CHECKING:
    from pathlib import Path


def current(folder: Path = HERE) -> Sampling:
    """The rule of this build.

    Raises:
        InvalidPolicy: the file is no compiled policy, or was changed since it was compiled.
    """
    file = next(path for name in FILES if (path := folder / name).is_file())
    try:
        document = json.loads(file.read_bytes())
        if not is_sealed(document):
            raise InvalidPolicy(f"{file.name} was changed after it was compiled")
        return Sampling(**document["sampling"])
    except (ValueError, TypeError, LookupError, AttributeError) as broken:
        raise InvalidPolicy(f"{file.name} is no compiled policy: {broken!r}") from broken
