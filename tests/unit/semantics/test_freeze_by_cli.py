"""The deploy freeze (semantics 10), typed; asked for as a pipeline asks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.told import ANA, DI, T0, Told
from tocsin.errors import RemoteError, StoreUnavailable
from tocsin.incidents import limits
from tocsin.incidents.timeline.entry import parse_time
from tocsin.policy.compiled.policies import default
from tocsin.runtime.api_client import ApiClient

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal


def asked(terminal: Terminal, **query: str) -> dict[str, Any]:
    wanted = {"service": "checkout"} | query
    status, found, _ = terminal.world.request("GET", "/v1/freeze", person=ANA, query=wanted)
    assert status == 200, found
    return found


def frozen(terminal: Terminal, **query: str) -> bool:
    return bool(asked(terminal, **query)["frozen"])


def acknowledged(terminal: Terminal, severity: str = "high", *words: str) -> Told:
    told = Told(terminal).open(T0, severity, *words)
    told.acknowledge(T0, DI)
    return told


@pytest.mark.parametrize(
    ("severity", "environment", "expected"),
    [
        ("critical", "production", True),
        ("high", "production", True),
        ("medium", "production", False),
        ("low", "production", False),
        ("critical", "staging", False),
        *(
            ("high", name, True)
            for name in ("prod", "PRD", "Prod-EU", "$default", "live", "contest")
        ),
        *(
            ("high", name, False)
            for name in ("pre-prod", "Non_Prod", "nonprod", "dev2", "QA", "eu-uat")
        ),
    ],
)
def test_critical_and_high_in_production_freeze_from_t0(
    terminal: Terminal, severity: str, environment: str, *, expected: bool
) -> None:
    Told(terminal).open(T0, severity, "--environment", environment)
    assert frozen(terminal) is expected
    assert frozen(terminal, service="billing") is False


def test_until_containment_is_verified_and_again_once_it_is_lost(terminal: Terminal) -> None:
    told = acknowledged(terminal)
    told.contain("09-08 11:00")
    assert frozen(terminal) is False
    told.say("09-08 12:00", ANA, "contain", "--reason", "errors are back", step="lost")
    assert frozen(terminal) is True


def test_two_incidents_freeze_until_both_end(terminal: Terminal) -> None:
    first, second = acknowledged(terminal), Told(terminal)
    words = ("--severity", "high", "--service", "checkout", "--as", ANA)
    second.id = terminal.json("open", "another one", *words)["id"]
    first.contain("09-08 11:00")
    assert frozen(terminal) is True
    second.contain("09-08 12:00")
    assert frozen(terminal) is False


def test_the_commander_extends_it_by_24_hours_at_most_and_is_warned_an_hour_before_it_ends(
    terminal: Terminal,
) -> None:
    told = acknowledged(terminal)
    told.contain("09-08 11:00")
    words = ("freeze", "extend", told.id)
    for minutes in ("1441", str(limits.WHOLE)):
        assert terminal.refused(*words, minutes, "--reason", "unsure", "--as", DI)[0] == 3
    assert terminal.refused(*words, "60", "--reason", "unsure", "--as", ANA)[0] == 4
    told.say("09-08 11:00", DI, "freeze", "1440", "--reason", "unsure", step="extend")
    told.until("09-09 10:00")
    warned = [one.at for one in terminal.world.inbox.all if "FREEZE ENDS" in one.message.subject]
    assert {told.wall_at(at) for at in warned} == {"09-09 10:00"}
    assert frozen(terminal) is True
    told.until("09-09 11:01")
    assert frozen(terminal) is False


def test_overriding_it_needs_no_lower_severity(terminal: Terminal) -> None:
    told = acknowledged(terminal)
    assert terminal.refused("freeze", "lift", told.id, "--reason", "now", "--as", ANA)[0] == 4
    told.say(T0, DI, "freeze", "--reason", "a partner waits", step="lift")
    assert frozen(terminal) is False
    assert told.show()["severity"] == "high"


def test_what_is_let_through_as_fix_and_a_flag_turned_off_are_not_stopped(
    terminal: Terminal,
) -> None:
    told = acknowledged(terminal)
    assert asked(terminal, change="flag_off")["allowed"] is True
    assert asked(terminal, change="flag_on")["allowed"] is False
    assert asked(terminal, change="code", name="c0ffee")["allowed"] is False
    told.say(T0, DI, "freeze", "c0ffee", "fix", "--reason", "it is the fix", step="allow")
    assert asked(terminal, change="code", name="c0ffee")["allowed"] is True
    assert asked(terminal, change="schema", name="beef")["allowed"] is False


class TestCheck:
    """What a pipeline asks, and the exit codes by which it goes on or stops."""

    CHECK = ("freeze", "check", "--service", "checkout")

    def test_free_is_zero_and_frozen_is_one_and_says_by_what(self, terminal: Terminal) -> None:
        assert terminal.run(*self.CHECK)[:2] == (0, "checkout: may go out: nothing is frozen\n")
        told = acknowledged(terminal)
        code, out, _ = terminal.run(*self.CHECK)
        assert code == 1
        assert out == f"checkout: WAIT: stopped by {told.name} (checkout, until contained)\n"
        assert terminal.run("freeze", "check", "--service", "billing")[0] == 0
        assert terminal.run(*self.CHECK, "--change", "flag_off")[0] == 0

    def test_a_rollback_linked_as_containment_passes_at_once_also_by_its_short_name(
        self, terminal: Terminal
    ) -> None:
        told = acknowledged(terminal)
        told.say(T0, DI, "freeze", "c0ffee1", "containment", "--reason", "back", step="allow")
        for commit in ("c0ffee1", "c0ffee1" + "0" * 33, "C0FFEE1" + "0" * 33):
            code, out, _ = terminal.run(*self.CHECK, "--name", commit)
            assert (code, f"let through by {told.name}" in out) == (0, True)
        for other in ("c0ffee2", "c0ffee", "beef", ""):
            assert terminal.run(*self.CHECK, "--name", other)[0] == 1

    def test_of_two_freezes_both_let_it_through_and_the_one_that_does_not_is_named(
        self, terminal: Terminal
    ) -> None:
        first, second = acknowledged(terminal), Told(terminal)
        words = ("--severity", "high", "--service", "checkout", "--as", ANA)
        second.id = terminal.json("open", "another one", *words)["id"]
        named = (*self.CHECK, "--name", "c0ffee1")
        first.say(T0, DI, "freeze", "c0ffee1", "containment", "-r", "back", step="allow")
        code, out, _ = terminal.run(*named)
        assert code == 1
        assert out == f"checkout: WAIT: stopped by {second.name} (checkout, until contained)\n"
        second.say(T0, DI, "freeze", "c0ffee1", "containment", "-r", "back", step="allow")
        assert terminal.run(*named)[0] == 0

    def test_of_a_restricted_one_no_reason_is_given(self, terminal: Terminal) -> None:
        told = acknowledged(terminal)
        told.say(T0, "sam:security", "restrict", "--reason", "who knows")
        told.say(T0, DI, "freeze", "c0ffee1", "fix", "--reason", "quiet", step="allow")
        code, out, _ = terminal.run(*self.CHECK, "--as", "ivy:viewer")
        assert (code, out) == (
            1,
            "checkout: WAIT: stopped by a restricted incident (checkout, until contained)\n",
        )
        for words in (self.CHECK, ("freeze", "list"), ("freeze",)):
            code, shown, said = terminal.run(*words, "--json", "--as", "ivy:viewer")
            told_of = shown + said
            assert not [one for one in (told.id, told.name, "c0ffee1", "down") if one in told_of]

    def test_it_may_go_out_at_the_exact_second_of_its_end(self, terminal: Terminal) -> None:
        told = acknowledged(terminal)
        told.contain("09-08 11:00")
        told.say("09-08 11:00", DI, "freeze", "60", "--reason", "unsure", step="extend")
        end = parse_time(asked(terminal)["held_by"][0]["until"])
        terminal.world.clock.now = end - timedelta(microseconds=1)
        assert terminal.run(*self.CHECK)[0] == 1
        terminal.world.clock.now = end
        assert terminal.run(*self.CHECK)[0] == 0

    def test_unread_it_fails_as_the_runbook_says_and_says_which(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        acknowledged(terminal)

        def refused(*_: object) -> Any:
            raise StoreUnavailable("throttled")

        freezes: Any = terminal.world.application.freezes
        monkeypatch.setattr(type(freezes), "all", refused)
        monkeypatch.setattr(type(freezes), "of", refused)
        code, out, err = terminal.run(*self.CHECK)
        assert (code, out.split(": ", 2)[1]) == (0, "may go out")
        assert "NOBODY KNOWS WHETHER checkout IS FROZEN. Failing open." in err
        closed = replace(default(), limits=replace(default().limits, freeze_fails_closed=True))
        policies: Any = terminal.world.application.policies
        monkeypatch.setattr(type(policies), "current", lambda _: closed)
        code, out, err = terminal.run(*self.CHECK)
        assert (code, out.split(": ", 2)[1]) == (7, "WAIT")
        assert "Failing closed." in err

    @pytest.mark.parametrize(("fail", "code"), [((), 0), (("--fail", "closed"), 7)])
    def test_unanswered_it_fails_as_it_was_told_and_says_so(
        self,
        terminal: Terminal,
        monkeypatch: pytest.MonkeyPatch,
        fail: tuple[str, ...],
        code: int,
    ) -> None:
        def down(*_: object, **__: object) -> Any:
            raise RemoteError("the API answered 503", answered="http_503", status=503)

        monkeypatch.setattr(ApiClient, "get", down)
        ended, out, err = terminal.run(*self.CHECK, *fail, "--json")
        found = json.loads(out)
        assert (ended, found["known"], found["allowed"]) == (code, False, code == 0)
        assert "NOBODY KNOWS" in err

        def refuses(*_: object, **__: object) -> Any:
            raise RemoteError("not yours", answered="http_403", status=403)

        monkeypatch.setattr(ApiClient, "get", refuses)
        assert terminal.run(*self.CHECK, *fail)[0] == 4, "set up wrong is no outage"


def test_a_pipeline_asks_whether_it_is_frozen_and_nothing_else(terminal: Terminal) -> None:
    told = acknowledged(terminal)
    for method, path in (
        *(("GET", "/v1/incidents"), ("GET", f"/v1/incidents/{told.id}"), ("GET", "/v1/oncall")),
        *(("POST", f"/v1/incidents/{told.id}/note"), ("GET", "/v1/releases")),
    ):
        status, said, _ = terminal.world.request(method, path, {}, person="di", group="pipeline")
        assert (status, said["code"]) == (403, "not_allowed"), path
    ask: Any = {"person": "sam", "group": "pipeline", "query": {"service": "checkout"}}
    status, found, _ = terminal.world.request("GET", "/v1/freeze", **ask)
    assert (status, found["allowed"]) == (200, False)
    told.say(T0, "sam:security", "restrict", "--reason", "who knows")
    _, found, _ = terminal.world.request("GET", "/v1/freeze", **ask)
    assert (found["held_by"][0]["name"], told.id in str(found)) == (None, False)


def test_list_and_history_are_tables_of_what_is_frozen_and_what_was(terminal: Terminal) -> None:
    told = acknowledged(terminal)
    told.say(T0, DI, "freeze", "c0ffee1", "fix", "--reason", "it is the fix", step="allow")
    heading, columns, row = terminal.text("freeze", "list").splitlines()
    assert heading == "deployments: FROZEN"
    assert columns.split() == ["service", "by", "since", "until", "state", "let", "through"]
    at = ["09-08", "14:00Z"]
    assert row.split() == ["checkout", told.name, *at, "contained", "frozen", "c0ffee1"]
    assert "nothing was frozen" in terminal.text("freeze", "history")
    told.contain("09-08 11:00")
    assert terminal.text("freeze", "list") == "deployments: free\n"
    (over,) = terminal.json("freeze", "history")
    assert (over["service"], over["name"]) == ("checkout", told.name)
    assert terminal.text("freeze", "history").splitlines()[1].split()[:2] == ["checkout", told.name]
    assert terminal.json("freeze", "history", "--service", "billing") == []
