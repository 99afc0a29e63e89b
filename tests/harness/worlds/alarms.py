"""CloudWatch alarms as SNS and SQS carry them, made from the samples the parser is held to."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

SAMPLE = Path(__file__).parents[3] / "events" / "cloudwatch" / "sns-alarm.json"


def notification(
    name: str, at: datetime, *, state: str = "ALARM", description: str | None = None
) -> dict[str, Any]:
    """The SNS envelope of one change of state of the alarm `name`, described by nobody if not."""
    envelope: dict[str, Any] = json.loads(_sample())
    message = json.loads(envelope["Message"])
    message |= {
        "AlarmName": name,
        "AlarmDescription": description,
        "AlarmArn": message["AlarmArn"].rpartition(":")[0] + f":{name}",
        "NewStateValue": state,
        "OldStateValue": "OK" if state == "ALARM" else "ALARM",
        "StateChangeTime": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000",
    }
    digest = hashlib.sha256(f"{name}{state}{at}".encode()).hexdigest()
    return envelope | {"MessageId": digest[:32], "Message": json.dumps(message)}


def queue_event(*bodies: object) -> dict[str, Any]:
    """A batch of the alarm queue; a body that is no text is sent as JSON."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "eventSource": "aws:sqs",
                "body": body if isinstance(body, str) else json.dumps(body),
            }
            for number, body in enumerate(bodies, start=1)
        ]
    }


@lru_cache(maxsize=1)
def _sample() -> str:
    return SAMPLE.read_text()
