"""What differs between the stages, and nothing else.

Everything a stage can change is a field here, so "how does production differ from my laptop" is
answered by one screen. A template rule that holds in one stage only is a field, never an `if` on
the stage's name elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Stage:
    """One deployment's character.

    `clock_adjustable`: the incident clock can be moved; never where real people are paged.
    `keeps_data`: deletion protection, and tables, keys and secrets survive their stack.
    `inbox`: a queue collects what people would have received, and nobody is told of trouble.
    `billing_modes`: the providers' modes that give access; test mode never does to real customers.
    `session_names_are_free`: anyone may name a responder's session; elsewhere it is the IAM user.
    """

    name: str
    clock_adjustable: bool
    keeps_data: bool
    point_in_time_recovery: bool
    log_retention_days: int
    inbox: bool
    session_names_are_free: bool
    billing_modes: str

    def physical(self, name: str) -> str:
        """The name a resource has in AWS: stages share an account without meeting."""
        return f"tocsin-{self.name}-{name}"

    @property
    def clock_parameter(self) -> str:
        """Name of the parameter that holds the incident clock's offset, where there is one."""
        return f"/tocsin/{self.name}/incident-clock-offset"


STAGES: Mapping[str, Stage] = MappingProxyType(
    {
        stage.name: stage
        for stage in (
            Stage(
                name="local",
                clock_adjustable=True,
                keeps_data=False,
                point_in_time_recovery=True,
                log_retention_days=7,
                inbox=True,
                session_names_are_free=True,
                billing_modes="live,test",
            ),
            Stage(
                name="drill",
                clock_adjustable=True,
                keeps_data=False,
                point_in_time_recovery=True,
                log_retention_days=30,
                inbox=False,
                session_names_are_free=False,
                billing_modes="live,test",
            ),
            Stage(
                name="production",
                clock_adjustable=False,
                keeps_data=True,
                point_in_time_recovery=True,
                log_retention_days=365,
                inbox=False,
                session_names_are_free=False,
                billing_modes="live",
            ),
        )
    }
)
