"""CloudWatch's part: alarms that change their state, told through the topic, some of it twice."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.harness.cloud.under_fire import left
from tests.harness.worlds.alarms import notification

if TYPE_CHECKING:
    from datetime import datetime
    from threading import Event

    from tests.harness.cloud.local_cloud import Deployed

CHANGES = ("ALARM", "OK", "ALARM", "OK", "ALARM")
APART = timedelta(minutes=6)
"""What each alarm goes through, so far apart by its own clock that it is not flapping: what is held
back until an alarm rests may be overtaken meanwhile, and is then a trace and no entry."""

TWICE = 3
"""One change of so many comes twice: the topic promises to deliver, and not to deliver once."""

PAUSE = 0.05
AT_REST_WITHIN = 240.0

type Change = tuple[str, str, str]
"""An alarm, its state, and since when."""


@dataclass(slots=True)
class Alarms:
    """Alarms of a medium severity: who is asked is asked once, and nobody in the night."""

    stage: Deployed
    seed: int
    sent: dict[Change, int] = field(default_factory=dict)

    def ring(self, alarms: int, *, hurry: Event) -> None:
        """Every alarm through its states, side by side; with `hurry` nothing waits any more."""
        began = self.stage.cloud.clock().read().incident - len(CHANGES) * APART
        for step, state in enumerate(CHANGES):
            at = began + step * APART
            for number in range(alarms):
                self._publish(f"webhook-{self.seed}-{number}-backlog", state, at)
                if not hurry.is_set():
                    time.sleep(PAUSE)

    def _publish(self, name: str, state: str, at: datetime) -> None:
        message = notification(name, at, state=state)["Message"]
        times = 2 if len(self.sent) % TWICE == 0 else 1
        for _ in range(times):
            self.stage.clients.sns.publish(
                TopicArn=self.stage.outputs["alarm_topic_arn"], Message=message
            )
        self.sent[name, state, f"{at:%Y-%m-%dT%H:%M:%S}"] = times

    def account(self, *, crashes: int) -> dict[str, int]:
        """What became of them once their queue is empty.

        `stored` are those with a trace; `opened` counts incidents, `merged` the changes that are on
        a timeline. One that fires and is on none is lost, and so is a clear without a trace: one
        that came before anything was open leads to no entry. A second incident of an alarm is a
        double. A second entry of a change is `repeated`: traces are written after the incident, so
        that a change is put in twice rather than not at all where a function has trouble in
        between, or where both of its deliveries are under way at one time.
        """
        left(self.stage, "alarms", seconds=AT_REST_WITHIN)
        traces, told, opened = set[Change](), Counter[Change](), Counter[str]()
        for item in self.stage.items("incidents"):
            kind, rest = item["SK"]["S"].partition("#")[::2]
            if kind == "SIG":
                traces.add(_change(item["PK"]["S"], item["firing"]["BOOL"], rest))
            elif kind == "T" and item["type"]["S"] == "signals_merged":
                told.update(
                    _change(each["key"], each["firing"], each["occurred_at"])
                    for each in json.loads(item["content"]["S"])["signals"]
                )
            elif kind == "META":
                opened.update({_named(each) for each in _keys(item)})
        mine = {name for name, _, _ in self.sent}
        stored = self.sent.keys() & traces
        applied = self.sent.keys() & told.keys()
        quiet = {each for each in stored if each[1] == "OK"}
        return {
            "sent": len(self.sent),
            "twice": sum(times - 1 for times in self.sent.values()),
            "stored": len(stored),
            "opened": sum(opened[name] for name in mine),
            "merged": len(applied),
            "lost": len(self.sent.keys() - applied - quiet) + len(mine - opened.keys()),
            "doubled": sum(opened[name] - 1 for name in mine if opened[name]),
            "repeated": sum(told[each] - 1 for each in applied),
            "injected_crashes": crashes,
        }


def _change(key: str, firing: bool, at: str) -> Change:  # noqa: FBT001 - as it is stored
    return _named(key), "ALARM" if firing else "OK", at[:19]


def _named(key: str) -> str:
    """The alarm of a dedup key, whatever it is kept under."""
    return key.rpartition(":")[2]


def _keys(item: dict[str, Any]) -> list[str]:
    return list(json.loads(item["body"]["S"]).get("signals", {}))
