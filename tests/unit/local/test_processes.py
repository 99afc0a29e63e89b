"""Starting and stopping programs, with real ones that do nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import psutil
import pytest

from tocsin.local.errors import ProcessFailed
from tocsin.local.machine import processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Each lives until a test ends it. The minute is for a run that was killed: none stays for good.
SLEEPER = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('up', flush=True); time.sleep(60)"
)
WITH_WORKER = (
    "import subprocess, sys, time;"
    "w = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print(w.pid, flush=True); time.sleep(60)"
)

LISTENER = (
    "import socket, time; s = socket.create_server(('127.0.0.1', 0));"
    "print(s.getsockname()[1], flush=True); time.sleep(60)"
)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "program.json"
    processes.stop(tmp_path / "program.json")


def start(record: Path, code: str = SLEEPER) -> processes.Program:
    program = processes.start(
        name="sleeper",
        command=[sys.executable, "-c", code],
        environ=processes.inherited(),
        cwd=record.parent,
        log=record.with_suffix(".log"),
        record=record,
        port=0,
    )
    processes.wait_ready(
        program,
        lambda: bool(record.with_suffix(".log").read_text(encoding="utf-8")),
        seconds=60,
        log=record.with_suffix(".log"),
    )
    return program


def test_a_started_program_is_found_by_its_record(record: Path) -> None:
    program = start(record)

    assert processes.running(record) == program
    assert processes.alive(program.pid)


def test_stopping_ends_the_program_and_forgets_it(record: Path) -> None:
    program = start(record)

    assert processes.stop(record) is True

    assert not processes.alive(program.pid)
    assert not record.exists()
    assert processes.stop(record) is False


def test_a_workers_end_comes_with_its_programs(record: Path) -> None:
    start(record, WITH_WORKER)
    worker = int(record.with_suffix(".log").read_text(encoding="utf-8"))
    assert processes.alive(worker)

    processes.stop(record)

    assert not processes.alive(worker)


def test_workers_that_outlived_their_program_are_ended_too(record: Path) -> None:
    program = start(record, WITH_WORKER)
    worker = int(record.with_suffix(".log").read_text(encoding="utf-8"))
    leader = psutil.Process(program.pid)
    leader.kill()
    leader.wait()
    assert processes.alive(worker)

    assert processes.stop(record) is True

    assert not processes.alive(worker)


def test_a_program_that_ignores_the_polite_signal_is_killed(
    record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_STOP_GRACE_SECONDS", 0.2)
    program = start(record, STUBBORN)

    processes.stop(record)

    assert not processes.alive(program.pid)


def test_a_pid_that_belongs_to_somebody_else_by_now_is_left_alone(record: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SLEEPER], start_new_session=True) as stranger:
        record.write_text(
            json.dumps(asdict(processes.Program("x", stranger.pid, "before:1", 1.0, 0))),
            encoding="utf-8",
        )

        assert processes.running(record) is None
        assert processes.stop(record) is False

        assert stranger.poll() is None
        stranger.kill()


def test_a_strangers_workers_are_left_alone_when_the_stranger_is_gone(record: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WITH_WORKER], start_new_session=True, stdout=subprocess.PIPE
    ) as stranger:
        assert stranger.stdout is not None
        worker = int(stranger.stdout.readline())
        record.write_text(
            json.dumps(asdict(processes.Program("x", stranger.pid, "before:1", 1.0, 0))),
            encoding="utf-8",
        )
        stranger.kill()
        stranger.wait()

        assert processes.stop(record) is False

        assert processes.alive(worker)
        os.kill(worker, signal.SIGKILL)


@pytest.mark.parametrize("looked_at", ["at once", "when it is over"])
def test_a_program_that_ends_while_starting_says_so_with_its_last_words(
    record: Path, looked_at: str
) -> None:
    log = record.with_suffix(".log")
    program = processes.start(
        name="failing",
        command=[sys.executable, "-c", "raise SystemExit('no port for me')"],
        environ=processes.inherited(),
        cwd=record.parent,
        log=log,
        record=record,
        port=0,
    )
    if looked_at == "when it is over":
        psutil.Process(program.pid).wait()

    with pytest.raises(ProcessFailed, match="no port for me"):
        processes.wait_ready(program, lambda: False, seconds=60, log=log)


def test_whoever_else_answers_on_the_programs_port_is_not_taken_for_it(record: Path) -> None:
    log, other = record.with_suffix(".log"), record.with_name("other.json")
    program = start(record)
    listener = start(other, LISTENER)
    port = int(other.with_suffix(".log").read_text(encoding="utf-8"))
    try:
        with pytest.raises(ProcessFailed, match="not ready"):
            processes.wait_ready(replace(program, port=port), lambda: True, seconds=0.1, log=log)
        processes.wait_ready(replace(listener, port=port), lambda: True, seconds=60, log=log)
    finally:
        processes.stop(other)


def test_a_program_that_is_never_ready_is_given_up(record: Path) -> None:
    program = start(record)

    with pytest.raises(ProcessFailed, match=r"not ready in 0\.1 s"):
        processes.wait_ready(program, lambda: False, seconds=0.1, log=record.with_suffix(".log"))


def test_a_command_that_does_not_exist_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(ProcessFailed, match="cannot start ghost"):
        processes.start(
            name="ghost",
            command=[str(tmp_path / "ghost")],
            environ={},
            cwd=tmp_path,
            log=tmp_path / "ghost.log",
            record=tmp_path / "ghost.json",
            port=0,
        )


def test_programs_inherit_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "private")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")

    assert set(processes.inherited()) <= {"PATH", "HOME", "LANG", "LC_ALL"}
