"""Requests as they are on the wire, read by the services' own models.

Needs nothing but botocore, for it also runs inside the emulator, which has nothing else.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree as ET

from botocore.loaders import Loader
from botocore.model import ServiceModel

from tests.harness.strict_aws.refusals import Call

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import OperationModel, Shape

SERVICES = (*("dynamodb", "kms", "lambda", "s3", "secretsmanager", "sesv2", "sns", "sqs", "ssm"),)
"""By their names in botocore."""

_SIGNED = re.compile(r"/\d{8}/[a-z0-9-]+/([a-z0-9-]+)/aws4_request")
_V2_MAIL = "/v2/email/"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names in small letters."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.url).path or "/"

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))


def read(request: Request) -> Call | None:
    """The call; None for what is signed for no service of ours, or for none at all."""
    service = service_of(request)
    if service is None:
        return None
    model = service_model(service)
    protocol = model.metadata["protocol"]
    if protocol == "json":
        return _json(service, model, request)
    if protocol == "query":
        return _query(service, model, request)
    return _rest(service, model, request)


def service_of(request: Request) -> str | None:
    """For which service a request is signed."""
    signed = request.headers.get("authorization", "") or request.query.get("X-Amz-Credential", "")
    found = _SIGNED.search(signed)
    if found is None:
        return None
    name = found[1]
    if name == "ses":
        return "sesv2" if request.path.startswith(_V2_MAIL) else None
    return name if name in SERVICES else None


@cache
def service_model(service: str) -> ServiceModel:
    """The service as botocore knows it; read anew, for a client of S3 alters its own model."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def shape_of(call: Call) -> Shape | None:
    """What the operation takes."""
    shape: Shape | None = service_model(call.service).operation_model(call.operation).input_shape
    return shape


def _json(service: str, model: ServiceModel, request: Request) -> Call | None:
    target = request.headers.get("x-amz-target", "")
    operation = target.rpartition(".")[2]
    if operation not in model.operation_names:
        return None
    raw = json.loads(request.body or b"{}")
    strays: list[str] = []
    params = _from_json(model.operation_model(operation).input_shape, raw, "", strays)
    return Call(service, operation, params, tuple(strays))


def _from_json(shape: Any, raw: Any, path: str, strays: list[str]) -> Any:
    """Blobs as bytes; whatever has another type than the model says is left for the check."""
    kind = getattr(shape, "type_name", None)
    if kind == "structure" and isinstance(raw, dict):
        names = {each.serialization.get("name", name): name for name, each in _members(shape)}
        strays += [f"{path}{name}" for name in raw if name not in names]
        return {
            names[name]: _from_json(shape.members[names[name]], value, f"{path}{name}.", strays)
            for name, value in raw.items()
            if name in names and value is not None
        }
    if kind == "list" and isinstance(raw, list):
        return [_from_json(shape.member, each, f"{path}[].", strays) for each in raw]
    if kind == "map" and isinstance(raw, dict):
        return {
            key: _from_json(shape.value, each, f"{path}{key}.", strays) for key, each in raw.items()
        }
    if kind == "blob" and isinstance(raw, str):
        try:
            return base64.b64decode(raw, validate=True)
        except ValueError:
            return raw
    return raw


def _members(shape: Any) -> Iterator[tuple[str, Any]]:
    yield from shape.members.items()


def _query(service: str, model: ServiceModel, request: Request) -> Call | None:
    form = dict(parse_qsl(request.body.decode(), keep_blank_values=True)) or request.query
    operation = form.get("Action", "")
    if operation not in model.operation_names:
        return None
    known: set[str] = {"Action", "Version"}
    params = _from_form(model.operation_model(operation).input_shape, form, "", known)
    strays = tuple(name for name in form if name not in known and not name.startswith("X-Amz-"))
    return Call(service, operation, params or {}, strays)


def _from_form(shape: Any, form: Mapping[str, str], prefix: str, known: set[str]) -> Any:
    """What the form has under the prefix, by the model; None for nothing."""
    kind = shape.type_name if shape is not None else "structure"
    if kind == "structure":
        found = {}
        for name, member in _members(shape) if shape is not None else ():
            inner = member.serialization.get("name", name)
            value = _from_form(member, form, f"{prefix}.{inner}" if prefix else inner, known)
            if value is not None:
                found[name] = value
        return found or None
    if kind in {"list", "map"}:
        return _several_from_form(shape, form, prefix, known)
    text = form.get(prefix)
    if text is None:
        return None
    known.add(prefix)
    return _scalar(shape, text)


def _several_from_form(shape: Any, form: Mapping[str, str], prefix: str, known: set[str]) -> Any:
    flat = shape.serialization.get("flattened")
    if shape.type_name == "list":
        base = prefix if flat else f"{prefix}.{shape.member.serialization.get('name', 'member')}"
        values = []
        for number in range(1, len(form) + 1):
            value = _from_form(shape.member, form, f"{base}.{number}", known)
            if value is None:
                break
            values.append(value)
        return values or None
    base = prefix if flat else f"{prefix}.entry"
    key = shape.key.serialization.get("name", "key")
    item = shape.value.serialization.get("name", "value")
    found = {}
    for number in range(1, len(form) + 1):
        name = _from_form(shape.key, form, f"{base}.{number}.{key}", known)
        if name is None:
            break
        found[name] = _from_form(shape.value, form, f"{base}.{number}.{item}", known)
    return found or None


def _scalar(shape: Any, text: str) -> Any:
    """A text of a form, a header or a path as its type; the text itself where it is none."""
    kind = shape.type_name
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind in {"integer", "long"}:
        return int(text) if re.fullmatch(r"-?\d+", text) else text
    if kind == "blob":
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            return text
    return text


def _rest(service: str, model: ServiceModel, request: Request) -> Call | None:
    path = _path(service, request)
    fits = [(rank, operation, labels) for operation, rank, labels in _matches(model, request, path)]
    if not fits:
        return None
    _, operation, labels = max(fits, key=lambda each: each[0])
    return _rest_call(service, operation, labels, request)


def _path(service: str, request: Request) -> str:
    """A bucket in the name of the host comes first in the path, where the model has it."""
    host = urlsplit(request.url).hostname or request.headers.get("host", "")
    bucket, dot, rest = host.partition(".s3")
    if service == "s3" and dot and rest.startswith((".", "-")):
        return f"/{bucket}{request.path}"
    return request.path


def _matches(
    model: ServiceModel, request: Request, path: str
) -> Iterator[tuple[OperationModel, tuple[int, int], dict[str, str]]]:
    """Operations that fit: those of whose query and header more is there rank higher."""
    for operation, method, pattern, literals in _routes(model.service_name):
        if method != request.method:
            continue
        found = pattern.fullmatch(path)
        if found is None or any(request.query.get(each, "-") != value for each, value in literals):
            continue
        needed = (
            [
                member.serialization["name"].lower()
                for name, member in _members(operation.input_shape)
                if name in operation.input_shape.required_members
                and member.serialization.get("location") in {"header", "querystring"}
            ]
            if operation.input_shape
            else []
        )
        given = {*request.headers, *(each.lower() for each in request.query)}
        if set(needed) <= given:
            labels = {name: unquote(text) for name, text in found.groupdict().items()}
            yield operation, (len(literals), len(needed)), labels


@cache
def _routes(service: str) -> list[tuple[Any, str, re.Pattern[str], tuple[tuple[str, str], ...]]]:
    model, found = service_model(service), []
    for name in model.operation_names:
        operation = model.operation_model(name)
        uri, _, query = operation.http["requestUri"].partition("?")
        pattern = re.sub(r"\\\{(\w+)(\\\+)?\\\}", _label, re.escape(uri).replace(r"\-", "-"))
        literals = tuple(parse_qsl(query, keep_blank_values=True))
        found.append((operation, operation.http["method"], re.compile(f"{pattern}/?"), literals))
    return found


def _label(found: re.Match[str]) -> str:
    return f"(?P<{found[1]}>{'.+' if found[2] else '[^/]+'})"


def _rest_call(service: str, operation: Any, labels: dict[str, str], request: Request) -> Call:
    shape, strays = operation.input_shape, list[str]()
    params: dict[str, Any] = {}
    for name, member in _members(shape) if shape is not None else ():
        value = _located(member, member.serialization.get("name", name), labels, request)
        if value is not None:
            params[name] = value
    payload = shape.serialization.get("payload") if shape is not None else None
    modelled = payload is None or shape.members[payload].type_name == "structure"
    if request.body and shape is not None and modelled:
        inner = shape if payload is None else shape.members[payload]
        document = _document(inner, operation, request.body, strays)
        params |= document if payload is None else {payload: document}
    elif request.body and payload is not None:
        text = shape.members[payload].type_name == "string"
        params[payload] = request.body.decode() if text else request.body
    return Call(service, operation.name, params, tuple(strays))


def _located(member: Any, wire: str, labels: dict[str, str], request: Request) -> Any:
    """What stands for a member in path, headers or query; None for what is not there."""
    where = member.serialization.get("location")
    if where == "headers":
        start = wire.lower()
        several = {
            name[len(start) :]: value
            for name, value in request.headers.items()
            if name.startswith(start)
        }
        return several or None
    text = {
        "uri": labels.get(wire),
        "header": request.headers.get(wire.lower()),
        "querystring": request.query.get(wire),
    }.get(where or "")
    if text is None or member.type_name in {"list", "map"}:
        return None
    return _scalar(member, text)


def _document(shape: Any, operation: Any, body: bytes, strays: list[str]) -> Any:
    if operation.service_model.metadata["protocol"] == "rest-json":
        return _from_json(shape, json.loads(body), "", strays)
    # XML: that it can be read is all that is asked here.
    ET.fromstring(body)
    return {}
