"""What stands behind an alarm that names nothing itself: which function, queue or topic.

An alarm over several measures says that one of them is too high. This asks which, and where dead
letters come from. Where it gets no answer the alarm has been told of already, by CloudWatch itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.errors import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tocsin.adapters.aws.call import AwsCall

LOOK_BACK_SECONDS = 15 * 60
_THROTTLES = "SEARCH('{AWS/Lambda,FunctionName} MetricName=\"Throttles\"', 'Sum', 60)"


@dataclass(frozen=True, slots=True)
class Details:
    """Asks for measures and for dead letters."""

    measures: AwsCall
    queues: AwsCall
    dead_letters_url: str

    def of(self, alarm: Mapping[str, Any], *, stage: str, now: datetime) -> list[str]:
        """Where it happens, as names without the stage; empty where nobody can say.

        Raises:
            Unavailable: whoever is asked does not answer.
        """
        name = str(alarm["alarmName"]).removeprefix(f"tocsin-{stage}-")
        if name == "dead-letters":
            found = set(self._senders())
        elif name == "functions-throttled":
            found = set(self._high([{"Id": "s", "Expression": _THROTTLES}], now))
        else:
            found = set(self._high(_queries(alarm), now))
        return sorted(one.removeprefix(f"tocsin-{stage}-") for one in found)

    def _senders(self) -> Iterator[str]:
        """By which queue, function or rule each of some dead letters got there."""
        asked = {
            "QueueUrl": self.dead_letters_url,
            "MaxNumberOfMessages": 10,
            "VisibilityTimeout": 0,
            "MessageSystemAttributeNames": ["DeadLetterQueueSourceArn"],
            "MessageAttributeNames": ["RULE_ARN"],
        }
        for message in self.queues.call("ReceiveMessage", asked).get("Messages", []):
            if source := message.get("Attributes", {}).get("DeadLetterQueueSourceArn"):
                yield source.rpartition(":")[2]
            elif rule := message.get("MessageAttributes", {}).get("RULE_ARN"):
                yield rule["StringValue"].rpartition("/")[2]
            else:
                yield _function_of(message["Body"])

    def _high(self, queries: list[dict[str, Any]], now: datetime) -> Iterator[str]:
        """The names of measures that were above nothing lately."""
        if not queries:
            return
        asked = {
            "StartTime": int(now.timestamp()) - LOOK_BACK_SECONDS,
            "EndTime": int(now.timestamp()),
            "MetricDataQueries": queries,
        }
        for result in self.measures.call("GetMetricData", asked).get("MetricDataResults", []):
            if any(result.get("Values", ())):
                yield str(result["Label"])


def _queries(alarm: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The alarm's own measures, each labelled with what its dimension names."""
    found = []
    for one in alarm.get("configuration", {}).get("metrics", []):
        if (stat := one.get("metricStat")) is None or not (metric := stat["metric"])["dimensions"]:
            continue
        found.append(
            {
                "Id": one["id"],
                "Label": next(iter(metric["dimensions"].values())),
                "MetricStat": {
                    "Metric": {
                        "Namespace": metric["namespace"],
                        "MetricName": metric["name"],
                        "Dimensions": [
                            {"Name": name, "Value": value}
                            for name, value in metric["dimensions"].items()
                        ],
                    },
                    "Period": int(stat["period"]),
                    "Stat": stat["stat"],
                },
            }
        )
    return found


def _function_of(body: str) -> str:
    """What Lambda writes about a call or batch that it gave up on names the function."""
    try:
        arn = str(json.loads(body)["requestContext"]["functionArn"])
    except UNREADABLE:
        return "an alarm that SNS could not hand over"
    return arn.rsplit(":function:", maxsplit=1)[-1].split(":", maxsplit=1)[0]
