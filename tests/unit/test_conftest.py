"""The ground rules of tests/conftest.py, each shown by breaking it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import hypothesis
import pytest
from pytest_socket import SocketBlockedError

from tests.conftest import FAKE_AWS, TESTS, may_use_loopback, scrubbed


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_a_unit_test_cannot_open_a_socket() -> None:
    with pytest.raises(SocketBlockedError):
        socket.socket(socket.AF_INET, socket.SOCK_STREAM)


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_a_unit_test_cannot_resolve_a_name() -> None:
    with pytest.raises(SocketBlockedError):
        socket.getaddrinfo("localhost", 80)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (TESTS / "cloud" / "test_denial.py", True),
        (TESTS / "integration" / "deep" / "test_flow.py", True),
        (TESTS / "unit" / "cloud" / "test_x.py", False),
        (TESTS / "property" / "test_x.py", False),
        (Path("elsewhere") / "cloud" / "test_x.py", False),
    ],
)
def test_only_the_named_folders_may_use_loopback(path: Path, *, allowed: bool) -> None:
    assert may_use_loopback(path) is allowed


def test_scrubbing_drops_everything_that_leads_to_an_account() -> None:
    leaked = {
        "HOME": "kept",
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ENDPOINT_URL_DYNAMODB": "https://example.invalid",
        "AWS_ACCESS_KEY_ID": "real",
    }

    assert scrubbed(leaked) == {"HOME": "kept", **FAKE_AWS}


def test_a_test_sees_the_fake_account_only() -> None:
    seen = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}

    assert seen == FAKE_AWS


def test_properties_draw_the_same_examples_everywhere_unless_asked_otherwise() -> None:
    default = hypothesis.settings.get_profile("default")
    full = hypothesis.settings.get_profile("full")

    assert default.derandomize
    assert default.max_examples == 100
    assert default.database is None
    assert default.deadline is None
    assert not full.derandomize
    assert full.max_examples > default.max_examples
