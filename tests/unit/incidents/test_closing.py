"""Window, gate, waivers, closing and reopening (semantics 9)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.harness.stories import (
    ANA,
    BO,
    CLOUDWATCH,
    COMMANDER,
    CY,
    EVERYTHING,
    FINAL_UPDATE,
    FIRST_UPDATE,
    SAM,
    SECURITY,
    Story,
    make,
    signal,
)
from tocsin.errors import (
    BadInput,
    GateUnmet,
    GroupRequired,
    IllegalTransition,
    MissingReason,
    NotAllowed,
    SecondPersonRequired,
)
from tocsin.incidents import commands as c
from tocsin.incidents import commands_record as w
from tocsin.incidents import commands_response as r
from tocsin.incidents.gate import Status
from tocsin.incidents.parts import Exposure, UpdateAudience
from tocsin.incidents.vocabulary import (
    Attainment,
    Category,
    ClockName,
    Kind,
    MessageKind,
    Resolution,
    Role,
    Severity,
    State,
)

T0 = "09-08 10:00"


def told(severity: Severity = Severity.HIGH, **changes: Any) -> Story:
    story = Story().open(T0, severity, **changes)
    story.acknowledge("09-08 10:05", BO)
    return story


def watched(severity: Severity = Severity.HIGH) -> Story:
    """Opened by a signal, contained, and fixed Tue 10:30: the window runs."""
    story = Story()
    at = story.at(T0)
    name = {Severity.HIGH: "api-5xx", Severity.CRITICAL: "total-outage"}[severity]
    story.do(at, make(c.OpenFromSignals, CLOUDWATCH, signals=(signal(at, name=name),)))
    story.acknowledge("09-08 10:02", BO)
    say(story, "09-08 10:05", firing=False, name=name)
    story.contain("09-08 10:06", verifier=CY)
    story.repair("09-08 10:30")
    return story


def say(story: Story, at: str, *, firing: bool, name: str = "api-5xx") -> None:
    told_by = signal(story.at(at), firing=firing, name=name)
    story.do(at, make(c.MergeSignals, CLOUDWATCH, signals=(told_by,)))


def closed(severity: Severity = Severity.HIGH) -> Story:
    story = watched(severity)
    story.tell_everybody("09-08 12:00")
    story.close("09-12 12:00")
    return story


def window_end(story: Story) -> str:
    assert story.incident.window is not None
    return f"{story.incident.window.ends_at.astimezone(story.zone):%m-%d %H:%M}"


class TestWindow:
    @pytest.mark.parametrize(
        ("severity", "ends"), [(Severity.CRITICAL, "09-11 10:30"), (Severity.HIGH, "09-09 10:30")]
    )
    def test_it_runs_from_the_fix_as_long_as_the_severity_asks(
        self, severity: Severity, ends: str
    ) -> None:
        story = watched(severity)

        assert story.incident.state is State.MONITORING
        assert window_end(story) == ends

    @pytest.mark.parametrize(
        ("severity", "ends"), [(Severity.MEDIUM, "09-09 12:00"), (Severity.LOW, "09-08 16:00")]
    )
    def test_medium_and_low_have_their_own_lengths(self, severity: Severity, ends: str) -> None:
        story = told(severity)
        story.contain("09-08 11:00")
        story.repair("09-08 12:00")

        assert window_end(story) == ends

    def test_high_fixed_signal_20_00_to_20_04_closes_not_before_wednesday_20_04(self) -> None:
        story = watched()
        story.tell_everybody("09-08 12:00")
        say(story, "09-08 20:00", firing=True)
        assert story.incident.state is State.FIXED
        assert story.incident.window is None
        say(story, "09-08 20:04", firing=False)

        with pytest.raises(GateUnmet):
            story.close(story.at("09-09 20:04") - timedelta(milliseconds=1))
        story.close("09-09 20:04")

        assert not story.incident.open

    def test_a_signal_that_stays_longer_than_ten_minutes_loses_containment(self) -> None:
        story = watched()
        say(story, "09-08 20:00", firing=True)

        say(story, "09-08 20:11", firing=False)

        assert not story.incident.contained
        assert story.incident.state is State.ACKNOWLEDGED

    def test_a_fix_before_containment_starts_the_window_at_verification(self) -> None:
        story = told()
        story.repair("09-08 11:00")
        assert story.incident.window is None

        story.contain("09-08 12:58", verifier=CY)

        assert window_end(story) == "09-09 13:00"

    def test_raising_lengthens_a_running_window(self) -> None:
        story = watched()

        story.severity("09-08 11:00", Severity.CRITICAL)

        assert window_end(story) == "09-11 10:30"


class TestGate:
    def test_everything_is_unmet_at_first_with_a_next_step(self) -> None:
        story = told()

        assert set(story.standing("09-08 10:10").items()) == {
            ("containment_verified", Status.UNMET),
            ("fix_deployed_and_monitored", Status.UNMET),
            ("communication_completed", Status.UNMET),
            ("postmortem_published", Status.UNMET),
            ("timeline_intact", Status.MET),
        }

    def test_i6_nothing_closes_while_the_gate_names_something(self) -> None:
        story = watched()

        with pytest.raises(GateUnmet) as refused:
            story.close("09-12 12:00")

        assert refused.value.context["unmet"] == "communication_completed, postmortem_published"
        assert story.incident.open

    def test_i6_a_chain_nobody_verified_keeps_it_open(self) -> None:
        story = watched()
        story.tell_everybody("09-08 12:00")

        for head in (None, b"another head"):
            with pytest.raises(GateUnmet) as refused:
                story.close("09-12 12:00", verified_head=head)
            assert refused.value.context["unmet"] == "timeline_intact"

    def test_a_met_gate_closes_and_the_entry_says_what_was_met(self) -> None:
        story = closed()

        assert story.incident.resolution is Resolution.RESOLVED
        met = story.entries[-1].content["met"]
        assert isinstance(met, list)
        assert len(met) == 5

    def test_a_billing_incident_has_three_more_criteria(self) -> None:
        story = told(category=Category.OPERATIONAL)

        codes = set(story.standing("09-08 10:10"))

        assert {"checkouts_succeed", "replay_completed", "residual_update_sent"} < codes

    def test_a_category_change_adds_criteria_and_removes_none_that_is_met(self) -> None:
        story = told(category=Category.OPERATIONAL)
        report = make(
            w.ConfirmCriterion, ANA, criterion="checkouts_succeed", met=True, evidence="ok"
        )
        story.do("09-08 10:10", report)

        story.do(
            "09-08 10:11", make(c.ChangeCategory, ANA, category=Category.SECURITY, reason="leak")
        )

        standing = story.standing("09-08 10:12")
        assert standing["checkouts_succeed"] is Status.MET
        assert "replay_completed" not in standing

    def test_what_the_engine_sees_for_itself_is_not_reported_from_outside(self) -> None:
        story = told()

        for code in ("containment_verified", "timeline_intact", "nothing_like_it"):
            with pytest.raises(BadInput):
                story.do(
                    "09-08 10:10",
                    make(w.ConfirmCriterion, ANA, criterion=code, met=True, evidence="trust me"),
                )

    def test_a_criterion_reported_unmet_again_is_unmet(self) -> None:
        story = told(category=Category.OPERATIONAL)
        for at, met in (("09-08 10:10", True), ("09-08 10:20", False)):
            story.do(
                at,
                make(w.ConfirmCriterion, ANA, criterion="checkouts_succeed", met=met, evidence="x"),
            )

        assert story.standing("09-08 10:30")["checkouts_succeed"] is Status.UNMET

    def test_only_the_commander_closes(self) -> None:
        story = watched()
        story.tell_everybody("09-08 12:00")

        with pytest.raises(GroupRequired):
            story.do(
                "09-12 12:00",
                make(
                    r.Close, ANA, resolution=Resolution.RESOLVED, verified_head=story.incident.head
                ),
            )


class TestCommunication:
    """What the gate wants of communication; promises and their clocks are in `test_updates`."""

    def decide(self, story: Story, *, tell: bool, reason: str = "") -> None:
        story.do(
            "09-08 10:20",
            make(w.DecideCustomers, BO, groups=COMMANDER, tell=tell, reason=reason),
        )

    def standing(self, story: Story, at: str) -> Status:
        return story.standing(at)["communication_completed"]

    def test_it_needs_a_decision_and_a_final_update(self) -> None:
        story = told()
        story.update("09-08 10:30")
        story.update("09-08 10:50", "u2", **FINAL_UPDATE)
        assert self.standing(story, "09-08 10:51") is Status.UNMET

        story.do(
            "09-08 10:52",
            make(w.DecideCustomers, BO, groups=COMMANDER, tell=False, reason="no harm"),
        )
        assert self.standing(story, "09-08 11:00") is Status.MET

        story.update("09-08 11:10", "u3")
        assert self.standing(story, "09-08 11:11") is Status.UNMET

    def test_customers_who_are_told_get_a_first_and_a_final_update_too(self) -> None:
        story = told()
        self.decide(story, tell=True)
        story.update("09-08 10:30")
        story.update("09-08 10:31", "u2", **FINAL_UPDATE)
        assert self.standing(story, "09-08 10:40") is Status.UNMET

        customers = {"audience": UpdateAudience.CUSTOMERS}
        story.update("09-08 10:50", "c1", **customers, **FIRST_UPDATE)
        assert self.standing(story, "09-08 10:51") is Status.UNMET
        story.update("09-08 10:52", "c2", **customers, **FINAL_UPDATE)

        assert self.standing(story, "09-08 11:00") is Status.MET

    def test_a_refused_send_stays_open_until_it_is_accepted(self) -> None:
        story = told()
        self.decide(story, tell=False, reason="no harm")
        story.update("09-08 10:30")
        story.update("09-08 10:31", "u1", **FINAL_UPDATE)
        story.update("09-08 10:40", "u2", accepted=False)
        assert self.standing(story, "09-08 10:50") is Status.UNMET

        story.update("09-08 10:55", "u2", **FINAL_UPDATE)

        assert self.standing(story, "09-08 11:00") is Status.MET

    def test_a_refused_send_is_settled_by_what_corrects_it(self) -> None:
        story = told()
        self.decide(story, tell=False, reason="no harm")
        story.update("09-08 10:30")
        story.update("09-08 10:40", "u2", accepted=False)
        story.update("09-08 10:55", "u3", corrects="u2", **FINAL_UPDATE)

        assert self.standing(story, "09-08 11:00") is Status.MET

    def test_a_promise_that_is_overdue_keeps_it_open(self) -> None:
        story = told()
        self.decide(story, tell=False, reason="no harm")
        story.update("09-08 10:30")
        story.update("09-08 10:31", "u1", **FINAL_UPDATE)
        story.update("09-08 10:32", "u2", next_by=story.at("09-08 10:40"))
        story.update("09-08 10:33", "u3", final=True, residual="none", accepted=False)
        assert self.standing(story, "09-08 10:41") is Status.UNMET

    def test_not_telling_customers_needs_a_reason(self) -> None:
        with pytest.raises(MissingReason):
            self.decide(told(), tell=False)

    def test_containment_is_not_claimed_before_it_is_verified(self) -> None:
        story = told()
        claim = "We  have CONTAINED the issue and are implementing a permanent fix."
        for fields in ({"says_contained": True}, {"text": claim}):
            with pytest.raises(IllegalTransition):
                story.update("09-08 10:30", **fields)
        story.contain("09-08 11:00", verifier=CY)

        story.update("09-08 11:30", says_contained=True, text=claim)

        assert story.entries[-1].type == "update_recorded"

    def test_customers_never_hear_of_a_drill(self) -> None:
        story = told(kind=Kind.DRILL)

        with pytest.raises(IllegalTransition):
            story.update("09-08 10:30", audience=UpdateAudience.CUSTOMERS)

    def test_a_postmortem_has_owned_work(self) -> None:
        story = told()
        empty = make(w.PublishPostmortem, BO, url="https://example.com", root_cause="x", actions=())

        with pytest.raises(BadInput):
            story.do("09-08 12:00", empty)


class TestWaivers:
    CODE = "postmortem_published"

    def ask(self, story: Story, at: str, who: Any = BO, code: str = CODE, days: int = 7) -> None:
        command = make(
            r.AskWaiver, who, groups=COMMANDER, criterion=code, reason="next week", days=days
        )
        story.do(at, command)

    def approve(self, story: Story, at: str, who: Any = CY, **fields: Any) -> None:
        values: dict[str, Any] = {"criterion": self.CODE, "groups": COMMANDER}
        story.do(at, make(r.ApproveWaiver, who, **(values | fields)))

    def test_two_people_waive_and_it_counts_until_it_ends(self) -> None:
        story = told()
        self.ask(story, "09-08 11:00")
        assert story.standing("09-08 11:01")[self.CODE] is Status.UNMET

        self.approve(story, "09-08 12:00")

        assert story.standing("09-15 11:00")[self.CODE] is Status.WAIVED
        assert story.standing("09-15 11:01")[self.CODE] is Status.UNMET

    def test_who_asked_does_not_approve(self) -> None:
        story = told()
        self.ask(story, "09-08 11:00")

        with pytest.raises(SecondPersonRequired):
            self.approve(story, "09-08 12:00", BO)

    def test_who_owns_the_failing_item_does_not_approve(self) -> None:
        story = told()
        code = "communication_completed"
        story.do(
            "09-08 10:10", make(c.AssignRole, ANA, role=Role.COMMUNICATIONS_OWNER, person="cy")
        )
        self.ask(story, "09-08 11:00", code=code)

        with pytest.raises(SecondPersonRequired):
            self.approve(story, "09-08 12:00", CY, criterion=code)
        self.approve(story, "09-08 12:00", SAM, criterion=code)

    def test_a_responder_does_not_approve(self) -> None:
        story = told()
        self.ask(story, "09-08 11:00")

        with pytest.raises(GroupRequired):
            self.approve(story, "09-08 12:00", groups=frozenset())

    def test_in_a_security_incident_the_security_owner_approves(self) -> None:
        story = told(category=Category.SECURITY)
        self.ask(story, "09-08 11:00")

        with pytest.raises(GroupRequired):
            self.approve(story, "09-08 12:00", CY)
        self.approve(story, "09-08 12:00", SAM, groups=SECURITY)

    @pytest.mark.parametrize("code", ["timeline_intact", "containment_verified"])
    def test_some_things_are_never_waived_for_a_critical(self, code: str) -> None:
        with pytest.raises(NotAllowed):
            self.ask(told(Severity.CRITICAL), "09-08 11:00", code=code)

    def test_a_waiver_has_bounds_and_a_criterion(self) -> None:
        story = told()

        for days in (0, 15):
            with pytest.raises(BadInput):
                self.ask(story, "09-08 11:00", days=days)
        with pytest.raises(BadInput):
            self.ask(story, "09-08 11:00", code="nothing_like_it")
        with pytest.raises(IllegalTransition):
            self.approve(story, "09-08 12:00")

    def test_what_is_met_is_not_waived(self) -> None:
        story = told()
        story.tell_everybody("09-08 10:30")

        with pytest.raises(IllegalTransition):
            self.ask(story, "09-08 11:00")

    def waived_and_closed(self) -> Story:
        story = watched()
        story.do("09-08 12:00", make(w.DecideCustomers, BO, tell=False, reason="no harm"))
        story.update("09-08 12:00")
        story.update("09-08 12:00", "u1", **FINAL_UPDATE)
        self.ask(story, "09-08 12:00")
        self.approve(story, "09-08 12:30")
        story.close("09-10 12:00")
        return story

    def test_a_waiver_that_ran_out_is_told_once_a_day_and_reopens_nothing(self) -> None:
        story = self.waived_and_closed()
        before = len(story.outbox)

        story.sweep_until("09-18 11:00")

        assert story.types()[-3:] == ["waiver_expired"] * 3
        told_to = {target for _, kind, target in story.sent()[before:] if kind == "reminder"}
        assert told_to == {"person:bo", "person:cy"}
        assert not story.incident.open

    def test_a_late_sweep_tells_of_it_once(self) -> None:
        story = self.waived_and_closed()

        story.tick("09-30 12:30")

        assert story.types().count("waiver_expired") == 1

    def test_nobody_is_told_once_it_is_met_after_all(self) -> None:
        story = self.waived_and_closed()
        story.tell_everybody("09-11 12:00")

        assert "waiver_expired" not in [event.type for event in story.tick("09-30 12:30")]


class TestUnreal:
    def test_a_low_false_positive_is_closed_by_one_person_with_a_reason(self) -> None:
        story = told(Severity.LOW)

        story.close("09-08 11:00", Resolution.FALSE_POSITIVE, reason="a test alarm")

        assert story.incident.resolution is Resolution.FALSE_POSITIVE

    def test_a_high_one_takes_two(self) -> None:
        story = told()
        story.close("09-08 11:00", Resolution.FALSE_POSITIVE, reason="a test alarm")
        assert story.incident.open
        with pytest.raises(SecondPersonRequired):
            story.close("09-08 11:01", Resolution.FALSE_POSITIVE, reason="a test alarm")

        second = make(r.Close, CY, resolution=Resolution.FALSE_POSITIVE, reason="I looked as well")
        story.do("09-08 11:02", second)

        assert not story.incident.open

    def test_the_second_has_to_say_the_same(self) -> None:
        story = told()
        story.close("09-08 11:00", Resolution.FALSE_POSITIVE, reason="a test alarm")
        other = make(
            r.Close, CY, resolution=Resolution.DUPLICATE, reason="seen", duplicate_of="INC-1"
        )

        story.do("09-08 11:02", other)

        assert story.incident.open

    def test_it_needs_a_reason(self) -> None:
        with pytest.raises(MissingReason):
            told(Severity.LOW).close("09-08 11:00", Resolution.FALSE_POSITIVE)

    @pytest.mark.parametrize("exposure", [Exposure.POSSIBLE, Exposure.CONFIRMED])
    def test_not_after_possible_data_exposure(self, exposure: Exposure) -> None:
        story = told(Severity.LOW)
        story.do("09-08 10:30", make(w.RecordImpact, ANA, summary="a leak?", exposure=exposure))

        with pytest.raises(IllegalTransition):
            story.close("09-08 11:00", Resolution.FALSE_POSITIVE, reason="nothing there")

    def test_not_after_an_action_that_is_not_undone(self) -> None:
        story = told(Severity.LOW)
        story.do("09-08 10:10", make(r.PlanAction, ANA, action="a", text="revoke"))
        story.do("09-08 10:11", make(r.FinishAction, ANA, action="a"))
        with pytest.raises(IllegalTransition):
            story.close("09-08 11:00", Resolution.FALSE_POSITIVE, reason="nothing there")

        story.do("09-08 11:05", make(r.UndoAction, ANA, action="a", reason="not needed"))
        story.close("09-08 11:10", Resolution.FALSE_POSITIVE, reason="nothing there")

        assert not story.incident.open

    @pytest.mark.parametrize(
        ("resolution", "target"),
        [(Resolution.DUPLICATE, None), (Resolution.FALSE_POSITIVE, "INC-1")],
    )
    def test_only_a_duplicate_names_another(
        self, resolution: Resolution, target: str | None
    ) -> None:
        with pytest.raises(BadInput):
            told(Severity.LOW).close("09-08 11:00", resolution, reason="seen", duplicate_of=target)

    def test_not_its_own_duplicate(self) -> None:
        story = told(Severity.LOW)

        with pytest.raises(BadInput):
            story.close(
                "09-08 11:00",
                Resolution.DUPLICATE,
                reason="seen",
                duplicate_of=story.incident.id,
            )

    def test_an_incident_takes_in_its_duplicates_beginning_and_keys(self) -> None:
        story = told()
        before = story.at("09-08 08:00")

        story.do(
            "09-08 11:00",
            make(
                r.AbsorbDuplicate,
                ANA,
                duplicate="INC-2",
                began_at=before,
                keys=("v1:cloudwatch:other",),
                firing=("v1:cloudwatch:other",),
            ),
        )

        assert story.incident.began_at == before
        assert story.incident.firing
        assert story.facts(ClockName.FIX)[0] == "09-11 10:00"


class TestReopening:
    def reopen(self, story: Story, at: str, **fields: Any) -> None:
        story.do(at, make(r.Reopen, ANA, **({"reason": "it is back"} | fields)))

    def test_reopened_wednesday_09_00_as_critical_is_due_09_15_and_13_00(self) -> None:
        story = closed()

        self.reopen(story, "09-16 09:00", severity=Severity.CRITICAL)

        assert story.facts(ClockName.ACKNOWLEDGE)[0] == "09-16 09:15"
        assert story.facts(ClockName.CONTAIN)[0] == "09-16 13:00"
        assert story.incident.state is State.OPEN
        assert story.incident.cycle == 2

    def test_the_first_cycle_keeps_its_results(self) -> None:
        story = closed()

        self.reopen(story, "09-16 09:00")

        assert dict(story.incident.past[0].attainment) == dict.fromkeys(ClockName, Attainment.MET)
        assert story.clock(ClockName.FIX).attainment is Attainment.RUNNING

    def test_waivers_evidence_and_postmortem_are_void(self) -> None:
        story = closed()

        self.reopen(story, "09-16 09:00")

        assert set(story.standing("09-16 09:01").values()) == {Status.UNMET, Status.MET}
        unmet = [
            code for code, status in story.standing("09-16 09:01").items() if status is Status.UNMET
        ]
        assert len(unmet) == 4

    def test_people_are_paged_from_the_first_rung(self) -> None:
        story = closed()
        before = len(story.sent(MessageKind.PAGE))

        self.reopen(story, "09-16 09:00")
        story.tick("09-16 09:15")

        assert len(story.sent(MessageKind.PAGE)) == before + 4

    def test_a_signal_within_seven_days_reopens(self) -> None:
        story = closed()
        again = signal(story.at("09-19 12:00"))

        story.do("09-19 12:00", make(r.ReopenFromSignals, CLOUDWATCH, signals=(again,)))

        assert story.incident.open
        assert story.incident.firing

    def test_a_signal_later_does_not(self) -> None:
        story = closed()
        late = signal(story.at("09-19 12:01"))

        with pytest.raises(IllegalTransition):
            story.do("09-19 12:01", make(r.ReopenFromSignals, CLOUDWATCH, signals=(late,)))

    def test_a_clear_reopens_nothing(self) -> None:
        story = closed()
        clear = signal(story.at("09-13 12:00"), firing=False)

        with pytest.raises(IllegalTransition):
            story.do("09-13 12:00", make(r.ReopenFromSignals, CLOUDWATCH, signals=(clear,)))

    def test_a_duplicate_goes_on_elsewhere(self) -> None:
        story = told(Severity.LOW)
        story.close("09-08 11:00", Resolution.DUPLICATE, reason="same", duplicate_of="INC-1")

        with pytest.raises(IllegalTransition):
            self.reopen(story, "09-08 12:00")

    def test_what_is_open_is_not_reopened(self) -> None:
        with pytest.raises(IllegalTransition):
            self.reopen(told(), "09-08 12:00")

    def test_a_closed_incident_waits_for_nothing(self) -> None:
        story = closed()

        assert story.tick("09-30 12:00") == ()
        assert story.tick("12-30 12:00") == ()

    @pytest.mark.parametrize(
        "command",
        [
            make(c.Acknowledge, ANA),
            make(c.ChangeSeverity, ANA, severity=Severity.CRITICAL),
            make(r.PauseFix, BO, groups=EVERYTHING, minutes=5, reason="x"),
            make(r.VerifyContainment, ANA),
            make(r.Close, BO, resolution=Resolution.RESOLVED),
        ],
        ids=lambda command: type(command).__name__,
    )
    def test_a_closed_incident_refuses_what_means_nothing_any_more(
        self, command: c.Command
    ) -> None:
        with pytest.raises(IllegalTransition):
            closed().do("09-13 12:00", command)
