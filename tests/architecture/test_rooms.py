"""Who may know what, for the rules that need more than a list of forbidden modules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.architecture import rules
from tests.architecture.sources import ROOT, Module, imports, product, room

CORE = ("tocsin.incidents", "tocsin.billing")
ERRORS = ("tocsin.errors", "tocsin.billing.errors")
PURE = (*CORE, "tocsin.people", "tocsin.containment", "tocsin.application", "tocsin.ports", *ERRORS)


def module(text: str, path: str = "shared/tocsin/incidents/example.py") -> Module:
    return Module("tocsin.incidents.example", path, text)


@pytest.mark.parametrize("name", CORE)
def test_a_pure_room_imports_the_standard_library_and_itself(name: str) -> None:
    allowed = (name, *ERRORS, "rfc8785")

    assert rules.problems(rules.only_imports(found, *allowed) for found in room(name)) == ""


def test_people_know_incidents_and_nobody_else() -> None:
    allowed = ("tocsin.people", "tocsin.incidents", "tocsin.errors")

    found = room("tocsin.people")

    assert found
    assert rules.problems(rules.only_imports(each, *allowed) for each in found) == ""


def test_containment_knows_incidents_and_its_registry_and_nobody_else() -> None:
    allowed = ("tocsin.containment", "tocsin.incidents", "tocsin.registry", "tocsin.errors")

    found = room("tocsin.containment")

    assert found
    assert rules.problems(rules.only_imports(each, *allowed) for each in found) == ""


@pytest.mark.parametrize(
    "text",
    [
        "import boto3",
        "from pydantic import BaseModel",
        "from tocsin.billing.projection.ledger_key import Ledger",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tocsin.policy import x",
        "def late():\n    import yaml",
        "from . import decide",
    ],
)
def test_an_import_that_spoils_a_pure_room_is_found(text: str) -> None:
    found = rules.only_imports(module(text), "tocsin.incidents", "tocsin.errors", "rfc8785")

    assert len(found) == 1


def test_the_application_imports_pure_rooms_and_ports_only() -> None:
    allowed = (
        "tocsin.application",
        "tocsin.containment",
        "tocsin.notes",
        "tocsin.ports",
        "tocsin.people",
        *ERRORS,
        *CORE,
    )

    checked = room("tocsin.application", "tocsin.ports")

    assert rules.problems(rules.only_imports(found, *allowed) for found in checked) == ""


def test_the_core_takes_time_ids_and_environment_as_arguments() -> None:
    assert rules.problems(rules.ambient(found) for found in room(*PURE)) == ""


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime\nnow = datetime.now()",
        "import datetime\nnow = datetime.datetime.now(datetime.UTC)",
        "from datetime import date\nday = date.today()",
        "from os import environ\nstage = environ['STAGE']",
        "import random",
        "from zoneinfo import ZoneInfo\nzone = ZoneInfo('Europe/Berlin')",
        "from uuid import uuid4",
        "from time import time",
        "import time\ntime.sleep(1)",
        "open('/etc/hosts')",
        "def late():\n    import secrets",
    ],
)
def test_a_core_that_looks_around_itself_is_found(text: str) -> None:
    assert rules.ambient(module(text))


def test_a_core_that_takes_arguments_is_let_be() -> None:
    text = (
        "import time\ndef hour(at):\n    return time.gmtime(at)\nclass Pointer:\n    open: bool\n"
    )

    assert rules.ambient(module(text)) == []


def test_settings_import_the_standard_library_and_their_loader_only() -> None:
    settings = [found for found in room("functions") if found.name.endswith(".settings")]

    assert settings
    assert rules.problems(rules.settings_imports(found) for found in settings) == ""


@pytest.mark.parametrize("text", ["import boto3", "from tocsin.errors import TocsinError"])
def test_settings_that_import_more_are_found(text: str) -> None:
    assert rules.settings_imports(module(text))


def test_infra_reads_settings_and_registry_names_only() -> None:
    assert rules.problems(rules.infra_imports(found) for found in room("infra")) == ""


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("from functions.notifier.settings import Settings", 0),
        ("from tocsin.registry import Registry", 0),
        ("from tocsin.signals.registry import SOURCES", 0),
        ("from functions.notifier.handler import lambda_handler", 1),
        ("import functions.notifier", 1),
        ("from tocsin.incidents import model", 1),
        ("from tocsin.local.registry import anything", 0),
        ("import tocsin", 1),
    ],
)
def test_infra_that_reads_more_is_found(text: str, problems: int) -> None:
    assert len(rules.infra_imports(module(text, "infra/example.py"))) == problems


def test_every_init_is_empty_of_code() -> None:
    # The CDK looks for its node while it is imported, so infra has to be first.
    checked = [found for found in product() if found.path != "infra/__init__.py"]

    assert rules.problems(rules.not_empty(found) for found in checked) == ""


def test_an_init_that_re_exports_is_found() -> None:
    init = module(
        "from tocsin.runtime.watch.logging import log", "shared/tocsin/runtime/__init__.py"
    )

    assert rules.not_empty(init)
    assert not rules.not_empty(replace(init, text='"""Why this room exists."""\n'))


def test_modules_and_functions_can_be_read_in_one_sitting() -> None:
    found = product()

    assert rules.problems(map(rules.too_long, found)) == ""
    assert rules.problems(map(rules.too_long_to_see, found)) == ""


def test_a_long_module_and_a_long_function_are_found() -> None:
    body = "\n".join(f"    x = {number}" for number in range(rules.LINES_PER_FUNCTION))

    assert rules.too_long(module("pass\n" * (rules.LINES_PER_MODULE + 1)))
    assert not rules.too_long(module("pass\n" * rules.LINES_PER_MODULE))
    assert rules.too_long_to_see(module(f"def long():\n{body}\n"))
    table = "    y = {\n" + "        1: 2,\n" * 9 + "    }\n"
    fits = f'def fits():\n    """Say\n\n    so."""\n{table}' + "    x = 1\n" * (
        rules.LINES_PER_FUNCTION - 1
    )
    assert not rules.too_long_to_see(module(fits))
    assert rules.too_long_to_see(module(fits + "    x = 1\n"))


def test_a_function_is_a_folder_with_settings() -> None:
    folders = {path.parent.name for path in ROOT.glob("functions/*/__init__.py")}
    with_settings = {path.parent.name for path in ROOT.glob("functions/*/settings.py")}

    assert folders == with_settings
    assert folders


ENGINE = "tocsin.application.incidents"


def test_every_way_in_goes_through_the_engine() -> None:
    """Whoever carried a command out alone would close without a verified chain, in silence."""
    parts = ("execute.carry_out", "close.close", "relations.split", "relations.merge")
    found = [
        f"{each.path} imports {name}"
        for each in product()
        if not each.name.startswith(ENGINE)
        for name in sorted(imports(each))
        if name.removeprefix(f"{ENGINE}.") in parts
    ]

    assert found == []
