"""How a request lies on the wire of each service that Tocsin calls, and what its answer says.

Three protocols: JSON (`X-Amz-Target` and a document), Query (a form, answered in XML) and REST (a
document under a path). Only the operations that Tocsin uses are here; botocore's own serialisers
are the oracle in the tests.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

from tocsin.errors import QueueUnavailable, SecretUnavailable, StoreUnavailable, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tocsin.runtime.aws.connection import Answer

_encode = json.JSONEncoder(separators=(",", ":")).encode  # made once, not per call
_LEAF = re.compile(rb"<(\w+)>([^<]*)</\1>")
_SNS_VERSION = "2010-03-31"
_PATHS = {"SendEmail": "/v2/email/outbound-emails"}


class Request(NamedTuple):
    """A POST; without `target` it has no `X-Amz-Target`."""

    path: str
    target: str | None
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One service: `failure` is what is raised when it refuses or does not answer.

    `success` is its one HTTP status of success; `always` are headers of every request.
    """

    content_type: str
    signed_as: str
    failure: type[Unavailable]
    request: Callable[[str, Mapping[str, Any]], Request]
    answer: Callable[[Answer], dict[str, Any]]
    success: int = 200
    always: Mapping[str, str] | None = None


def error_code(answer: Answer, document: Mapping[str, Any]) -> str:
    """The code of a refusal: `ThrottlingException`, or `http_<status>` where it says none."""
    named = document.get("__type") or answer.error or document.get("code") or document.get("Code")
    text = str(named or f"http_{answer.status}")
    return text.rpartition("#")[2].partition(":")[0]


def _targets(service: str) -> Callable[[str, Mapping[str, Any]], Request]:
    def request(operation: str, payload: Mapping[str, Any]) -> Request:
        return Request("/", f"{service}.{operation}", _encode(payload).encode())

    return request


def _form(operation: str, payload: Mapping[str, Any]) -> Request:
    fields = {"Action": operation, "Version": _SNS_VERSION, **dict(_flat(payload))}
    return Request("/", None, urlencode(fields).encode())


def _flat(payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Maps as `Name.entry.1.Name` and `.Value.<member>`, as the Query protocol writes them."""
    for name, value in payload.items():
        if isinstance(value, str):
            yield name, value
            continue
        for number, (entry, members) in enumerate(value.items(), start=1):
            yield f"{name}.entry.{number}.Name", entry
            for member, text in members.items():
                yield f"{name}.entry.{number}.Value.{member}", text


def _path(operation: str, payload: Mapping[str, Any]) -> Request:
    return Request(_PATHS[operation], None, _encode(payload).encode())


def _invocation(_operation: str, payload: Mapping[str, Any]) -> Request:
    function = quote(payload["FunctionName"], safe="")
    body = _encode(payload["Payload"]).encode()
    return Request(f"/2015-03-31/functions/{function}/invocations", None, body)


def _document(answer: Answer) -> dict[str, Any]:
    found = json.loads(answer.body or b"{}")
    if not isinstance(found, dict):
        raise ValueError("not_a_document")  # noqa: TRY004 - an answer, not an argument
    return found


def _leaves(answer: Answer) -> dict[str, Any]:
    """The texts of an XML answer by the name of their element; nothing here repeats a name."""
    return {name.decode(): text.decode() for name, text in _LEAF.findall(answer.body)}


def _returned(answer: Answer) -> dict[str, Any]:
    """What a function returned; of one that failed, only that it did."""
    if answer.function_error:
        return {"FunctionError": answer.function_error}
    if answer.status != 200:  # noqa: PLR2004 - HTTP
        return _document(answer)
    return {"Payload": json.loads(answer.body or b"null")}


def _json(target: str, version: str, service: str, failure: type[Unavailable]) -> Wire:
    return Wire(
        content_type=f"application/x-amz-json-{version}",
        signed_as=service,
        failure=failure,
        request=_targets(target),
        answer=_document,
    )


WIRES: Mapping[str, Wire] = {
    "dynamodb": _json("DynamoDB_20120810", "1.0", "dynamodb", StoreUnavailable),
    "monitoring": _json("GraniteServiceVersion20100801", "1.0", "monitoring", Unavailable),
    "secretsmanager": _json("secretsmanager", "1.1", "secretsmanager", SecretUnavailable),
    "sqs": _json("AmazonSQS", "1.0", "sqs", QueueUnavailable),
    "events": _json("AWSEvents", "1.1", "events", Unavailable),
    "codepipeline": _json("CodePipeline_20150709", "1.1", "codepipeline", Unavailable),
    "sns": Wire(
        content_type="application/x-www-form-urlencoded; charset=utf-8",
        signed_as="sns",
        failure=Unavailable,
        request=_form,
        answer=_leaves,
    ),
    "sesv2": Wire(
        content_type="application/json",
        signed_as="ses",
        failure=Unavailable,
        request=_path,
        answer=_document,
    ),
    "lambda": Wire(
        content_type="application/json",
        signed_as="lambda",
        failure=Unavailable,
        request=_invocation,
        answer=_returned,
    ),
    # The caller does not wait: Lambda keeps the call and makes it.
    "lambda_event": Wire(
        content_type="application/json",
        signed_as="lambda",
        failure=Unavailable,
        request=_invocation,
        answer=_document,
        success=202,
        always={"X-Amz-Invocation-Type": "Event"},
    ),
}
ENDPOINTS: Mapping[str, str] = {"lambda_event": "lambda", "sesv2": "email"}
"""The first part of a service's host where it is not the service's name."""
