"""The files a function needs are found by reading its imports; each way of importing has a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.bundle.import_graph import Sources

if TYPE_CHECKING:
    from pathlib import Path

HANDLER = "functions/one/handler.py"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A product of a few empty modules, and one function that imports nothing yet."""
    for folder in ("a", "b", "b/c", "local", "data"):
        write(tmp_path, f"shared/tocsin/{folder}/__init__.py")
    for module in (
        "a/x",
        "a/y",
        "b/z",
        "b/c/deep",
        "local/adjustable_clock",
        "local/cloud",
        "data/user",
    ):
        write(tmp_path, f"shared/tocsin/{module}.py")
    write(tmp_path, "shared/tocsin/__init__.py")
    write(tmp_path, "functions/__init__.py")
    write(tmp_path, "functions/one/__init__.py")
    write(tmp_path, "functions/two/__init__.py")
    write(tmp_path, "functions/two/handler.py")
    return tmp_path


def write(root: Path, name: str, text: str = "") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def needed(root: Path, source: str, *, clock_adjustable: bool = False) -> set[str]:
    """What the function needs besides itself, when its handler is `source`."""
    write(root, HANDLER, source)
    found = Sources(root, clock_adjustable=clock_adjustable).needed_by("one")
    return set(found) - {"functions/__init__.py", "functions/one/__init__.py", HANDLER}


@pytest.mark.parametrize(
    "source",
    [
        "import tocsin.a.x",
        "from tocsin.a import x",
        "from tocsin.a.x import something",
        "def f():\n    from tocsin.a import x\n",
        "try:\n    import tocsin.a.x\nexcept ImportError:\n    pass\n",
        "MODULE = 'tocsin.a.x'",
        "ENTRIES = {'one': Entry('one', 'tocsin.a.x')}",
    ],
)
def test_every_way_of_importing_is_followed(checkout: Path, source: str) -> None:
    expected = {"tocsin/__init__.py", "tocsin/a/__init__.py", "tocsin/a/x.py"}
    assert needed(checkout, source) == expected


def test_imports_are_followed_to_their_end(checkout: Path) -> None:
    write(checkout, "shared/tocsin/a/x.py", "from tocsin.b import z")
    write(checkout, "shared/tocsin/b/z.py", "from . import c\nfrom .c import deep")
    assert {"tocsin/b/z.py", "tocsin/b/c/__init__.py", "tocsin/b/c/deep.py"} <= needed(
        checkout, "import tocsin.a.x"
    )


def test_modules_that_import_each_other_end(checkout: Path) -> None:
    write(checkout, "shared/tocsin/a/x.py", "import tocsin.a.y")
    write(checkout, "shared/tocsin/a/y.py", "import tocsin.a.x")
    assert {"tocsin/a/x.py", "tocsin/a/y.py"} <= needed(checkout, "import tocsin.a.x")


def test_what_a_package_imports_comes_with_each_of_its_modules(checkout: Path) -> None:
    write(checkout, "shared/tocsin/a/__init__.py", "import tocsin.b.z")
    assert "tocsin/b/z.py" in needed(checkout, "import tocsin.a.x")


def test_a_quoted_package_brings_the_modules_right_inside_it(checkout: Path) -> None:
    found = needed(checkout, "PACKAGE = 'tocsin.b'")
    assert "tocsin/b/z.py" in found
    assert "tocsin/b/c/deep.py" not in found


def test_a_quoted_pattern_brings_that_module_of_each_folder(checkout: Path) -> None:
    found = needed(checkout, "EACH = 'tocsin.b.*.deep'")
    assert {name for name in found if not name.endswith("__init__.py")} == {"tocsin/b/c/deep.py"}
    assert needed(checkout, "EACH = 'tocsin.b.*.absent'") == set()


@pytest.mark.parametrize(
    "source",
    [
        "if TYPE_CHECKING:\n    import tocsin.a.x\n",
        "import typing\nif typing.TYPE_CHECKING:\n    import tocsin.a.x\n",
        '"""About tocsin.a.x and others."""',
        "TEXT = 'see tocsin.a.x'",
        "import json, boto3",
    ],
)
def test_what_does_not_run_is_not_bundled(checkout: Path, source: str) -> None:
    assert needed(checkout, source) == set()


def test_the_other_branch_of_a_type_checking_test_runs(checkout: Path) -> None:
    source = "if TYPE_CHECKING:\n    import tocsin.b.z\nelse:\n    import tocsin.a.x\n"
    found = needed(checkout, source)
    assert "tocsin/a/x.py" in found
    assert "tocsin/b/z.py" not in found


def test_rooms_for_people_stay_out_and_the_moving_clock_comes_only_when_asked_for(
    checkout: Path,
) -> None:
    source = "CLOCK = 'tocsin.local.adjustable_clock'\nimport tocsin.local.cloud\n"
    assert needed(checkout, source) == set()
    assert needed(checkout, source, clock_adjustable=True) == {
        "tocsin/__init__.py",
        "tocsin/local/__init__.py",
        "tocsin/local/adjustable_clock.py",
    }


def test_another_function_is_never_bundled_unless_it_is_imported(checkout: Path) -> None:
    assert not [name for name in needed(checkout, "import tocsin.a.x") if "two" in name]


def test_data_comes_with_the_modules_beside_it(checkout: Path) -> None:
    for name in ("table.json", "templates/page.txt", "notes.md", "source.yaml", "types.pyi"):
        write(checkout, f"shared/tocsin/data/{name}", "content")
    write(checkout, "shared/tocsin/data/inner/__init__.py")
    write(checkout, "shared/tocsin/data/inner/other.json", "content")
    found = {name for name in needed(checkout, "import tocsin.data.user") if "data/" in name}
    assert found == {
        "tocsin/data/__init__.py",
        "tocsin/data/user.py",
        "tocsin/data/table.json",
        "tocsin/data/templates/page.txt",
    }


def test_data_of_a_package_that_is_only_passed_through_stays_out(checkout: Path) -> None:
    write(checkout, "shared/tocsin/b/large.json", "content")
    assert "tocsin/b/large.json" not in needed(checkout, "import tocsin.b.c.deep")


def test_a_function_without_a_handler_yet_is_what_its_folder_holds(checkout: Path) -> None:
    write(checkout, "functions/one/settings.py", "import tocsin.a.x")
    found = Sources(checkout, clock_adjustable=False).needed_by("one")
    assert "functions/one/settings.py" in found
    assert "tocsin/a/x.py" in found
