"""What a function's own file makes its triggers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.constructs.function import TocsinFunction
    from infra.constructs.schedules import Schedules
    from infra.constructs.triggers import Triggers
    from infra.context import Context


@dataclass(frozen=True, slots=True)
class EventSources:
    """The stage, its triggers and schedules, and the functions there are."""

    context: Context
    triggers: Triggers
    schedules: Schedules
    functions: Mapping[str, TocsinFunction]
