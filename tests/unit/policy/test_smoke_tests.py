"""Smoke tests in a runbook: what they may be, which incident they are for, what differs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.harness.worlds.stories import Story
from tests.unit.policy.builders import overridden, problems_of
from tocsin.incidents.queries.smoke_tests import smoke_tests
from tocsin.incidents.vocabulary import Category, Severity
from tocsin.policy.authoring.diff import changes
from tocsin.policy.compiled.policies import default, from_json, plain, to_json

MINE = """
    smoke_tests:
      answers: { url: "https://shop.example/health" }
      status: { url: "https://status.example/{service}", seconds: 3, contains: ok }
      keys: { url: "https://shop.example/keys", categories: [security] }
      search: { url: "https://search.example/", services: [search] }
    """


@pytest.mark.parametrize(
    ("service", "category", "urls"),
    [
        ("checkout", Category.PRODUCTION, ["shop.example/health", "status.example/checkout"]),
        ("a/b ?c", Category.PRODUCTION, ["shop.example/health", "status.example/a%2Fb%20%3Fc"]),
        (None, Category.PRODUCTION, ["shop.example/health"]),
        (None, Category.SECURITY, ["shop.example/health", "shop.example/keys"]),
        (
            "search",
            Category.PRODUCTION,
            ["shop.example/health", "status.example/search", "search.example/"],
        ),
    ],
)
def test_an_incident_has_those_of_its_service_and_category(
    service: str | None, category: Category, urls: list[str]
) -> None:
    incident = replace(
        Story().open("09-08 10:00", Severity.HIGH).incident, service=service, category=category
    )
    found = smoke_tests(incident, overridden(MINE))
    assert [test.url.removeprefix("https://") for test in found] == urls


def test_they_are_kept_in_the_compiled_policy_and_in_what_differs() -> None:
    policy = overridden(MINE)
    assert from_json(to_json(policy)) == policy
    keys = {one.key: one.new for one in changes(default(), policy)}
    assert keys["smoke_tests.status"] == (
        "GET https://status.example/{service}: 200 with 'ok' within 3 s"
    )
    assert keys["smoke_tests.keys"].endswith("(security only)")  # type: ignore[union-attr]
    assert policy.version != default().version


def test_a_policy_without_any_keeps_the_version_it_had_before_there_were_any() -> None:
    assert "smoke_tests" not in plain(default())
    assert default().smoke_tests == ()


@pytest.mark.parametrize(
    ("test", "key"),
    [
        ("{ url: ftp://shop.example/ }", "url"),
        ("{ url: 'https://me:secret@shop.example/' }", "url"),
        ("{ url: 'https://shop.example/{person}' }", "url"),
        ("{ url: 'https://shop.example/', method: POST }", "method"),
        ("{ url: 'https://shop.example/', method: HEAD, contains: ok }", "contains"),
        ("{ url: 'https://shop.example/', seconds: 31 }", "seconds"),
        ("{ url: 'https://shop.example/', status: 42 }", "status"),
        ("{ url: 'https://shop.example/', argv: [rm] }", "argv"),
    ],
)
def test_what_could_do_harm_or_can_never_pass_is_refused_with_its_place(
    test: str, key: str
) -> None:
    (problem,) = problems_of(f"smoke_tests: {{ mine: {test} }}")
    assert problem.key == f"smoke_tests.mine.{key}"
