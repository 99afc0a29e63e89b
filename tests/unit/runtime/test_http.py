"""Payload 2.0 in, problem details out; limits hold before any work is done."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tocsin import errors
from tocsin.errors import MalformedPayload, PayloadTooLarge, TocsinError
from tocsin.runtime.web import http


def event(
    body: str | None = None, *, encoded: bool = False, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": "/local/v1/incidents",
        "headers": headers,
        "body": body,
        "isBase64Encoded": encoded,
        "requestContext": {
            "requestId": "req-1",
            "http": {"method": "POST", "path": "/v1/incidents"},
        },
    }


def test_the_body_is_the_bytes_that_were_sent_however_the_gateway_wrapped_them() -> None:
    sent = '{"a": "é"}'.encode()
    plain = http.parse(event(sent.decode()))
    wrapped = http.parse(event(base64.b64encode(sent).decode(), encoded=True))
    assert plain.body == wrapped.body == sent
    assert plain.json_object() == {"a": "é"}


def test_header_names_are_lower_case_and_absent_parts_are_empty() -> None:
    request = http.parse(event(headers={"Idempotency-Key": "k"}))
    assert request.headers == {"idempotency-key": "k"}
    assert request.query == request.path_parameters == request.authorizer == {}
    assert request.json_object() == {}


@pytest.mark.parametrize("encoded", [False, True])
def test_a_body_at_the_limit_is_taken_and_one_byte_more_is_refused(*, encoded: bool) -> None:
    def body_of(size: int) -> dict[str, Any]:
        raw = b"x" * size
        text = base64.b64encode(raw).decode() if encoded else raw.decode()
        return event(text, encoded=encoded)

    assert len(http.parse(body_of(1_000), max_body=1_000).body) == 1_000
    with pytest.raises(PayloadTooLarge):
        http.parse(body_of(1_001), max_body=1_000)


def test_the_limit_counts_bytes_not_characters() -> None:
    with pytest.raises(PayloadTooLarge):
        http.parse(event("é" * 600), max_body=1_000)


def test_headers_over_their_limit_are_refused() -> None:
    with pytest.raises(PayloadTooLarge):
        http.parse(event(headers={"x-large": "a" * 9_000}))


def test_a_body_that_claims_to_be_base64_and_is_not_is_refused() -> None:
    with pytest.raises(MalformedPayload):
        http.parse(event("not base64!", encoded=True))


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        '"text"',
        '{"a": 1, "a": 2}',
        '{"a": 1.5}',
        '{"a": NaN}',
        "[" * 100_000,
        f'{{"a": {"9" * 5_000}}}',
    ],
    ids=[
        *("cut off", "list", "text", "key twice", "fraction", "not a number", "too deep"),
        "more digits than a number has",
    ],
)
def test_a_body_that_is_no_plain_json_object_is_refused(body: str) -> None:
    with pytest.raises(MalformedPayload):
        http.parse(event(body)).json_object()


def test_bytes_that_are_no_utf_8_are_refused_as_json() -> None:
    with pytest.raises(MalformedPayload):
        http.parse(event(base64.b64encode(b'{"a": "\xff"}').decode(), encoded=True)).json_object()


def leaves(error: type[TocsinError] = TocsinError) -> list[type[TocsinError]]:
    """The tree of `tocsin.errors`; rooms may have private errors below it."""
    below = [leaf for child in error.__subclasses__() for leaf in leaves(child)]
    return [leaf for leaf in (error, *below) if leaf.__module__ == errors.__name__]


@pytest.mark.parametrize("error", leaves(), ids=lambda error: error.code)
def test_every_error_of_the_tree_is_a_problem_with_its_code(error: type[TocsinError]) -> None:
    raised = error()
    raised.detail, raised.context = "what went wrong", {"limit": 5}
    response = http.problem(raised, correlation_id="corr-1")
    body = json.loads(response["body"])
    assert response["statusCode"] == body["status"] == error.status
    assert response["headers"]["content-type"] == "application/problem+json"
    assert response["headers"]["x-correlation-id"] == body["correlation_id"] == "corr-1"
    assert (body["code"], body["detail"], body["limit"]) == (error.code, "what went wrong", 5)
    assert body["type"].endswith(error.code)
    assert ("retry-after" in response["headers"]) == error.retryable


def test_a_bug_tells_the_caller_nothing_but_where_to_look() -> None:
    response = http.unexpected(correlation_id="corr-9")
    assert response["statusCode"] == 500
    assert json.loads(response["body"])["correlation_id"] == "corr-9"


def test_context_cannot_overwrite_what_clients_rely_on() -> None:
    error = errors.Conflict("now")
    error.context = {"code": "forged", "status": 200}
    body = json.loads(http.problem(error, correlation_id="c")["body"])
    assert (body["code"], body["status"]) == ("conflict", 409)


def test_an_answer_is_json_that_no_cache_keeps() -> None:
    response = http.answer(201, {"id": "INC-1"}, headers={"etag": '"1"'})
    assert response["statusCode"] == 201
    assert json.loads(response["body"]) == {"id": "INC-1"}
    assert response["headers"] == {
        "content-type": "application/json",
        "cache-control": "no-store",
        "etag": '"1"',
    }
