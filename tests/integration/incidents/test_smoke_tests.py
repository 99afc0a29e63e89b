"""`tocsin verify INC-…` against a service on loopback: what is asked, kept, recorded, refused."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.harness.worlds.terminal import Terminal
from tests.harness.worlds.world import World
from tests.unit.policy.builders import overridden

if TYPE_CHECKING:
    from collections.abc import Iterator

ANA = "ana"


class Shop:
    """A service that answers `answer` and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: tuple[int, bytes] = (200, b"all is well")
        self.asked: list[str] = []
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shop.asked.append(f"{self.command} {self.path}")
                status, body = shop.answer
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET  # noqa: N815 - the server's own name

            def log_message(self, *_: object) -> None:
                """Nothing on the terminal."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def shop() -> Iterator[Shop]:
    found = Shop()
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


@pytest.fixture
def terminal(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    policy = overridden(f"""
        smoke_tests:
          answers: {{ url: "{shop.url}/health", contains: well }}
          of-the-service: {{ url: "{shop.url}/{{service}}", method: HEAD, services: [checkout] }}
          of-security: {{ url: "{shop.url}/keys", categories: [security] }}
        """)
    return Terminal(World(policy=policy), capsys, monkeypatch)


def contained(terminal: Terminal, service: str = "checkout") -> str:
    """An incident whose containment waits for nothing but its smoke tests."""
    wish = ("open", "checkout is down", "--severity", "medium", "--service", service)
    incident = str(terminal.json(*wish, "--as", ANA)["id"])
    for words in (
        ("ack", incident),
        ("contain", "plan", incident, "rollback", "Back to 41"),
        ("contain", "done", incident, "rollback"),
    ):
        terminal.world.jump(1, sweep=False)
        terminal.json(*words, "--as", ANA)
    terminal.world.jump(1, sweep=False)
    for check in ("logs", "targeted_check"):
        look = ("--check", check, "--verdict", "passed", "--detail", "seen")
        terminal.json("verify", incident, *look, "--as", ANA)
    return incident


def test_they_are_asked_kept_and_recorded_and_containment_can_be_verified(
    shop: Shop, terminal: Terminal
) -> None:
    incident = contained(terminal)
    _, answer = terminal.refused("verify", incident, "--contained", "--as", ANA)
    assert answer == "not_verifiable"

    found = terminal.json("verify", incident, "--as", ANA)

    assert shop.asked == ["GET /health", "HEAD /checkout"]
    assert [(one["name"], one["passed"]) for one in found["tests"]] == [
        ("answers", True),
        ("of-the-service", True),
    ]
    evidence, look = terminal.json("timeline", incident, "--as", ANA)[-2:]
    assert evidence["type"] == "evidence_recorded"
    assert "all is well" in evidence["content"]["text"]
    assert look["content"]["check"] == "smoke_test"
    assert look["content"]["verdict"] == "passed"
    assert look["content"]["detail"].endswith(f"output in entry {evidence['seq']}")
    done = terminal.json("verify", incident, "--contained", "--as", ANA)
    assert done["state"] == "contained"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((503, b"all is well"), "status 503, not 200"),
        ((200, b"all is lost"), "does not contain 'well'"),
        ((302, b""), "status 302, not 200"),
    ],
)
def test_one_that_does_not_pass_is_recorded_as_failed_with_what_came_back(
    shop: Shop, terminal: Terminal, answer: tuple[int, bytes], why: str
) -> None:
    incident = contained(terminal, service="search")
    shop.answer = answer

    code, _, err = terminal.run("verify", incident, "--as", ANA)

    assert code == 1
    assert why in err
    assert shop.asked == ["GET /health"]
    evidence, look = terminal.json("timeline", incident, "--as", ANA)[-2:]
    assert why in evidence["content"]["text"]
    assert answer[1].decode() in evidence["content"]["text"]
    assert look["content"]["verdict"] == "failed"
    assert terminal.refused("verify", incident, "--contained", "--as", ANA)[1] == "not_verifiable"


def test_a_service_that_does_not_answer_has_failed(shop: Shop, terminal: Terminal) -> None:
    incident = contained(terminal, service="search")
    shop.server.socket.close()
    assert terminal.run("verify", incident, "--as", ANA)[0] == 1
    evidence = terminal.json("timeline", incident, "--as", ANA)[-2]
    assert "no answer" in evidence["content"]["text"]


def test_a_long_answer_goes_to_the_archive_and_the_look_names_its_hash(
    shop: Shop, terminal: Terminal
) -> None:
    incident = contained(terminal)
    shop.answer = (200, b"well " * 30_000)
    terminal.json("verify", incident, "--as", ANA)
    evidence, look = terminal.json("timeline", incident, "--as", ANA)[-2:]
    sha256 = evidence["content"]["stored"]["sha256"]
    assert sha256 in look["content"]["detail"]
    kept = terminal.text("content", incident, sha256, "--as", ANA)
    assert "only the first 100000 bytes were read" in kept
    assert "well " * 19_000 in kept


def test_a_dry_run_shows_what_would_be_asked_and_asks_nothing(
    shop: Shop, terminal: Terminal
) -> None:
    incident = contained(terminal)
    before = terminal.json("timeline", incident, "--as", ANA)
    shown = terminal.text("verify", incident, "--dry-run", "--as", ANA)
    assert f"{shop.url}/health" in shown.replace("\n", "")
    document = terminal.json("verify", incident, "--dry-run", "--as", ANA)
    assert [one["name"] for one in document["tests"]] == ["answers", "of-the-service"]
    assert shop.asked == []
    assert terminal.json("timeline", incident, "--as", ANA) == before


def test_what_changed_while_they_ran_makes_the_look_worthless(
    shop: Shop, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An action that is done meanwhile came after the look, whatever the clock says."""
    incident = contained(terminal)
    from tocsin.cli.incidents import smoke_requests as smoke  # noqa: PLC0415 - the name that is replaced

    send = smoke.send

    def meanwhile(test: dict[str, object]) -> smoke.Result:
        path = f"/v1/incidents/{incident}/note"
        terminal.world.request("POST", path, {"text": "another change"}, person="bo")
        return send(test)

    monkeypatch.setattr(smoke, "send", meanwhile)
    assert terminal.refused("verify", incident, "--as", ANA)[1] == "stale_if_match"
    entries = terminal.json("timeline", incident, "--as", ANA)
    assert "smoke_test" not in {one["content"].get("check") for one in entries}


def test_where_the_runbook_names_none_it_says_what_to_add(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal(World(), capsys, monkeypatch)
    incident = contained(terminal)
    code, _, err = terminal.run("verify", incident, "--as", ANA)
    assert code == 3
    assert "smoke_tests" in err
    look = ("--check", "smoke_test", "--verdict", "not_applicable", "--detail", "nothing to ask")
    terminal.json("verify", incident, *look, "--as", ANA)
    done = terminal.json("verify", incident, "--contained", "--as", ANA)
    assert done["state"] == "contained"
