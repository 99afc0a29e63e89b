"""What moving the incident clock needs. Granted only in stages whose clock can be moved."""

from __future__ import annotations

from infra.permissions.statements import Statement

STATEMENTS = (
    Statement(
        sid="ReadClockOffset",
        actions=("ssm:GetParameter",),
        resources=("parameter/incident-clock-offset",),
    ),
)
