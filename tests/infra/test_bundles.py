"""What is in a bundle, byte for byte: enough to run, nothing from this machine, nothing more."""

from __future__ import annotations

import ast
import importlib.util
import json
import marshal
import re
import shutil
import struct
import sys
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

import pytest

from infra.app import ROOT
from infra.bundle.archive import compile_own, files_under
from infra.bundle.build import bundle
from infra.bundle.dependencies import MANIFEST, base_zip, recipe
from infra.bundle.groups import BILLING, CONTAINMENT, INCIDENTS, INGEST, SELLING, DependencyGroup
from infra.bundle.import_graph import Sources, at_run_time
from infra.catalogue import FUNCTIONS
from tests.infra.bundles import (
    HOST_ARCH,
    assumed_by,
    contents,
    probe,
    services_called_by,
    settings_of,
    trees,
    unpack,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UNCHECKED_HASH = 0b01
ELF_MACHINE = {"arm64": 0xB7, "x86_64": 0x3E}
HEAVY = ("pydantic", "yaml", "holidays", "typer", "rich", "aws_xray_sdk", "stripe", "razorpay")
ON_THE_HOT_PATH_TOO_HEAVY = (
    *HEAVY,
    "aws_lambda_powertools",
    "boto3",
    "botocore",
    "requests",
    "urllib3",
)

# Of the processor that is not this machine's, a group's base is what differs: one function of each
# is opened on every run, and all of them with the full sizes.
FIRST_OF_GROUP = {spec.group.name: name for name, spec in reversed([*FUNCTIONS.items()])}.values()
THE_OTHER = [
    pytest.param(name, marks=() if name in FIRST_OF_GROUP else pytest.mark.full)
    for name in FUNCTIONS
]
FOR_BOTH = [
    pytest.param(
        name,
        arch,
        marks=() if arch == HOST_ARCH or name in FIRST_OF_GROUP else pytest.mark.full,
    )
    for name in FUNCTIONS
    for arch in ELF_MACHINE
]


@pytest.fixture(scope="session")
def opened(bundled: Callable[..., Path]) -> Callable[..., dict[str, bytes]]:
    """`opened(function, arch=…)`: the files of a bundle, read once."""

    @cache
    def read(function: str, **which: str) -> dict[str, bytes]:
        return contents(bundled(function, **which))

    return read


@pytest.fixture(scope="session")
def loaded(
    bundled: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[Path, dict[str, str]]]:
    """`loaded(function)`: where its bundle was unpacked, and the modules its handler loaded."""

    @cache
    def load(function: str) -> tuple[Path, dict[str, str]]:
        folder = unpack(bundled(function), tmp_path_factory.mktemp(function))
        return folder, probe(folder, "import", function, environ=settings_of(function))

    return load


type Loaded = Callable[[str], tuple[Path, dict[str, str]]]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_handler_imports_with_only_its_bundle_on_the_path(loaded: Loaded, name: str) -> None:
    folder, modules = loaded(name)
    standard = str(Path(json.__file__).parent.parent)
    foreign = {
        module
        for module, file in modules.items()
        if file.startswith("/") and not file.startswith((str(folder), standard))
    }
    assert foreign <= {"__main__"}
    assert any(file.startswith(str(folder)) for file in modules.values())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_handler_loads_nothing_that_is_slow_to_load(loaded: Loaded, name: str) -> None:
    _, modules = loaded(name)
    assert not [one for one in HEAVY if one in modules]
    assert not [one for one in modules if one.startswith("tocsin.local")]


def test_the_webhook_path_loads_no_sdk_and_no_framework(loaded: Loaded) -> None:
    _, modules = loaded("webhook_ingest")
    assert not [one for one in ON_THE_HOT_PATH_TOO_HEAVY if one in modules]
    assert not [one for one in modules if "tracing" in one]
    assert "tocsin.runtime.aws.sigv4" in modules


def test_the_webhook_bundle_does_not_even_hold_them(
    opened: Callable[..., dict[str, bytes]],
) -> None:
    packages = {name.split("/")[0] for name in opened("webhook_ingest")}
    assert packages == {MANIFEST, "functions", "tocsin"}


def test_a_missing_package_would_be_noticed(bundled: Callable[..., Path], tmp_path: Path) -> None:
    name = "webhook_ingest"
    folder = unpack(bundled(name), tmp_path)
    for left_out in folder.glob("tocsin/runtime/**/sigv4.*"):
        left_out.unlink()
    with pytest.raises(AssertionError, match=r"No module named 'tocsin\.runtime\.aws\.sigv4'"):
        probe(folder, "import", name, environ=settings_of(name))


@pytest.mark.parametrize(("name", "arch"), FOR_BOTH)
def test_every_module_has_bytecode_that_lambda_accepts(
    opened: Callable[..., dict[str, bytes]], name: str, arch: str
) -> None:
    files = opened(name, arch=arch)
    compiled = {one for one in files if one.endswith(".pyc")}
    sources = {one for one in files if one.endswith(".py")}
    assert {_bytecode_of(one) for one in sources} == compiled
    assert all(one.endswith(".cpython-313.pyc") for one in compiled)
    for one in compiled:
        assert files[one][:4] == importlib.util.MAGIC_NUMBER
        assert struct.unpack("<I", files[one][4:8])[0] == UNCHECKED_HASH


@pytest.mark.parametrize("name", FUNCTIONS)
def test_bytecode_belongs_to_the_source_beside_it(
    opened: Callable[..., dict[str, bytes]], name: str
) -> None:
    """Lambda does not compare the two, so the build must: a stale one would win in silence."""
    files = opened(name)
    for one in files:
        if one.endswith(".py"):
            expected = importlib.util.source_hash(files[one])
            assert files[_bytecode_of(one)][8:16] == expected, one


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_path_of_the_build_machine_is_inside(
    opened: Callable[..., dict[str, bytes]], sources: Path, name: str
) -> None:
    builders = [str(place).encode() for place in (ROOT, sources, sys.prefix)] + [b"/building-"]
    for one, content in opened(name).items():
        if one.endswith(".pyc"):
            places = set(_file_names(marshal.loads(content[16:])))
            assert places == {f"/var/task/{_source_of(one)}"}
        assert not [place for place in builders if place in content]


@pytest.mark.parametrize("name", THE_OTHER)
def test_the_two_architectures_differ_in_native_code_only(
    opened: Callable[..., dict[str, bytes]], name: str
) -> None:
    arm, intel = opened(name, arch="arm64"), opened(name, arch="x86_64")

    def portable(files: dict[str, bytes]) -> dict[str, bytes]:
        return {one: files[one] for one in files if not one.endswith(".so") and one != MANIFEST}

    assert portable(arm) == portable(intel)
    for arch, files in (("arm64", arm), ("x86_64", intel)):
        for one in files:
            if one.endswith(".so"):
                assert elf_machine(files[one]) == ELF_MACHINE[arch], one


@pytest.mark.parametrize(("name", "arch"), FOR_BOTH)
def test_every_wheel_was_made_for_the_processor_or_for_any(
    opened: Callable[..., dict[str, bytes]], name: str, arch: str
) -> None:
    tag = {"arm64": "aarch64", "x86_64": "x86_64"}[arch]
    manifest: dict[str, Any] = json.loads(opened(name, arch=arch)[MANIFEST])
    assert manifest["arch"] == arch
    assert manifest["group"] == FUNCTIONS[name].group.name
    assert bool(manifest["distributions"]) is (name not in {"github_ingest", "webhook_ingest"})
    for distribution in manifest["distributions"]:
        assert distribution["tags"]
        for each in distribution["tags"]:
            assert each.endswith((f"_{tag}", "-any")), distribution["name"]


@pytest.mark.parametrize("arch", ["arm64", "x86_64"])
def test_a_package_with_native_code_is_installed_for_the_processor_it_will_run_on(
    tmp_path: Path, arch: str
) -> None:
    """None of ours has native code today, so one that has it is built here."""
    pinned = recipe(DependencyGroup("dev", aws_services=()), arch=arch, root=ROOT)
    block = re.search(r"^markupsafe==.*?(?=^[a-z])", pinned.requirements, re.MULTILINE | re.DOTALL)
    assert block
    native = contents(base_zip(replace(pinned, requirements=block[0]), cache_dir=tmp_path))
    libraries = [one for one in native if one.endswith(".so")]
    assert libraries
    assert {elf_machine(native[one]) for one in libraries} == {ELF_MACHINE[arch]}
    processor = {"arm64": "aarch64", "x86_64": "x86_64"}[arch]
    assert all(one.endswith(f".cpython-313-{processor}-linux-gnu.so") for one in libraries)


def test_native_code_is_told_apart_by_its_header() -> None:
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, 0xB7)
    assert elf_machine(header) == ELF_MACHINE["arm64"]
    assert elf_machine(Path(sys.executable).resolve().read_bytes()[:64]) in ELF_MACHINE.values()


@pytest.mark.parametrize(
    "name", [pytest.param("webhook_ingest", marks=pytest.mark.full), "notifier"]
)
def test_the_same_inputs_give_the_same_bytes(
    bundled: Callable[..., Path], sources: Path, tmp_path: Path, name: str
) -> None:
    elsewhere = tmp_path / "a checkout of another name"
    elsewhere.symlink_to(sources)
    cache = tmp_path / "another cache"
    again = bundle(name, arch="x86_64", stage="production", root=elsewhere, cache_dir=cache)
    first = bundled(name, arch="x86_64")
    assert again.name == first.name
    assert again.read_bytes() == first.read_bytes()


def test_a_module_is_compiled_beside_all_others_to_what_it_is_beside_those_of_its_bundle(
    opened: Callable[..., dict[str, bytes]], tmp_path: Path
) -> None:
    """A dataclass is written out by what its bases are, and they lie in other modules."""
    files = Sources(ROOT, clock_adjustable=False).needed_by("attention")
    for name, path in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, tmp_path / name)
    compile_own(tmp_path)
    alone = {name: path.read_bytes() for name, path in files_under(tmp_path).items()}
    bundled = opened("attention")
    assert {name for name in alone if name.endswith(".pyc")}
    assert alone == {name: bundled[name] for name in alone}


def test_a_bundle_in_the_cache_is_not_built_again(bundled: Callable[..., Path]) -> None:
    path = bundled("notifier")
    before = path.stat().st_mtime_ns
    assert bundled("notifier") == path
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_that_only_people_use_is_bundled(
    opened: Callable[..., dict[str, bytes]], name: str
) -> None:
    files = opened(name)
    assert not [
        one for one in files if one.startswith(("tocsin/local", "tocsin/cli", "tocsin/drills"))
    ]
    assert not [one for one in files if re.search(r"(^|/)tests/|\.dist-info/|\.pyi$", one)]
    assert {one.split("/")[1] for one in files if one.startswith("functions/")} <= {
        "__init__.py",
        "__pycache__",
        name,
    }


def test_only_stages_that_rehearse_carry_the_clock_that_moves(
    bundled: Callable[..., Path],
) -> None:
    module = "tocsin/local/adjustable_clock.py"
    held = {
        stage: module in contents(bundled("sla_check", stage=stage))
        for stage in ("local", "drill", "production")
    }
    assert held == {"local": True, "drill": True, "production": False}


@pytest.mark.parametrize(
    "group", [INGEST, INCIDENTS, BILLING, SELLING], ids=lambda group: group.name
)
def test_models_are_bundled_for_the_clients_that_are_built_and_no_others(group: Any) -> None:
    built = {
        service
        for name, spec in FUNCTIONS.items()
        if spec.group == group
        for service in services_called_by(name, through="client")
    }
    assert built == set(group.aws_services)


def test_who_acts_in_roles_has_the_models_of_what_is_acted_on_and_no_others() -> None:
    assert assumed_by("containment") == set(CONTAINMENT.aws_services)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_group_holds_what_its_functions_import_and_nothing_else(
    opened: Callable[..., dict[str, bytes]], name: str
) -> None:
    group = FUNCTIONS[name].group
    together = [each for each, spec in FUNCTIONS.items() if spec.group == group]
    imported = {package for each in together for package in _packages_imported_by(each)}
    asked_for = _packages_asked_for(group.name)
    # A clock that can be moved is imported by its name, where there is one: it signs with botocore.
    moved = {"botocore"} if any(FUNCTIONS[each].incident_clock for each in together) else set[str]()
    assert asked_for <= imported | moved
    available = {one.split("/")[0].removesuffix(".py") for one in opened(name)}
    assert imported <= available


def elf_machine(content: bytes) -> int:
    assert content[:4] == b"\x7fELF"
    machine: int = struct.unpack("<H", content[18:20])[0]
    return machine


def _bytecode_of(source: str) -> str:
    folder, _, file = source.rpartition("/")
    cache = f"{folder}/__pycache__" if folder else "__pycache__"
    return f"{cache}/{file.removesuffix('.py')}.cpython-313.pyc"


def _source_of(bytecode: str) -> str:
    return bytecode.replace("__pycache__/", "").replace(".cpython-313.pyc", ".py")


def _file_names(code: CodeType) -> Iterator[str]:
    yield code.co_filename
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _file_names(constant)


@cache
def _packages_imported_by(function: str) -> set[str]:
    found = {package for tree in trees(function) for package in _imported(tree)}
    return found - sys.stdlib_module_names - {"tocsin", "functions"}


@cache
def _imported(tree: ast.AST) -> frozenset[str]:
    found: set[str] = set()
    for node in at_run_time(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.Constant) and node.value == "tzdata":
            found.add("tzdata")
    return frozenset(found)


def _packages_asked_for(group: str) -> set[str]:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"][group]
    return {re.split(r"[><=~!]", each)[0].replace("-", "_") for each in wanted}
