"""MiniStack: the AWS of the local cloud, pinned, in a virtual environment of its own.

Functions run in the emulator's interpreter and can import whatever lies beside it, so its
environment holds what it needs and nothing of ours: a package forgotten in a bundle fails here as
it would on AWS. It inherits no variable of the caller's either, credentials least of all.
"""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

from tocsin.errors import BadInput
from tocsin.local.errors import ProcessFailed
from tocsin.local.machine import processes
from tocsin.local.machine.locks import held

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.local.machine.places import Places

VERSION = "1.5.33"
REGION = "us-east-1"
ACCOUNT = "000000000000"
NAME = "ministack"
HOST = "127.0.0.1"

PROGRAM = ("-m", "ministack.app")

_REQUIREMENTS = (f"ministack=={VERSION}", "boto3", "cryptography")
_READY_SECONDS = 30.0
_INSTALL_SECONDS = 300


def install(places: Places) -> bool:
    """Makes the emulator's environment unless it is there already; True if it was made.

    Raises:
        ProcessFailed: the packages could not be installed.
    """
    stamp = places.emulator / "requirements.txt"
    wanted = "\n".join((*_REQUIREMENTS, sys.version.split()[0], ""))
    lock = places.caches / "ministack.lock"
    with held(lock, seconds=_INSTALL_SECONDS, what="the emulator's environment"):
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
            return False
        shutil.rmtree(places.emulator, ignore_errors=True)
        _make_environment(places)
        stamp.write_text(wanted, encoding="utf-8")
    return True


def _make_environment(places: Places) -> None:
    """With uv where one runs, else with what Python brings along."""
    python = str(places.emulator / "bin" / "python")
    if uv := _uv(places):
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(places.emulator)])
        _run([uv, "pip", "install", "--quiet", "--python", python, *_REQUIREMENTS])
    else:
        _run([sys.executable, "-m", "venv", str(places.emulator)])
        _run([python, "-m", "pip", "install", "--quiet", *_REQUIREMENTS])


def start(
    places: Places,
    *,
    port: int,
    program: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> processes.Program:
    """Starts the emulator on `port` of the loopback interface and waits until it answers.

    `program` is what its interpreter runs in the place of the emulator itself, to stand before
    it; `variables` are told to it beside the usual ones.

    Raises:
        ProcessFailed: it ended, or gave no healthy answer in 30 s.
    """
    places.temporary.mkdir(parents=True, exist_ok=True)
    log = places.log(NAME)
    started = processes.start(
        name=NAME,
        command=[str(places.emulator / "bin" / "python"), *(program or PROGRAM)],
        environ={**_environ(places, port), **(variables or {})},
        cwd=places.temporary,
        log=log,
        record=places.record(NAME),
        port=port,
    )
    processes.wait_ready(
        started,
        lambda: answers(port, "/_ministack/health"),
        seconds=_READY_SECONDS,
        log=log,
    )
    return started


def endpoint(port: int) -> str:
    """Where every AWS API of the local cloud answers."""
    return f"http://{HOST}:{port}"


def answers(port: int, path: str) -> bool:
    """Whether a GET of `path` on the loopback port is answered with 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def choose_port(*, asked: int | None, preferred: int | None = None) -> int:
    """The port asked for; else the preferred one, or a free one where that is taken or none is.

    Raises:
        BadInput: the port asked for is taken.
    """
    if asked is not None:
        if not _free(asked):
            raise BadInput(f"port {asked} is taken: name another with --port, or none")
        return asked
    if preferred is not None and _free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _environ(places: Places, port: int) -> Mapping[str, str]:
    return processes.inherited() | {
        "AUTH": "true",
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "0",
        "S3_PERSIST": "0",
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(places.temporary),
        "TZ": "UTC",
    }


def _uv(places: Places) -> str | None:
    """A uv that runs: a shim on the path may exist and fail."""
    candidates = (str(places.checkout / ".tools" / "uv" / "bin" / "uv"), shutil.which("uv"))
    for candidate in candidates:
        if candidate and _works([candidate, "--version"]):
            return candidate
    return None


def _works(command: Sequence[str]) -> bool:
    try:
        answer = subprocess.run(  # noqa: S603 -- a fixed command without a shell
            command, capture_output=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(  # noqa: S603 -- a fixed command without a shell
            command, capture_output=True, check=True, text=True, timeout=_INSTALL_SECONDS
        )
    except subprocess.CalledProcessError as error:
        raise ProcessFailed(f"{' '.join(command)} failed: {error.stderr.strip()}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProcessFailed(f"{' '.join(command)} failed: {error}") from error
