"""The public status: for anybody, cacheable, as JSON or as a page, and never an old good word."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.harness.worlds.world import World
from tocsin.application.billing.outage.watch import status_document
from tocsin.billing.outage.signs import Trouble
from tocsin.billing.outage.wording import Situation

PATHS = ("/status", "/billing/status")


@pytest.fixture
def world() -> World:
    return World()


def now(world: World) -> int:
    return int(world.wall.wall_now().timestamp())


def degraded(world: World) -> Situation:
    troubles = {"stripe": frozenset({Trouble.CHECKOUT})}
    at = now(world)
    return Situation(("stripe", "razorpay"), troubles, at - 60, at + 1_740, at)


def ask(
    world: World,
    path: str,
    *,
    accept: str = "application/json",
    query: dict[str, str] | None = None,
) -> tuple[int, str, dict[str, str]]:
    response = world.public.respond(
        {
            "version": "2.0",
            "routeKey": f"GET {path}",
            "rawPath": path,
            "headers": {"accept": accept},
            "queryStringParameters": query,
            "requestContext": {"requestId": "r", "http": {"method": "GET", "path": path}},
            "isBase64Encoded": False,
        }
    )
    return response["statusCode"], response["body"], response["headers"]


@pytest.mark.parametrize("path", PATHS)
def test_what_is_wrong_is_told_to_anybody_and_may_be_cached(world: World, path: str) -> None:
    world.status = status_document(degraded(world))
    status, body, headers = ask(world, path)
    found: dict[str, Any] = json.loads(body)
    assert status == 200
    assert found["level"] == "degraded"
    assert found["providers"] == {"stripe": "failing", "razorpay": "working"}
    assert found["next_update"] == "2026-09-08T14:29:00Z"
    assert "New payments through Stripe fail." in found["text"]
    assert headers["cache-control"].startswith("public, max-age=30")
    assert headers["access-control-allow-origin"] == "*"
    assert ask(world, path)[2]["etag"] == headers["etag"]
    assert found.get("parts", {"billing": "degraded"}) == {"billing": "degraded"}


@pytest.mark.parametrize("path", PATHS)
def test_as_a_page_it_can_be_embedded_and_says_the_same(world: World, path: str) -> None:
    world.status = status_document(degraded(world)) | {"text": "<script>alert(1)</script>"}
    for options in ({"accept": "text/html,*/*"}, {"query": {"format": "html"}}):
        status, page, headers = ask(world, path, **options)
        assert status == 200
        assert headers["content-type"].startswith("text/html")
        assert "frame-ancestors *" in headers["content-security-policy"]
        assert "<script" not in page
        assert "&lt;script&gt;" in page
        assert "Stripe: failing" in page
        assert "Next update by 2026-09-08T14:29:00Z" in page


@pytest.mark.parametrize("path", PATHS)
def test_an_old_or_missing_status_is_not_known(world: World, path: str) -> None:
    calm = Situation(("stripe",), {}, None, None, now(world))
    assert json.loads(ask(world, path)[1])["level"] == "unknown"
    world.status = status_document(calm)
    assert json.loads(ask(world, path)[1])["level"] == "operational"
    world.wall.advance(timedelta(seconds=301))
    assert json.loads(ask(world, path)[1])["level"] == "unknown"
