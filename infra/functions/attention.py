"""`attention` reads what other functions log of trouble and tells operations; it changes nothing.

Its own trouble is heard by an alarm and not by itself, which would go round in circles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.bundle.groups import INCIDENTS
from infra.spec import FunctionSpec
from infra.statements import ANY, Statement, key_through_sqs, send_failures
from infra.waking import Patience

if TYPE_CHECKING:
    from infra.constructs.event_sources import EventSources
    from infra.constructs.function import TocsinFunction

_ASYNC_MAX_AGE = 60 * 60


def _wake(made: TocsinFunction, sources: EventSources) -> None:
    """Lines of the other functions' logs, and alarms that name nothing themselves."""
    made.acknowledge_no_queue("Asynchronous failures go to a destination.")
    sources.triggers.asynchronous(made, Patience(retries=2, max_age=_ASYNC_MAX_AGE))
    sources.triggers.alarm_actions(made, "AttentionAlarms")
    allowed = sources.triggers.logs(made)
    for other in sources.functions.values():
        if other is not made:
            other.hand_lines_to(made, allowed)


FUNCTION = FunctionSpec(
    name="attention",
    purpose="Tells operations by name what needs their attention",
    group=INCIDENTS,
    memory=256,
    timeout=30,
    # One remembers what was told; two would tell it twice.
    reserved=1,
    statements=(
        Statement(
            sid="TellOperations",
            actions=("sns:Publish",),
            resources=("topic/ops",),
        ),
        Statement(
            # Measures have no ARN.
            sid="AskWhatIsHigh",
            actions=("cloudwatch:GetMetricData",),
            resources=(ANY,),
        ),
        Statement(
            sid="SeeWhoseLettersAreDead",
            actions=("sqs:ReceiveMessage",),
            resources=("queue/dead-letters",),
        ),
        send_failures(),
        key_through_sqs(),
    ),
    woken_by=_wake,
    tells=False,
)
