"""The provider's rule for metadata: keys merge, an empty value removes its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.stripe.errors import invalid
from tocsin.local.sandbox.stripe.forms import mapping

if TYPE_CHECKING:
    from tocsin.local.sandbox.defaults import Json

_MOST_KEYS: Final = 50
_LONGEST_KEY: Final = 40
_LONGEST_VALUE: Final = 500


def merged(present: Json, params: Json) -> Json:
    """`present` with `params["metadata"]` over it; sent as an empty value, it clears all."""
    if "metadata" not in params:
        return present
    given = mapping(params, "metadata")
    if not given:
        return {}
    result = dict(present)
    for key, value in given.items():
        if not isinstance(value, str) or len(value) > _LONGEST_VALUE or len(key) > _LONGEST_KEY:
            raise invalid("Metadata keys and values are limited in length.", param="metadata")
        if value:
            result[key] = value
        else:
            result.pop(key, None)
    if len(result) > _MOST_KEYS:
        raise invalid("Metadata has too many keys.", param="metadata")
    return result
