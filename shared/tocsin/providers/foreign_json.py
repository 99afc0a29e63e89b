"""Reading JSON that others wrote: every access says what it expects and survives all the rest."""

from __future__ import annotations

import json
from typing import Any

from tocsin.billing.identity import is_object_id
from tocsin.errors import MalformedPayload


def load_object(body: bytes) -> dict[str, Any]:
    """The JSON object in these bytes.

    Raises:
        MalformedPayload: not UTF-8, not JSON, nested beyond reason, or not an object.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedPayload("The body is not JSON.") from error
    if not isinstance(document, dict):
        raise MalformedPayload("The body is not a JSON object.")
    return document


def text(container: Any, key: str) -> str | None:
    """The non-empty printable string under `key`, or None: no key is made of anything else."""
    value = container.get(key) if isinstance(container, dict) else None
    return value if isinstance(value, str) and value and value.isprintable() else None


def object_id(container: Any, key: str) -> str | None:
    """The id under `key` if keys may be made of it (`billing.identity.is_object_id`), or None."""
    value = reference(container, key)
    return value if value is not None and is_object_id(value) else None


def flag(container: Any, key: str) -> bool | None:
    """The boolean under `key`, or None."""
    value = container.get(key) if isinstance(container, dict) else None
    return value if isinstance(value, bool) else None


def section(container: Any, *path: str) -> dict[str, Any]:
    """The object at the end of the path; `{}` where any step is missing or is something else."""
    for key in path:
        container = container.get(key) if isinstance(container, dict) else None
    return container if isinstance(container, dict) else {}


def entries(container: Any, key: str) -> list[dict[str, Any]]:
    """The objects in the list under `key`; what is no object is left out."""
    value = container.get(key) if isinstance(container, dict) else None
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def reference(container: Any, key: str) -> str | None:
    """An id given as text, or as an expanded object with an `id`."""
    value = container.get(key) if isinstance(container, dict) else None
    return text(value, "id") if isinstance(value, dict) else text(container, key)
