"""Holds requests and answers to the API's document: what is promised is what is served."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator, FormatChecker

from tools import openapi

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _is_time(text: object) -> bool:
    return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None


_TIMES = FormatChecker(formats=())
_TIMES.checks("date-time", raises=ValueError)(_is_time)


@cache
def _document() -> dict[str, Any]:
    return openapi.document()


@cache
def _validator(method: str, path: str, status: int) -> Draft202012Validator | None:
    """For the answer; status 0 stands for the body. None where it is not JSON."""
    operation = _document()["paths"][path][method]
    holder = operation["responses"].get(str(status), {}) if status else operation["requestBody"]
    schema = holder.get("content", {}).get("application/json", {}).get("schema")
    if status and schema is None and "text/calendar" not in holder.get("content", {}):
        raise AssertionError(f"{method} {path} answers {status}, which nobody promised")
    if schema is None:
        return None
    whole = {"components": _document()["components"], **schema}
    return Draft202012Validator(whole, format_checker=_TIMES)


def broken(event: Mapping[str, Any], response: Mapping[str, Any]) -> Iterator[str]:
    """What a request that was carried out and its answer have that the document does not."""
    status = response["statusCode"]
    method, _, path = str(event["routeKey"]).partition(" ")
    path, method = _named(path, event), method.lower()
    if status >= HTTPStatus.BAD_REQUEST or path not in _document()["paths"]:
        return
    checked = [("answered", _validator(method, path, status), response["body"])]
    if method == "post" and event.get("body"):
        checked.append(("sent", _validator(method, path, 0), _sent(event)))
    for what, validator, text in checked:
        if validator is not None:
            for error in validator.iter_errors(json.loads(text)):
                yield f"{method} {path} {what} {error.json_path}: {error.message[:300]}"


def _named(path: str, event: Mapping[str, Any]) -> str:
    return path.replace("{command}", (event.get("pathParameters") or {}).get("command", ""))


def _sent(event: Mapping[str, Any]) -> str | bytes:
    body = event["body"]
    return base64.b64decode(body) if event.get("isBase64Encoded") else str(body)
