"""Hands an outage to those who open incidents, in the shape of the alarm it would be.

A measure, a metric and an alarm in between would cost money every hour, and minutes when it counts:
whether it rings has been decided here already. The queue is the one that alarms come in by.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.adapters.aws.call import AwsCall


def alarm_arn(function_arn: str, stage: str, alarm: str) -> str:
    """The ARN an alarm of ours would have in the account and Region of this function."""
    _, partition, _, region, account, *_ = function_arn.split(":")
    return f"arn:{partition}:cloudwatch:{region}:{account}:alarm:tocsin-{stage}-{alarm}"


@dataclass(frozen=True, slots=True)
class AlarmQueue:
    """Sends changes of our alarms. `function_arn` tells whose account and Region they are in."""

    aws: AwsCall
    queue_url: str
    function_arn: str
    stage: str

    def ring(self, alarm: str, says: str, *, firing: bool, now: int) -> None:
        """Says that the alarm rings, or no longer does.

        Raises:
            QueueUnavailable: it did not take it; the next round says it again.
        """
        arn = alarm_arn(self.function_arn, self.stage, alarm)
        _, _, _, region, account, _, name = arn.split(":")
        message = {
            "AlarmName": name,
            "AlarmArn": arn,
            "AlarmDescription": says,
            "AWSAccountId": account,
            "Region": region,
            "NewStateValue": "ALARM" if firing else "OK",
            "OldStateValue": "OK" if firing else "ALARM",
            "NewStateReason": says if firing else f"No longer: {says}",
            "StateChangeTime": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds"),
            "Trigger": {
                "Namespace": f"Tocsin/{self.stage}",
                "MetricName": "Outage",
                "Dimensions": [{"name": "service", "value": "outage_watch"}],
            },
        }
        body = json.dumps(message, separators=(",", ":"))
        self.aws.call("SendMessage", {"QueueUrl": self.queue_url, "MessageBody": body})
