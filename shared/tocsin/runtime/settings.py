"""Reads a function's environment once, at init, into its frozen `Settings`.

The field's name is the variable's name, so the name is written once: infra reads the fields of
`functions/<name>/settings.py` and a test compares them with the synthesised template. A missing
or unreadable variable stops the function at init with every problem listed, not at the first use.
"""

from __future__ import annotations

import json
import os
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, get_type_hints

from tocsin.errors import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import ClassVar, Protocol

    class _Dataclass(Protocol):
        __dataclass_fields__: ClassVar[dict[str, Any]]


def _texts(raw: str) -> dict[str, str]:
    """A JSON object of texts; `ValueError` for anything else."""
    found = json.loads(raw)
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise ValueError("is no JSON object of texts")
    return found


_READERS: dict[object, Callable[[str], object]] = {str: str, int: int, dict[str, str]: _texts}


def load[S: _Dataclass](settings: type[S], environ: Mapping[str, str] | None = None) -> S:
    """An instance of `settings` read from the environment.

    Raises:
        InvalidSettings: naming every variable that is missing, empty or unreadable.
    """
    environment = os.environ if environ is None else environ
    hints = get_type_hints(settings)
    values: dict[str, object] = {}
    problems: list[str] = []
    for field in fields(settings):
        raw = environment.get(field.name, "")
        if not raw:
            if field.default is MISSING:
                problems.append(f"{field.name}: is missing or empty")
            continue
        try:
            values[field.name] = _READERS[hints[field.name]](raw)
        except ValueError as error:
            problems.append(f"{field.name}: {error}")
    if problems:
        raise InvalidSettings("; ".join(problems))
    return settings(**values)
