"""The manual's tables are those of the program, and everything it shows can be done."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.architecture.sources import ROOT
from tocsin.local.sandbox import manual, outages
from tocsin.local.sandbox.controls.refusal import BadControl
from tocsin.local.sandbox.controls.table import CONTROLS, control
from tocsin.local.sandbox.delivery import orders
from tocsin.local.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = ROOT / "docs" / "how-to" / "provider-sandbox.md"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox(seed="manual", workers=0)  # nothing is sent
    yield made
    made.dispatcher.stop()


def shown_commands() -> list[tuple[str, str, dict[str, object]]]:
    """Method, path and body of every `curl` of the page."""
    found = []
    for line in re.findall(r"^curl .*$", PAGE.read_text(), re.MULTILINE):
        words = shlex.split(line)
        body = json.loads(words[words.index("-d") + 1]) if "-d" in words else {}
        found.append((words[2], words[3].removeprefix("$S"), body))
    return found


def test_the_tables_are_fresh() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert manual.renewed(page) == page, (
        f".venv/bin/python -m tocsin.local.sandbox.manual {PAGE.relative_to(ROOT)}"
    )


def test_every_control_says_what_it_does() -> None:
    assert [name for name, one in CONTROLS.items() if not one.__doc__] == []


def test_whatever_the_page_shows_is_accepted(sandbox: Sandbox) -> None:
    commands = shown_commands()
    assert len(commands) > 15
    for method, path, body in commands:
        hurried = {**body, "seconds": 0} if path == "/deliveries/drain" else body
        assert control(sandbox, method, f"/_sandbox{path}", hurried), path


def test_a_control_there_is_not_is_answered_with_those_there_are(sandbox: Sandbox) -> None:
    with pytest.raises(BadControl, match="POST /_sandbox/outages"):
        control(sandbox, "POST", "/_sandbox/nonsense", {})


def test_every_kind_can_be_ordered(sandbox: Sandbox) -> None:
    for kind in orders.KINDS:
        control(sandbox, "POST", "/_sandbox/orders", {"kind": kind})
    for kind in outages.KINDS:
        control(sandbox, "POST", "/_sandbox/outages", {"kind": kind})
    assert len(sandbox.orders.active) + len(sandbox.outages.active) == len(orders.KINDS) + len(
        outages.KINDS
    )
