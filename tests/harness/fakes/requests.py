"""HTTP API events as the gateway makes them (payload format 2.0, IAM authoriser)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from functions.billing_api.routes import ROUTES as BILLING_ROUTES
from functions.incident_api.routes import ROUTES as INCIDENT_ROUTES

if TYPE_CHECKING:
    from collections.abc import Mapping


ROUTES = (*INCIDENT_ROUTES, *BILLING_ROUTES)


def api_event(
    method: str,
    path: str,
    body: object = None,
    *,
    person: str,
    group: str = "responder",
    stage: str = "local",
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The event of one request; a body that is no text is sent as JSON."""
    route, parameters = _route(method, path)
    role = f"arn:aws:sts::000000000000:assumed-role/tocsin-{stage}-{group}/{person}"
    return {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "headers": {"content-type": "application/json", **(headers or {})},
        "queryStringParameters": dict(query) if query else None,
        "pathParameters": parameters or None,
        "requestContext": {
            "requestId": f"request-{method}-{path}",
            "http": {"method": method, "path": path},
            "authorizer": {"iam": {"userArn": role}},
        },
        "body": body if isinstance(body, str) else None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def link_event(
    method: str, url: str, body: str = "", *, source: str = "192.0.2.1"
) -> dict[str, Any]:
    """The event of a request without a login to an address of the public function.

    `source` is the address that the gateway saw; headers that claim another are sent along.
    """
    path = "/" + url.removeprefix("https://").partition("/")[2]
    parts = path.rpartition("/")
    page = next((one for one in _BY_TOKEN if path.startswith(one)), "")
    template = f"{page}{{token}}" if page else path
    return {
        "version": "2.0",
        "routeKey": f"{method} {template}",
        "rawPath": path,
        "headers": {
            "content-type": "application/x-www-form-urlencoded",
            "x-forwarded-for": "198.51.100.99",
        },
        "pathParameters": {"token": parts[2]} if page else None,
        "requestContext": {
            "requestId": f"request-{method}-link",
            "domainName": "abcdefghij.execute-api.us-east-1.amazonaws.com",
            "http": {"method": method, "path": path, "sourceIp": source},
        },
        "body": body or None,
        "isBase64Encoded": False,
    }


_BY_TOKEN = ("/a/", "/beat/", "/report/confirm/")


def _route(method: str, path: str) -> tuple[str, dict[str, str]]:
    """The gateway's choice: the route with the fewest variables that matches."""
    parts = path.strip("/").split("/")
    found: list[tuple[int, str, dict[str, str]]] = []
    for key in ROUTES:
        verb, template = key.split(" ")
        names = template.strip("/").split("/")
        if verb != method or len(names) != len(parts):
            continue
        pairs = list(zip(names, parts, strict=True))
        if all(name == part or name.startswith("{") for name, part in pairs):
            values = {name.strip("{}"): part for name, part in pairs if name.startswith("{")}
            found.append((len(values), key, values))
    return min(found)[1:] if found else ("$default", {})
