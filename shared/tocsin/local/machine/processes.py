"""Starts and stops the programs of the local cloud without ever hitting somebody else's.

A process record holds the pid together with the start time the kernel gives it: after a reboot or
a wrap of the pid space the number may be anybody's, and then it is left alone. Every program leads
a process group of its own, so that its workers end with it, also when it died first.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.local.errors import ProcessFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_POLL_SECONDS = 0.05
_STOP_GRACE_SECONDS = 6.0
_KILL_GRACE_SECONDS = 4.0
_LOG_TAIL_LINES = 15
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL")
_PROC = Path("/proc/self")
_MARK = "TOCSIN_LOCAL_RECORD"

# Programs this very process started: when they end, it is the one who has to reap them.
_children: set[int] = set()


@dataclass(frozen=True, slots=True)
class Program:
    """A running program: who it is, and the port it listens on."""

    name: str
    pid: int
    started: str
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
    """Starts `command` in its own process group, its output appended to `log`.

    Raises:
        ProcessFailed: it cannot be started, or ended at once.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    record.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        try:
            child = subprocess.Popen(  # noqa: S603 -- our own commands, absolute, without a shell
                list(command),
                cwd=cwd,
                env={**environ, _MARK: str(record)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise ProcessFailed(f"cannot start {name}: {error}") from error
    _children.add(child.pid)
    child.returncode = 0  # outlives this object on purpose: nothing to warn about when it goes
    started = start_time(child.pid)
    if started is None:
        raise ProcessFailed(f"{name} ended at once{tail(log)}")
    program = Program(name, child.pid, started, port)
    record.write_text(json.dumps(asdict(program)), encoding="utf-8")
    return program


def running(record: Path) -> Program | None:
    """The program of this record if that very process still runs."""
    program = _recorded(record)
    if program is None or start_time(program.pid) != program.started:
        return None
    return program


def stop(record: Path) -> bool:
    """Ends the recorded program and every process of its group; True if anything ran.

    A pid that now belongs to another process is left alone. Politely first, by force after
    6 seconds; never leaves the record behind unless something refused to die.

    Raises:
        ProcessFailed: a process of the group outlived SIGKILL.
    """
    program = _recorded(record)
    ran = program is not None and bool(_living(program, record))
    if program is not None and ran:
        _end(program, record)
    record.unlink(missing_ok=True)
    return ran


def wait_ready(program: Program, ready: Callable[[], bool], *, seconds: float, log: Path) -> None:
    """Polls `ready` until it is true.

    Raises:
        ProcessFailed: the program ended or the time is over, with the end of its log.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if start_time(program.pid) != program.started:
            raise ProcessFailed(f"{program.name} ended while starting{tail(log)}")
        if time.monotonic() > deadline:
            raise ProcessFailed(f"{program.name} was not ready in {seconds:g} s{tail(log)}")
        time.sleep(_POLL_SECONDS)


def start_time(pid: int) -> str | None:
    """What tells this process from a later one of the same pid; None when it does not run."""
    _reap(pid)
    stat = _stat(pid)
    if stat is not None:
        state, _group, ticks = stat
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return None if state in "ZX" else f"{boot}:{ticks}"
    if _PROC.exists():
        return None
    return _ps_start_time(pid)


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


def _end(program: Program, record: Path) -> None:
    for number, seconds in (
        (signal.SIGTERM, _STOP_GRACE_SECONDS),
        (signal.SIGKILL, _KILL_GRACE_SECONDS),
    ):
        deadline = time.monotonic() + seconds
        for pid in _living(program, record):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        while _living(program, record):
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
        else:
            _children.discard(program.pid)
            return
    raise ProcessFailed(f"these would not end: {_living(program, record)}")


def _living(program: Program, record: Path) -> list[int]:
    """The processes of the program's group, if the group is still the program's.

    With the leader gone its number may lead another group by now, so a member is believed only
    when it carries this record's mark in its environment.
    """
    leader = start_time(program.pid)
    if leader is not None and leader != program.started:
        return []
    if not _PROC.exists():
        return [program.pid] if leader else []
    members = [
        int(entry.name)
        for entry in _PROC.parent.iterdir()
        if entry.name.isdigit() and _in_group(int(entry.name), program.pid)
    ]
    return members if leader else [pid for pid in members if _marked(pid, record)]


def _in_group(pid: int, group: int) -> bool:
    """Ended processes that nobody reaped do not count."""
    stat = _stat(pid)
    return stat is not None and stat[1] == group and stat[0] not in "ZX"


def _marked(pid: int, record: Path) -> bool:
    try:
        environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"{_MARK}={record}".encode() in environ


def _reap(pid: int) -> None:
    if pid in _children:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _stat(pid: int) -> tuple[str, int, str] | None:
    """State, process group and start time in ticks; the name before them may hold anything."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return fields[0], int(fields[2]), fields[19]


def _ps_start_time(pid: int) -> str | None:
    """For systems without /proc."""
    answer = subprocess.run(  # noqa: S603 -- fixed command, the pid is a number
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        timeout=5,
    )
    text = answer.stdout.strip()
    return None if not text or text.startswith("Z") else text.partition(" ")[2].strip()
