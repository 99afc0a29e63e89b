"""The fixture every sandbox test starts from."""

from __future__ import annotations

import pytest

from tests.unit.local.sandbox.asking import Provider


@pytest.fixture
def provider() -> Provider:
    return Provider()
