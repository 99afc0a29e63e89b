"""The routes of containment by Tocsin, and of what is containable: part of those in `routes`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from functions.incident_api import bodies
from functions.incident_api.resources import containing_shapes
from tocsin.runtime.web.serving import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from functions.incident_api.call import Call
    from tocsin.runtime.web.http import Response


def _serve(name: str) -> Callable[[Call], Response]:
    """What serves a route, imported with its first request: whoever acknowledges waits for less."""

    def serve(call: Call) -> Response:
        from functions.incident_api.resources import containing  # noqa: PLC0415 -- as said

        served: Response = getattr(containing, name)(call)
        return served

    return serve


CONTAINMENT: Mapping[str, Route[Call]] = MappingProxyType(
    {
        "GET /v1/incidents/{id}/containment": Route(
            "What Tocsin can do to contain it, the best fitting first, and what it has done",
            _serve("listed"),
            containing_shapes.Containments,
        ),
        "GET /v1/incidents/{id}/containment/{run}": Route(
            "One run: what was there before, what it left, whose yes it waits for",
            _serve("shown"),
            containing_shapes.ContainmentRun,
        ),
        "POST /v1/incidents/{id}/containment/plan": Route(
            "Choose an action; nothing is done yet, and with `dry_run` nothing is kept",
            _serve("plan"),
            containing_shapes.ContainmentPlan,
            (201, 200),
            body=bodies.ContainmentWish,
        ),
        "POST /v1/incidents/{id}/containment/{run}/{step}": Route(
            "`approve`, `run`, `verify`, `undo` or `let-go`; 202: it waits for a second person",
            _serve("step"),
            containing_shapes.ContainmentRun,
            (200, 202),
            body=bodies.ContainmentStep,
        ),
        "GET /v1/containment/rules": Route(
            "What is containable, what never is, who approves; and what is proposed",
            _serve("rules"),
            containing_shapes.ContainmentRulebook,
        ),
        "POST /v1/containment/rules": Route(
            "Propose other rules; another person puts them in force",
            _serve("propose"),
            containing_shapes.ContainmentRulebook,
            (202, 200),
            body=bodies.ContainmentRules,
        ),
        "POST /v1/containment/rules/agree": Route(
            "Put what is proposed in force, as another person",
            _serve("agree"),
            containing_shapes.ContainmentRulebook,
            body=bodies.ContainmentAgreement,
        ),
    }
)
