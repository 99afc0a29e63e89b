"""The sign of life to a monitor elsewhere, against a monitor that listens, refuses, or is gone."""

from __future__ import annotations

import socket

import pytest

from tests.harness.fakes.scripted_http import Reply, scripted
from tocsin.runtime.watch.dead_man import NOBODY, Ping


@pytest.mark.parametrize(("status", "heard"), [(200, True), (404, False), (503, False)])
def test_the_monitor_is_called_once_and_its_refusal_is_told(status: int, *, heard: bool) -> None:
    with scripted(Reply(status)) as monitor:
        assert Ping(f"{monitor.url}/ping/tocsin?stage=local")() is heard
    assert [(one.method, one.path) for one in monitor.seen] == [("GET", "/ping/tocsin?stage=local")]


def test_a_monitor_that_hangs_up_is_not_called_again_and_stops_nothing() -> None:
    with scripted(Reply(then="reset")) as monitor:
        assert Ping(f"{monitor.url}/ping")() is False
    assert len(monitor.seen) == 1


def test_a_monitor_that_cannot_be_reached_stops_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody_listens = taken.getsockname()[1]
        assert Ping(f"http://127.0.0.1:{nobody_listens}/ping")() is False


def test_where_there_is_no_monitor_nobody_is_missed() -> None:
    assert Ping(NOBODY)() is True
