"""What a function reads of its environment, once and as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tocsin.errors import InvalidSettings
from tocsin.runtime.settings import load


@dataclass(frozen=True, slots=True)
class Settings:
    STAGE: str
    API_BASES: dict[str, str]
    LOG_LEVEL: str = "INFO"


def test_a_table_of_texts_is_read_from_json() -> None:
    found = load(Settings, {"STAGE": "test", "API_BASES": '{"stripe":"https://s"}'})
    assert found == Settings("test", {"stripe": "https://s"})


@pytest.mark.parametrize("raw", ["x", "[]", '{"stripe":1}', '"stripe"'])
def test_what_is_no_table_of_texts_is_named_with_all_that_is_missing(raw: str) -> None:
    with pytest.raises(InvalidSettings, match=r"STAGE: is missing or empty; API_BASES: "):
        load(Settings, {"API_BASES": raw})
