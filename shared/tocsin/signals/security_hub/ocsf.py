"""A finding in OCSF, the format of the newer Security Hub, in the fields that are read of it.

`severity_id` 1 to 5 (informational to critical) and 6 (fatal); `status_id` 3 suppressed, 4
resolved, 5 archived; `compliance.status_id` 1 passes: schema.ocsf.io, category Findings.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tocsin.errors import MalformedPayload
from tocsin.incidents.vocabulary import Severity
from tocsin.signals.fields import moment, optional_text, record, records, text

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEVELS = {
    1: None,
    2: Severity.LOW,
    3: Severity.MEDIUM,
    4: Severity.HIGH,
    5: Severity.CRITICAL,
    6: Severity.CRITICAL,
}
_OVER = {3: "SUPPRESSED", 4: "RESOLVED", 5: "ARCHIVED"}
_CLOSED = 3
"""`activity_id` of a finding that was closed."""


def ocsf(each: Mapping[str, object]) -> dict[str, Any]:
    """The fields of a `Finding`.

    Raises:
        MalformedPayload: it lacks what it must hold.
    """
    info, metadata = record(each, "finding_info"), record(each, "metadata")
    cloud = record(each, "cloud") if each.get("cloud") is not None else {}
    owner = record(cloud, "account") if cloud.get("account") is not None else {}
    compliance = record(each, "compliance") if each.get("compliance") is not None else {}
    resources = records(each, "resources")
    first = resources[0] if resources else {}
    product = record(metadata, "product") if metadata.get("product") is not None else {}
    account, control = optional_text(owner, "uid"), optional_text(compliance, "control")
    number, resource = text(info, "uid"), optional_text(first, "uid")
    types = info.get("types")
    kind = types[0] if isinstance(types, list) and types and isinstance(types[0], str) else ""
    return {
        "id": optional_text(metadata, "uid") or number,
        "flaw": f"{account}/{control}/{resource}" if control and resource else number,
        "kind": control or kind or "finding",
        "title": text(info, "title"),
        "detail": optional_text(info, "desc"),
        "at": _when(each),
        "level": _level(each),
        "over": _over(each, compliance),
        "sample": text(info, "title").startswith("[SAMPLE]"),
        "facts": {
            "control": control,
            "product": optional_text(product, "name"),
            "account": account,
            "region": optional_text(cloud, "region"),
            "resource": resource,
            "resource_type": optional_text(first, "type"),
        },
    }


def _when(each: Mapping[str, object]) -> datetime:
    """`time_dt`, or `time` in milliseconds."""
    if each.get("time_dt") is not None:
        return moment(each, "time_dt")
    value = each.get("time")
    if isinstance(value, bool) or not isinstance(value, int):
        raise MalformedPayload("`time` must be milliseconds", field="time")
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise MalformedPayload("`time` is no time", field="time") from error


def _level(each: Mapping[str, object]) -> Severity | None:
    value = each.get("severity_id")
    if value is None or value in (0, 99):
        return Severity.HIGH
    if isinstance(value, bool) or not isinstance(value, int) or value not in _LEVELS:
        raise MalformedPayload("`severity_id` must be a severity of OCSF", field="severity_id")
    return _LEVELS[value]


def _over(each: Mapping[str, object], compliance: Mapping[str, object]) -> str:
    status, activity = each.get("status_id"), each.get("activity_id")
    if isinstance(status, int) and status in _OVER:
        return _OVER[status]
    if activity == _CLOSED:
        return "CLOSED"
    return "PASSED" if compliance.get("status_id") == 1 else ""
