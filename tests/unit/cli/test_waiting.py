"""Whoever waits for long work is told its id first, then every change, and how it went."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from tests.harness.models.reconcile import RAZORPAY
from tests.harness.transcripts import InProcess
from tests.harness.worlds.world import World
from tests.unit.functions.billing_api.test_reconciliation_api import Bench
from tocsin.billing.outage.examination import Lack
from tocsin.billing.outage.recovery import Doubt, Probe
from tocsin.billing.reconcile.compare import Kind
from tocsin.billing.reconcile.work import Stage as Comparing
from tocsin.billing.replay.cursor import Stage
from tocsin.cli import main
from tocsin.cli.terminal import api, output
from tocsin.incidents.queries.billing import LACKS

if TYPE_CHECKING:
    from collections.abc import Callable

ROADS = ("start", "status", "watch", "resume", "report", "sign")


class Terminal:
    """The command line over a bench; `meanwhile` happens in each second of waiting."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.bench, self.capsys = Bench(World()), capsys
        self.meanwhile: Callable[[], None] = self.step
        monkeypatch.setattr("time.sleep", lambda _: self.meanwhile())
        monkeypatch.setattr(api, "connect_to", self._connect)

    def _connect(self, _: str | None, person: str | None) -> InProcess:
        name, _, group = (person or "ana").partition(":")
        return InProcess(self.bench.office, name, group or "responder")

    def step(self) -> None:
        """The driver takes one message, and has time for one step."""
        woken = self.bench.office.reconcilers_woken
        body = json.dumps({"v": 1, "reconciliation": woken.pop(0)})
        left = iter([300_000])
        batch = {"Records": [{"messageId": "m", "body": body}]}
        self.bench.driver.handle(batch, lambda: next(left, 0))

    def run(self, *words: str) -> tuple[int, str, str]:
        self.capsys.readouterr()
        code = main.run(words)
        shown = self.capsys.readouterr()
        return code, shown.out, shown.err


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(capsys, monkeypatch)


def compare(terminal: Terminal, *more: str) -> tuple[int, str, str]:
    return terminal.run("billing", "reconcile", "start", "--scope", "full", *more)


def test_the_id_comes_first_and_then_every_change_of_stage(terminal: Terminal) -> None:
    code, out, err = compare(terminal)
    (name,) = terminal.bench.office.reconciliations.latest()
    first, *changes = err.splitlines()
    assert first == f"reconciliation {name}; it goes on without this terminal"
    assert [each.strip() for each in changes] == ["touched", "listing", "ready"]
    assert f"reconciliation {name}: ready\n" in out
    assert code == main.OK


def test_what_it_waits_for_is_said_once_and_again_when_that_changes(terminal: Terminal) -> None:
    bench = terminal.bench
    bench.model.down = {"stripe"}
    seen: list[int] = []

    def meanwhile() -> None:
        seen.append(1)
        if len(seen) == 5:
            bench.model.down = set()
        terminal.step()

    terminal.meanwhile = meanwhile
    _, _, err = compare(terminal)
    waiting = [each for each in err.splitlines() if "HTTP 503" in each]
    assert waiting == ["  listing: HTTP 503"]
    assert err.splitlines()[-1] == "  ready"


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_who_will_not_wait_has_the_id_and_how_to_go_on(
    terminal: Terminal, more: tuple[str, ...]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    terminal.meanwhile = interrupted
    code, out, err = compare(terminal, *more)
    (name,) = terminal.bench.office.reconciliations.latest()
    assert (code, out) == (main.INTERRUPTED, "")
    again = f"reconciliation {name} goes on; to wait for it again: "
    (line,) = [each for each in err.splitlines() if each.startswith(again)]
    terminal.meanwhile = terminal.step
    words = line.removeprefix(again).removeprefix("tocsin ").split()
    assert terminal.run(*words)[0] == main.OK, "what was printed works as it stands"


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize(
    ("spoilt", "expected"), [(False, main.OK), (True, main.FAILED_CHECK)], ids=["right", "wrong"]
)
def test_the_exit_code_is_the_same_by_every_road(
    terminal: Terminal, road: str, expected: int, *, spoilt: bool
) -> None:
    """What is wrong here is a row whose account nobody may ask: it can be signed for by name."""
    bench = terminal.bench
    if spoilt:
        bench.office.seen.note(replace(RAZORPAY, account="acc_9"), now=1)
    assert compare(terminal)[0] == expected
    (name,) = bench.office.reconciliations.latest()
    if road == "sign" and spoilt:
        refused, _, err = terminal.run("billing", "reconcile", "sign", name)
        assert refused == main.CONFLICT
        assert "there is no API key for it" in err
        without = ("--without", "razorpay#acc_9#live")
        assert terminal.run("billing", "reconcile", "sign", name, *without)[0] == main.OK
        for other in ROADS[1:]:
            words = ("billing", "reconcile", other, name, *(without if other == "sign" else ()))
            assert terminal.run(*words)[0] == main.OK, f"{other}: it is settled by name"
    elif road != "start":
        assert terminal.run("billing", "reconcile", road, name)[0] == expected
        assert terminal.run("billing", "reconcile", road, name, "--json")[0] == expected


def test_a_mismatch_fails_by_every_road_until_it_is_settled(terminal: Terminal) -> None:
    terminal.bench.model.plant(Kind.PLAN, 1)
    assert compare(terminal)[0] == main.FAILED_CHECK
    (name,) = terminal.bench.office.reconciliations.latest()
    for road in ("status", "watch", "resume", "report"):
        assert terminal.run("billing", "reconcile", road, name)[0] == main.FAILED_CHECK
    code, out, _ = terminal.run("billing", "reconcile", "heal", name, "--as", "kim:commander")
    assert (code, "healed" in out) == (main.OK, True)


def test_one_that_is_under_way_has_failed_nothing_and_one_that_stalled_has(
    terminal: Terminal,
) -> None:
    assert compare(terminal, "--no-wait")[0] == main.OK
    (name,) = terminal.bench.office.reconciliations.latest()
    assert terminal.run("billing", "reconcile", "status", name)[0] == main.OK
    store = terminal.bench.office.reconciliations
    cursor = store.load(name)
    assert cursor is not None
    stalled = replace(
        cursor,
        stage=Comparing.STALLED,
        stalled_in=cursor.stage,
        problem="the provider answers nothing",
    )
    store.save(stalled)
    code, _, err = terminal.run("billing", "reconcile", "status", name)
    assert code == main.FAILED_CHECK
    assert "it has stalled: the provider answers nothing" in err


def test_a_bar_is_drawn_where_somebody_sees_it(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = io.StringIO()

    def console(*, stderr: bool) -> Console:
        return Console(file=seen if stderr else io.StringIO(), force_terminal=stderr, width=80)

    monkeypatch.setattr(output, "_console", console)
    compare(terminal)
    assert "workspaces" in seen.getvalue()
    assert "━" in seen.getvalue()


WINDOW = ("--account", "acct_1", "--from", "2026-09-08T11:00Z", "--until", "2026-09-08T12:00Z")


def recovered(terminal: Terminal) -> None:
    office = terminal.bench.office
    for minute in range(12):
        office.probes.record(
            office.identities[0], Probe(at=office.now - 60 * minute, succeeded=True)
        )


@pytest.mark.parametrize("verb", ["plan", "start"])
def test_a_replay_is_waited_for_as_well(terminal: Terminal, verb: str) -> None:
    recovered(terminal)
    office = terminal.bench.office
    stages = iter(
        [
            (Stage.DRAINING, ""),
            (Stage.DRAINING, "the queue is behind"),
            (Stage.COMPLETE, ""),
        ]
    )

    def driven() -> None:
        before = office.replays.load(office.woken[0])
        assert before is not None
        stage, problem = next(stages)
        office.replays.save(replace(before, stage=stage, problem=problem))

    terminal.meanwhile = driven
    code, out, err = terminal.run("replay", verb, *WINDOW)
    name = office.woken[0]
    assert err.splitlines() == [
        f"replay {name}; it goes on without this terminal",
        "  listing",
        "  draining",
        "  draining: the queue is behind",
        "  complete",
    ]
    assert (code, f"{name}: complete" in out) == (main.OK, True)
    assert terminal.run("replay", "status", name)[0] == main.OK


def test_a_replay_that_proved_nothing_fails_by_every_road(terminal: Terminal) -> None:
    recovered(terminal)
    office = terminal.bench.office

    def driven() -> None:
        before = office.replays.load(office.woken[0])
        assert before is not None
        office.replays.save(replace(before, stage=Stage.STALLED, problem="HTTP 503"))

    terminal.meanwhile = driven
    assert terminal.run("replay", "start", *WINDOW)[0] == main.FAILED_CHECK
    for road in ("status", "watch"):
        assert terminal.run("replay", road, office.woken[0])[0] == main.FAILED_CHECK


def sentence(text: str) -> bool:
    return " " in text and "_" not in text


def test_a_refused_replay_says_what_is_missing_and_what_to_do(terminal: Terminal) -> None:
    terminal.bench.office.breaker_closed = False
    code, _, err = terminal.run("replay", "start", *WINDOW)
    assert code == main.CONFLICT
    said = err.removeprefix("recovery_not_confirmed: ")
    assert sentence(said), said
    assert Doubt.BREAKER_OPEN.sentence in said
    assert Doubt.TOO_FEW_PROBES.sentence in said
    assert "one is made every minute" in said
    assert "`--override`" in said


def test_who_may_not_override_is_told_how_one_comes_to_be_a_commander(terminal: Terminal) -> None:
    code, _, err = terminal.run("replay", "start", *WINDOW, "--override", "the CEO waits")
    assert code == main.NOT_ALLOWED
    assert "CommanderRoleArn" in err
    assert "--as NAME:commander" in err
    words = ("replay", "start", *WINDOW, "--override", "it works", "--no-wait")
    assert terminal.run(*words, "--as", "kim:commander")[0] == main.OK


def test_every_code_of_a_doubt_or_a_lack_is_a_sentence_for_people() -> None:
    texts: list[Any] = [each.sentence for each in Doubt]
    assert set(LACKS) == {each.value for each in Lack}
    assert all(sentence(each.replace("`--probe`", "")) for each in (*texts, *LACKS.values()))
