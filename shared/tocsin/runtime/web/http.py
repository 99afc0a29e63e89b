"""HTTP as Tocsin means it: payload format 2.0 in, one error format out.

Standard library only, so the ingest path can use it. Limits are enforced before any work is done
on a body, and every refusal is an RFC 9457 problem with the stable `code` of its error, so that
clients branch on a word and not on a sentence.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from tocsin.errors import BadInput, MalformedPayload, PayloadTooLarge, TocsinError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY_BYTES = 1_000_000
MAX_HEADER_BYTES = 8_192
LONGEST_NAME = 256
"""Characters of a name in a path: no id or name of ours is longer."""
LONGEST_VALUE = 1_024
"""Characters of one parameter of a query; a cursor is the longest there is."""

type Response = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names are lower case, the body is the bytes that were sent.

    `source` is the address that the gateway itself was called from, and `domain` the name it was
    called by: what headers say of either is anybody's word.
    """

    method: str
    path: str
    path_parameters: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    request_id: str
    authorizer: Mapping[str, Any]
    source: str = ""
    domain: str = ""

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; an empty body is an empty object.

        Raises:
            MalformedPayload: not UTF-8, not JSON, not an object, a key twice, or a number with a
                fraction (no record in Tocsin holds one).
        """
        try:
            value = json.loads(
                self.body or b"{}",
                object_pairs_hook=_no_key_twice,
                parse_float=_no_fraction,
                parse_constant=_no_fraction,
            )
        except (ValueError, RecursionError) as error:  # also a number too long for Python
            raise MalformedPayload("the body is not JSON") from error
        if not isinstance(value, dict):
            raise MalformedPayload("the body is not a JSON object")
        return value


def parse(event: Mapping[str, Any], *, max_body: int = MAX_BODY_BYTES) -> Request:
    """The request inside an HTTP API event.

    Raises:
        PayloadTooLarge: the body is over `max_body` bytes or the headers over 8 KiB in all; found
            out before anything is decoded.
        MalformedPayload: the body is neither base64, where it claims to be, nor text.
        BadInput: a name in the path or a parameter is longer than any is, or holds what none does.
    """
    context = event["requestContext"]
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    if sum(len(name) + len(value) for name, value in headers.items()) > MAX_HEADER_BYTES:
        raise PayloadTooLarge("the headers are too large", limit=MAX_HEADER_BYTES)
    names, query = event.get("pathParameters") or {}, event.get("queryStringParameters") or {}
    _check(names, LONGEST_NAME)
    _check(query, LONGEST_VALUE)
    return Request(
        method=context["http"]["method"],
        path=context["http"]["path"],
        path_parameters=names,
        query=query,
        headers=headers,
        body=_body(event, max_body),
        request_id=context.get("requestId", ""),
        authorizer=context.get("authorizer") or {},
        source=context["http"].get("sourceIp", ""),
        domain=context.get("domainName", ""),
    )


def _check(values: Mapping[str, str], longest: int) -> None:
    for name, value in values.items():
        if len(value) > longest or not (value.isprintable() or not value):
            detail = f"`{name}` must be at most {longest} characters, all of them printable"
            raise BadInput(detail, field=name[:64])


def _body(event: Mapping[str, Any], limit: int) -> bytes:
    text = event.get("body") or ""
    encoded = bool(event.get("isBase64Encoded"))
    if len(text) > (-(-limit // 3) * 4 if encoded else limit):
        raise PayloadTooLarge(f"the body is over {limit} bytes: send less at once", limit=limit)
    try:
        body = base64.b64decode(text, validate=True) if encoded else text.encode()
    except ValueError as error:  # also text that is no ASCII, and half a surrogate pair
        raise MalformedPayload("the body cannot be decoded") from error
    if len(body) > limit:
        raise PayloadTooLarge(f"the body is over {limit} bytes: send less at once", limit=limit)
    return body


def answer(
    status: int, body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer that no cache keeps."""
    return document(status, _json(body), "application/json", headers=headers)


def document(
    status: int, text: str, media_type: str, *, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer of any text type that no cache keeps."""
    return {
        "statusCode": status,
        "headers": {"content-type": media_type, "cache-control": "no-store", **(headers or {})},
        "body": text,
        "isBase64Encoded": False,
    }


def problem(error: TocsinError, *, correlation_id: str) -> Response:
    """RFC 9457 problem details of an error raised on purpose; its `context` goes along."""
    meaning = (type(error).__doc__ or error.code).strip().splitlines()[0].rstrip(".")
    body = {
        **error.context,
        "type": f"urn:tocsin:problem:{error.code}",
        "title": meaning,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "retryable": error.retryable,
        "correlation_id": correlation_id,
    }
    headers = {"x-correlation-id": correlation_id}
    if error.retryable:
        headers["retry-after"] = "1"
    return document(error.status, _json(body), "application/problem+json", headers=headers)


def unexpected(*, correlation_id: str) -> Response:
    """The answer to a bug: nothing about it but the id under which it was logged."""
    return problem(
        TocsinError("something went wrong here; the correlation id finds it in the logs"),
        correlation_id=correlation_id,
    )


def _json(body: Mapping[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedPayload("the body names a key twice")
    return found


def _no_fraction(text: str) -> NoReturn:
    raise MalformedPayload(f"no number in Tocsin has a fraction: {text[:32]}")
