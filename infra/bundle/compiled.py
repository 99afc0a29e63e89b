"""Bytecode of all our modules, compiled once for all functions.

Functions share most of their modules; a bundle takes what it holds of them from here.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING

from infra.bundle import archive, dataclass_methods
from infra.bundle.import_graph import own_modules

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "compiled-"
_KEPT = 4


def with_bytecode(files: Mapping[str, Path], *, root: Path, cache_dir: Path) -> dict[str, Path]:
    """`files` of a bundle by their place in it, and beside each module its bytecode."""
    folder = _compiled(own_modules(root), cache_dir)
    bytecode = {name: Path(cache_from_source(name)) for name in files if name.endswith(".py")}
    return {**files, **{path.as_posix(): folder / path for path in bytecode.values()}}


def _compiled(modules: Mapping[str, Path], cache_dir: Path) -> Path:
    target = cache_dir / f"{PREFIX}{_key(modules)[:16]}"
    if not target.exists():
        scratch = Path(tempfile.mkdtemp(dir=cache_dir, prefix="building-"))
        try:
            _compile(modules, scratch / "own")
            _place(scratch / "own", target)
        finally:
            shutil.rmtree(scratch)
        _forget_old(cache_dir)
    return target


def _compile(modules: Mapping[str, Path], folder: Path) -> None:
    for name, path in modules.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    archive.compile_own(folder)


def _place(made: Path, target: Path) -> None:
    """Somebody may have made the same meanwhile, and it is the same."""
    try:
        made.rename(target)
    except OSError:
        if not target.exists():
            raise


def _forget_old(cache_dir: Path) -> None:
    made = sorted(cache_dir.glob(f"{PREFIX}*"), key=lambda path: path.stat().st_mtime_ns)
    for path in made[:-_KEPT]:
        shutil.rmtree(path, ignore_errors=True)


def _key(modules: Mapping[str, Path]) -> str:
    digest = hashlib.sha256()
    for source in (archive.__file__, dataclass_methods.__file__):
        digest.update(Path(source).read_bytes())
    for name, path in sorted(modules.items()):
        content = path.read_bytes()
        digest.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
