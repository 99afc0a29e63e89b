"""Which edits cost a synthesis and which do not; the CDK app itself is a small stand-in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tocsin.local.errors import CheckoutNeeded, ProcessFailed
from tocsin.local.machine import places as places_
from tocsin.local.machine.places import Places
from tocsin.local.stage import synthesis

if TYPE_CHECKING:
    from pathlib import Path

CONTEXT = {"stage": "local", "arch": "x86_64"}
APP = """
import json, os, pathlib
out = pathlib.Path(os.environ["CDK_OUTDIR"])
context = json.loads(os.environ["CDK_CONTEXT_JSON"])
runs = pathlib.Path("runs"); runs.write_text(runs.read_text() + "x" if runs.exists() else "x")
(out / "manifest.json").write_text(json.dumps({"artifacts": {}, "context": context}))
"""
FILES = {
    "infra/__init__.py": "",
    "infra/app.py": APP,
    "functions/notifier/handler.py": "1",
    "shared/tocsin/errors.py": "1",
    "shared/tocsin/cli/main.py": "1",
    "shared/tocsin/drills/story.py": "1",
    "shared/tocsin/local/stage/cloud.py": "1",
    "shared/tocsin/local/adjustable_clock.py": "1",
    "uv.lock": "1",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def places(checkout: Path) -> Places:
    return Places(checkout, checkout / "state")


def runs(checkout: Path) -> int:
    return len((checkout / "runs").read_text(encoding="utf-8"))


def test_the_app_gets_its_context_and_its_folder(checkout: Path) -> None:
    folder, made = synthesis.synthesise(places(checkout), CONTEXT)

    assert made
    assert json.loads((folder / "manifest.json").read_text("utf-8"))["context"] == CONTEXT


def test_an_unchanged_tree_is_not_synthesised_again(checkout: Path) -> None:
    first, _ = synthesis.synthesise(places(checkout), CONTEXT)
    second, made = synthesis.synthesise(places(checkout), CONTEXT)

    assert (second, made, runs(checkout)) == (first, False, 1)


def test_what_another_process_made_meanwhile_is_left_to_those_who_read_it(checkout: Path) -> None:
    rival = (
        "theirs = out.parent / pathlib.Path('name').read_text()\n"
        "theirs.mkdir(); (theirs / 'manifest.json').write_text('theirs')\n"
    )
    (checkout / "infra/app.py").write_text(APP + rival, encoding="utf-8")
    name = synthesis.fingerprint(checkout, CONTEXT)
    (checkout / "name").write_text(name, encoding="utf-8")

    folder, _ = synthesis.synthesise(places(checkout), CONTEXT)

    assert folder == places(checkout).syntheses / name
    assert (folder / "manifest.json").read_text("utf-8") == "theirs"
    assert [path.name for path in folder.parent.iterdir()] == [name]


@pytest.mark.parametrize(
    "name",
    [
        "infra/app.py",
        "functions/notifier/handler.py",
        "shared/tocsin/errors.py",
        "shared/tocsin/local/adjustable_clock.py",
        "uv.lock",
    ],
)
def test_what_reaches_a_template_or_a_bundle_costs_a_synthesis(checkout: Path, name: str) -> None:
    before = synthesis.fingerprint(checkout, CONTEXT)
    (checkout / name).write_text(FILES[name] + "\n# edited", encoding="utf-8")

    assert synthesis.fingerprint(checkout, CONTEXT) != before


@pytest.mark.parametrize(
    "name",
    [
        "shared/tocsin/cli/main.py",
        "shared/tocsin/drills/story.py",
        "shared/tocsin/local/stage/cloud.py",
        "shared/tocsin/__pycache__/errors.cpython-313.pyc",
        "README.md",
    ],
)
def test_what_reaches_neither_costs_nothing(checkout: Path, name: str) -> None:
    before = synthesis.fingerprint(checkout, CONTEXT)
    (checkout / name).parent.mkdir(exist_ok=True)
    (checkout / name).write_text("edited", encoding="utf-8")

    assert synthesis.fingerprint(checkout, CONTEXT) == before


def test_a_removed_file_costs_a_synthesis(checkout: Path) -> None:
    before = synthesis.fingerprint(checkout, CONTEXT)
    (checkout / "functions/notifier/handler.py").unlink()

    assert synthesis.fingerprint(checkout, CONTEXT) != before


def test_another_context_is_another_synthesis(checkout: Path) -> None:
    first, _ = synthesis.synthesise(places(checkout), CONTEXT)
    second, made = synthesis.synthesise(places(checkout), CONTEXT | {"arch": "arm64"})

    assert made
    assert second != first


def test_a_file_saved_during_the_synthesis_is_not_taken_for_synthesised(checkout: Path) -> None:
    app = checkout / "infra/app.py"
    app.write_text(APP + "\npathlib.Path('uv.lock').write_text('2')\n", encoding="utf-8")

    folder, made = synthesis.synthesise(places(checkout), CONTEXT)
    again, made_again = synthesis.synthesise(places(checkout), CONTEXT)

    assert (made, made_again) == (True, True)
    assert folder.name == "unsettled"
    assert again.name != "unsettled"


def test_a_failing_app_is_shown_with_its_last_words_and_leaves_nothing(checkout: Path) -> None:
    (checkout / "infra/app.py").write_text("raise SystemExit('no such stage')", encoding="utf-8")

    with pytest.raises(ProcessFailed, match="no such stage"):
        synthesis.synthesise(places(checkout), CONTEXT)

    assert list(places(checkout).syntheses.iterdir()) == []


def test_an_app_that_writes_nothing_is_a_failure(checkout: Path) -> None:
    (checkout / "infra/app.py").write_text("", encoding="utf-8")

    with pytest.raises(ProcessFailed, match="no cloud assembly"):
        synthesis.synthesise(places(checkout), CONTEXT)


def test_only_the_newest_syntheses_are_kept(checkout: Path) -> None:
    for number in range(8):
        synthesis.synthesise(places(checkout), CONTEXT | {"number": str(number)})

    assert len(list(places(checkout).syntheses.iterdir())) == 6


def test_the_app_sees_no_credentials(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "private")
    app = "\nimport sys\nsys.exit('leaked' if 'AWS_SECRET_ACCESS_KEY' in os.environ else 0)"
    (checkout / "infra/app.py").write_text(APP + app, encoding="utf-8")

    assert synthesis.synthesise(places(checkout), CONTEXT)[1]


def test_the_state_folder_moves_and_the_caches_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(places_.STATE_VARIABLE, str(tmp_path))

    found = places_.find()

    assert found.state == found.outputs.parent == tmp_path
    assert found.emulator.is_relative_to(found.checkout)
    assert places_.find(tmp_path / "named").state == tmp_path / "named"


def test_without_a_checkout_the_error_says_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places_, "__file__", str(tmp_path / "site-packages" / "places.py"))
    monkeypatch.chdir(tmp_path)

    with pytest.raises(CheckoutNeeded, match="checkout"):
        places_.find()
