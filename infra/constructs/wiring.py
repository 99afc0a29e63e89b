"""What a function's own file wires it up with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aws_cdk as cdk

    from infra.constructs.alarms import OpsAlarms
    from infra.constructs.schedules import Schedules
    from infra.constructs.triggers import Triggers
    from infra.context import Context


@dataclass(frozen=True, slots=True)
class Wiring:
    """The stage, and the triggers, schedules and alarms of the stack that the functions are in."""

    stack: cdk.Stack
    context: Context
    triggers: Triggers
    schedules: Schedules
    alarms: OpsAlarms
