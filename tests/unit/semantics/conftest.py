"""A terminal over a world; the rows of the semantics are typed into it."""

from __future__ import annotations

import pytest

from tests.harness.worlds.terminal import Terminal
from tests.harness.worlds.world import World
from tocsin.incidents.vocabulary import WayKind


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    world = World()
    world.reachable("bo", "cy", "di", kinds=(WayKind.MAIL,))
    return Terminal(world, capsys, monkeypatch)
