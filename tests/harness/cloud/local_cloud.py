"""One deployed local cloud for a whole test session, and what a test sees of it.

The cloud lives in a state folder of its own beside the developer's. Folder and ports come from a
small set of slots: the same slot gives the same template, so that its synthesis is found again,
and a slot left behind by a killed session is cleaned up by the next one that takes it. A slot is
taken for the whole machine: sessions of two checkouts would otherwise reach for the same ports.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.harness.strict_aws import before_the_emulator
from tocsin.local.look.people import sign_in
from tocsin.local.machine.places import Places, find
from tocsin.local.sandbox.clients.stripe import SandboxClient
from tocsin.local.stage.cloud import Cloud, Wishes
from tocsin.local.stage.emptying import empty_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    from tocsin.local.look.clients import Clients, Keys
    from tocsin.local.look.inbox import Inbox, Message
    from tocsin.local.moving import Reading

SLOTS = range(8)
FIRST_PORT = 4700


@contextlib.contextmanager
def slot() -> Iterator[tuple[Places, Wishes]]:
    """A state folder and ports that no other session uses until the end of this block."""
    caches = find().caches
    taken = Path(tempfile.gettempdir()) / f"tocsin-test-clouds-{os.getuid()}"
    taken.mkdir(exist_ok=True)
    for number in SLOTS:
        state = caches / f"test-cloud-{number}"
        state.mkdir(parents=True, exist_ok=True)
        with (taken / str(number)).open("w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            port = FIRST_PORT + 10 * number
            yield find(state), Wishes(preferred_port=port, preferred_sandbox_port=port + 1)
            return
    raise AssertionError(f"{len(SLOTS)} test sessions run on this machine already")


@dataclass(slots=True)
class Deployed:
    """The cloud of this session: its outputs, root clients, clock and inbox."""

    cloud: Cloud
    outputs: dict[str, Any]
    clients: Clients = field(init=False)

    def __post_init__(self) -> None:
        self.clients = self.cloud.clients()

    def as_person(self, person: str, group: str = "responder") -> Keys:
        """The keys of a person who assumed the role of their group."""
        return sign_in(self.clients, self.outputs["role_arns"][group], person)

    def advance(self, by: timedelta) -> tuple[Reading, dict[str, Any]]:
        """Moves incident time on and sweeps once; the report says what was due."""
        clock = self.cloud.clock()
        return clock.advance(by), clock.sweep()

    def items(self, table: str) -> list[dict[str, Any]]:
        """Everything in a table, in DynamoDB's own notation."""
        pages = self.clients.dynamodb.get_paginator("scan").paginate(
            TableName=self.outputs["tables"][table], ConsistentRead=True
        )
        return [dict(item) for page in pages for item in page["Items"]]

    def clear(self) -> None:
        """Empties tables, queues, inbox and providers, who send to nobody; sets time to now."""
        if self.outputs["sandbox_url"]:
            SandboxClient(self.outputs["sandbox_url"]).reset()
        empty_tables(self.clients, self.outputs["tables"].values())
        for queue in self.outputs["queues"].values():
            self.clients.sqs.purge_queue(QueueUrl=queue)
        self.cloud.clock().reset()
        self.cloud.inbox().clear()


@contextlib.contextmanager
def session_cloud(*, strict: bool = True) -> Iterator[Deployed]:
    """A cloud of this session's own, fresh, and gone afterwards.

    `strict` lets a test fail for what AWS would refuse; a measurement does without.
    """
    lines: list[str] = []
    with slot() as (places, wishes):
        local = Cloud(places, lines.append)
        local.down()
        wanted = wishes
        if strict:
            wanted = replace(
                wishes,
                emulator_program=before_the_emulator.PROGRAM,
                emulator_variables=before_the_emulator.variables(places.state / "refusals"),
            )
        try:
            yield Deployed(local, dict(local.up(wanted).outputs))
        finally:
            local.down()


@contextlib.contextmanager
def variables(stage: Deployed, function: str, **changed: str) -> Iterator[None]:
    """The deployed function with other variables, and as it was afterwards."""
    name, functions = stage.outputs["functions"][function], stage.clients.functions
    found = functions.get_function_configuration(FunctionName=name)
    before = found.get("Environment", {}).get("Variables", {})
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": before | changed}
    )
    try:
        yield
    finally:
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": before}
        )


@dataclass(slots=True)
class Expectations:
    """The inbox of one test: every message has to be expected, none may come twice."""

    inbox: Inbox
    taken: set[str] = field(default_factory=set)

    def expect(self, *wanted: tuple[str, str], seconds: float = 30) -> list[Message]:
        """Waits for exactly these (kind, recipient) beyond what was taken; any order."""
        deadline = time.monotonic() + seconds
        while len(fresh := self.fresh()) < len(wanted) and time.monotonic() < deadline:
            time.sleep(0.05)
        came = sorted((one.kind, one.to) for one in fresh)
        assert came == sorted(wanted), [f"{one.kind} to {one.to}: {one.subject}" for one in fresh]
        self.taken |= {one.message_id for one in fresh}
        return fresh

    def fresh(self) -> list[Message]:
        """What came and was not expected yet; a message that came before is always fresh."""
        left, fresh = set(self.taken), []
        for one in self.inbox.read():
            if one.message_id in left:
                left.remove(one.message_id)
            else:
                fresh.append(one)
        return fresh

    def nothing_more(self) -> None:
        """Fails if anything came that the test did not expect."""
        assert [f"{one.kind} to {one.to}: {one.subject}" for one in self.fresh()] == []


def waking[T](stage: Deployed, function: str, look: Callable[[], T]) -> Callable[[], T]:
    """The same look, which also wakes the consumer of a queue that nobody polls.

    As the watch over the queues does, but every three seconds and not once a minute.
    """
    woken = float("-inf")

    def looked() -> T:
        nonlocal woken
        if time.monotonic() - woken > _WAKE_SECONDS:
            woken = time.monotonic()
            stage.clients.functions.invoke(
                FunctionName=stage.outputs["functions"][function],
                InvocationType="Event",
                Payload=b"{}",
            )
        return look()

    return looked


_WAKE_SECONDS = 3.0


def eventually[T](
    look: Callable[[], T], good: Callable[[T], bool] = bool, *, seconds: float = 30
) -> T:
    """What `look` sees once it is `good`; the last look when the time is over."""
    deadline = time.monotonic() + seconds
    while not good(seen := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return seen
