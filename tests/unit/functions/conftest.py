"""The world of a story: a message it did not expect, or an answer nobody promised, fails it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from functions.billing_api import routes as billing
from functions.incident_api import routes as incidents
from tests.harness.promised import broken
from tests.harness.worlds.world import World, a_world

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


@pytest.fixture(autouse=True)
def _as_promised(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every request that was carried out, and its answer, is as the API's document has it."""
    found: list[str] = []
    for routes in (incidents, billing):
        real = routes.respond

        def respond(event: Mapping[str, Any], *, real: Any = real, **known: Any) -> dict[str, Any]:
            response: dict[str, Any] = real(event, **known)
            found.extend(broken(event, response))
            return response

        monkeypatch.setattr(routes, "respond", respond)
    yield
    assert found == []
