"""Every switch names checks that the demo really makes, and breaks a bundle where it says."""

from __future__ import annotations

import ast
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.drills import demo
from tocsin.drills.levers import Levers
from tocsin.drills.paging import checks as paging_checks
from tocsin.drills.sabotage.bundles import altered
from tocsin.drills.sabotage.proof import Proof, named
from tocsin.drills.sabotage.switch import Code
from tocsin.drills.sabotage.switches import SWITCHES
from tocsin.drills.scenario import Silent
from tocsin.errors import UnknownName
from tocsin.local.errors import DrillUnsound

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tocsin.drills.checks import Check
    from tocsin.drills.sabotage.switch import Switch


ROOT = Path(__file__).parents[3]


def owed(parts: Collection[str] = demo.PARTS, until: str = "") -> set[str]:
    nowhere: Any = None  # steps only act when they are taken
    stories = demo.Stories.of(nowhere, Silent(), Levers(), "x")
    found: set[str] = set()
    for step in stories.steps(parts):
        found |= {claim.code for claim in step.owes}
        if until in found:
            break
    return found


def bundle(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def test_there_are_at_least_ten_switches_of_different_names() -> None:
    assert len({switch.name for switch in SWITCHES}) == len(SWITCHES) >= 10


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
def test_a_switch_names_checks_that_the_demo_makes(switch: Switch) -> None:
    assert switch.reds
    assert switch.reds <= owed(switch.parts, switch.until)
    assert not switch.until or switch.until in owed()


def replaced(change: Code) -> set[str]:
    """What of a module the addition lays something over: its functions, and methods of classes."""
    module = ast.parse((ROOT / "shared" / change.module).read_text("utf-8"))
    there: set[str] = set()
    for node in module.body:
        targets = [*getattr(node, "targets", []), getattr(node, "target", None)]
        there |= {target.id for target in targets if isinstance(target, ast.Name)}
        there |= {alias.asname or alias.name for alias in getattr(node, "names", [])}
        there.add(getattr(node, "name", ""))
    laid: set[str] = set()
    for node in ast.parse(change.addition).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        roots = [ast.unparse(target).split(".")[0].split("[")[0] for target in targets]
        laid |= {getattr(node, "name", ""), *roots}
    return (laid & there) - {""}


@pytest.mark.parametrize(
    "switch", [one for one in SWITCHES if isinstance(one.apply, Code)], ids=lambda one: one.name
)
def test_a_switch_in_code_lays_itself_over_something_that_is_there(switch: Switch) -> None:
    assert isinstance(switch.apply, Code)
    assert (ROOT / "functions" / switch.apply.function / "handler.py").is_file()
    assert replaced(switch.apply)


# Nothing can be deployed half on purpose and played on. It is failed here; its own module of tests
# fails it in every way it has.
FAILED_BY_HAND: dict[str, Callable[[], Check]] = {
    "cloud.deployed": lambda: paging_checks.deployed([]),
}


def test_every_check_of_the_demo_is_turned_red_by_a_switch_or_by_hand() -> None:
    switched = frozenset().union(*(switch.reds for switch in SWITCHES))
    assert owed() - switched == FAILED_BY_HAND.keys()


@pytest.mark.parametrize("code", FAILED_BY_HAND)
def test_a_check_that_no_switch_reaches_can_fail(code: str) -> None:
    check = FAILED_BY_HAND[code]()
    assert (check.code, check.passed) == (code, False)


def test_a_proof_holds_only_for_exactly_the_named_checks() -> None:
    switch = next(one for one in SWITCHES if one.name == "stale-applied")
    assert Proof(switch, switch.reds, {}, 1.0).holds
    assert Proof(switch, switch.reds | switch.may, {}, 1.0).holds
    assert not Proof(switch, switch.may, {}, 1.0).holds
    assert not Proof(switch, frozenset(), {}, 1.0).holds
    more = Proof(switch, switch.reds | {"pages.first"}, {}, 1.0)
    assert (more.holds, more.surprising, more.missed) == (
        False,
        frozenset({"pages.first"}),
        frozenset(),
    )


def test_a_switch_is_found_by_name_and_an_unknown_one_is_refused() -> None:
    assert [one.name for one in named("notifier-off")] == ["notifier-off"]
    assert named(None) == SWITCHES
    with pytest.raises(UnknownName, match="notifier-off"):
        named("sunshine")


def test_an_altered_bundle_runs_the_addition_and_not_the_old_bytecode() -> None:
    original = bundle(
        {
            "pkg/module.py": b"def answer():\n    return 1\n",
            "pkg/__pycache__/module.cpython-313.pyc": b"old",
            "pkg/__pycache__/other.cpython-313.pyc": b"kept",
        }
    )
    changed = altered(original, "pkg/module.py", "def answer():\n    return 2\n")
    with zipfile.ZipFile(io.BytesIO(changed)) as archive:
        assert set(archive.namelist()) == {
            "pkg/module.py",
            "pkg/__pycache__/other.cpython-313.pyc",
        }
        names: dict[str, Any] = {}
        exec(archive.read("pkg/module.py"), names)  # what the function would import
    assert names["answer"]() == 2


def test_a_module_that_is_not_in_the_bundle_is_no_sabotage() -> None:
    with pytest.raises(DrillUnsound):
        altered(bundle({"a.py": b""}), "b.py", "x = 1")
