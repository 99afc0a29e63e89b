"""Security Hub's findings, as EventBridge tells of them: ASFF and OCSF, several in one event.

An update of a finding is another import of it ("EventBridge event types for Security Hub CSPM"),
so what it says now decides: archived, resolved, suppressed or passed clears; a field that is absent
is no pass. Severity is by `Label`, else by `Normalized` and ASFF's own table. The flaw is told by
the control and the resource where a control found it, so that several standards, and the Region
that gathers the others' findings, tell of one; anything else by the finding's own id. A custom
action is a person's wish, whatever the finding's state. Samples are drills.

What Security Hub passes on of GuardDuty's is that service's finding, by the ARN that is its id
("Integrating with AWS Security Hub", GuardDuty's user guide): taken both ways it is one incident.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tocsin.errors import MalformedPayload
from tocsin.incidents.model.signals import Signal
from tocsin.incidents.vocabulary import Severity
from tocsin.signals import guardduty
from tocsin.signals.fields import as_record, identity, moment, optional_text, record, records, text
from tocsin.signals.reading import Reading, Refusal, is_rehearsed, rehearsed
from tocsin.signals.security_hub.ocsf import ocsf

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

SOURCE = "security_hub"
IMPORTED = "Security Hub Findings - Imported"
CUSTOM_ACTION = "Security Hub Findings - Custom Action"
IMPORTED_V2 = "Findings Imported V2"
_OVER = frozenset({"RESOLVED", "SUPPRESSED"})
_LABELS = {severity.upper(): severity for severity in Severity}
_FROM = ((90, Severity.CRITICAL), (70, Severity.HIGH), (40, Severity.MEDIUM), (1, Severity.LOW))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding in either format. `level` None: informational. `over` says why it clears."""

    id: str
    flaw: str
    kind: str
    title: str
    detail: str
    at: datetime
    level: Severity | None
    over: str = ""
    sample: bool = False
    environment: str = ""
    service: str = ""
    link: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def account(self) -> str:
        """Whose resources it is about."""
        return self.facts.get("account", "")


def read(payload: Mapping[str, object]) -> Reading:
    """What one event says: a signal or a refusal for each finding.

    Raises:
        MalformedPayload: no event of Security Hub's that holds findings.
    """
    rehearsing = is_rehearsed(payload, "securityhub")
    kind = text(payload, "detail-type")
    if kind not in {IMPORTED, CUSTOM_ACTION, IMPORTED_V2}:
        raise MalformedPayload(f"{kind[:64]!r} holds no findings", field="detail-type")
    detail = record(payload, "detail")
    asked = text(detail, "actionName") if kind == CUSTOM_ACTION else ""
    when = moment(payload, "time") if asked else None
    found = detail.get("findings")
    if not isinstance(found, list) or not found:
        raise MalformedPayload("`findings` must list findings", field="findings")
    signals: list[Signal] = []
    refusals: list[Refusal] = []
    noted: list[str] = []
    for number, each in enumerate(found, start=1):
        try:
            finding = _finding(as_record(each, "findings"), v2=kind == IMPORTED_V2)
            finding = replace(finding, at=when or finding.at)
        except MalformedPayload as error:
            refusals.append(Refusal.of(f"finding {number} of {len(found)}", error))
            continue
        if finding.level is None and not finding.over and not asked:
            noted.append(f"finding {number} of {len(found)} is informational")
        else:
            signal = _signal(finding, asked, optional_text(payload, "id"))
            signals.append(_whose(finding, signal))
    reading = Reading(signals=tuple(signals), refusals=tuple(refusals), noted=tuple(noted))
    return rehearsed(reading) if rehearsing else reading


def _finding(each: Mapping[str, object], *, v2: bool) -> Finding:
    return Finding(**ocsf(each)) if v2 else _asff(each)


_GUARDDUTY = re.compile(
    r"arn:aws[a-z-]*:guardduty:([a-z0-9-]+):[0-9]{12}:detector/[0-9a-z]+/finding/([0-9a-zA-Z]+)"
)


def _whose(finding: Finding, signal: Signal) -> Signal:
    """As GuardDuty's, if it is; somebody's wish is at least high there too."""
    passed_on = _GUARDDUTY.fullmatch(finding.flaw)
    if passed_on is None:
        return signal
    region, number = passed_on.groups()
    wish = signal.rule != finding.kind and signal.hint is not Severity.CRITICAL
    return replace(
        signal,
        source=guardduty.SOURCE,
        rule=finding.kind,
        dedup_key=f"{finding.account}/{region}/{number}",
        hint=Severity.HIGH if wish else signal.hint,
    )


def _signal(finding: Finding, asked: str, event: str) -> Signal:
    over = "" if asked else finding.over
    wish = f"asked for in Security Hub by the action {asked}" if asked else ""
    said = wish or (f"cleared: {over}" if over else "")
    facts = {**finding.facts, "state": over, "action": asked}
    level = finding.level or Severity.LOW
    return Signal(
        id=identity(SOURCE, finding.id, finding.at, over, level, asked),
        source=SOURCE,
        rule=f"custom_action/{asked}" if asked else finding.kind,
        dedup_key=finding.flaw,
        title=finding.title,
        detail=". ".join(filter(None, (said, finding.detail))),
        firing=not over,
        occurred_at=finding.at,
        service=finding.service or None,
        environment=finding.environment or "production",
        facts={name: value for name, value in facts.items() if value},
        correlation_id=event or finding.id,
        drill=finding.sample,
        hint=level,
        link=finding.link,
    )


def _asff(each: Mapping[str, object]) -> Finding:
    account, number = text(each, "AwsAccountId"), text(each, "Id")
    resources = records(each, "Resources")
    first = resources[0] if resources else {}
    given = first.get("Tags")
    tags = record(first, "Tags") if given is not None else {}
    compliance, workflow = (
        record(each, part) if each.get(part) is not None else {}
        for part in ("Compliance", "Workflow")
    )
    control = optional_text(compliance, "SecurityControlId")
    resource = optional_text(first, "Id")
    types = each.get("Types")
    first_type = types[0] if isinstance(types, list) and types else ""
    title = text(each, "Title")
    remedy = each.get("SourceUrl")
    return Finding(
        id=number,
        flaw=f"{account}/{control}/{resource}" if control and resource else number,
        kind=control or (first_type if isinstance(first_type, str) and first_type else "finding"),
        title=title,
        detail=optional_text(each, "Description"),
        at=moment(each, "UpdatedAt"),
        level=_level(each),
        over=_over(each, workflow, compliance),
        sample=each.get("Sample") is True or title.startswith("[SAMPLE]"),
        environment=_tag(tags, "environment", "stage", "env"),
        service=_tag(tags, "service", "servicename"),
        link=remedy if isinstance(remedy, str) and remedy.startswith("https://") else "",
        facts={
            "control": control,
            "product": optional_text(each, "ProductName"),
            "account": account,
            "region": optional_text(each, "Region"),
            "resource": resource,
            "resource_type": optional_text(first, "Type"),
            "workflow": optional_text(workflow, "Status"),
        },
    )


def _over(
    each: Mapping[str, object], workflow: Mapping[str, object], compliance: Mapping[str, object]
) -> str:
    """Why a finding is over, if it is: it was archived, a person said so, or its check passed."""
    if optional_text(each, "RecordState") == "ARCHIVED":
        return "ARCHIVED"
    if (status := optional_text(workflow, "Status")) in _OVER:
        return status
    return "PASSED" if optional_text(compliance, "Status") == "PASSED" else ""


def _level(each: Mapping[str, object]) -> Severity | None:
    """By `Label`, else by `Normalized`; neither is high, as one is in doubt."""
    given = record(each, "Severity") if each.get("Severity") is not None else {}
    label = optional_text(given, "Label").upper()
    if label:
        if label != "INFORMATIONAL" and label not in _LABELS:
            raise MalformedPayload(f"no severity {label[:32]!r}", field="Label")
        return _LABELS.get(label)
    normalized = given.get("Normalized")
    if normalized is None:
        return Severity.HIGH
    if isinstance(normalized, bool) or not isinstance(normalized, int | float):
        raise MalformedPayload("`Normalized` must be a number", field="Normalized")
    return next((level for least, level in _FROM if normalized >= least), None)


def _tag(tags: Mapping[str, object], *names: str) -> str:
    """The value of the first tag of these names, whatever its capitals."""
    lowered = {str(name).lower(): value for name, value in tags.items()}
    found = next((lowered[name] for name in names if name in lowered), "")
    return found if isinstance(found, str) else ""
