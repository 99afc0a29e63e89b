"""Makes a function's zip, without Docker: the group's base, and our own files appended.

Pure: the same sources, lock file, architecture and compiler give the same bytes, and the result
lies in a cache under a name that holds the hash of all of them.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from infra.bundle import archive, dataclass_methods
from infra.bundle.archive import append
from infra.bundle.compiled import with_bytecode
from infra.bundle.dependencies import base_zip, recipe
from infra.bundle.import_graph import Sources
from infra.catalogue import FUNCTIONS
from infra.stage import STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEPT = 8


def bundle(function_name: str, *, arch: str, stage: str, root: Path, cache_dir: Path) -> Path:
    """The zip of one function for one architecture (`arm64`, `x86_64`) and stage.

    `root` is the checkout. Stages differ only in whether the module that moves the incident
    clock is inside: where the stage's clock can be moved and the function goes by it.
    """
    spec = FUNCTIONS[function_name]
    ingredients = recipe(spec.group, arch=arch, root=root)
    base = base_zip(ingredients, cache_dir=cache_dir)
    sees_moved_clock = spec.incident_clock and STAGES[stage].clock_adjustable
    sources = Sources(root, clock_adjustable=sees_moved_clock)
    files = sources.needed_by(function_name)
    key = _key(ingredients.key, files)
    target = cache_dir / f"{function_name}-{arch}-{key[:16]}.zip"
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=cache_dir, prefix="building-") as scratch:
            built = Path(scratch) / "function.zip"
            shutil.copyfile(base, built)
            append(built, with_bytecode(files, root=root, cache_dir=cache_dir))
            built.replace(target)
        _forget_old(cache_dir, f"{function_name}-{arch}-")
    return target


def _forget_old(cache_dir: Path, prefix: str) -> None:
    """Every edit makes a new zip of megabytes; the newest few serve all stages and branches."""
    made = sorted(cache_dir.glob(f"{prefix}*.zip"), key=lambda path: path.stat().st_mtime_ns)
    for path in made[:-_KEPT]:
        path.unlink(missing_ok=True)


def _key(base_key: str, files: Mapping[str, Path]) -> str:
    digest = hashlib.sha256(base_key.encode())
    for source in (__file__, archive.__file__, dataclass_methods.__file__):
        digest.update(Path(source).read_bytes())
    for name, path in sorted(files.items()):
        content = path.read_bytes()
        digest.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
