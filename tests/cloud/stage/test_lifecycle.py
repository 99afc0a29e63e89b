"""Up, down, again, interrupted: the command as people type it, and what it leaves behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.harness.cloud.local_cloud import eventually, slot
from tocsin.local.look.clients import Clients
from tocsin.local.machine import emulator, processes
from tocsin.local.machine.places import STATE_VARIABLE
from tocsin.local.sandbox.clients.stripe import SandboxClient
from tocsin.local.sandbox.defaults import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tocsin.local.machine.places import Places
    from tocsin.local.stage.cloud import Wishes

PROGRAMS = ("ministack", "sandbox")
# A shell starts what it runs in the background deaf to Ctrl-C, and children inherit that.
PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from tocsin.cli.main import main
main()
"""


class CommandLine:
    """`tocsin local …` with a state folder of its own."""

    def __init__(self, places: Places, wishes: Wishes) -> None:
        self.places, self.port = places, str(wishes.preferred_port)
        self.environ = {**os.environ, STATE_VARIABLE: str(places.state)}

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "local", *words],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        with self.start(*words) as process:
            out, err = process.communicate(timeout=180)
            return process.returncode, out, err

    def json(self, *words: str) -> Any:
        code, out, err = self.run(*words, "--json")
        assert code == 0, err
        return json.loads(out)

    def up(self) -> Any:
        return self.json("up", "--port", self.port)

    def programs(self) -> dict[str, processes.Program]:
        found = {name: processes.running(self.places.record(name)) for name in PROGRAMS}
        return {name: program for name, program in found.items() if program}


@contextlib.contextmanager
def command_line() -> Iterator[CommandLine]:
    with slot() as (places, wishes):
        command = CommandLine(places, wishes)
        command.run("down")
        yield command
        command.run("down")


@pytest.fixture
def line() -> Iterator[CommandLine]:
    """A state folder with nothing in it."""
    with command_line() as command:
        yield command


@pytest.fixture(scope="module")
def kept() -> Iterator[CommandLine]:
    with command_line() as command:
        yield command


@pytest.fixture
def running(kept: CommandLine) -> CommandLine:
    """A cloud that runs: one for all tests that need no first start of their own."""
    kept.up()
    return kept


def processes_of(folder: Path) -> list[int]:
    """Every process that mentions the folder in its command or environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            said = [*process.cmdline(), *process.environ().values()]
            if process.pid != os.getpid() and any(str(folder) in text for text in said):
                found.append(process.pid)
    return found


def test_up_leaves_a_running_cloud_and_down_leaves_nothing(line: CommandLine) -> None:
    outputs = line.up()
    program = line.programs()["ministack"]
    sweep = line.json("clock", "advance", "1m")

    assert json.loads(line.places.outputs.read_text("utf-8"))["api_url"] == outputs["api_url"]
    heard = SandboxClient(outputs["sandbox_url"]).endpoints()
    assert {each["id"]: each["url"] for each in heard} == {
        identifier: f"{outputs['webhook_url']}/{provider}"
        for provider, identifier in ENDPOINTS.items()
    }
    assert sweep["offset_seconds"] == 60
    assert line.run("status")[0] == 0

    assert line.json("down") == {"stopped": ["sandbox", "ministack"]}

    assert line.run("status")[0] == 1
    assert processes_of(line.places.state) == []
    assert not processes.alive(program.pid)
    assert not line.places.temporary.exists()
    assert not line.places.outputs.exists()
    with socket.socket() as probe:
        assert probe.connect_ex((emulator.HOST, program.port)) != 0


def test_up_again_updates_the_cloud_that_runs(running: CommandLine) -> None:
    first = running.up()
    before = running.programs()
    running.json("clock", "advance", "5m")

    _, _, told = running.run("up")
    second = running.json("outputs")

    assert running.programs() == before
    assert "tocsin-local-functions unchanged" in told
    assert second["secrets"] == first["secrets"]
    assert second["api_url"] == first["api_url"]
    assert running.json("clock", "show")["offset_seconds"] == 300


def test_another_provider_address_reaches_the_deployed_functions(running: CommandLine) -> None:
    base = "http://127.0.0.1:9"

    outputs = running.json("up", "--stripe-api-base", base, "--razorpay-api-base", base)

    projector = Clients(outputs["endpoint"]).functions.get_function_configuration(
        FunctionName=outputs["functions"]["billing_projector"]
    )["Environment"]["Variables"]
    assert json.loads(projector["API_BASES"]) == {"stripe": base, "razorpay": base}
    assert (outputs["stripe_api_base"], outputs["sandbox_url"]) == (base, None)
    assert set(running.programs()) == {"ministack"}


def test_ctrl_c_during_up_stops_what_it_started(line: CommandLine) -> None:
    with line.start("up", "--port", line.port) as process:
        assert eventually(lambda: "ministack" in line.programs(), seconds=60)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)

    assert (process.returncode, "interrupted" in err) == (130, True)
    assert processes_of(line.places.state) == []
    assert not line.places.outputs.exists()


def test_ctrl_c_during_a_second_up_leaves_the_running_cloud_alone(running: CommandLine) -> None:
    before = running.programs()
    with running.start("up", "--port", running.port) as process:
        assert process.stderr is not None
        assert "runs already" in process.stderr.readline()
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)

    assert process.returncode == 130
    assert running.programs() == before
    assert running.run("status")[0] == 0


def test_a_cloud_that_was_killed_is_told_apart_and_comes_up_again(running: CommandLine) -> None:
    os.kill(running.programs()["ministack"].pid, signal.SIGKILL)
    eventually(lambda: "ministack" not in running.programs())

    assert running.run("status")[0] == 1
    assert running.run("inbox")[0] == 7
    running.up()

    assert running.run("status")[0] == 0


def test_a_port_that_is_asked_for_and_taken_is_refused_with_advice(line: CommandLine) -> None:
    with socket.socket() as taken:
        taken.bind((emulator.HOST, 0))
        taken.listen()
        code, _, err = line.run("up", "--port", str(taken.getsockname()[1]))

    assert code == 3
    assert "name another with --port" in err
    assert line.programs() == {}


def test_a_taken_preferred_port_is_replaced_by_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind((emulator.HOST, 0))
        taken.listen()
        preferred = taken.getsockname()[1]
        chosen = emulator.choose_port(asked=None, preferred=preferred)

    assert chosen != preferred
    assert emulator.choose_port(asked=chosen, preferred=preferred) == chosen
