"""The API's document: valid, whole, fresh, and never a break of what was published."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from infra.routes import ROUTES
from tocsin.incidents.commands.verbs import VERBS
from tools import openapi
from tools.openapi_rules import broken

if TYPE_CHECKING:
    from collections.abc import Callable

NOTE = "/v1/incidents/{id}/note"
SEVERITY = "/v1/incidents/{id}/severity"
CONTAIN = "/v1/incidents/{id}/contain"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document()


SPOKEN = tuple(route for route in ROUTES if route.function != "public_intake")
"""Every route but the pages that browsers open: those answer people, not programs."""


def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_a_document_that_is_none_fails_the_validation(document: dict[str, Any]) -> None:
    wrong = copy.deepcopy(document)
    wrong["paths"][NOTE]["post"]["parameters"][0]["in"] = "nowhere"
    assert list(OpenAPIV31SpecValidator(wrong).iter_errors())


def test_every_route_is_in_the_document_and_nothing_else(document: dict[str, Any]) -> None:
    served: set[str] = set()
    for route in SPOKEN:
        if "{command}" in route.path:
            served |= {f"{route.method} {route.path.replace('{command}', verb)}" for verb in VERBS}
        else:
            served.add(route.key)
    written = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert written == served


def test_each_operation_names_the_function_that_serves_it(document: dict[str, Any]) -> None:
    for route in SPOKEN:
        path = route.path.replace("{command}", "note")
        assert document["paths"][path][route.method.lower()]["tags"] == [route.function]


def test_every_post_takes_a_key_and_every_error_is_a_problem(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            names = {one["name"] for one in operation["parameters"]}
            expected = method == "post" and path.startswith("/v1")
            assert ("Idempotency-Key" in names) == expected, path
            assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}


def _undescribed(document: dict[str, Any]) -> list[str]:
    """Requests of which it is not said what they carry, field by field."""
    found: list[str] = []
    for path, methods in document["paths"].items():
        if "post" not in methods:
            continue
        schema = methods["post"]["requestBody"]["content"]["application/json"]["schema"]
        for one in schema.get("oneOf") or schema.get("anyOf") or [schema]:
            closed = one.get("additionalProperties") is False
            whose = "externalDocs" in one and not path.startswith("/v1/")
            if one.get("type") != "object" or "properties" not in one or not (closed or whose):
                found.append(path)
    return found


def test_every_post_says_what_it_takes(document: dict[str, Any]) -> None:
    assert sum("post" in methods for methods in document["paths"].values()) > 60
    assert _undescribed(document) == []


@pytest.mark.parametrize("path", [NOTE, CONTAIN, "/v1/replays/{id}/resume"])
def test_a_post_that_does_not_say_what_it_takes_is_found(
    document: dict[str, Any], path: str
) -> None:
    vague = copy.deepcopy(document)
    content = vague["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    content["schema"] = {"type": "object"}
    assert _undescribed(vague) == [path]


def test_to_describe_what_was_only_an_object_breaks_nobody(document: dict[str, Any]) -> None:
    before = copy.deepcopy(document)
    holder = before["paths"]["/v1/billing/checkout"]["post"]["requestBody"]
    holder["required"] = False
    holder["content"]["application/json"]["schema"] = {"type": "object"}
    assert broken(before, document) == []
    assert any("no longer takes plan" in line for line in broken(document, before))


def test_the_published_document_is_not_broken(document: dict[str, Any]) -> None:
    published = json.loads(openapi.PUBLISHED.read_text("utf-8"))
    assert len(published["paths"]) > 40
    assert broken(published, document) == []


def _without_field(document: dict[str, Any]) -> None:
    shown = document["components"]["schemas"]["Incident"]
    del shown["properties"]["severity"]
    shown["required"].remove("severity")


def _without_path(document: dict[str, Any]) -> None:
    del document["paths"][NOTE]


def _without_method(document: dict[str, Any]) -> None:
    del document["paths"][SEVERITY]["get"]


def _without_status(document: dict[str, Any]) -> None:
    del document["paths"]["/v1/incidents"]["post"]["responses"]["201"]


def _body(document: dict[str, Any], path: str) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][path]["post"]["requestBody"]["content"][
        "application/json"
    ]["schema"]
    return found


def _word_gone(document: dict[str, Any]) -> None:
    _body(document, SEVERITY)["properties"]["severity"]["enum"].remove("low")


def _answered_word_gone(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["Incident"]["properties"]["state"]["enum"].remove("fixed")


def _newly_needed(document: dict[str, Any]) -> None:
    _body(document, NOTE)["required"].append("occurred_at")


def _no_longer_taken(document: dict[str, Any]) -> None:
    del _body(document, "/v1/incidents")["properties"]["began_at"]


def _narrowed(document: dict[str, Any]) -> None:
    _body(document, NOTE)["properties"]["text"] = {"type": "integer"}


def _nullable(document: dict[str, Any]) -> None:
    shown = document["components"]["schemas"]["Incident"]["properties"]
    shown["title"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def _optional(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["Incident"]["required"].remove("title")


def _step_gone(document: dict[str, Any]) -> None:
    del _body(document, CONTAIN)["oneOf"][0]


def _parameter_gone(document: dict[str, Any]) -> None:
    document["paths"]["/v1/incidents"]["get"]["parameters"].pop()


def _parameter_needed(document: dict[str, Any]) -> None:
    document["paths"]["/v1/incidents"]["get"]["parameters"][0]["required"] = True


def _deep(document: dict[str, Any]) -> None:
    del document["components"]["schemas"]["Clock"]["properties"]["due_at"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without_field, "lost the field severity"),
        (_without_path, f"POST {NOTE} is gone"),
        (_without_method, f"GET {SEVERITY} is gone"),
        (_without_status, "no longer answers 201"),
        (_word_gone, "severity lost the values low"),
        (_answered_word_gone, "state lost the values fixed"),
        (_newly_needed, "now needs occurred_at"),
        (_no_longer_taken, "no longer takes began_at"),
        (_narrowed, "text can no longer be string"),
        (_nullable, "title can now be null"),
        (_optional, "title may now be missing"),
        (_step_gone, "no longer takes the step plan"),
        (_parameter_gone, "no longer takes the query parameter cursor"),
        (_parameter_needed, "now needs the query parameter status"),
        (_deep, "lost the field due_at"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_kind_of_break_is_found(
    document: dict[str, Any], change: Callable[[dict[str, Any]], None], said: str
) -> None:
    changed = copy.deepcopy(document)
    change(changed)
    assert any(said in line for line in broken(document, changed)), broken(document, changed)


def test_growing_breaks_nobody(document: dict[str, Any]) -> None:
    grown = copy.deepcopy(document)
    grown["components"]["schemas"]["Incident"]["properties"]["mood"] = {"type": "string"}
    grown["components"]["schemas"]["Incident"]["required"].append("mood")
    _body(grown, NOTE)["properties"]["colour"] = {"type": "string"}
    grown["paths"]["/v1/elsewhere"] = {"get": {"responses": {}}}
    assert broken(document, grown) == []


def test_the_check_fails_on_a_removed_field_and_on_a_stale_document(
    monkeypatch: pytest.MonkeyPatch, document: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    changed = copy.deepcopy(document)
    _without_field(changed)
    monkeypatch.setattr(openapi, "document", lambda: changed)
    assert openapi.main(["--check"]) == 1
    assert "breaks callers: GET /v1/incidents/{id}" in capsys.readouterr().err

    changed = copy.deepcopy(document)
    changed["info"]["title"] = "another"
    monkeypatch.setattr(openapi, "document", lambda: changed)
    assert openapi.main(["--check"]) == 1
    assert "stale: make docs" in capsys.readouterr().err
