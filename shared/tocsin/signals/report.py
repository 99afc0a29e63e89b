"""Reports of people, as the API answers them: what one means before anybody has looked at it.

The functions make signals of the reports they keep; this reads the same report from a file, so that
`tocsin signals test` says which rule would take it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.errors import BadInput, MalformedPayload
from tocsin.incidents.model.reports import (
    SOURCE,
    Report,
    Reporter,
    Via,
    is_reference,
    plain_line,
    plain_text,
    signals_of,
)
from tocsin.incidents.vocabulary import Severity
from tocsin.signals.fields import moment, optional_text, text
from tocsin.signals.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

__all__ = ["SOURCE", "read"]


def read(payload: Mapping[str, object]) -> Reading:
    """What one report says.

    Raises:
        MalformedPayload: it is no report, or lacks what one must hold.
    """
    reference, received_at = text(payload, "reference"), moment(payload, "received_at")
    if not is_reference(reference):
        raise MalformedPayload("`reference` is no report's number", field="reference")
    exposure = payload.get("exposure")
    if not isinstance(exposure, bool):
        raise MalformedPayload("`exposure` must be true or false", field="exposure")
    severity = optional_text(payload, "severity")
    service = optional_text(payload, "service")
    try:
        report = Report(
            reference=reference,
            received_at=received_at,
            triage_due=received_at + timedelta(hours=1),
            via=_word(payload, "via", Via),
            reporter=_word(payload, "reporter", Reporter),
            title=plain_line("title", text(payload, "title")),
            detail=plain_text("detail", optional_text(payload, "detail")),
            exposure=exposure,
            severity=_word(payload, "severity", Severity) if severity else None,
            service=plain_line("service", service) if service else None,
            environment=plain_line("environment", text(payload, "environment")),
        )
    except MalformedPayload:
        raise
    except (BadInput, OverflowError) as wrong:
        raise MalformedPayload(f"a field is none that a report has: {wrong}") from wrong
    return Reading(signals=signals_of(report))


def _word[W: StrEnum](payload: Mapping[str, object], key: str, words: type[W]) -> W:
    said = text(payload, key)
    if said not in set(words):
        raise MalformedPayload(f"`{key}` must be one of: {', '.join(words)}", field=key)
    return words(said)
