"""Starts and stops the programs of the local cloud without ever hitting somebody else's.

A program is told from a later one of the same pid by a word in its environment that its record
holds, and by when it began: after a reboot or a wrap of the pid space the number may be anybody's,
and then it is left alone. Every program leads a process group of its own, so that its workers end
with it, also when it died first.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import psutil

from tocsin.local.errors import ProcessFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

_POLL_SECONDS = 0.05
_STOP_GRACE_SECONDS = 6.0
_KILL_GRACE_SECONDS = 4.0
_CLOCK_MOVES_SECONDS = 2.0
_LOG_TAIL_LINES = 15
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL")
_MARK = "TOCSIN_LOCAL_RECORD"
_ENDED = frozenset({psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD})


@dataclass(frozen=True, slots=True)
class Program:
    """A program that was started: who it is, and the port it listens on.

    `mark` is the word in its environment, `created` when it began by the machine's clock, in
    epoch seconds.
    """

    name: str
    pid: int
    mark: str
    created: float
    port: int


def start(
    *,
    name: str,
    command: Sequence[str],
    environ: Mapping[str, str],
    cwd: Path,
    log: Path,
    record: Path,
    port: int,
) -> Program:
    """Starts `command` in its own process group, its output in `log`.

    Whether it has ended since is for `wait_ready` to say.

    Raises:
        ProcessFailed: it cannot be started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    record.parent.mkdir(parents=True, exist_ok=True)
    mark = f"{record}:{secrets.token_hex(8)}"
    with log.open("wb") as output:
        try:
            child = subprocess.Popen(  # noqa: S603 -- our own commands, absolute, without a shell
                list(command),
                cwd=cwd,
                env={**environ, _MARK: mark},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise ProcessFailed(f"cannot start {name}: {error}") from error
    child.returncode = 0  # outlives this object on purpose: nothing to warn about when it goes
    # Not reaped yet, so it can be asked however soon it ended.
    program = Program(name, child.pid, mark, psutil.Process(child.pid).create_time(), port)
    record.write_text(json.dumps(asdict(program)), encoding="utf-8")
    return program


def running(record: Path) -> Program | None:
    """The program of this record if that very process still runs."""
    program = _recorded(record)
    return program if program is not None and _leads(program) else None


def stop(record: Path) -> bool:
    """Ends the recorded program and every process of its group; True if anything ran.

    A pid that now belongs to another process is left alone. Politely first, by force after
    6 seconds; never leaves the record behind unless something refused to die.

    Raises:
        ProcessFailed: a process of the group outlived SIGKILL.
    """
    program = _recorded(record)
    ran = program is not None and bool(_living(program))
    if program is not None and ran:
        _end(program)
    record.unlink(missing_ok=True)
    return ran


def wait_ready(program: Program, ready: Callable[[], bool], *, seconds: float, log: Path) -> None:
    """Polls `ready` until it is true, and it is the program that listens on its port.

    Another program there would answer as well: two who start at once may choose the same port.

    Raises:
        ProcessFailed: the program ended or the time is over, with the end of its log.
    """
    deadline = time.monotonic() + seconds
    while not (ready() and _listens(program)):
        if not _leads(program):
            raise ProcessFailed(f"{program.name} ended while starting{tail(log)}")
        if time.monotonic() > deadline:
            raise ProcessFailed(f"{program.name} was not ready in {seconds:g} s{tail(log)}")
        time.sleep(_POLL_SECONDS)


def alive(pid: int) -> bool:
    """Whether a process of this pid runs; one that ended and was not reaped does not."""
    try:
        return _runs(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


def inherited() -> dict[str, str]:
    """What a program gets of this environment: no credentials, no interpreter settings."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


def tail(log: Path) -> str:
    """The last lines of a log, to put behind an error's first line."""
    if not log.is_file():
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_TAIL_LINES:]
    return "\n".join(["; the end of " + str(log) + ":", *(f"    {line}" for line in lines)])


def _recorded(record: Path) -> Program | None:
    try:
        return Program(**json.loads(record.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _end(program: Program) -> None:
    found: set[psutil.Process] = set()
    for send, seconds in (
        (psutil.Process.terminate, _STOP_GRACE_SECONDS),
        (psutil.Process.kill, _KILL_GRACE_SECONDS),
    ):
        deadline = time.monotonic() + seconds
        found.update(_living(program))
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                send(process)
        # Those found before count until they have ended: one that is ending has no environment.
        while left := [process for process in {*found, *_living(program)} if _runs(process)]:
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
        else:
            return
    raise ProcessFailed(f"these would not end: {[process.pid for process in left]}")


def _runs(process: psutil.Process) -> bool:
    """Whether this very process runs, whoever may have its pid by now."""
    try:
        # Who started it has to reap it; of anybody else's this only looks.
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(timeout=0)
        return process.is_running() and process.status() not in _ENDED
    except psutil.NoSuchProcess:
        return False


def _living(program: Program) -> list[psutil.Process]:
    """The processes of the program's group, if the group is still the program's.

    With the leader gone its number may lead another group by now, so a member is believed only
    when it carries the program's own word in its environment.
    """
    members = list(_group(program.pid))
    if _leads(program):
        return members
    return [process for process in members if _marked(process, program)]


def _listens(program: Program) -> bool:
    """Whether one of the program's processes listens on its port; one without a port does."""
    if not program.port:
        return True
    return any(program.port in _ports(process) for process in _living(program))


def _ports(process: psutil.Process) -> set[int]:
    """The ports a process listens on, as far as it may be asked."""
    try:
        open_now = process.net_connections(kind="tcp")
    except psutil.Error:
        return set()
    return {each.laddr.port for each in open_now if each.status == psutil.CONN_LISTEN}


def _leads(program: Program) -> bool:
    """Whether the pid is still this program's, and it runs."""
    try:
        process = psutil.Process(program.pid)
        if not _runs(process):
            return False
        marked = _marked(process, program)
        if marked is None:
            # No clock is set back just when a program begins or ends; over days one may be.
            return abs(process.create_time() - program.created) < _CLOCK_MOVES_SECONDS
    except psutil.NoSuchProcess:
        return False
    return marked


def _group(leader: int) -> Iterator[psutil.Process]:
    """The running members of a process group."""
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) == leader and _runs(process):
                yield process


def _marked(process: psutil.Process, program: Program) -> bool | None:
    """None where it cannot be told: a process that begins or ends has no environment."""
    try:
        environ = process.environ()
    except (psutil.Error, OSError):
        return None
    return environ.get(_MARK) == program.mark if environ else None
