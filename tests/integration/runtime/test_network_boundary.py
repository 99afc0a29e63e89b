"""Tests that talk to servers on this machine still cannot talk to any other."""

from __future__ import annotations

import socket

import pytest
from pytest_socket import SocketConnectBlockedError

ADDRESS_FOR_DOCUMENTATION = "192.0.2.1"  # never routed


def test_loopback_is_reachable() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as client,
    ):
        accepted, _ = server.accept()
        with accepted:
            client.sendall(b"ping")
            assert accepted.recv(4) == b"ping"


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_another_machine_is_not() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client,
        pytest.raises(SocketConnectBlockedError),
    ):
        client.connect((ADDRESS_FOR_DOCUMENTATION, 80))
