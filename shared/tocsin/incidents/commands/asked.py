"""What a field of a wish says of itself beyond its type, where it is declared.

The command line, the API and its document read it there (`shapes`). A name that many wishes share
has its help once, in `field_help`.
"""

from collections.abc import Iterable
from dataclasses import MISSING, field
from typing import Any


def asked(
    about: str = "",
    *,
    default: Any = MISSING,
    among: Iterable[str] = (),
    pattern: str = "",
    left_to_engine: bool = False,
    **limits: int,
) -> Any:
    """A field of a request's body, with what its type cannot say; its words are `Shape`'s."""
    metadata = {
        "about": about,
        "among": tuple(among),
        "pattern": pattern,
        "left_to_engine": left_to_engine,
        "limits": limits,
    }
    return field(default=default, metadata=metadata)
