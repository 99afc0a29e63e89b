"""Which counts of ours are measures of CloudWatch: those that an alarm or a dashboard reads.

Every other count stays a field of a line of the log (`tocsin.runtime.watch.measured`). The alarm of
all causes reads a measure without dimensions, which every function writes when there is a cause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.context import Context

AUDITS_CLEAN = "AuditsClean"
_ALARMED = {"auditor": (AUDITS_CLEAN,)}
GRAPHS = (
    (
        "Incidents and messages",
        "alarm_trigger",
        ("SignalsReceived", "IncidentsOpened", "SignalsSetAside"),
    ),
    ("Messages", "notifier", ("MessagesSent", "MessagesFailed")),
    ("Webhooks", "webhook_ingest", ("WebhooksAccepted", "WebhooksRejected")),
)
"""A graph each of the dashboard: its title, whose counts, which."""


def read_of(function: str, context: Context) -> tuple[str, ...]:
    """The counts of that function which somebody reads."""
    shown = [names for _, whose, names in GRAPHS if whose == function and context.dashboard]
    return (*_ALARMED.get(function, ()), *(name for names in shown for name in names))
