"""The emulator's own environment: what goes into it, and what its process is given."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tocsin.local.errors import ProcessFailed
from tocsin.local.machine import emulator
from tocsin.local.machine.places import Places

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path, tmp_path / ".local")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, places: Places) -> list[list[str]]:
    commands: list[list[str]] = []

    def run(command: Sequence[str]) -> None:
        commands.append(list(command))
        places.emulator.mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(emulator, "_run", run)
    return commands


@pytest.mark.parametrize("uv", [None, "/somewhere/uv"])
def test_only_the_emulator_and_its_two_companions_are_installed(
    places: Places, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, uv: str | None
) -> None:
    monkeypatch.setattr(emulator, "_uv", lambda _: uv)

    assert emulator.install(places) is True

    make, install = ran
    assert make[0] == (uv or sys.executable)
    assert install[-3:] == ["ministack==1.5.33", "boto3", "cryptography"]


def test_it_is_made_once(
    places: Places, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator, "_uv", lambda _: None)
    emulator.install(places)

    assert emulator.install(places) is False
    assert len(ran) == 2


def test_an_installation_that_was_cut_off_is_made_again(
    places: Places, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator, "_uv", lambda _: None)
    places.emulator.mkdir(parents=True)
    (places.emulator / "half").write_text("", encoding="utf-8")

    assert emulator.install(places) is True
    assert not (places.emulator / "half").exists()
    assert len(ran) == 2


def test_another_version_is_another_installation(
    places: Places, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator, "_uv", lambda _: None)
    emulator.install(places)
    monkeypatch.setattr(emulator, "_REQUIREMENTS", ("ministack==1.5.34",))

    assert emulator.install(places) is True
    assert len(ran) == 4


def test_a_uv_that_does_not_run_is_not_used(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = places.checkout / "uv"
    shim.write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(places.checkout))

    assert emulator._uv(places) is None


def test_a_failed_installation_says_which_command_and_why(places: Places) -> None:
    with pytest.raises(ProcessFailed, match=r"no such thing"):
        emulator._run([sys.executable, "-c", "import sys; sys.exit('no such thing')"])
    assert not places.emulator.exists()


def test_the_emulator_listens_on_loopback_checks_identities_and_keeps_nothing(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")

    given = emulator._environ(places, 4999)

    assert given["BIND_HOST"] == "127.0.0.1"
    assert (given["AUTH"], given["IOT_MTLS_ENABLED"], given["PERSIST_STATE"]) == ("true", "0", "0")
    assert (given["GATEWAY_PORT"], given["TMPDIR"]) == ("4999", str(places.temporary))
    assert [name for name in given if name.startswith(("AWS_", "PYTHONPATH"))] == []
