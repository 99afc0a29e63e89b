"""A proxy between a deployed function and AWS that kills the function at a chosen request.

The function's process is found by its end of the connection and gets SIGKILL, as a machine that is
lost would: before its request reached AWS, or after AWS did it and before the function hears of it.
Nothing in the function is changed but the address of AWS.
"""

from __future__ import annotations

import http.client
import http.server
import os
import random
import signal
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from urllib.parse import SplitResult

HOST = "127.0.0.1"
_HOP = frozenset({"connection", "content-length", "transfer-encoding"})
_THROTTLED = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>"
    b"<Message>Rate exceeded</Message></Error><RequestId>r</RequestId></ErrorResponse>"
)
_TOO_MANY = 400


class Fate(Protocol):
    """Decides about every request; a step without a name is let through."""

    def step(self, target: str, path: str, body: bytes) -> str: ...

    def hit(self, point: str) -> bool: ...

    def throttled(self) -> bool: ...


@dataclass(slots=True)
class Plan:
    """How often each point kills, and how many sends are throttled; `happened` counts both.

    Points are `before claim`, `after claim`, `before send`, `after send`, `before mark` and
    `after mark`. `every` spreads them: one request of a kind in so many is hit.
    """

    kills: Counter[str] = field(default_factory=Counter)
    throttles: int = 0
    every: int = 1
    happened: Counter[str] = field(default_factory=Counter)
    _seen: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def step(self, target: str, path: str, body: bytes) -> str:
        """Which part of delivering a request is; empty for all others."""
        if target.endswith(".UpdateItem"):
            if b"ADD attempts" in body:
                return "claim"
            return "mark" if b"sent_at" in body else ""
        if b"Action=Publish" in body or path.startswith("/v2/email/outbound-emails"):
            return "send"
        return ""

    def hit(self, point: str) -> bool:
        """Whether this one dies here."""
        with self._lock:
            self._seen[point] += 1
            if self.kills[point] < 1 or self._seen[point] % self.every:
                return False
            self.kills[point] -= 1
            self.happened[point] += 1
            return True

    def throttled(self) -> bool:
        with self._lock:
            if self.throttles < 1:
                return False
            self.throttles -= 1
            self.happened["throttled"] += 1
            return True


@dataclass(slots=True)
class Dice:
    """Kills at random: every request with this `chance`, before it or after it, `most` times.

    After a kill `mercy` requests are let through, so that no message is lost to five deaths in a
    row, which is where its queue gives up. The dice are seeded; the order of requests is not.
    """

    seed: int
    chance: float
    most: int
    mercy: int = 0
    requests: int = 0
    happened: Counter[str] = field(default_factory=Counter)
    _spared: int = 0
    _rolls: random.Random = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._rolls = random.Random(self.seed)

    def step(self, target: str, path: str, body: bytes) -> str:
        """The operation; a request is counted once, however often it is asked about."""
        del body
        with self._lock:
            self.requests += 1
        return target.rpartition(".")[2] or path

    def hit(self, point: str) -> bool:
        """Whether this one dies here; both points of a request are equally likely."""
        with self._lock:
            self._spared = max(0, self._spared - 1)
            if self._spared or self.most < 1 or self._rolls.random() >= self.chance / 2:
                return False
            self.most -= 1
            self._spared = 2 * self.mercy
            self.happened[point] += 1
            return True

    def throttled(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Proxy[F: Fate]:
    """Where the function has to be pointed to, and what happens to it there.

    `peaks` has the most memory each of its processes ever held, in KiB by process id, as the
    kernel counted it (`VmHWM`) when it last asked for something.
    """

    url: str
    plan: F
    peaks: dict[int, int]


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, endpoint: str, function: str, plan: Fate) -> None:
        super().__init__((HOST, 0), _Handler)
        self.plan = plan
        self.peaks: dict[int, int] = {}
        self.upstream = urlsplit(endpoint)
        self.mark = f"AWS_LAMBDA_FUNCTION_NAME={function}".encode()

    def handle_error(self, request: object, client_address: object) -> None:
        """Who was killed or gave up hears no answer; anything else is a bug and is printed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(http.server.BaseHTTPRequestHandler):
    """One request: killed before, throttled, forwarded, killed after, or answered."""

    server: _Server
    protocol_version = "HTTP/1.1"
    pid: int | None = None

    def do_POST(self) -> None:
        plan = self.server.plan
        self._measure()
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        step = plan.step(self.headers.get("x-amz-target", ""), self.path, body)
        if step and plan.hit(f"before {step}"):
            self._kill()
            return
        if step == "send" and plan.throttled():
            self._answer(_TOO_MANY, {"content-type": "text/xml"}, _THROTTLED)
            return
        status, headers, answer = self._forward(body)
        if step and plan.hit(f"after {step}"):
            self._kill()
            return
        self._answer(status, headers, answer)

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        return forwarded(self.server.upstream, self.command, self.path, self.headers, body)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _measure(self) -> None:
        """A connection has one process at its other end for as long as it lives."""
        self.pid = self.pid or process_at(self.client_address[1])
        if self.pid is not None and (peak := _peak(self.pid)) is not None:
            self.server.peaks[self.pid] = peak

    def _kill(self) -> None:
        self.close_connection = True
        if self.pid is None:
            raise AssertionError(f"nobody is at port {self.client_address[1]}")
        if self.server.mark not in environ_of(self.pid):
            raise AssertionError(f"process {self.pid} is another's: it is left alone")
        os.kill(self.pid, signal.SIGKILL)

    def log_message(self, *_: object) -> None:
        """Nothing to say."""


def forwarded(
    upstream: SplitResult, method: str, path: str, headers: Message, body: bytes
) -> tuple[int, dict[str, str], bytes]:
    """The answer of `upstream` to the request as it came: status, headers, body."""
    connection = http.client.HTTPConnection(upstream.hostname or "", upstream.port)
    try:
        sent = {name: value for name, value in headers.items() if name.lower() not in _HOP}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        kept = {k: v for k, v in answer.getheaders() if k.lower() not in _HOP}
        return answer.status, kept, answer.read()
    finally:
        connection.close()


@contextmanager
def deadly_proxy[F: Fate](endpoint: str, *, function: str, plan: F) -> Iterator[Proxy[F]]:
    """In front of `endpoint`; kills processes of the Lambda function of that name only."""
    server = _Server(endpoint, function, plan)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Proxy(f"http://{HOST}:{server.server_address[1]}", plan, server.peaks)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def process_at(port: int) -> int | None:
    """The process whose end of a loopback connection has this port; None if it is gone."""
    wanted = f":{port:04X}"
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        parts = line.split()
        if parts[1].endswith(wanted):
            inode = f"socket:[{parts[9]}]"
            for entry in Path("/proc").iterdir():
                if entry.name.isdigit() and _holds(entry / "fd", inode):
                    return int(entry.name)
    return None


def _holds(folder: Path, inode: str) -> bool:
    try:
        return any(str(one.readlink()) == inode for one in folder.iterdir())
    except OSError:
        return False


def _peak(pid: int) -> int | None:
    """KiB; None for a process that is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return None
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(found[0]) if found else None


def environ_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()
