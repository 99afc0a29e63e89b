"""GuardDuty's findings, as EventBridge tells of them.

Only "GuardDuty Finding" is one: archiving sends an event of its own that names no severity. The
same finding comes again every 15 minutes to 6 hours with another count ("Processing GuardDuty
findings with Amazon EventBridge"); it is the same trouble, and worse is a raise. 9 and above is
critical, 7 high, 4 medium, 1 low ("GuardDuty finding severity levels"). Samples are drills.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.errors import MalformedPayload
from tocsin.incidents.model.signals import Signal
from tocsin.incidents.vocabulary import Severity
from tocsin.signals.fields import identity, moment, optional_text, record, text
from tocsin.signals.reading import Reading, is_rehearsed, rehearsed

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = "guardduty"
FINDING = "GuardDuty Finding"
_FROM = ((9, Severity.CRITICAL), (7, Severity.HIGH), (4, Severity.MEDIUM), (1, Severity.LOW))


def read(payload: Mapping[str, object]) -> Reading:
    """What one event says: a finding, or why it is none.

    Raises:
        MalformedPayload: no event of GuardDuty's, or a finding that lacks what it must hold.
    """
    rehearsing = is_rehearsed(payload, SOURCE)
    kind = text(payload, "detail-type")
    detail = record(payload, "detail")
    if kind != FINDING:
        what = optional_text(detail, "eventName") or kind
        return Reading(noted=(f"{what[:64]} is no finding",))
    found = Reading(signals=(_signal(detail, optional_text(payload, "id")),))
    return rehearsed(found) if rehearsing else found


def _signal(finding: Mapping[str, object], event: str) -> Signal:
    service = record(finding, "service") if finding.get("service") is not None else {}
    more = service.get("additionalInfo")
    info = record(service, "additionalInfo") if more is not None else {}
    of = finding.get("resource")
    resource = record(finding, "resource") if of is not None else {}
    number, kind = text(finding, "id"), text(finding, "type")
    title, at = text(finding, "title"), moment(finding, "updatedAt")
    region, account = optional_text(finding, "region"), optional_text(finding, "accountId")
    level, archived = _level(finding), service.get("archived") is True
    count = service.get("count")
    facts = {
        "type": kind,
        "account": account,
        "region": region,
        "severity": str(finding["severity"]),
        "resource": optional_text(resource, "resourceType"),
        "count": str(count) if isinstance(count, int) else "",
        "archived": "yes" if archived else "",
    }
    here = f"https://{region}.console.aws.amazon.com/guardduty/home?region={region}"
    return Signal(
        id=identity(SOURCE, number, optional_text(finding, "updatedAt"), level, archived, count),
        source=SOURCE,
        rule=kind,
        dedup_key=f"{account}/{region}/{number}",
        title=title,
        detail=optional_text(finding, "description"),
        firing=not archived,
        occurred_at=at,
        facts={name: value for name, value in facts.items() if value},
        correlation_id=event or number,
        drill=info.get("sample") is True or title.startswith("[SAMPLE]"),
        hint=level,
        link=f"{here}#/findings?search=id%3D{number}" if region and number.isalnum() else "",
    )


def _level(finding: Mapping[str, object]) -> Severity:
    """The level of a number; a text instead of one is refused, and never low.

    Raises:
        MalformedPayload: no number from 1 on.
    """
    value = finding.get("severity")
    if isinstance(value, int | float) and not isinstance(value, bool):
        for least, level in _FROM:
            if value >= least:
                return level
    raise MalformedPayload("`severity` must be a number from 1 to 10", field="severity")
