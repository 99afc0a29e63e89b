"""The seal of a compiled policy: its version ends in a digest of everything else in it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_DIGESTED = frozenset({"version", "change"})


def seal(label: str, document: Mapping[str, Any]) -> str:
    """The version of a policy called `label`, from its compiled document."""
    content = {key: value for key, value in document.items() if key not in _NOT_DIGESTED}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"{label}+{hashlib.sha256(canonical.encode()).hexdigest()[:12]}"


def is_sealed(document: Mapping[str, Any]) -> bool:
    """Whether nobody changed the document since it was compiled."""
    version = str(document["version"])
    return seal(version.partition("+")[0], document) == version
