"""Bytecode with its dataclasses' methods written does as `dataclasses` does, for every class."""

from __future__ import annotations

import json
import shutil
import site
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from infra.app import ROOT
from infra.bundle.archive import compile_own
from infra.bundle.dataclass_methods import Modules, prepared
from tests.infra.bundle import dataclass_probe

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = 120
_LEFT_ALONE = 0.07
"""Of all classes: those with fields that no caller gives, with other bases, or ordered."""


def _told(folder: Path) -> dict[str, Any]:
    """What the probe says of the product's modules under `folder`."""
    shutil.copytree(
        ROOT / "shared/tocsin", folder / "tocsin", ignore=shutil.ignore_patterns("__pycache__")
    )
    if folder.name == "written":
        compile_own(folder)
    probe = [dataclass_probe.__file__, str(folder), *site.getsitepackages(), str(ROOT)]
    done = subprocess.run(
        [sys.executable, "-P", *probe],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=True,
        env={"PYTHONHASHSEED": "0"},  # so that sets are shown in one order
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_dataclass_is_and_does_the_same_with_its_methods_written(tmp_path: Path) -> None:
    written, plain = _told(tmp_path / "written"), _told(tmp_path / "plain")
    marked = [name for name, told in written.items() if told.pop("written")]
    assert not [name for name, told in plain.items() if told.pop("written")]
    assert written.keys() == plain.keys()
    assert len(marked) > len(written) * (1 - _LEFT_ALONE)
    assert not [name for name in plain if written[name] != plain[name]]


def _module(tmp_path: Path, source: str) -> dict[str, Any]:
    """The names of a module of that source, run with the methods written."""
    text = f"from __future__ import annotations\nfrom dataclasses import dataclass, field\n{source}"
    (tmp_path / "example.py").write_text(text)
    tree = prepared(Modules(tmp_path), "example", text.encode())
    names: dict[str, Any] = {"__name__": __name__}
    exec(compile(tree, "example.py", "exec", dont_inherit=True), names)
    return names


def test_a_traceback_shows_the_line_of_the_source(tmp_path: Path) -> None:
    names = _module(
        tmp_path,
        "@dataclass(frozen=True, slots=True)\n"
        "class Page:\n    to: str\n    def ring(self) -> str:\n        return 1 / 0\n",
    )
    with pytest.raises(ZeroDivisionError) as caught:
        names["Page"]("ana").ring()
    assert traceback.extract_tb(caught.value.__traceback__)[-1].lineno == 7


@pytest.mark.parametrize(
    "rarer",
    [
        "@dataclass(slots=True, order=True)\nclass Page:\n    to: str\n",
        "@dataclass(frozen=True)\nclass Page:\n    to: str\n",
        "@dataclass(slots=True)\nclass Page:\n    to: str\n    held: int = field(init=False)\n",
        "@dataclass(slots=True)\nclass Page(Exception):\n    to: str\n",
        "@dataclass(slots=True)\nclass Page:\n    to: str\n    def __eq__(self, o): return True\n",
        "@dataclass(slots=True)\nclass Page[T]:\n    to: T\n",
    ],
)
def test_what_is_rarer_is_left_to_dataclasses(tmp_path: Path, rarer: str) -> None:
    page = _module(tmp_path, rarer)["Page"]
    assert not hasattr(page, "__dataclass_written__")
    assert page("ana").to == "ana"


def test_a_default_that_is_made_is_made_for_each_instance(tmp_path: Path) -> None:
    names = _module(
        tmp_path,
        "@dataclass(slots=True)\nclass Seen:\n    names: list[str] = field(default_factory=list)\n",
    )
    one, other = names["Seen"](), names["Seen"]()
    one.names.append("ana")
    assert other.names == []


def test_the_same_modules_give_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for name in ("once", "again"):
        folder = tmp_path / name / "tocsin"
        shutil.copytree(
            ROOT / "shared/tocsin/incidents", folder, ignore=shutil.ignore_patterns("__pycache__")
        )
        compile_own(tmp_path / name)
        found = sorted(folder.rglob("*.pyc"))
        made.append([path.read_bytes() for path in found])
    assert made[0]
    assert made[0] == made[1]
