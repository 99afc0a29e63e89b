"""The local cloud as a whole: up, down, and what state it is in.

`up` brings the machine to the state the checkout describes, whatever it was before; interrupted,
it stops what it started and nothing else. One state folder is changed by one command at a time.
"""

from __future__ import annotations

import contextlib
import platform
import shutil
import sys
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from tocsin.errors import BadInput
from tocsin.local.errors import CloudNotRunning
from tocsin.local.look.clients import Clients
from tocsin.local.look.inbox import Inbox
from tocsin.local.machine import emulator, processes
from tocsin.local.machine.locks import held
from tocsin.local.moving import StageClock
from tocsin.local.stage import assembly, deploy, gaps, outputs, seed, synthesis, webhooks
from tocsin.local.stage.references import References
from tocsin.providers.registry import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tocsin.local.machine.places import Places

STAGE = "local"
DEFAULT_PORT = 4566
DEFAULT_SANDBOX_PORT = 4580
SANDBOX = "sandbox"

_LOCK_SECONDS = 10.0
_SANDBOX_READY_SECONDS = 20.0
_ARCHITECTURES = {"aarch64": "arm64", "amd64": "x86_64"}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What `up` was asked for. A base left empty is the sandbox's.

    `chat_room`: news is also told in a chat room, which is the inbox. `emulator_program` and
    `emulator_variables` are what `emulator.start` takes, for whoever stands before it.
    """

    port: int | None = None
    preferred_port: int = DEFAULT_PORT
    preferred_sandbox_port: int = DEFAULT_SANDBOX_PORT
    stripe_api_base: str | None = None
    razorpay_api_base: str | None = None
    chat_room: bool = False
    emulator_program: Sequence[str] = ()
    emulator_variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def need_sandbox(self) -> bool:
        return not (self.stripe_api_base and self.razorpay_api_base)


@dataclass(frozen=True, slots=True)
class Brought:
    """What `up` did. `seconds` by step."""

    outputs: Mapping[str, Any]
    notes: tuple[gaps.Note, ...]
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Cloud:
    """The local cloud of one state folder. `say` gets one line per step, for people."""

    places: Places
    say: Callable[[str], None] = lambda _line: None

    def up(self, wishes: Wishes) -> Brought:
        """Starts what does not run, deploys what changed, and writes the outputs.

        Raises:
            BadInput: the port asked for is taken, or another than the running cloud's.
            ProcessFailed: a program or the synthesis failed.
            DeployFailed: a stack failed.
        """
        clock = _Stopwatch()
        with self._alone(), self._undone_on_failure():
            emulator_ = self._emulator(wishes)
            clock.lap("start")
            sandbox = self._sandbox(wishes)
            clock.lap("sandbox")
            bases = _bases(wishes, sandbox)
            stacks = self._synthesise(bases, chat_room=wishes.chat_room)
            clock.lap("synth")
            clients = Clients(emulator.endpoint(emulator_.port))
            stack_outputs, notes = self._deploy(clients, stacks)
            clock.lap("deploy")
            found = self._describe(clients, stack_outputs, bases, sandbox)
            outputs.write(self.places.outputs, found)
            for url in webhooks.register(found):
                self.say(f"the sandbox sends webhooks to {url}")
            clock.lap("seed")
        return Brought(found, tuple(notes), clock.laps)

    def down(self) -> list[str]:
        """Stops every program and empties what they leave; the names of those that ran."""
        with self._alone():
            return self._stop_all()

    def status(self) -> dict[str, Any]:
        """What runs, where, and what is deployed; true at this moment."""
        program = processes.running(self.places.record(emulator.NAME))
        sandbox = processes.running(self.places.record(SANDBOX))
        found: dict[str, Any] = {
            "running": program is not None,
            "state_folder": str(self.places.state),
            "stage": STAGE,
            "versions": {
                "tocsin": version("tocsin"),
                "ministack": emulator.VERSION,
                "python": platform.python_version(),
            },
        }
        if program is None:
            return found
        clients = Clients(emulator.endpoint(program.port))
        found["healthy"] = emulator.answers(program.port, "/_ministack/health")
        found["endpoint"], found["pid"] = clients.endpoint, program.pid
        found["sandbox_url"] = emulator.endpoint(sandbox.port) if sandbox else None
        found["stacks"] = deploy.statuses(clients, f"tocsin-{STAGE}-") if found["healthy"] else []
        if self.places.outputs.is_file():
            reading = self.clock().read()
            found["clock_offset_seconds"] = int(reading.offset.total_seconds())
            found["incident_time"] = reading.incident.isoformat(timespec="seconds")
        return found

    def outputs(self) -> dict[str, Any]:
        """The outputs of the cloud that runs now.

        Raises:
            CloudNotRunning: it does not run, or nothing is deployed in it.
        """
        if processes.running(self.places.record(emulator.NAME)) is None:
            raise CloudNotRunning("no local cloud runs: start one with `tocsin local up`")
        return outputs.read(self.places.outputs)

    def clients(self) -> Clients:
        """Root clients of the cloud that runs now."""
        return Clients(self.outputs()["endpoint"])

    def clock(self) -> StageClock:
        """The incident clock of the deployed stage."""
        found = self.outputs()
        return StageClock(
            Clients(found["endpoint"]), found["clock_parameter"], found["functions"]["sla_check"]
        )

    def inbox(self) -> Inbox:
        """What people would have received."""
        found = self.outputs()
        return Inbox(Clients(found["endpoint"]), found["queues"]["inbox"], self.places.inbox)

    def _emulator(self, wishes: Wishes) -> processes.Program:
        record = self.places.record(emulator.NAME)
        program = processes.running(record)
        if program and emulator.answers(program.port, "/_ministack/health"):
            if wishes.port not in {None, program.port}:
                raise BadInput(f"the cloud runs on port {program.port}: take it down first")
            self.say(f"emulator runs already on port {program.port}")
            return program
        self._stop_all()
        if emulator.install(self.places):
            self.say(f"installed ministack {emulator.VERSION} in {self.places.emulator}")
        port = emulator.choose_port(asked=wishes.port, preferred=wishes.preferred_port)
        program = emulator.start(
            self.places,
            port=port,
            program=wishes.emulator_program,
            variables=wishes.emulator_variables,
        )
        self.say(f"emulator started on port {port}, identity checks on")
        return program

    def _sandbox(self, wishes: Wishes) -> processes.Program | None:
        """The provider sandbox, running if anything is to talk to it."""
        record = self.places.record(SANDBOX)
        if not wishes.need_sandbox:
            processes.stop(record)
            return None
        if program := processes.running(record):
            return program
        port = emulator.choose_port(asked=None, preferred=wishes.preferred_sandbox_port)
        log = self.places.log(SANDBOX)
        program = processes.start(
            name=SANDBOX,
            command=[sys.executable, "-m", "tocsin.local.sandbox", "--port", str(port)],
            environ=processes.inherited(),
            cwd=self.places.checkout,
            log=log,
            record=record,
            port=port,
        )
        processes.wait_ready(
            program,
            lambda: emulator.answers(port, "/_sandbox/health"),
            seconds=_SANDBOX_READY_SECONDS,
            log=log,
        )
        self.say(f"provider sandbox started on port {port}")
        return program

    def _synthesise(
        self, bases: Mapping[str, str], *, chat_room: bool
    ) -> tuple[assembly.Stack, ...]:
        """The stacks to deploy, with the providers' addresses filled in."""
        machine = platform.machine().lower()
        stand_ins = {name: f"http://{name.replace('_', '-')}.invalid" for name in bases}
        context = {
            "stage": STAGE,
            "arch": _ARCHITECTURES.get(machine, machine),
            "providers": ",".join(PROVIDERS.names),
            "alarm_intake": "all",
            "github": "on",
            "deployments": "wait",
            "containment": "on",
            "security_findings": "guardduty,security_hub",
            "dashboard": "on",
            **stand_ins,
        }
        if chat_room:
            context["chat_room"] = "on"
        self.say("synthesising")
        folder, made = synthesis.synthesise(self.places, context)
        self.say("synthesised" if made else "nothing changed since the last synthesis")
        return assembly.read(folder, {stand_ins[name]: bases[name] for name in bases})

    def _deploy(
        self, clients: Clients, stacks: tuple[assembly.Stack, ...]
    ) -> tuple[dict[str, str], list[gaps.Note]]:
        stack_outputs: dict[str, str] = {}
        notes: list[gaps.Note] = []
        for stack in stacks:
            template, skipped = gaps.acceptable(stack.template)
            done = deploy.deploy(clients, stack, template)
            self.say(f"{done.name} {done.action}")
            references = References(
                template, done.resources, gaps.exports(clients), clients.account, clients.region
            )
            notes += skipped + gaps.reapply(clients, template, references)
            stack_outputs |= done.outputs
        return stack_outputs, notes

    def _describe(
        self,
        clients: Clients,
        stack_outputs: Mapping[str, str],
        bases: Mapping[str, str],
        sandbox: processes.Program | None,
    ) -> dict[str, Any]:
        """Seeds the secrets and composes the outputs."""
        values = seed.values(self.places.state / "secrets.json")
        names = {
            stack_outputs["SecretRegistrations"]: values["registrations"],
            stack_outputs["SecretProviderKeys"]: values["provider-keys"],
            stack_outputs["SecretDeliveryKeys"]: values["delivery-keys"]
            | {"link_base": outputs.api_url(clients, stack_outputs)},
        }
        github = values["github-webhooks"]
        names[stack_outputs["SecretGithubWebhooks"]] = github
        secrets = dict(seed.signing_secrets(values["registrations"]))
        secrets["github/default"] = github["secrets"][0]["secret"]
        for name, document in names.items():
            secrets[name] = seed.put(clients, name, document)
        found = outputs.compose(
            clients,
            stage=STAGE,
            stack_outputs=stack_outputs,
            secrets=secrets,
            api_bases=bases,
            sandbox_url=emulator.endpoint(sandbox.port) if sandbox else None,
        )
        seed.mail_identities(clients)
        seed.contacts(clients, found["tables"]["operations"])
        return found

    def _stop_all(self) -> list[str]:
        ran = [
            name for name in (SANDBOX, emulator.NAME) if processes.stop(self.places.record(name))
        ]
        for leftover in (
            self.places.outputs,
            self.places.inbox,
            self.places.state / "secrets.json",
        ):
            leftover.unlink(missing_ok=True)
        shutil.rmtree(self.places.temporary, ignore_errors=True)
        return ran

    @contextlib.contextmanager
    def _undone_on_failure(self) -> Iterator[None]:
        """Stops what was started inside, if the inside fails or is interrupted."""
        before = processes.running(self.places.record(emulator.NAME))
        try:
            yield
        except BaseException:
            if before is None or processes.running(self.places.record(emulator.NAME)) != before:
                self._stop_all()
            raise

    def _alone(self) -> contextlib.AbstractContextManager[None]:
        """Keeps other commands off this state folder; raises CloudBusy after 10 s."""
        return held(self.places.lock, seconds=_LOCK_SECONDS, what="this local cloud")


class _Stopwatch:
    """Seconds per step."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name] = round(now - self._last, 2)
        self._last = now


def _bases(wishes: Wishes, sandbox: processes.Program | None) -> dict[str, str]:
    own = emulator.endpoint(sandbox.port) if sandbox else ""
    return {
        "stripe_api_base": wishes.stripe_api_base or own,
        "razorpay_api_base": wishes.razorpay_api_base or own,
    }
