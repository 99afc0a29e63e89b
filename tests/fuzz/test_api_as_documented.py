"""Whatever is asked of the API, by its own document: no bug answers, and nothing undocumented does.

Schemathesis makes requests from docs/openapi.json, sound ones and broken ones, and holds each
answer to it: status, content type, shape. The functions' own code serves them over stores in
memory, with an incident and a subscription there already, so that not all that is found is 404.

`TOCSIN_FUZZ_CASES` sets how many (`make fuzz`: a hundred an operation and kind). By default each
operation is asked one kind of request, sound or broken, twice.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from tests.harness import log_watch
from tests.harness.worlds.billing_office import BillingOffice
from tests.harness.worlds.front_door import FrontDoor, document
from tests.harness.worlds.world import World
from tocsin.billing.subscription import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = int(os.environ.get("TOCSIN_FUZZ_CASES", "50000"))
MANY = CASES > 100_000
EACH = CASES // 12_000 if MANY else 2
"""Examples of each operation and kind of request."""

ENVIRONMENT = {
    "STAGE": "test",
    "BILLING_EVENTS_TABLE": "events",
    "REGISTRATIONS_SECRET": "registrations",
}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

ANSWERS: Counter[int] = Counter()
"""How often what came, by the first digit of the status."""

pytestmark = pytest.mark.timeout(3600)
OPERATIONS = [
    (method, path) for path, operations in document()["paths"].items() for method in operations
]
MODES = list(schemathesis.GenerationMode)
ASKED = [
    (*operation, mode)
    for number, operation in enumerate(OPERATIONS)
    for mode in (MODES if MANY else [MODES[number % len(MODES)]])
]


@pytest.fixture(scope="module")
def door() -> Iterator[FrontDoor]:
    """The API, with something in it."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in ENVIRONMENT.items():
            patched.setenv(name, value)
        patched.delitem(sys.modules, "functions.webhook_ingest.handler", raising=False)
        ingest = importlib.import_module("functions.webhook_ingest.handler")
        world = World()
        office = BillingOffice(world)
        office.has(Status.ACTIVE)
        yield FrontDoor(world, office, ingest)


@pytest.fixture(scope="module")
def known(door: FrontDoor) -> dict[str, str]:
    """What stands in a path where it is to lead somewhere."""
    opening = {"title": "Checkout is down", "severity": "high", "category": "production"}
    _, incident, _ = door.world.request("POST", "/v1/incidents", opening, person="ana")
    return {
        "/v1/incidents": str(incident["id"]),
        "/v1/workspaces": "ws_1",
        "/v1/oncall": "commander",
        "/v1/policies": "0",
        "/v1/contacts": "all",
        "/webhooks": "stripe",
    }


@pytest.fixture(scope="module")
def schema(door: FrontDoor) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_wsgi("/openapi.json", door)


def places(path: str, known: dict[str, str]) -> dict[str, str]:
    """The first variable of a path, where something is known by that name."""
    name = path.partition("{")[2].partition("}")[0]
    found = next((value for start, value in known.items() if path.startswith(start)), "")
    return {name: found} if name and found else {}


@pytest.mark.parametrize(("method", "path", "mode"), ASKED, ids=str)
def test_an_answer_is_documented_and_no_bug(
    schema: schemathesis.BaseSchema,
    known: dict[str, str],
    method: str,
    path: str,
    mode: schemathesis.GenerationMode,
) -> None:
    operation = schema[path][method]
    for given in ({}, places(path, known)):
        try:
            strategy = operation.as_strategy(generation_mode=mode, path_parameters=given or None)
            one(strategy)
        except hypothesis.errors.Unsatisfiable:
            assert mode is schemathesis.GenerationMode.NEGATIVE, "nothing sound can be asked"


def one(strategy: Any) -> None:
    """Asks so many, from a seed."""

    @hypothesis.settings(max_examples=EACH, suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.given(strategy)
    def asked(case: schemathesis.Case[Any]) -> None:
        ANSWERS[case.call_and_validate(checks=CHECKS).status_code // 100] += 1

    with log_watch.expected():  # a refusal repeats what was asked, which is any text here
        asked()
