"""docs/containment.md says of each action what the registry says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tocsin.containment.registry import ACTIONS, Action

PAGE = (Path(__file__).parents[3] / "docs" / "containment.md").read_text(encoding="utf-8")


def row(name: str, cells: int) -> list[str]:
    found = re.findall(rf"^\| `{name}` \|(.+)\|$", PAGE, re.MULTILINE)
    rows = [[cell.strip() for cell in each.split(" | ")] for each in found]
    (only,) = [each for each in rows if len(each) == cells]
    return only


@pytest.mark.parametrize("action", ACTIONS, ids=ACTIONS.names)
def test_each_action_is_on_the_page_as_it_is(action: Action) -> None:
    asked, others, undo, ends, shown = row(action.name, 5)

    assert re.findall(r"`(\w+)`", asked) == [each.name for each in action.asked]
    wanted = [severity for severity, count in action.others.items() if count]
    assert others.split(";")[0] == ", ".join(wanted)
    assert (undo == "at once") == (action.undo_others == 0)
    assert (ends == "no") == (action.lasts is None)
    assert shown in {"proven locally", "template only"}


@pytest.mark.parametrize("action", ACTIONS, ids=ACTIONS.names)
def test_the_rights_of_each_role_are_on_the_page(action: Action) -> None:
    (rights,) = row(action.name, 1)
    free, _, tagged = rights.partition("; on what is tagged ")

    for text, on_tagged in ((free, False), (tagged, True)):
        declared = {
            right for each in action.rights if each.tagged is on_tagged for right in each.actions
        }
        assert set(re.findall(r"`([\w:]+)`", text)) == declared


def test_what_is_proven_locally_is_what_the_test_on_the_local_cloud_goes_through() -> None:
    text = (Path(__file__).parents[2] / "cloud/containment/test_proven_locally.py").read_text()
    for action in ACTIONS:
        assert f'"{action.name}": ' in text
