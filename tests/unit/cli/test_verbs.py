"""Every verb as people type it: what it leaves on the record, what it refuses, its exit code."""

from __future__ import annotations

import shlex
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from tocsin.incidents.commands.help import FIELD_HELP
from tocsin.incidents.commands.shapes import shapes
from tocsin.incidents.commands.verbs import VERBS, typed
from tocsin.incidents.rules.decide import HANDLERS
from tocsin.incidents.vocabulary import WayKind

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

ANA, BO, DI, SAM = "ana", "bo", "di:commander", "sam:security"


class Line:
    """What is typed, with {i} for the incident; by whom; an entry it leaves.

    `before` is what has to be said first, by the same person unless a line begins with another.
    """

    def __init__(self, typed: str, person: str, entry: str, *before: str) -> None:
        self.typed, self.person, self.entry, self.before = typed, person, entry, before


_PLAN = "contain plan {i} rollback 'Back to 41'"
_DONE = "contain done {i} rollback"
_LOOKS = tuple(
    f"verify {{i}} --check {check} --verdict passed --detail seen"
    for check in ("logs", "smoke_test", "targeted_check")
)
_CONTAINED = (_PLAN, _DONE, *_LOOKS)
_UPDATE = (
    "update {i} u1 internal 'what we know' --accepted --impact some --mitigation none --eta unknown"
)
_POSTMORTEM = (
    "postmortem {i} https://example.com/pm 'a check was missing' "
    "--actions 'add a test | cy | 2026-10-01T00:00:00Z'"
)

LINES = [
    Line("acknowledge {i}", ANA, "acknowledged"),
    Line("ack {i}", ANA, "acknowledged"),
    Line("escalate {i} engineering_lead --reason 'need a decision'", ANA, "help_asked"),
    Line("severity {i} critical --yes", ANA, "severity_changed"),
    Line("category {i} operational --reason 'the provider'", ANA, "category_changed"),
    Line("note {i} 'still looking'", ANA, "note_added"),
    Line("evidence {i} 'the log' '502 after 502'", ANA, "evidence_recorded"),
    Line("page {i} cy --reason 'a database person'", ANA, "help_asked"),
    Line("answer {i} --on-it", BO, "help_answered", "page {i} bo --reason x"),
    Line("assign {i} mitigation_owner cy", ANA, "role_assigned"),
    Line("leave {i} --reason 'end of shift'", BO, "left", "assign {i} security_owner bo"),
    Line("handover {i} incident_commander cy --briefing 'back to 41'", ANA, "handover_offered"),
    Line(
        "impact {i} 'nobody can pay' --tenants 3 --endpoints /a --endpoints /b",
        ANA,
        "impact_recorded",
    ),
    Line(
        "beginning {i} --began-at 2026-09-08T13:00Z --reason 'seen in logs'",
        ANA,
        "beginning_corrected",
    ),
    Line("checklist {i} open-channel done --detail '#inc'", ANA, "item_settled"),
    Line(
        "decide {i} 'roll back' 'fewest customers' 'errors stop' --rejected wait",
        ANA,
        "decision_recorded",
    ),
    Line("link {i} evidence https://example.com/log", ANA, "link_added"),
    Line("channel {i} bridge https://example.com/bridge", ANA, "channel_recorded"),
    Line("correct {i} 1 'it was the other one'", ANA, "corrected"),
    Line(_PLAN, ANA, "action_changed"),
    Line(_DONE, ANA, "action_changed", _PLAN),
    Line("contain withdraw {i} rollback --reason 'too slow'", ANA, "action_changed", _PLAN),
    Line("contain undo {i} rollback --reason 'no help'", ANA, "action_changed", _PLAN, _DONE),
    Line("contain by-fix {i} --reason 'the fix is quick'", ANA, "fix_named_as_containment"),
    Line(_LOOKS[0], ANA, "observed"),
    Line("verify {i} --contained", BO, "containment_verified", *(f"ana> {x}" for x in _CONTAINED)),
    Line(
        "contain lost {i} --reason 'it is back'",
        BO,
        "containment_lost",
        *(f"ana> {x}" for x in _CONTAINED),
        "verify {i} --contained",
    ),
    Line("fix link {i} c0ffee", ANA, "fix_linked"),
    Line("fix provider {i} stripe", ANA, "fix_linked"),
    Line(
        "fix run {i} c0ffee quality success --url https://e.example/1",
        ANA,
        "run_ended",
        "fix link {i} c0ffee",
    ),
    Line(
        "fix deploy {i} c0ffee success --whole-scope --url https://e.example/2",
        ANA,
        "deployed",
        "fix link {i} c0ffee",
    ),
    Line("pause {i} 60 --reason 'waiting for them'", DI, "fix_paused"),
    Line("resume {i}", DI, "fix_resumed", "pause {i} 60 --reason 'waiting'"),
    Line("freeze extend {i} 60 --reason 'one more'", DI, "freeze_extended"),
    Line("freeze lift {i} --reason 'not ours'", DI, "freeze_lifted"),
    Line("lift freeze {i} --reason 'not ours'", DI, "freeze_lifted"),
    Line("freeze allow {i} c0ffee fix --reason 'the fix'", DI, "change_allowed"),
    Line(_UPDATE, ANA, "update_recorded"),
    Line("customers {i} --not-tell --reason 'no harm'", DI, "customers_decided"),
    Line(_POSTMORTEM, ANA, "postmortem_published"),
    Line(
        "prevent {i} PA-d114690214 suite https://example.com/1 https://example.com/2"
        " --failed-at 2026-09-08T13:00Z --passed-at 2026-09-08T13:30Z",
        ANA,
        "prevention_verified",
        _POSTMORTEM,
    ),
    Line("confirm {i} checkouts_succeed 'all green' --met", DI, "criterion_confirmed"),
    Line("waive {i} postmortem_published 3 --reason later", DI, "waiver_asked"),
    Line(
        "approve {i} postmortem_published",
        "ed:commander",
        "waiver_approved",
        "di:commander> waive {i} postmortem_published 3 --reason later",
    ),
    Line("authorize {i} correct bo --input a=1 --reason 'as asked'", DI, "act_authorized"),
    Line(
        "close {i} false_positive --reason 'a test alarm'",
        "ed:commander",
        "closed",
        "di:commander> close {i} false_positive --reason 'a test alarm'",
    ),
    Line(
        "reopen {i} --reason 'it was real'",
        ANA,
        "reopened",
        "di:commander> close {i} false_positive --reason 'a test alarm'",
        "ed:commander> close {i} false_positive --reason 'a test alarm'",
    ),
    Line("restrict {i} --reason 'customer data'", SAM, "restricted"),
    Line("merge {i} {other} --reason 'the same alarm'", DI, "duplicate_absorbed"),
    Line(
        "clear {i} api-outage --reason 'it was deleted'",
        DI,
        "signal_ended",
        "merge {i} {alarm} --reason 'the same'",
        "ed:commander> merge {i} {alarm} --reason 'the same'",
    ),
    Line("split {i} 'search is slow' --reason 'two causes'", ANA, "keys_given"),
    Line(
        "access {i} cy --allowed --reason 'knows it'",
        SAM,
        "access_changed",
        "restrict {i} --reason x",
    ),
    Line(
        "lift restriction {i} --reason 'all told'",
        SAM,
        "lifting_proposed",
        "restrict {i} --reason x",
    ),
]


@pytest.fixture
def incident(terminal: Terminal) -> str:
    terminal.world.reachable("bo", "cy", kinds=(WayKind.MAIL,))
    opened = terminal.json(
        *("open", "checkout is down", "--severity", "high", "--service", "checkout", "--as", ANA)
    )
    terminal.json("ack", opened["id"], "--as", ANA)
    return str(opened["id"])


def say(terminal: Terminal, incident: str, typed: str, person: str) -> None:
    other, mark, rest = typed.partition("> ")
    line = rest if mark else typed
    if "{other}" in line:
        second = terminal.json("open", "the same", "--severity", "low", "--as", ANA)
        terminal.json("ack", second["id"], "--as", ANA)
        line = line.replace("{other}", second["id"])
    if "{alarm}" in line:
        ringing = terminal.world.alarm()
        assert ringing is not None
        terminal.json("ack", ringing.id, "--as", ANA)
        line = line.replace("{alarm}", ringing.id)
    words = shlex.split(line.format(i=incident))
    terminal.world.jump(1, sweep=False)
    terminal.json(*words, "--as", other if mark else person)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.typed.split(" {i}")[0])
def test_every_verb_leaves_its_entry(terminal: Terminal, incident: str, line: Line) -> None:
    for before in line.before:
        say(terminal, incident, before, line.person)
    if line.typed.startswith(("ack ", "acknowledge")):
        say(terminal, incident, "severity {i} critical --yes", line.person)  # asks again
    before_it = len(terminal.json("timeline", incident, "--as", SAM))

    say(terminal, incident, line.typed, line.person)

    entries = terminal.json("timeline", incident, "--as", SAM)[before_it:]
    assert line.entry in {one["type"] for one in entries}
    assert entries[0]["actor_ref"] == f"person:{line.person.partition(':')[0]}"


def test_every_verb_and_step_is_among_the_lines() -> None:
    """A verb that is added has to be added above."""
    lines = {line.typed.split(" {i}")[0] for line in LINES}
    by_hand = {"verify observe": _LOOKS[0], "verify contained": "verify {i} --contained"}
    for name, verb in VERBS.items():
        for step in verb.steps:
            said = f"{name} {step.replace('_', '-')}".strip()
            wanted = by_hand.get(said)
            assert said in lines or wanted in {line.typed for line in LINES}, said


def test_every_field_of_every_verb_says_what_it_means() -> None:
    wishes: list[type] = [one for verb in VERBS.values() for one in verb.steps.values()]
    for wish in wishes:
        for shape in shapes(wish):
            assert shape.about or shape.name in FIELD_HELP, f"{wish.__name__}.{shape.name}"


def test_what_may_be_large_is_a_text_of_its_command_which_has_a_place_for_it() -> None:
    large = [command for command in HANDLERS if command.large]
    assert len(large) > 4
    for command in large:
        kinds = {each.name: each.type for each in fields(command)}
        assert kinds[command.large] is str
        assert "stored" in kinds


def test_a_short_name_is_the_same_verb_with_the_same_options(
    terminal: Terminal, incident: str
) -> None:
    assert typed()["ack"] == typed()["acknowledge"] == ("acknowledge", VERBS["acknowledge"])
    say(terminal, incident, "severity {i} critical --yes", ANA)
    say(terminal, incident, "ack {i} --round 2", BO)
    shown = terminal.json("show", incident, "--as", ANA)
    assert shown["round"]["acknowledged_by"] == BO
