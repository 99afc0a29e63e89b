"""Reading the clock's offset over the wire, with nothing but a signer."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.errors import ClockUnavailable
from tocsin.local.adjustable_clock import read_offset

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "/tocsin/local/incident-clock-offset"


class Ssm(HTTPServer):
    """Answers one thing and remembers what it was asked."""

    status = 200
    answer: bytes = b"{}"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[dict[str, str], Any]] = []

    def environ(self, **more: str) -> dict[str, str]:
        return {
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_SESSION_TOKEN": "token",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server_port}",
        } | more


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Ssm)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        server.asked.append((headers, json.loads(body)))
        self.send_response(server.status)
        self.end_headers()
        self.wfile.write(server.answer)

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def ssm() -> Iterator[Ssm]:
    with Ssm() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


def test_the_offset_is_read_signed_and_with_the_session_of_the_function(ssm: Ssm) -> None:
    ssm.answer = b'{"Parameter": {"Value": "14400"}}'

    assert read_offset(NAME, ssm.environ()) == 14_400

    ((headers, body),) = ssm.asked
    assert body == {"Name": NAME}
    assert headers["x-amz-target"] == "AmazonSSM.GetParameter"
    assert headers["x-amz-security-token"] == "token"
    assert "/us-east-1/ssm/aws4_request" in headers["authorization"]


def test_an_address_of_ssm_alone_comes_before_that_of_all_services(ssm: Ssm) -> None:
    ssm.answer = b'{"Parameter": {"Value": "-60"}}'
    own = ssm.environ()["AWS_ENDPOINT_URL"]

    environ = ssm.environ(AWS_ENDPOINT_URL="http://127.0.0.1:1", AWS_ENDPOINT_URL_SSM=own)

    assert read_offset(NAME, environ) == -60


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (400, b'{"__type": "AccessDeniedException"}'),
        (500, b""),
        (200, b"not json"),
        (200, b"{}"),
        (200, b'{"Parameter": {"Value": "soon"}}'),
    ],
)
def test_anything_but_a_number_is_no_time_at_all(ssm: Ssm, status: int, answer: bytes) -> None:
    ssm.status, ssm.answer = status, answer

    with pytest.raises(ClockUnavailable):
        read_offset(NAME, ssm.environ())


def test_nobody_answering_is_no_time_at_all(ssm: Ssm) -> None:
    with pytest.raises(ClockUnavailable):
        read_offset(NAME, ssm.environ(AWS_ENDPOINT_URL="http://127.0.0.1:1"))
