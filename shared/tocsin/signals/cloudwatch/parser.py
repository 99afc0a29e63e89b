"""CloudWatch alarms, whichever way they come in.

Four shapes carry the same news: the message of an SNS notification (in its envelope, or bare
where raw delivery is on), the payload of a direct alarm-to-Lambda action, and EventBridge's
"CloudWatch Alarm State Change". One change of state has one id in all of them, so an alarm that
is wired twice is one signal.

What the states mean: `ALARM` fires, `OK` clears. `INSUFFICIENT_DATA` never clears, because no data
is no recovery; it fires where somebody asked to be told of it (an alarm action) and after
`ALARM`, and is a clear only when EventBridge, which reports every change, saw it come from
elsewhere: a new alarm starts that way.

Its deletion ("CloudWatch Alarm Configuration Change") clears it for good: nothing will say OK any
more. A change whose actions CloudWatch suppresses fires for nobody until it lets them through. One
that a mute rule keeps quiet fires when the rule's window ends: actions are run again then, and to
EventBridge nothing is said a second time.

An alarm over many time series tells of each that changes ("CloudWatch Alarm Contributor State
Change", or the contributor's id beside the alarm's name), and each has a state of its own. What
EventBridge says of the whole beside that ("6 out of 6 time series evaluated to ALARM") waits for
its contributors, and fires only if none of them speaks.

An alarm whose name starts with `[DRILL]` is a drill.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.errors import MalformedPayload
from tocsin.incidents.limits import shortened
from tocsin.incidents.model.signals import HELD, Signal
from tocsin.incidents.timeline.entry import format_time
from tocsin.signals.cloudwatch.metrics import describe, dimensions
from tocsin.signals.fields import json_object, moment, optional_text, record, records, text
from tocsin.signals.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

SOURCE = "cloudwatch"
DRILL_MARK = "[DRILL]"
STATES = frozenset({"ALARM", "OK", "INSUFFICIENT_DATA"})
_ALARM_ARN = re.compile(
    r"arn:aws[a-z-]*:cloudwatch:([a-z0-9-]+):(\d{12}):alarm:(.{1,255})", re.DOTALL
)
_DETAIL_LIMIT = 2000
_OF_MANY = re.compile(r"\d+\+? (?:out of \d+ )?(?:time series|contributors) evaluated to ALARM")
"""What a whole says of its contributors; over 100 of them are `100+`."""
_CONTRIBUTORS_SPEAK = timedelta(minutes=2)
_NAMED_LENGTH = 60
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])")
_WORDS, _TITLE = 3, 120
_BY_TOOLS = re.compile(
    r"arn:aws|://|[{}<>]|do not (edit|delete|modify)|(managed|created|generated|deployed) by",
    re.IGNORECASE,
)
"""Marks of a description that a tool wrote, or that is no sentence (Application Auto Scaling's
begins with DO NOT EDIT OR DELETE)."""


@dataclass(frozen=True, slots=True)
class _Change:
    """One change of an alarm's state, freed from the shape it came in."""

    arn: str
    name: str
    description: str
    state: str
    previous: str
    reason: str
    changed_at: datetime
    configuration: Mapping[str, object]
    delivery: str
    asked_for: bool
    suppressed_by: str = ""
    contributor: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    muted_by: str = ""
    muted_until: datetime | None = None


GONE = "source_gone"
"""What a cleared signal says whose alarm was deleted: its state, and the reason."""


def read(payload: Mapping[str, object]) -> Reading:
    """What one notification, action or event says: always one signal.

    Raises:
        MalformedPayload: none of the known shapes, or a shape that lacks what it must hold.
    """
    return Reading(signals=(parse(payload),))


def parse(payload: Mapping[str, object]) -> Signal:
    """The signal of one notification, action or event.

    Raises:
        MalformedPayload: none of the known shapes, or a shape that lacks what it must hold.
    """
    return _signal(_change(payload))


def _change(payload: Mapping[str, object]) -> _Change:
    if "Sns" in payload:
        payload = record(payload, "Sns")
    if "Message" in payload:
        return _from_notification(
            json_object(payload, "Message"), optional_text(payload, "MessageId")
        )
    if "NewStateValue" in payload:
        return _from_notification(payload, "")
    if "alarmData" in payload:
        arn = text(payload, "alarmArn")
        return _from_state(record(payload, "alarmData"), arn, "", asked_for=True)
    if payload.get("detail-type") in _STATE_CHANGES:
        arn = _of_event(payload)
        event_id = text(payload, "id")
        return _from_state(record(payload, "detail"), arn, event_id, asked_for=False)
    if payload.get("detail-type") == "CloudWatch Alarm Configuration Change":
        return _from_deletion(payload)
    raise MalformedPayload("not a CloudWatch alarm in any shape that is known")


_STATE_CHANGES = ("CloudWatch Alarm State Change", "CloudWatch Alarm Contributor State Change")


def _of_event(payload: Mapping[str, object]) -> str:
    resources = payload.get("resources")
    if not isinstance(resources, list) or len(resources) != 1:
        raise MalformedPayload("`resources` must name one alarm", field="resources")
    return text({"resources": resources[0]}, "resources")


def _from_deletion(payload: Mapping[str, object]) -> _Change:
    """An alarm that was deleted, or renamed, which is the same: as of the event's own time."""
    detail = record(payload, "detail")
    if (operation := text(detail, "operation")) != "delete":
        raise MalformedPayload(f"{operation[:32]!r} of an alarm is no signal", field="operation")
    state = record(detail, "state") if detail.get("state") is not None else {}
    configuration = (
        record(detail, "configuration") if detail.get("configuration") is not None else {}
    )
    return _Change(
        arn=_of_event(payload),
        name=text(detail, "alarmName"),
        description=optional_text(configuration, "description"),
        state=GONE,
        previous=optional_text(state, "value"),
        reason=f"{GONE}: the alarm was deleted or renamed, so nothing will say that it is over",
        changed_at=moment(payload, "time"),
        configuration=configuration,
        delivery=text(payload, "id"),
        asked_for=False,
    )


def _from_notification(message: Mapping[str, object], message_id: str) -> _Change:
    return _Change(
        arn=optional_text(message, "AlarmArn") or _composed_arn(message),
        name=text(message, "AlarmName"),
        description=optional_text(message, "AlarmDescription"),
        state=text(message, "NewStateValue"),
        previous=optional_text(message, "OldStateValue"),
        reason=optional_text(message, "NewStateReason"),
        changed_at=moment(message, "StateChangeTime"),
        configuration=message,
        delivery=message_id,
        asked_for=True,
        contributor=optional_text(message, "AlarmContributorId"),
        attributes=_texts(message, "AlarmContributorAttributes"),
    )


def _composed_arn(message: Mapping[str, object]) -> str:
    """The ARN of an alarm whose message leaves it out, as emulators do.

    It works where `Region` is a region's code; AWS itself names it in words, and gives the ARN.
    """
    region, account, alarm = (text(message, n) for n in ("Region", "AWSAccountId", "AlarmName"))
    return f"arn:aws:cloudwatch:{region}:{account}:alarm:{alarm}"


def _from_state(
    alarm: Mapping[str, object], arn: str, delivery: str, *, asked_for: bool
) -> _Change:
    state = record(alarm, "state")
    previous, configuration, contributor, mute = (
        record(alarm, part) if alarm.get(part) is not None else {}
        for part in ("previousState", "configuration", "alarmContributor", "muteDetail")
    )
    return _Change(
        arn=arn,
        name=text(alarm, "alarmName"),
        description=optional_text(configuration, "description"),
        state=text(state, "value"),
        previous=optional_text(previous, "value"),
        reason=optional_text(state, "reason"),
        changed_at=moment(state, "timestamp"),
        configuration=configuration,
        delivery=delivery,
        asked_for=asked_for,
        suppressed_by=optional_text(state, "actionsSuppressedBy"),
        contributor=text(contributor, "id") if contributor else "",
        attributes=_texts(contributor, "attributes"),
        muted_by=optional_text(mute, "mutedByArn"),
        muted_until=_end_of(mute),
    )


def _end_of(mute: Mapping[str, object]) -> datetime | None:
    """When a muted alarm is heard again; one that does not say until when is heard at once."""
    try:
        return moment(mute, "muteWindowEnd") if mute else None
    except MalformedPayload:
        return None


def _texts(parent: Mapping[str, object], key: str) -> dict[str, str]:
    given = record(parent, key) if parent.get(key) is not None else {}
    return {text({key: name}, key): optional_text(given, name) for name in given}


def _signal(change: _Change) -> Signal:
    arn = _ALARM_ARN.fullmatch(change.arn)
    if arn is None:
        raise MalformedPayload("the alarm's ARN names no CloudWatch alarm", field="AlarmArn")
    if arn[3] != change.name:
        raise MalformedPayload("the alarm's ARN and name differ", field="AlarmName")
    if change.state not in STATES | {GONE}:
        raise MalformedPayload(f"no alarm state {change.state[:32]!r}", field="state")
    about = {**dimensions(change.configuration), **change.attributes}
    name = change.name.removeprefix(DRILL_MARK).strip()
    part = f"contributor:{change.contributor}" if change.contributor else ""
    identity = "|".join(
        filter(None, (change.arn, part, change.state, format_time(change.changed_at)))
    )
    held_until = _held_until(change)
    suppressed = held_until is not None or (_unasked(change) and change.suppressed_by != "")
    signal_id = f"{SOURCE}-{hashlib.sha256(identity.encode()).hexdigest()[:32]}"
    return Signal(
        id=signal_id + HELD * suppressed,
        source=SOURCE,
        rule=name,
        dedup_key=change.arn,
        title=_title(name, change.description) + _named(change.attributes),
        detail=(change.reason or change.description)[:_DETAIL_LIMIT],
        firing=_fires(change),
        occurred_at=change.changed_at,
        service=_first(about, "service", "servicename"),
        environment=_first(about, "environment", "stage", "env", "stagename") or "production",
        facts=_facts(change, region=arn[1], account=arn[2]),
        correlation_id=change.delivery or signal_id,
        drill=change.name.startswith(DRILL_MARK),
        suppressed=suppressed,
        held_until=change.changed_at if change.state == GONE else held_until,
        part=part,
        gone=change.state == GONE,
        overheard=not change.asked_for,
    )


def _unasked(change: _Change) -> bool:
    """Whether it fires for EventBridge, which tells of everything, and not for an action."""
    return _fires(change) and not change.asked_for


def _held_until(change: _Change) -> datetime | None:
    """When a change that is kept quiet is news all the same; None: at once, or never by itself.

    CloudWatch tells again of what a suppressor kept back, and of nothing else.
    """
    if not _unasked(change) or change.suppressed_by:
        return None
    if change.contributor or not _OF_MANY.fullmatch(change.reason.strip().rstrip(".")):
        return change.muted_until
    return max(change.changed_at, change.muted_until or change.changed_at) + _CONTRIBUTORS_SPEAK


def _named(attributes: Mapping[str, str], *, all_of_them: bool = False) -> str:
    """Which of many it is: ` (TableName=orders)`; for a title only the first of them."""
    if not attributes:
        return ""
    told = ", ".join(f"{name}={value}" for name, value in sorted(attributes.items()))
    return f" ({told if all_of_them else shortened(told, _NAMED_LENGTH)})"


def _title(name: str, description: str) -> str:
    """What is wrong: the first sentence of a description that a person wrote, else the name.

    Names are for machines (`prd-chk-5xx-a17`). What tools write of themselves says nothing of what
    is wrong, and neither does a single word or an address.
    """
    line = next((line.strip() for line in description.splitlines() if line.strip()), "")
    sentence = _SENTENCE.split(line, maxsplit=1)[0].rstrip(".:; ")
    people = len(sentence.split()) >= _WORDS and sentence[:1].isalpha()
    if not people or len(sentence) > _TITLE or _BY_TOOLS.search(line):
        return name
    return sentence


def _fires(change: _Change) -> bool:
    if change.state == "INSUFFICIENT_DATA":
        return change.asked_for or change.previous == "ALARM"
    return change.state == "ALARM"


def _facts(change: _Change, *, region: str, account: str) -> dict[str, str]:
    children = records(change.configuration, "TriggeringChildren")
    found = {
        "alarm": change.name,
        "arn": change.arn,
        "account": account,
        "region": region,
        "state": change.state,
        "previous_state": change.previous,
        "suppressed_by": change.suppressed_by,
        "contributor": f"{change.contributor}{_named(change.attributes, all_of_them=True)}",
        "muted_by": change.muted_by,
        "description": change.description[:_DETAIL_LIMIT],
        **describe(change.configuration),
        "children": ", ".join(text(child, "Arn").rpartition(":alarm:")[2] for child in children),
    }
    return {key: value for key, value in found.items() if value}


def _first(values: Mapping[str, str], *names: str) -> str | None:
    """The value of the first dimension of these names, whatever its capitals."""
    lowered = {key.lower(): value for key, value in values.items()}
    return next((lowered[name] for name in names if name in lowered), None)
