"""A storm of alarms on the deployed local cloud, with throttles: what became of each, key by key.

Fifty keys change their state again and again, a part of what they say comes twice, and some are
under maintenance. Whoever takes alarms gets less concurrency than its queue asks for, and its calls
are throttled besides. Once the queue is empty every change has a trace that says what became of it:
per key, what was sent is what was opened, merged, held, suppressed or failed. When it has been
quiet, each key ends as its last change says. Identity checks are on; times say nothing about AWS.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.credentials import Credentials

from tests.bench.figures import Figure
from tests.conftest import scrubbed
from tests.harness.cloud.faulty_proxy import THROTTLE, Deck, faulty_proxy
from tests.harness.cloud.local_cloud import session_cloud, variables
from tests.harness.cloud.under_fire import comes_back, given_up, left
from tests.harness.worlds.alarms import notification
from tocsin.incidents.timeline.entry import format_time, parse_time
from tocsin.local.stage import seed
from tocsin.people.storm import IN_FULL
from tocsin.runtime.api_client import ApiClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.harness.cloud.local_cloud import Deployed

KEYS, QUIET_KEYS = 50, 5
TWICE = 0.25
THROTTLED, OF = 4, 100
"""So many of so many calls to AWS are refused."""
CONCURRENCY = 2
"""Fewer than the five that the queue may use: the others are throttled."""
CONCURRENCY_BEFORE = 10
PER_CALL, SENDERS = 10, 4
MINUTE = timedelta(minutes=1)
STUCK = 300.0
"""Seconds after which a queue that is no shorter than before is not waited for any longer."""
SOON = 31
"""Seconds after which what nobody finished is handed out again: longer than a function may run."""

type Change = tuple[str, bool, str]
"""An alarm's name, whether it fires, and since when."""


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the changes of one key, by what the table says."""

    sent: int
    opened: int
    merged: int
    held: int
    suppressed: int
    failed: int

    @property
    def adds_up(self) -> bool:
        became = self.opened + self.merged + self.held + self.suppressed + self.failed
        return self.sent == became


@dataclass(frozen=True, slots=True)
class Storm:
    """What was measured; `lost` says of each change or key that it was, and why."""

    notifications: int
    seconds: float
    published: float
    throttles: int
    keys: dict[str, Account]
    pages: float
    lost: list[str]


def measure(notifications: int) -> Storm:
    """One storm of so many notifications, duplicates included."""
    os.environ.update(scrubbed(os.environ))
    with session_cloud(strict=False) as stage, _throttled(stage) as deck:
        seed.contacts(stage.clients, stage.outputs["tables"]["operations"])
        _window(stage)
        began = stage.cloud.clock().read().incident - MINUTE
        changes = _changes(notifications, began)
        started = time.monotonic()
        _publish(stage, _doubled(changes, notifications))
        published = time.monotonic() - started
        waiting = _drained(stage)
        seconds = time.monotonic() - started
        keys = _accounts(stage, changes)
        lost = [f"{waiting} messages were never taken"] if waiting else []
        lost += [f"{name} does not add up: {one}" for name, one in keys.items() if not one.adds_up]
        deck.over = True
        for _ in range(4):
            stage.advance(3 * MINUTE)
        lost += _ends(stage, changes)
        return Storm(
            notifications=notifications,
            seconds=seconds,
            published=published,
            throttles=deck.happened[THROTTLE],
            keys=keys,
            pages=_texts_a_minute(stage, began),
            lost=lost,
        )


def figures(found: Storm) -> Iterator[Figure]:
    total = Counter[str]()
    for one in found.keys.values():
        total.update(asdict(one))
    became = ", ".join(f"{total[name]} {name}" for name in total if name != "sent")
    yield Figure(
        "storm.signals_per_s",
        found.notifications / found.seconds,
        note=f"{found.notifications} over {len(found.keys)} keys, {found.throttles} calls refused",
    )
    yield Figure(
        "storm.pages",
        found.pages,
        limit=IN_FULL + 1,
        note="texts a minute to the person who got the most",
    )
    note = f"{total['sent']} changes: {became}"
    yield Figure("storm.lost", len(found.lost), limit=0, note=found.lost[0] if found.lost else note)


@contextlib.contextmanager
def _throttled(stage: Deployed) -> Iterator[Deck]:
    functions, name = stage.clients.functions, stage.outputs["functions"]["alarm_trigger"]
    deck = Deck(1, {THROTTLE: THROTTLED}, OF)
    short = name.rpartition(":")[2]
    with (
        comes_back(stage, "alarms", seconds=SOON),
        faulty_proxy(stage.clients.endpoint, deck, function=short) as url,
        variables(stage, "alarm_trigger", AWS_ENDPOINT_URL=url),
    ):
        functions.put_function_concurrency(
            FunctionName=name, ReservedConcurrentExecutions=CONCURRENCY
        )
        try:
            yield deck
        finally:
            functions.put_function_concurrency(
                FunctionName=name, ReservedConcurrentExecutions=CONCURRENCY_BEFORE
            )


def _drained(stage: Deployed) -> int:
    """What is left in the queue; it is waited for while it gets shorter, however long that is."""
    fewest = left(stage, "alarms", seconds=STUCK)
    while fewest:
        waiting = left(stage, "alarms", seconds=STUCK)
        if waiting >= fewest:
            return waiting
        fewest = waiting
    return 0


def _window(stage: Deployed) -> None:
    """Some keys are worked on."""
    keys = stage.as_person("sam", "security")
    credentials = Credentials(keys.access, keys.secret, keys.token)
    api = ApiClient(stage.outputs["api_url"], stage.outputs["region"], credentials)
    asked = {"pattern": "storm-quiet-*", "minutes": 600, "reason": "a storm is measured"}
    api.post("/v1/maintenance", asked)


def _names() -> list[str]:
    """Critical, medium, and some under maintenance."""
    quiet = [f"storm-quiet-{number}-outage" for number in range(QUIET_KEYS)]
    loud = [f"storm-{n}-{'outage' if n % 3 else 'queue'}" for n in range(KEYS - QUIET_KEYS)]
    return quiet + loud


def _changes(notifications: int, began: datetime) -> list[Change]:
    """Every key on and off, a second apart; the last change of every other one fires."""
    each = round(notifications / (1 + TWICE) / KEYS)
    return [
        (name, not step % 2, format_time(began + timedelta(seconds=step * 55 / each)))
        for number, name in enumerate(_names())
        for step in range(each - number % 2)
    ]


def _doubled(changes: list[Change], notifications: int) -> list[Change]:
    """With as many twice as are missing from the number, in nearly the order of their times."""
    drawn = random.Random(7)
    found = [*changes, *drawn.sample(changes, max(0, notifications - len(changes)))]
    return sorted(found, key=lambda change: (change[2], drawn.random()))


def _publish(stage: Deployed, changes: list[Change]) -> None:
    topic = stage.outputs["alarm_topic_arn"]

    def send(part: tuple[Change, ...]) -> None:
        entries = [
            {"Id": str(number), "Message": _message(change)} for number, change in enumerate(part)
        ]
        answer = stage.clients.sns.publish_batch(
            TopicArn=topic,
            PublishBatchRequestEntries=entries,  # type: ignore[arg-type] # the stub
        )
        assert not answer.get("Failed"), answer

    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(send, batched(changes, PER_CALL, strict=False)))


def _message(change: Change) -> str:
    name, firing, at = change
    state = "ALARM" if firing else "OK"
    message: str = notification(name, parse_time(at), state=state)["Message"]
    return message


def _accounts(stage: Deployed, changes: list[Change]) -> dict[str, Account]:
    """By the traces, which every change leaves that was taken in."""
    became: dict[Change, str] = {}
    for item in stage.items("incidents"):
        kind, _, rest = item["SK"]["S"].partition("#")
        if kind == "SIG" and "told" not in item:
            at = rest.partition("#")[0]
            name = item["PK"]["S"].rpartition(":")[2]
            became[name, item["firing"]["BOOL"], at] = _class_of(item)
    failed = _dead(stage)
    found = {}
    for name in _names():
        mine = [change for change in changes if change[0] == name]
        counted = Counter(became.get(change, "missing") for change in mine)
        joined = counted["merged"]
        found[name] = Account(
            sent=len(mine),
            opened=min(1, joined),
            merged=max(0, joined - 1),
            held=counted["held"],
            suppressed=counted["suppressed"],
            failed=len(failed & {change for change in mine if change not in became}),
        )
    return found


def _dead(stage: Deployed) -> set[Change]:
    """The changes that lie among the dead letters."""
    found: set[Change] = set()
    name = f"tocsin-{stage.outputs['stage']}-dead-letters"
    url = stage.clients.sqs.get_queue_url(QueueName=name)["QueueUrl"]
    while sum(given_up(stage).values()) > len(found):
        asked = stage.clients.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60
        )
        if not (messages := asked.get("Messages", [])):
            break
        for each in messages:
            body = json.loads(each["Body"])
            message = json.loads(body["Message"]) if "Message" in body else body
            at = parse_time(message["StateChangeTime"].replace("+0000", "Z"))
            firing = message["NewStateValue"] == "ALARM"
            found.add((message["AlarmName"], firing, format_time(at)))
    return found


def _class_of(item: dict[str, Any]) -> str:
    if "incident" in item:
        return "merged"
    return "held" if item.get("why", {}).get("S") == "flapping" else "suppressed"


def _ends(stage: Deployed, changes: list[Change]) -> Iterator[str]:
    """What is wrong with how keys ended: two incidents, none, or another state than the last."""
    last = {name: firing for name, firing, _ in sorted(changes, key=lambda change: change[2])}
    states: dict[str, list[bool]] = {name: [] for name in last}
    for item in stage.items("incidents"):
        if item["SK"]["S"] == "META":
            for key, state in json.loads(item["body"]["S"]).get("signals", {}).items():
                states[key.rpartition(":")[2]].append(state["firing"])
    for name, firing in last.items():
        expected = [] if "quiet" in name else [firing]
        if states[name] != expected:
            yield f"{name} ended {states[name]} and not {expected}"


def _texts_a_minute(stage: Deployed, began: datetime) -> float:
    """Texts to the person who got the most, by the minutes of incident time that have passed.

    In which minute each left, the suite looks at (`tests/cloud/incidents/test_storm_of_pages.py`).
    """
    texts = Counter(one.to for one in stage.cloud.inbox().read() if one.channel == "sms")
    minutes = (stage.cloud.clock().read().incident - began) / MINUTE
    return max(texts.values(), default=0) / (minutes + 1)
