"""A proxy between a deployed function and AWS that kills the function at a chosen request.

The function's process is found by its end of the connection and gets SIGKILL, as a machine that is
lost would: before its request reached AWS, or after AWS did it and before the function hears of it.
Nothing in the function is changed but the address of AWS.
"""

from __future__ import annotations

import http.client
import http.server
import os
import signal
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"
_HOP = frozenset({"connection", "content-length", "transfer-encoding"})
_THROTTLED = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>"
    b"<Message>Rate exceeded</Message></Error><RequestId>r</RequestId></ErrorResponse>"
)
_TOO_MANY = 400


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


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where the function has to be pointed to, and what happens to it there."""

    url: str
    plan: Plan


def _step(target: str, path: str, body: bytes) -> str:
    """Which part of delivering a request is; empty for all others."""
    if target.endswith(".UpdateItem"):
        if b"ADD attempts" in body:
            return "claim"
        return "mark" if b"sent_at" in body else ""
    if b"Action=Publish" in body or path.startswith("/v2/email/outbound-emails"):
        return "send"
    return ""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, endpoint: str, function: str) -> None:
        super().__init__((HOST, 0), _Handler)
        self.plan = Plan()
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

    def do_POST(self) -> None:
        plan = self.server.plan
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        step = _step(self.headers.get("x-amz-target", ""), self.path, body)
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
        upstream = self.server.upstream
        connection = http.client.HTTPConnection(upstream.hostname or "", upstream.port)
        try:
            sent = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            connection.request(self.command, self.path, body, sent)
            answer = connection.getresponse()
            kept = {k: v for k, v in answer.getheaders() if k.lower() not in _HOP}
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _kill(self) -> None:
        self.close_connection = True
        pid = _process_at(self.client_address[1])
        if self.server.mark not in _environ(pid):
            raise AssertionError(f"process {pid} is another's: it is left alone")
        os.kill(pid, signal.SIGKILL)

    def log_message(self, *_: object) -> None:
        """Nothing to say."""


@contextmanager
def deadly_proxy(endpoint: str, *, function: str) -> Iterator[Proxy]:
    """In front of `endpoint`; kills processes of the Lambda function of that name only."""
    server = _Server(endpoint, function)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Proxy(f"http://{HOST}:{server.server_address[1]}", server.plan)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _process_at(port: int) -> int:
    """The process whose end of a loopback connection has this port."""
    wanted = f":{port:04X}"
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        parts = line.split()
        if parts[1].endswith(wanted):
            inode = f"socket:[{parts[9]}]"
            for entry in Path("/proc").iterdir():
                if entry.name.isdigit() and _holds(entry / "fd", inode):
                    return int(entry.name)
    raise AssertionError(f"nobody is at port {port}")


def _holds(folder: Path, inode: str) -> bool:
    try:
        return any(str(one.readlink()) == inode for one in folder.iterdir())
    except OSError:
        return False


def _environ(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()
