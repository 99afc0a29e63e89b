"""One synthesis per stage and session, with stub bundles; real bundles for the tests of bundles.

Nothing of the CDK is imported here: `infra`, imported first, settles which node drives it.
"""

from __future__ import annotations

import shutil
from functools import cache, partial
from typing import TYPE_CHECKING

import pytest

from infra.app import CACHE, ROOT
from infra.app import synthesise as write_assembly
from infra.bundle.archive import append
from infra.bundle.build import bundle
from infra.context import Context
from tests.infra.bundles import HOST_ARCH
from tests.infra.deployment import ANOTHER_ACCOUNT, Deployment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


FULL = {
    "ops_mail": "ops@example.com",
    "providers": "stripe,razorpay",
    "concurrency": "sized",
    "github": "on",
    "security_findings": "guardduty,security_hub",
    "containment": "on",
}
"""What a stage is told that uses all there is, as most rules want it."""
BARE = {"ops_mail": "ops@example.com"}
"""What a stage must be told, and nothing more."""


def synthesise(folder: Path, **told: str) -> Deployment:
    """The stage's templates, with a bundle per function that holds nothing but its name."""
    context = Context.read(told)
    write_assembly(context, bundle=partial(_stub, folder), outdir=folder / "assembly")
    return Deployment.read(folder / "assembly", context)


def _stub(folder: Path, function: str) -> Path:
    content = folder / f"{function}.txt"
    content.write_text(function)
    archive = folder / f"{function}.zip"
    append(archive, {"name.txt": content})
    return archive


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return synthesise(
        tmp_path_factory.mktemp("production"), stage="production", alarm_intake="all", **FULL
    )


@pytest.fixture(scope="session")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return synthesise(
        tmp_path_factory.mktemp("drill"),
        stage="drill",
        alarm_intake="prefix:shop-,api-",
        alarm_accounts=ANOTHER_ACCOUNT,
        **FULL,
    )


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return synthesise(
        tmp_path_factory.mktemp("local"),
        stage="local",
        providers="stripe,razorpay",
        alarm_intake="all",
        github="on",
        security_findings="guardduty,security_hub",
        containment="on",
    )


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Production on its first day, with nothing configured."""
    return synthesise(tmp_path_factory.mktemp("bare"), stage="production", **BARE)


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Production with one provider."""
    folder = tmp_path_factory.mktemp("alone")
    return synthesise(folder, stage="production", providers="razorpay", **BARE)


@pytest.fixture(params=["production", "drill", "local"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    """Every stage in turn."""
    made: Deployment = request.getfixturevalue(request.param)
    return made


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what bundles are made from, somewhere else and still while tests run."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "uv.lock", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    for name in ("functions", "shared"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / ".tools").symlink_to(ROOT / ".tools")
    return copy


@pytest.fixture(scope="session")
def bundled(sources: Path) -> Callable[..., Path]:
    """`bundled(function, arch=…, stage=…)`: the real zip, in the cache that deployments use."""

    @cache
    def build(function: str, *, arch: str = HOST_ARCH, stage: str = "production") -> Path:
        return bundle(function, arch=arch, stage=stage, root=sources, cache_dir=CACHE)

    return build
