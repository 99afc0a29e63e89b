"""What a control says to something it cannot use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.sandbox import Sandbox

    type Control = Callable[[Sandbox, Json], Json]
    type Controls = dict[tuple[str, str], Control]
    """By method and path. The docstring of each is its line in the manual."""


class BadControl(Exception):
    """The control does not exist or was given something it cannot use; answered with 400."""
