"""The pages that say how to add something say the truth: what they name is there, and is enough."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs/how-to").glob("add-*.md"))
_NAMED = re.compile(r"\*\*`([\w./<>-]+)`\*\*")
_BLOCK = re.compile(r"```(?:python|text) path=(\S+) before=([\"'])(.*?)\2\n(.*?)\n *```", re.DOTALL)
MOST = {
    "add-a-verb": 5,
    "add-an-event": 2,
    "add-a-store": 6,
    "add-a-function": 5,
    "add-a-provider": 7,
}
PLACES = ("shared/tocsin", "functions", "infra")


def named(page: Path) -> list[str]:
    """The files a page names in its steps, `<placeholders>` as patterns; alarms' pages apart."""
    found = _NAMED.findall(page.read_text("utf-8"))
    return [re.sub(r"<[\w-]+>", "*", name) for name in found if not name.startswith("docs/")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_names_is_there_and_not_too_much(page: Path) -> None:
    files = named(page)
    assert files
    for pattern in files:
        assert next(ROOT.glob(pattern.rstrip("/")), None), f"{page.name} names {pattern}"
    assert len(set(files)) <= MOST.get(page.stem, len(files))


def test_every_kind_of_addition_has_its_page() -> None:
    kinds = {page.stem.removeprefix("add-").partition("-")[2] for page in PAGES}
    assert kinds >= {"verb", "event", "store", "function", "provider", "channel", "signal-source"}


def edits(page: Path) -> Iterator[tuple[str, str, str]]:
    """Which file, before which text, and what is written there."""
    for path, _, before, text in _BLOCK.findall(page.read_text("utf-8")):
        block = textwrap.dedent(text).strip("\n")
        apart = "\n\n\n" if block.startswith(("@", "class ", "def ")) else "\n"
        yield path, before, block + apart


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for place in ("shared", "functions", ".ci", "docs"):
        shutil.copytree(
            ROOT / place, tmp_path / place, ignore=shutil.ignore_patterns("__pycache__", "node*")
        )
    return tmp_path


def applied(page: Path, copy: Path) -> set[str]:
    touched: set[str] = set()
    for name, before, text in edits(page):
        path = copy / name
        old = path.read_text("utf-8")
        assert before in old, f"{name} has no {before!r}"
        indent = re.match(r" *", before).group() if before.startswith(" ") else ""  # type: ignore[union-attr]
        path.write_text(old.replace(before, textwrap.indent(text, indent) + before, 1), "utf-8")
        touched.add(name)
    return touched


def ran(copy: Path, program: str) -> str:
    places = (copy, copy / "shared", copy / ".ci", ROOT)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, places))},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


VERB = """
    from tests.harness.worlds.world import World
    from tocsin.cli import main
    from tools.openapi import document

    body = document()["paths"]["/v1/incidents/{id}/lesson"]["post"]["requestBody"]
    fields = body["content"]["application/json"]["schema"]["properties"]
    assert fields["surprise"]["description"] == "How surprising it was, from 1 to 5."
    world = World()
    opened = {"title": "checkout is down", "severity": "high", "category": "production"}
    incident = world.request("POST", "/v1/incidents", opened, person="ana")[1]["id"]
    path = f"/v1/incidents/{incident}/lesson"
    status, said, _ = world.request("POST", path, {"text": "x", "surprise": 9}, person="ana")
    assert (status, said["code"], said["field"]) == (400, "bad_input", "surprise")
    large = {"text": "what we learnt " * 1_000, "surprise": 4}
    status, said, _ = world.request("POST", path, large, person="ana")
    assert status == 200, said
    entry = world.store.entries(incident)[-1]
    assert entry.content["text"].startswith("Lesson (4): what we learnt")
    assert entry.content["stored"]["size"] == len(large["text"].encode())
    assert main.run(["learnt", "--help"]) == 0
"""
EVENT = """
    from dataclasses import replace
    from tests.harness.worlds.world import World
    from tocsin.incidents.events.record import LessonLearnt
    from tocsin.incidents.events.fold import fold, seal
    from tocsin.incidents.timeline.entry import Actor
    from tocsin.incidents.vocabulary import ActorKind

    world = World()
    opened = {"title": "checkout is down", "severity": "high", "category": "production"}
    name = world.request("POST", "/v1/incidents", opened, person="ana")[1]["id"]
    before = world.store.load(name)
    event = LessonLearnt(
        actor=Actor(ActorKind.PERSON, "ana"), at=world.clock.now, occurred_at=world.clock.now,
        text="look at the pool first", surprise=3,
    )
    entries, after = seal(
        before, [event], incident_id=name, salts=[bytes(16)], correlation_id="c"
    )
    assert after.counts["lessons"] == 1
    assert fold(entries, before) == after
"""


@pytest.mark.parametrize(("name", "program"), [("add-a-verb", VERB), ("add-an-event", EVENT)])
def test_the_example_works_and_touches_what_the_page_names(
    copied: Path, name: str, program: str
) -> None:
    page = ROOT / f"docs/how-to/{name}.md"
    touched = applied(page, copied)
    assert touched == set(named(page))
    assert len(touched) <= MOST[name]
    ran(copied, program)


PROVIDER = """
    import hashlib, hmac
    from pathlib import Path
    from infra.bundle.import_graph import Sources
    from infra.context import KEYS, Context
    from tests.unit.policy.builders import overridden
    from tocsin.billing.identity import Identity
    from tocsin.billing.outage.signs import URGENT
    from tocsin.billing.outage.wording import Situation, word
    from tocsin.billing.provider import DEFAULT, provider
    from tocsin.billing.replay.cursor import Window
    from tocsin.billing.replay.rate_limit import budget
    from tocsin.providers import registry
    from tocsin.providers.http.probes import PROBES
    from tocsin.providers.http.subscriptions import listing_of
    from tocsin.providers.selling import SELLERS

    (sample,) = Path("events/third").iterdir()
    body = sample.read_bytes()
    signature = hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    reader = registry.webhook_reader("third")
    reader.verify({"x-third-signature": signature}, body, secrets=[b"secret"], now=0)
    envelope, document = reader.read({"x-third-event-id": "evt_1"}, body)
    objects = registry.object_reader("third")
    found = objects.subscription(objects.snapshot_in(document), as_of=0)
    assert found.id == envelope.subscription
    listing_of("third").path(None)

    context = Context.read({"stage": "local", "providers": "third"})
    assert context.api_bases["third"] == "https://api.third.example"
    elsewhere = Context.read({"stage": "local", "third_api_base": "http://127.0.0.1:9"})
    assert "third_api_base" in KEYS and elsewhere.api_bases["third"] == "http://127.0.0.1:9"
    for function, module in (
        ("webhook_ingest", "webhook"), ("billing_projector", "objects"),
        ("reconciler", "subscriptions"), ("outage_watch", "probes"),
    ):
        files = Sources(Path.cwd(), clock_adjustable=False).needed_by(function)
        assert f"tocsin/providers/third/{module}.py" in files, function

    identity = Identity("third", "acc_1", "live")
    assert (DEFAULT, budget(identity), "third" in SELLERS) == ("stripe", 7, False)
    assert not registry.lists_events("third")
    assert Window(0, 1).days_left(now=0, asked=provider("third")) == 7
    down = Situation(("stripe", "third"), {"third": frozenset(URGENT)}, 0, None, 0)
    assert "New payments through Third fail." in word(down).public
    assert overridden("billing: { confirm: [third] }").billing.confirm == ("third",)
    print(registry.place(PROBES, "third"))
"""


def test_a_third_provider_is_a_folder_a_line_and_samples(copied: Path) -> None:
    page = ROOT / "docs/how-to/add-a-provider.md"
    shutil.copytree(ROOT / "infra", copied / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    before = _files(copied)
    assert applied(page, copied) == {"shared/tocsin/billing/provider.py"}
    folder = copied / "shared/tocsin/providers/third"
    shutil.copytree(ROOT / "shared/tocsin/providers/razorpay", folder)
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    (folder / "checkout.py").unlink()
    for path in folder.glob("*.py"):
        text = path.read_text("utf-8")
        path.write_text(text.replace("razorpay", "third").replace("Razorpay", "Third"), "utf-8")
    (copied / "events/third").mkdir(parents=True)
    sample = "events/razorpay/subscription_charged.json"
    shutil.copy(ROOT / sample, copied / "events/third")
    touched = {name for name, text in _files(copied).items() if before.get(name) != text}
    ours = ("shared/tocsin/providers/third/", "events/third/")
    assert {name for name in touched if not name.startswith(ours)} == {
        "shared/tocsin/billing/provider.py"
    }
    assert ran(copied, PROVIDER).strip() == "tocsin.providers.third.probes"


def _files(copy: Path) -> dict[str, bytes]:
    found = (path for path in copy.rglob("*") if path.is_file())
    return {str(path.relative_to(copy)): path.read_bytes() for path in found}


# What knows an example that is there already, and what only uses it.
EXAMPLES = {
    "add-a-store": (r"\b(NewsStore|DynamoNews|MemoryNews)\b", {"application/incidents/deliver.py"}),
    "add-a-channel": (
        r"\bWayKind\.SMS\b|channels\.sms\b|\bSMS = ",
        {"application/people/contacts.py"},
    ),
    "add-a-provider": (r"(?i)razorpay", set[str]()),
    "add-a-function": (r"\breplay_worker\b", {"infra/stacks/messaging.py"}),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_nothing_else_knows_what_was_added_before(name: str) -> None:
    pattern, users = EXAMPLES[name]
    files = named(ROOT / f"docs/how-to/{name}.md")
    known = [file if not file.endswith("/") else f"{file}*" for file in files]
    met = 0
    for place in PLACES:
        for path in (ROOT / place).rglob("*.*"):
            at = str(path.relative_to(ROOT))
            apart = ("/local/", "/drills/", "/simulation/", "__pycache__")
            if path.suffix not in {".py", ".yaml"} or any(part in at for part in apart):
                continue
            text = _code(path.read_text("utf-8"))
            if re.search(pattern, text) and not any(at.endswith(user) for user in users):
                assert any(fnmatch.fnmatch(at, one) for one in known), f"{name} does not name {at}"
                met += 1
    assert met, "the example is called something else by now"


def _code(text: str) -> str:
    """Without docstrings and comments, which may speak of anything."""
    return re.sub(r'"""(.*?)"""|#[^\n]*', "", text, flags=re.DOTALL)
