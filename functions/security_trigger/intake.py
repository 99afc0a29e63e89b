"""Findings in: a batch of the queue that GitHub's webhooks and AWS's events share.

A message says itself whose it is: a delivery by the header it came with, an event by its source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.errors import MalformedPayload
from tocsin.runtime.batch import failures
from tocsin.runtime.intake import Intake
from tocsin.signals.reading import REHEARSING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.watch.invocation import Watch
    from tocsin.runtime.wiring.incidents import Application

_BY_EVENT = {
    source + service: name
    for service, name in (("securityhub", "security_hub"), ("guardduty", "guardduty"))
    for source in ("aws.", REHEARSING)
}


def take(event: Mapping[str, Any], *, application: Application, watch: Watch) -> dict[str, Any]:
    """Works a batch off; the records to deliver again."""
    intake = Intake(application=application, watch=watch, source_of=source_of)
    return failures(intake.batch(event["Records"]))


def source_of(payload: Mapping[str, Any]) -> str:
    """Whose message it is.

    Raises:
        MalformedPayload: nobody's who sends here.
    """
    if "X-GitHub-Event" in payload:
        return "github"
    source = payload.get("source")
    if not isinstance(source, str) or source not in _BY_EVENT:
        raise MalformedPayload("neither a delivery of GitHub's nor an event of a source known here")
    return _BY_EVENT[source]
