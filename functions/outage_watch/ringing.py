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
        _, partition, _, region, account, *_ = self.function_arn.split(":")
        name = f"tocsin-{self.stage}-{alarm}"
        message = {
            "AlarmName": name,
            "AlarmArn": f"arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}",
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
