"""Containment by Tocsin, typed: what two people have listed, one or two people act on, and undo."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.fakes.targets import KEY, LIST
from tests.harness.worlds.told import ANA, BO, DI, ED, SAM, T0, Told
from tocsin.cli.incidents.tables import PENDING
from tocsin.cli.terminal import output

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.worlds.terminal import Terminal

LISTED = ("user/deployer", "role/worker", "function/api", f"ip-set/{LIST}")
VIEWER = "vi:viewer"
WIDTH = 80


class Containing(Told):
    """An incident with a leaked key, and an account that it is a key of."""

    def __init__(self, terminal: Terminal, folder: Path) -> None:
        super().__init__(terminal)
        self.folder = folder

    def rule(self, *listed: str) -> None:
        """Two people say what is containable."""
        self.propose(*listed)
        shown = self.terminal.json("contain", "rules", "--as", SAM)["proposal"]["agree"]
        self.terminal.json("contain", "agree-rules", shown[:12], "--as", SAM)

    def propose(self, *listed: str) -> dict[str, Any]:
        file = self.folder / "rules.toml"
        file.write_text(f"containable = {list(listed)}", encoding="utf-8")
        words = ("contain", "propose-rules", str(file), "-r", "what there is", "--as", DI)
        found: dict[str, Any] = self.terminal.json(*words)
        return found

    def contain(self, step: str, *words: str, person: str = ANA) -> Any:
        return self.terminal.json("contain", step, self.id, *words, "--as", person)

    def key_off(self, *words: str, person: str = ANA) -> Any:
        return self.contain(
            "run", "access-key-off", "--set", f"key={KEY}", "-r", "leaked", *words, person=person
        )

    def block(self, *words: str) -> Any:
        addresses = ("--set", f"set={LIST}", "--set", "addresses=203.0.113.0/24")
        return self.contain("run", "ip-block", *addresses, "-r", "they scan", *words)

    def refused(self, step: str, *words: str, person: str = ANA) -> str:
        return self.terminal.refused("contain", step, self.id, *words, "--as", person)[1]

    @property
    def key(self) -> str:
        return self.world.account.keys[KEY]

    def types(self) -> list[str]:
        return [one["type"] for one in self.terminal.json("timeline", self.id, "--as", ANA)]


@pytest.fixture
def told(terminal: Terminal, tmp_path: Path) -> Iterator[Containing]:
    made = Containing(terminal, tmp_path)
    made.open(T0, "critical", "--category", "security")
    made.rule(*LISTED)
    yield made
    terminal.world.inbox.take_all()


@pytest.fixture
def calm(terminal: Terminal, tmp_path: Path) -> Iterator[Containing]:
    """Where there is time, two look."""
    made = Containing(terminal, tmp_path)
    made.open(T0, "medium")
    made.rule(*LISTED)
    yield made
    terminal.world.inbox.take_all()


def test_what_is_containable_is_two_peoples_word(terminal: Terminal, tmp_path: Path) -> None:
    told = Containing(terminal, tmp_path)
    told.open(T0, "critical")
    assert told.refused("run", "access-key-off", "--set", f"key={KEY}", "-r", "x") == "not_allowed"
    told.propose("user/deployer")
    text = terminal.text("contain", "rules", "--as", ANA)
    assert "nobody has ruled yet" in text
    assert "# containable: + user/deployer" in text
    shown = terminal.json("contain", "rules", "--as", ANA)["proposal"]["agree"]
    for person, code in ((DI, "second_person_required"), (ANA, "group_required")):
        assert terminal.refused("contain", "agree-rules", shown[:12], "--as", person)[1] == code
    assert terminal.refused("contain", "agree-rules", "0" * 12, "--as", SAM)[1] == "bad_input"
    assert terminal.refused("contain", "rules", "--as", VIEWER)[1] == "group_required"
    terminal.text("contain", "agree-rules", shown[:12], "--as", SAM)
    ruled = terminal.text("contain", "rules", "--as", ANA)
    assert "proposed by di, agreed by sam" in ruled
    assert told.key_off()["state"] == "executed"


def test_what_the_rules_print_can_be_changed_and_proposed(told: Containing) -> None:
    printed = told.terminal.text("contain", "rules", "--as", DI)
    file = told.folder / "printed.toml"
    file.write_text(printed.replace("per_hour = 20", "per_hour = 7"), encoding="utf-8")
    code, out, _ = told.terminal.run(
        "contain", "propose-rules", str(file), "-r", "fewer", "--as", DI
    )
    assert code == PENDING
    assert "# per_hour: 20 -> 7" in out
    assert "containable:" not in out


def test_the_list_says_what_fits_what_it_asks_for_and_who_agrees(
    told: Containing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "_UNSEEN_WIDTH", WIDTH)
    lines = told.terminal.text("contain", "list", told.id, "--as", ANA).splitlines()
    text = "\n".join(lines)
    assert lines[0].startswith("access-key-off")
    assert "fits: what a leaked key can reach stops with it" in text
    assert "--set key=…  the id of the key, AKIA…" in text
    assert "you alone; stays until it is undone; its undo takes 1 other" in text
    assert "you alone; ends after 4h, at most 7d" in text
    assert not [line for line in lines if len(line) > WIDTH and "tocsin " not in line]


def test_a_dry_run_says_what_it_would_do_and_leaves_nothing(told: Containing) -> None:
    before, types = told.world.account.whole(), told.types()
    words = ("contain", "run", told.id, "access-key-off", "--set", f"key={KEY}", "-r", "leaked")
    text = told.terminal.text(*words, "--dry-run", "--as", ANA)
    assert "changes  status: Active -> Inactive" in text
    assert "stays open  " in text
    assert "nothing was done" in text
    assert (told.world.account.whole(), told.types()) == (before, types)
    assert told.contain("list")["runs"] == []


def test_one_acts_where_harm_is_severe_and_the_record_says_all_of_it(told: Containing) -> None:
    before = told.world.account.whole()
    run = told.key_off()
    assert (run["state"], run["executed_by"], told.key) == ("executed", "ana", "Inactive")
    heard = [one for one in told.types() if one.startswith(("decision", "action", "evidence"))]
    assert heard[:5] == [
        "decision_recorded",
        "action_changed",
        "action_changed",
        "evidence_recorded",
        "evidence_recorded",
    ]
    assert told.world.account.whole() != before


def test_it_counts_as_looked_at_when_what_stayed_open_is_settled(told: Containing) -> None:
    run = told.key_off()
    assert run["left_open"]
    assert told.refused("verify", run["id"]) == "not_verifiable"
    settled = [word for name in run["left_open"] for word in ("--settled", f"{name}=looked at")]
    done = told.contain("verify", "access-key-off", *settled)
    assert (done["state"], done["verified_by"]) == ("verified", "ana")
    assert set(done["settled"]) == set(run["left_open"])


def test_to_turn_a_key_on_again_another_person_agrees(told: Containing) -> None:
    before = told.world.account.whole()
    run = told.key_off()
    code, out, _ = told.terminal.run(
        "contain", "undo", told.id, "access-key-off", "-r", "it is a new one", "--as", ANA
    )
    assert code == PENDING
    assert "it takes another person than ana to agree to its undo, by 09-08 15:00Z" in out
    assert told.key == "Inactive"

    asked = told.contain("approve", run["id"], person=BO)
    assert asked["pending"] is True
    shown = asked["asks"]["agree"][:12]
    assert told.refused("approve", run["id"], "--agree", shown) == "second_person_required"
    assert told.refused("approve", run["id"], "--agree", "0" * 12, person=DI) == "bad_input"
    assert told.refused("approve", run["id"], "--agree", shown, person=BO) == "group_required"
    told.contain("approve", run["id"], "--agree", shown, person=DI)
    text = told.terminal.text("contain", "show", told.id, run["id"], "--as", ANA)
    assert f"next: tocsin contain undo {told.id} {run['id']} -r WHY" in text
    undone = told.contain("undo", "access-key-off", "-r", "it is a new one")
    assert (undone["state"], undone["undone_by"]) == ("undone", "ana")
    assert told.world.account.whole() == before


def test_where_there_is_time_two_look_and_the_one_who_asked_is_not_the_second(
    calm: Containing,
) -> None:
    code, out, _ = calm.terminal.run(
        *("contain", "run", calm.id, "access-key-off", "--set", f"key={KEY}"),
        *("-r", "leaked", "--as", DI),
    )
    assert code == PENDING
    (run,) = calm.contain("list")["runs"]
    command = f"tocsin contain approve {calm.id} {run['id']} --agree {run['asks']['agree'][:12]}"
    assert command in out
    assert calm.contain("run", run["id"], "--key", "once", person=DI)["pending"] is True
    assert calm.key == "Active"
    words = command.split()[4:]
    assert calm.refused("approve", *words, person=DI) == "second_person_required"
    assert calm.refused("approve", *words, person="DI@laptop:commander") == "second_person_required"
    agreed = calm.contain("approve", *words, person=ED)
    assert agreed["state"] == "approved"
    for _ in range(2):
        done = calm.contain("run", run["id"], "--key", "once", person=DI)
        assert done["state"] == "executed"
    assert calm.key == "Inactive"
    (yes,) = [
        one["content"]
        for one in calm.terminal.json("timeline", calm.id, "--as", ANA)
        if one["content"].get("title") == f"{run['id']} agreed to"
    ]
    (said,) = json.loads(yes["text"]).items()
    assert said[0] == "ed", "the record says whose yes it was"
    assert said[1].endswith(f" to {run['asks']['agree']}"), "and to what"


def test_other_rules_serve_nothing_that_waits(calm: Containing) -> None:
    run = calm.key_off(person=DI)
    shown = run["asks"]["agree"]
    calm.rule(*LISTED, "user/another")
    assert calm.refused("approve", run["id"], "--agree", shown, person=ED) == "bad_input"
    assert calm.contain("show", run["id"])["void"] is True
    text = calm.terminal.text("contain", "show", calm.id, run["id"], "--as", ANA)
    assert "has changed since: ask anew" in text
    assert calm.refused("run", run["id"], person=DI) == "approval_required"
    given = calm.contain("let-go", run["id"], "-r", "asked anew")
    assert given["state"] == "failed"
    assert calm.key == "Active"


def test_what_another_has_changed_is_shown_and_left_alone(told: Containing) -> None:
    run = told.block("--for", "1h")
    told.world.account.lists[LIST].clear()
    told.world.account.keys[KEY] = "Active"
    off = told.key_off()
    told.world.account.keys[KEY] = "Expired"
    assert told.refused("verify", off["id"]) == "conflict"
    text = told.terminal.text("contain", "show", told.id, off["id"], "--as", ANA)
    assert "found     status = Expired" in text
    assert "after     status = Inactive" in text
    assert "set it right by hand" in text
    assert told.key == "Expired"
    assert told.contain("undo", run["id"], "-r", "over")["state"] == "undone"


def test_what_people_do_by_hand_is_recorded_as_before(told: Containing) -> None:
    told.say(T0, ANA, "contain", "roll-back", "to 41", step="plan")
    told.say(T0, ANA, "contain", "roll-back", step="done")
    changed = told.say(T0, ANA, "contain", "roll-back", "--reason", "it was not it", step="undo")
    states = {one["action"]: one["state"] for one in changed["containment"]["actions"]}
    assert states == {"roll-back": "undone"}
    assert told.contain("list")["runs"] == []


def test_viewers_look_and_nobody_else_sees_what_is_restricted(told: Containing) -> None:
    words = ("access-key-off", "--set", f"key={KEY}", "-r", "leaked")
    assert told.refused("run", *words, person=VIEWER) == "group_required"
    told.say(T0, ANA, "impact", "one bucket was public", "--exposure", "possible")
    assert told.show()["restricted"]
    assert told.refused("run", *words, person="eve") == "unknown_incident"
    assert told.refused("list", person="eve") == "unknown_incident"


def test_what_does_not_answer_is_told_as_it_is(told: Containing) -> None:
    """Killed after the change: it is done, the next look finds it, and nobody is told it failed."""
    told.world.crashes.plan("after change")
    words = ("access-key-off", "--set", f"key={KEY}", "-r", "leaked")
    assert told.refused("run", *words) == "conflict"  # what is asked again by itself
    assert told.key == "Inactive"
    (run,) = told.contain("list")["runs"]
    assert run["state"] == "executing"
    told.until("09-08 10:02")
    assert told.contain("show", run["id"])["state"] == "executed"


def test_a_stage_without_roles_says_how_to_get_them(told: Containing) -> None:
    api = told.world.api
    assert api.containing is not None
    off = replace(api.containing(), on=False)
    told.world.api = replace(api, containing=lambda: off)
    assert "containment` is off" in told.terminal.text("contain", "list", told.id, "--as", ANA)
    code, _, err = told.terminal.run(
        "contain", "run", told.id, "access-key-off", "--set", f"key={KEY}", "-r", "x", "--as", ANA
    )
    assert code != 0
    assert "containment = true" in err
    assert "tocsin contain did" in err


class TestABlockThatEnds:
    """In force at 10:00 for three hours: people hear of it at 12:00, and it ends at 13:00."""

    def blocked(self, told: Containing, *words: str) -> Any:
        run = told.block(*words)
        told.world.inbox.take_all()
        return run

    def heard(self, told: Containing, word: str) -> dict[str, str]:
        """To whom went what says so, and when."""
        return {
            one.to: told.wall_at(one.at)[6:]
            for one in told.world.inbox.take_all()
            if word in one.message.subject
        }

    def contained(self, told: Containing) -> None:
        for check in ("logs", "smoke_test", "targeted_check"):
            words = ("--check", check, "--verdict", "passed", "--detail", "seen")
            told.say("09-08 10:10", ANA, "verify", *words)
        told.say("09-08 10:11", "security-primary:security", "verify", "--contained")
        assert told.show()["containment"]["verified_at"]

    def test_is_told_an_hour_ahead_once_with_what_to_do(self, told: Containing) -> None:
        run = self.blocked(told, "--for", "3h")
        told.until("09-08 11:59")
        assert self.heard(told, "BLOCK ENDS") == {}
        told.until("09-08 12:00")
        assert self.heard(told, "BLOCK ENDS") == {"ana": "12:00", "engineering-lead": "12:00"}
        told.until("09-08 12:30")
        assert self.heard(told, "BLOCK ENDS") == {}
        assert told.types().count("block_ending") == 1
        timeline = told.terminal.text("timeline", told.id, "--as", ANA)
        assert f"{run['id']} ends by itself" in timeline

    def test_counts_as_containment_lost_and_somebody_is_paged(self, told: Containing) -> None:
        run = self.blocked(told, "--for", "3h")
        self.contained(told)
        told.until("09-08 12:59")
        assert told.show()["containment"]["verified_at"]
        told.until("09-08 13:00")
        now = told.show()["containment"]
        assert now["verified_at"] is None
        assert {one["action"]: one["state"] for one in now["actions"]}[run["id"]] == "undone"
        lost = [
            one["content"]
            for one in told.terminal.json("timeline", told.id, "--as", ANA)
            if one["type"] == "containment_lost"
        ]
        assert [one["reason"] for one in lost] == [f"{run['id']} has ended"]
        pages = [one for one in told.world.inbox.take_all() if one.kind == "page"]
        assert {told.wall_at(one.at)[6:] for one in pages} == {"13:00"}

    def test_undone_before_it_ends_nothing_is_lost(self, told: Containing) -> None:
        run = self.blocked(told, "--for", "3h")
        self.contained(told)
        told.until("09-08 12:30")
        told.contain("undo", run["id"], "-r", "they are gone")
        told.until("09-08 13:30")
        assert told.show()["containment"]["verified_at"]
        assert "containment_lost" not in told.types()

    def test_where_nothing_was_verified_nothing_is_lost(self, told: Containing) -> None:
        run = self.blocked(told, "--for", "2h")
        told.until("09-08 12:01")
        assert told.contain("show", run["id"])["state"] == "undone"
        assert "containment_lost" not in told.types()

    def test_set_for_an_hour_or_less_it_ends_without_a_warning(self, told: Containing) -> None:
        run = self.blocked(told, "--for", "1h")
        for minute in ("10:01", "10:30", "10:59", "11:01"):
            told.until(f"09-08 {minute}")
        assert told.contain("show", run["id"])["state"] == "undone"
        assert "block_ending" not in told.types()
