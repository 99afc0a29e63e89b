"""`python -m tocsin.local.sandbox.manual [PAGE]`: the tables of the sandbox's manual.

They are made from the controls themselves, so that the page can not say what the program does not
do. With a page they replace what stands there between the two marks; without, they are printed.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox import outages
from tocsin.local.sandbox.controls.table import CONTROLS
from tocsin.local.sandbox.delivery import orders
from tocsin.local.sandbox.stripe.versions import KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BEGIN: Final = "<!-- made by tocsin.local.sandbox.manual -->"
END: Final = "<!-- end of what is made -->"


def tables() -> str:
    """The generated part, with its marks."""
    controls = {f"{method} {path}": inspect.getdoc(one) for (method, path), one in CONTROLS.items()}
    return "\n".join(
        [
            BEGIN,
            "",
            "## Controls",
            "",
            *_table(("control", "what it does"), controls),
            "",
            "## Orders for deliveries",
            "",
            *_table(("kind", "what becomes of a delivery"), orders.KINDS),
            "",
            "## Ways for an API to fail",
            "",
            *_table(("kind", "what a caller sees"), outages.KINDS),
            "",
            "## Stripe versions",
            "",
            ", ".join(f"`{version}`" for version in KNOWN) + ".",
            "",
            END,
        ]
    )


def renewed(page: str) -> str:
    """The page with its tables made anew.

    Raises:
        ValueError: it lacks the marks.
    """
    before, _, rest = page.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError("the page has no marks for the tables")
    return before + tables() + after


def _table(heads: tuple[str, str], rows: Mapping[str, str | None]) -> Iterable[str]:
    yield f"| {heads[0]} | {heads[1]} |"
    yield "|--|--|"
    for name, text in rows.items():
        yield f"| `{name}` | {' '.join((text or '').split())} |"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        path = Path(sys.argv[1])
        path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(tables())
