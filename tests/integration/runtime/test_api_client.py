"""The signed client of the command line, against a scripted server on this machine."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Self

import pytest
from botocore.credentials import Credentials

from tocsin.errors import BadInput, RemoteError, Unavailable
from tocsin.runtime.api_client import ApiClient, default_credentials, region_of, segment

if TYPE_CHECKING:
    from collections.abc import Iterator


class Api(HTTPServer):
    """Gives the scripted answers in turn; (status, body)."""

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = list(answers)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    def client(self) -> ApiClient:
        url = f"http://127.0.0.1:{self.server_port}/base"
        return ApiClient(url, "us-east-1", Credentials("ASIAEXAMPLE", "secret", "token"))


class _Handler(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        server = self.server
        assert isinstance(server, Api)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        server.asked.append((self.command, self.path, headers, body))
        status, text = server.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = _answer  # noqa: N815 -- the server's own names

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def serve() -> Iterator[Serve]:
    with Serve() as server:
        yield server


class Serve:
    """Runs one scripted server until the test is over."""

    def __init__(self) -> None:
        self.running: list[tuple[Api, threading.Thread]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for api, thread in self.running:
            api.shutdown()
            api.server_close()
            thread.join(5)

    def __call__(self, *answers: tuple[int, bytes]) -> Api:
        api = Api(*answers)
        thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.running.append((api, thread))
        return api


def test_a_read_is_signed_for_the_gateway_and_leaves_empty_questions_out(serve: Serve) -> None:
    api = serve((200, b'{"incidents": []}'))

    assert api.client().get("/v1/incidents", status="open", cursor=None) == {"incidents": []}

    ((method, path, headers, body),) = api.asked
    assert (method, path, body) == ("GET", "/base/v1/incidents?status=open", b"")
    assert "/us-east-1/execute-api/aws4_request" in headers["authorization"]
    assert headers["x-amz-security-token"] == "token"


def test_a_command_carries_its_key_and_every_command_another(serve: Serve) -> None:
    api = serve((200, b"{}"), (200, b"{}"), (200, b"{}"))
    client = api.client()
    client.post("/v1/incidents/I/note", {"text": "ü"}, key="mine")
    client.post("/v1/incidents/I/note", {"text": "ü"})
    client.post("/v1/incidents/I/note", {"text": "ü"})

    keys = [headers["idempotency-key"] for _, _, headers, _ in api.asked]

    assert keys[0] == "mine"
    assert len(set(keys)) == 3
    assert json.loads(api.asked[0][3]) == {"text": "ü"}


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_answer_is_tried_again_under_the_same_key(serve: Serve, status: int) -> None:
    api = serve((status, b""), (201, b'{"id": "INC-1"}'))

    assert api.client().post("/v1/incidents", {})["id"] == "INC-1"

    first, second = (headers["idempotency-key"] for _, _, headers, _ in api.asked)
    assert first == second


def test_an_answer_that_stays_busy_is_given_up_with_what_it_said(serve: Serve) -> None:
    problem = b'{"code": "store_unavailable", "detail": "DynamoDB refused"}'
    api = serve(*[(503, problem)] * 3)

    with pytest.raises(RemoteError, match="DynamoDB refused") as refused:
        api.client().get("/v1/incidents")

    assert (refused.value.answered, refused.value.http_status) == ("store_unavailable", 503)


NO_GROUP = "your group may not do this, or your credentials are of no person here"
ARN_IN_IT = (
    b'{"message": "User: arn:aws:sts::123456789012:assumed-role/tocsin-prod-viewer/eve is not'
    b' authorized to perform: execute-api:Invoke"}'
)


@pytest.mark.parametrize(
    ("body", "answered", "detail"),
    [
        (b'{"code": "illegal_transition", "detail": "closed"}', "illegal_transition", "closed"),
        (ARN_IN_IT, "http_403", NO_GROUP),
        (b'{"message": "Forbidden"}', "http_403", NO_GROUP),
        (b"<html>", "http_403", NO_GROUP),
        (b"[]", "http_403", NO_GROUP),
    ],
)
def test_a_refusal_keeps_the_words_of_the_api(
    serve: Serve, body: bytes, answered: str, detail: str
) -> None:
    api = serve((403, body))

    with pytest.raises(RemoteError) as refused:
        api.client().get("/v1/incidents")

    assert (refused.value.answered, refused.value.detail) == (answered, detail)
    assert len(api.asked) == 1


def test_nobody_answering_is_unavailable() -> None:
    client = ApiClient("http://127.0.0.1:1", "us-east-1", Credentials("a", "b"))

    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"):
        client.get("/v1/incidents")


def test_an_id_cannot_reach_beyond_its_place_in_the_path() -> None:
    assert segment("..?x=1#y") == "..%3Fx%3D1%23y"
    for text in ("../webhooks", "", "a\nb", "x" * 257):
        with pytest.raises(BadInput):
            segment(text)


def test_the_region_is_in_the_address_or_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")

    assert region_of("https://a1.execute-api.ap-south-1.amazonaws.com") == "ap-south-1"
    assert region_of("https://tocsin.example.com") == "eu-west-1"


def test_no_region_and_no_credentials_are_errors_that_say_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(BadInput, match="AWS_REGION"):
        region_of("https://tocsin.example.com")
    with pytest.raises(BadInput, match="AWS_PROFILE"):
        default_credentials()
