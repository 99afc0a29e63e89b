"""A terminal over a world; pages are somebody else's subject here."""

from __future__ import annotations

import pytest

from tests.harness.worlds.terminal import Terminal
from tests.harness.worlds.world import World


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(World(), capsys, monkeypatch)
