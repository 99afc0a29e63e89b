"""Writes docs/openapi.json from the tables the functions serve by.

Routes, verbs, fields of commands and shapes of answers are read where they are declared, so the
document cannot promise what is not served. `python -m tools.openapi` writes it and refuses to
break what was published (see `openapi_rules`); `--check` writes nothing and fails when the
document is stale. A function that gets routes adds one line to `_SERVED`; `--publish` fixes what
may no longer be broken.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from functions.billing_api.routes import ROUTES as BILLING
from functions.incident_api.routes import ROUTES as INCIDENTS
from tocsin.incidents.commands.base import Command
from tocsin.incidents.commands.verbs import STEP, VERBS
from tocsin.runtime.web.answers import Problem
from tools.openapi_bodies import OPEN, of_wish
from tools.openapi_rules import broken
from tools.openapi_shapes import Shapes
from tools.written import written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.runtime.web.serving import Route

DOCUMENT = Path("docs/openapi.json")
PUBLISHED = Path("docs/openapi-published.json")
_SERVED: Mapping[str, Mapping[str, Route[Any]]] = MappingProxyType(
    {"incident_api": INCIDENTS, "billing_api": BILLING}
)
_VERB = "POST /v1/incidents/{id}/{command}"
_ABOUT = """What responders, pipelines and the product ask of Tocsin.

Every request under `/v1` is signed with IAM (SigV4, service `execute-api`) as a session of the role
of a group: viewer, responder, commander or security; the session's name is the person. What a
person may not know of is answered with 404. Every POST takes an `Idempotency-Key`; a repeat is
answered with what the first one led to. Answers about one incident carry its version as `ETag`,
and `If-Match` acts only on that version. Errors are RFC 9457 problems with a stable `code`.
Clients must ignore fields they do not know."""
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and body again does nothing twice; with another body it is 422.",
    "schema": {"type": "string", "maxLength": 128},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": 'A version in quotes, like "7": 412 if the incident has moved on.',
    "schema": {"type": "string", "pattern": '^("[0-9]+"|\\*)$'},
}
# Where another header than the key has to be there.
_HEADERS: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "POST /v1/policies": _IF_MATCH
        | {
            "required": True,
            "description": 'The newest `number` you have seen, like "7", or "0" before the first: '
            "412 if another was published since.",
        }
    }
)


def document() -> dict[str, Any]:
    """The whole document."""
    served = [route for routes in _SERVED.values() for route in routes.values()]
    shapes = Shapes([Problem, *(route.answer for route in served if route.answer is not str)])
    problem = shapes.reference(Problem)
    paths: dict[str, dict[str, Any]] = {}
    for function, routes in _SERVED.items():
        for key, route in routes.items():
            for path, operation in _operations(function, key, route, shapes):
                method = key.partition(" ")[0].lower()
                assert method not in paths.get(path, {}), f"{method} {path} is served twice"  # noqa: S101 - two functions cannot share a route
                paths.setdefault(path, {})[method] = operation
    for key, operation in OPEN.items():
        method, _, path = key.partition(" ")
        paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tocsin", "version": "1", "description": _ABOUT},
        "security": [{"iam": []}],
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {
            "schemas": shapes.found(),
            "responses": {
                "Problem": {
                    "description": "What is wrong, as RFC 9457 problem details.",
                    "content": {"application/problem+json": {"schema": problem}},
                }
            },
            "securitySchemes": {
                "iam": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "description": "AWS Signature Version 4, service `execute-api`.",
                }
            },
        },
    }


def _operations(
    function: str, key: str, route: Route[Any], shapes: Shapes
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The operations of a route: one, or one for each verb."""
    path = key.partition(" ")[2]
    if key != _VERB:
        wish = route.body
        sent = None if wish is None else of_wish(wish, at=issubclass(wish, Command))
        yield path, _operation(function, key, route, shapes, sent)
        return
    for name, verb in VERBS.items():
        steps = [of_wish(wish, step=step, at=True) for step, wish in verb.steps.items()]
        body = (
            steps[0]
            if len(steps) == 1
            else {"oneOf": steps, "discriminator": {"propertyName": STEP}}
        )
        verb_key = key.replace("{command}", name)
        made = _operation(function, verb_key, route, shapes, body)
        made["summary"] = verb.about
        made["parameters"].append(_IF_MATCH)
        yield path.replace("{command}", name), made


def _operation(
    function: str, key: str, route: Route[Any], shapes: Shapes, body: dict[str, Any] | None
) -> dict[str, Any]:
    method, _, path = key.partition(" ")
    text = route.answer is str
    schema = {"type": "string"} if text else shapes.reference(route.answer)
    answered = {route.media: {"schema": schema}}
    made: dict[str, Any] = {
        "operationId": _name(method, path),
        "summary": route.about,
        "tags": [function],
        "parameters": [*_of_path(path), *_of_query(route.query)],
        "responses": {
            **{
                str(status): {
                    "description": "Done." if method == "POST" else "Found.",
                    "content": answered,
                }
                for status in sorted(route.status)
            },
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
    if body is not None:
        made["parameters"].append(_KEY)
        if key in _HEADERS:
            made["parameters"].append(_HEADERS[key])
        made["requestBody"] = {
            "required": bool(body.get("required")) or "oneOf" in body,
            "content": {"application/json": {"schema": body}},
        }
    return made


def _of_path(path: str) -> list[dict[str, Any]]:
    return [
        {"name": part.strip("{}"), "in": "path", "required": True, "schema": {"type": "string"}}
        for part in path.split("/")
        if part.startswith("{")
    ]


def _of_query(query: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "name": name.removesuffix("!"),
            "in": "query",
            "required": name.endswith("!"),
            "description": about,
            "schema": {"type": "string"},
        }
        for name, about in query.items()
    ]


def _name(method: str, path: str) -> str:
    words = [part.strip("{}") for part in path.split("/")[2:]]
    return "_".join((method.lower(), *words))


def _text(found: Mapping[str, Any]) -> str:
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """The exit code."""
    found = document()
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    for problem in (problems := broken(published, found)):
        sys.stderr.write(f"breaks callers: {problem}\n")
    if problems:
        return 1
    if "--publish" in arguments:
        compact = json.dumps(found, separators=(",", ":"), ensure_ascii=False) + "\n"
        return written(PUBLISHED, compact, check=False, again="")
    return written(DOCUMENT, _text(found), check="--check" in arguments, again="make docs")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
