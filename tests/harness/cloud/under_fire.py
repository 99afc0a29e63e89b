"""A replay's planner and workers on the deployed cloud, killed at random while they work.

What a deployed queue waits for is shortened, nothing else: a message of a dead worker comes back
after seconds and not after minutes, and a planner is out of time after a quarter of a minute, so
that a replay of any size goes on across several turns.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.harness.cloud.deadly_proxy import Dice, deadly_proxy
from tests.harness.cloud.local_cloud import eventually, variables
from tocsin.application.billing.replay.drive import RESERVE_MS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.harness.cloud.deadly_proxy import Proxy
    from tests.harness.cloud.local_cloud import Deployed

PLANNER, WORKER = "replay_planner", "replay_worker"
TURN = 15
"""Seconds a planner works before it hands on."""

TIMEOUT = RESERVE_MS // 1000 + TURN
COMES_BACK = {"replay": TIMEOUT, "restore": 2 * TIMEOUT}
"""Seconds after which a message that nobody finished is handed out again.

No message is out twice while its first reader may live: a queue promises that but for rare cases.
"""

MERCY = {PLANNER: 60, WORKER: 150}


@dataclass(frozen=True, slots=True)
class Fire:
    """What is in front of each of the two functions."""

    planner: Proxy[Dice]
    worker: Proxy[Dice]

    def aim(self, *, planner: float, worker: float, most: int) -> None:
        """From now on each of their requests kills with this chance, `most` processes of each."""
        for proxy, chance in ((self.planner, planner), (self.worker, worker)):
            proxy.plan.chance, proxy.plan.most, proxy.plan.requests = chance, most, 0
            proxy.plan.happened.clear()
            proxy.peaks.clear()


@contextlib.contextmanager
def under_fire(stage: Deployed, *, seed: int) -> Iterator[Fire]:
    """Both functions behind proxies that do not shoot before they are aimed."""
    with contextlib.ExitStack() as stack:
        proxies: dict[str, Proxy[Dice]] = {}
        for number, (function, queue) in enumerate(((PLANNER, "replay"), (WORKER, "restore"))):
            stack.enter_context(comes_back(stage, queue, seconds=COMES_BACK[queue]))
            dice = Dice(seed + number, chance=0, most=0, mercy=MERCY[function])
            name = stage.outputs["functions"][function]
            proxy = stack.enter_context(
                deadly_proxy(stage.clients.endpoint, function=name.rpartition(":")[2], plan=dice)
            )
            stack.enter_context(variables(stage, function, AWS_ENDPOINT_URL=proxy.url))
            proxies[function] = proxy
        stack.enter_context(_turns(stage))
        yield Fire(proxies[PLANNER], proxies[WORKER])


@contextlib.contextmanager
def comes_back(stage: Deployed, queue: str, *, seconds: int) -> Iterator[None]:
    """A message that nobody finished is handed out again after so many seconds."""
    url, sqs = stage.outputs["queues"][queue], stage.clients.sqs
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    kept = before["Attributes"]["VisibilityTimeout"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": kept})


@contextlib.contextmanager
def _turns(stage: Deployed) -> Iterator[None]:
    functions, name = stage.clients.functions, stage.outputs["functions"][PLANNER]
    before = functions.get_function_configuration(FunctionName=name)["Timeout"]
    functions.update_function_configuration(FunctionName=name, Timeout=TIMEOUT)
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Timeout=before)


def given_up(stage: Deployed) -> dict[str, int]:
    """How many messages lie in every queue where messages end, by its name.

    Found from what is deployed: of all queues of the stacks, those that hand nothing on. Whatever
    queue is added is looked at without being named here, and the inbox is where people read.
    """
    formation, sqs = stage.clients.cloudformation, stage.clients.sqs
    found: dict[str, int] = {}
    for page in formation.get_paginator("list_stacks").paginate(
        StackStatusFilter=["CREATE_COMPLETE", "UPDATE_COMPLETE"]
    ):
        for each in page["StackSummaries"]:
            resources = formation.describe_stack_resources(StackName=each["StackName"])
            for resource in resources["StackResources"]:
                if resource["ResourceType"] != "AWS::SQS::Queue":
                    continue
                url = resource["PhysicalResourceId"]
                held = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
                if "RedrivePolicy" not in held:
                    name = url.rpartition("/")[2].removeprefix(f"tocsin-{stage.outputs['stage']}-")
                    found[name] = _lying(held)
    found.pop("inbox")
    return found


def left(stage: Deployed, *queues: str, seconds: float) -> int:
    """Messages of these queues that wait or are worked on; looks again until there are none."""

    def counted() -> int:
        urls = [stage.outputs["queues"][queue] for queue in queues]
        every = [
            stage.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
            for url in urls
        ]
        return sum(_lying(each["Attributes"]) for each in every)

    def none(count: int) -> bool:
        return count == 0

    return eventually(counted, none, seconds=seconds)


def _lying(attributes: Mapping[Any, str]) -> int:
    held = {str(name): value for name, value in attributes.items()}
    names = ("", "NotVisible", "Delayed")
    return sum(int(held[f"ApproximateNumberOfMessages{name}"]) for name in names)
