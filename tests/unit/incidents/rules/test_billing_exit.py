"""The exit of a provider's outage: met by facts, and by a final update with all its parts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.worlds.outage_stories import (
    COMPLETE,
    counted,
    line,
    outage,
    ready,
    reconciled,
    replayed,
)
from tests.harness.worlds.stories import ANA, BO, EVERYTHING, make
from tocsin.billing.outage.examination import Lack
from tocsin.billing.reconcile.compare import Kind
from tocsin.errors import BadInput, GateUnmet, IllegalTransition
from tocsin.incidents.commands.closing import Reopen
from tocsin.incidents.commands.containment import LoseContainment
from tocsin.incidents.commands.fix import NameProviderCause
from tocsin.incidents.commands.severity import ChangeCategory
from tocsin.incidents.commands.updates import ConfirmCriterion
from tocsin.incidents.events.fold import event_of, fold
from tocsin.incidents.queries.billing import LACKS
from tocsin.incidents.queries.final_update import draft, lacks
from tocsin.incidents.queries.gate import Status
from tocsin.incidents.vocabulary import Category


def test_every_lack_an_examination_can_name_has_a_next_step() -> None:
    assert set(LACKS) == set(Lack)


class TestCheckouts:
    CODE = "checkouts_succeed"

    def test_a_providers_outage_starts_unmet_and_nobodys_word_meets_it(self) -> None:
        story = outage()
        assert line(story, self.CODE).status is Status.UNMET
        assert "stripe" in line(story, self.CODE).next_step
        word = make(ConfirmCriterion, ANA, criterion=self.CODE, met=True, evidence="trust me")
        with pytest.raises(BadInput, match="judged by facts"):
            story.do("09-08 10:10", word)

    def test_an_examination_that_proves_it_meets_it_with_its_counts_as_evidence(self) -> None:
        story = outage()
        counted(story, "09-08 10:30")
        found = line(story, self.CODE)
        assert found.status is Status.MET
        for word in ("stripe", "4 sessions", "3 workspaces", "1 paid"):
            assert word in found.evidence
        assert fold(story.entries) == story.incident

    @pytest.mark.parametrize("lack", list(LACKS))
    def test_a_lack_is_named_with_what_to_do(self, lack: str) -> None:
        story = outage()
        counted(story, "09-08 10:30", lacks=(lack,))
        found = line(story, self.CODE)
        assert found.status is Status.UNMET
        assert found.next_step == f"stripe: {LACKS[lack]}"
        assert LACKS[lack] in found.next_step

    def test_the_newest_examination_counts(self) -> None:
        story = outage()
        counted(story, "09-08 10:30")
        counted(story, "09-08 10:40", lacks=("failing",))
        assert line(story, self.CODE).status is Status.UNMET

    def test_every_provider_the_incident_is_about_needs_its_own(self) -> None:
        story = outage()
        story.do("09-08 10:03", make(NameProviderCause, BO, provider="razorpay"))
        counted(story, "09-08 10:30")
        assert "razorpay" in line(story, self.CODE).next_step
        counted(story, "09-08 10:31", provider="razorpay")
        assert line(story, self.CODE).status is Status.MET

    def test_containment_lost_later_makes_it_old(self) -> None:
        story = outage()
        story.contain("09-08 10:10")
        counted(story, "09-08 10:30")
        story.do("09-08 10:40", make(LoseContainment, BO, reason="down again"))
        assert line(story, self.CODE).status is Status.UNMET
        counted(story, "09-08 10:50")
        assert line(story, self.CODE).status is Status.MET

    def test_a_person_cannot_claim_counts(self) -> None:
        with pytest.raises(IllegalTransition):
            counted(outage(), "09-08 10:30", who=ANA)

    @pytest.mark.parametrize("bad", [{"paid": -1}, {"lacks": ("nothing_like_it",)}])
    def test_counts_that_are_none_are_refused(self, bad: dict[str, Any]) -> None:
        with pytest.raises(BadInput):
            counted(outage(), "09-08 10:30", **bad)

    def test_other_incidents_have_no_checkouts(self) -> None:
        with pytest.raises(IllegalTransition):
            counted(outage(Category.PRODUCTION), "09-08 10:30")

    def test_reopening_wants_it_anew(self) -> None:
        story = outage()
        counted(story, "09-08 10:30")
        story.do(
            "09-08 10:40",
            make(ChangeCategory, BO, category=Category.PRODUCTION, reason="x", groups=EVERYTHING),
        )
        assert line(story, self.CODE).status is Status.MET, "what is met is not removed"
        replayed(story, "09-08 10:45")
        ready(story)
        story.close("09-12 10:00")
        story.do("09-12 11:00", make(Reopen, ANA, reason="it is back"))
        assert not story.incident.billing_exit.checkouts
        assert not story.incident.replays

    def test_i6_it_does_not_close_before_it_is_met(self) -> None:
        story = outage()
        replayed(story, "09-08 10:20")
        reconciled(story, "09-08 10:25")
        ready(story)
        with pytest.raises(GateUnmet, match=self.CODE):
            story.close("09-12 10:00")
        counted(story, "09-12 10:00")
        story.close("09-12 10:01")
        assert not story.incident.open


class TestReplay:
    CODE = "replay_completed"

    @pytest.mark.parametrize("kind", [one.value for one in Kind])
    def test_a_mismatch_of_any_class_keeps_it_unmet_by_name_until_it_is_healed(
        self, kind: str
    ) -> None:
        story = outage()
        replayed(story, "09-08 10:20")
        reconciled(story, "09-08 10:30", unresolved={kind: 3}, signed_off_by=None)
        found = line(story, self.CODE)
        assert found.status is Status.UNMET
        assert f" REC-1: {kind} 3;" in found.next_step
        reconciled(story, "09-08 10:40")
        found = line(story, self.CODE)
        assert found.status is Status.MET
        assert "RPL-1" in found.evidence
        assert "signed off by bo" in found.evidence

    @pytest.mark.parametrize(
        ("facts", "step"),
        [
            ((), "replay what stripe lost"),
            ((("replay", {}),), "reconcile after"),
            ((("replay", {"proven": False}), ("compared", {})), "RPL-1 is not proven"),
            ((("compared", {}),), "replay what stripe lost"),
            ((("compared", {}), ("replay", {})), "reconcile after"),
            ((("replay", {}), ("compared", {"unknown": 2})), "2 could not be compared"),
            ((("replay", {}), ("compared", {"signed_off_by": None})), "sign off REC-1"),
            ((("replay", {"provider": "razorpay"}), ("compared", {})), "replay what stripe lost"),
        ],
    )
    def test_what_is_missing_is_the_next_step(
        self, facts: tuple[tuple[str, dict[str, Any]], ...], step: str
    ) -> None:
        story = outage()
        for minute, (what, changes) in enumerate(facts):
            tell = replayed if what == "replay" else reconciled
            tell(story, f"09-08 10:{20 + minute}", **changes)
        found = line(story, self.CODE)
        assert found.status is Status.UNMET
        assert step in found.next_step

    def test_a_replay_by_the_providers_dashboard_is_reported_and_still_reconciled(self) -> None:
        story = outage()
        word = {"criterion": self.CODE, "met": True, "evidence": "re-sent by hand"}
        story.do("09-08 10:20", make(ConfirmCriterion, ANA, **word))
        assert "reconcile after" in line(story, self.CODE).next_step
        reconciled(story, "09-08 10:30")
        assert line(story, self.CODE).status is Status.MET

    def test_a_provider_caused_incident_is_fixed_by_the_facts(self) -> None:
        story = outage()
        story.do("09-08 10:10", make(NameProviderCause, BO, provider="stripe"))
        reconciled(story, "09-08 10:15")
        replayed(story, "09-08 10:20")
        assert not story.incident.fixed
        reconciled(story, "09-08 10:30")
        assert story.incident.fixed


class TestFinalUpdate:
    CODE = "residual_update_sent"

    @pytest.mark.parametrize(
        ("change", "missing"),
        [
            (("", ""), ()),
            (("2026-09-08T14:00Z", "2026-09-08 14:00"), ()),
            (("Timeline", "**Timeline:**"), ()),
            (("Counts", "## counts"), ()),
            (("- tell finance; owner: bo", "none."), ()),
            (("2026-09-08T14:00Z", "2026-09-08T15:00Z"), ("timeline",)),
            (("Timeline", "What happened"), ("timeline",)),
            (("- 3 checkouts", "- some checkouts"), ("counts",)),
            (("none\n", ""), ("corrections",)),
            (("Corrections", "Manual work"), ("corrections",)),
            (("- tell finance; owner: bo", ""), ("residual_actions",)),
            (("; owner: bo", ""), ("owners",)),
            (("owner: bo", "owner: bo\n- call the bank"), ("owners",)),
        ],
    )
    def test_its_parts(self, change: tuple[str, str], missing: tuple[str, ...]) -> None:
        assert lacks(COMPLETE.replace(*change), outage().incident) == missing

    def test_one_without_parts_is_recorded_as_sent_and_keeps_the_gate_shut(self) -> None:
        story = outage()
        story.update("09-08 10:10")
        story.update("09-08 10:20", "u2", final=True, residual="none", text="All is well.")
        found = line(story, self.CODE)
        assert found.status is Status.UNMET
        for part in ("timeline", "counts", "corrections", "residual_actions"):
            assert part in found.next_step
        story.update("09-08 10:30", "u3", final=True, residual="none", text=COMPLETE)
        assert line(story, self.CODE).status is Status.MET

    def test_what_a_channel_refused_was_not_sent(self) -> None:
        story = outage()
        story.update("09-08 10:10")
        story.update(
            "09-08 10:20", "u2", final=True, residual="none", text=COMPLETE, accepted=False
        )
        assert line(story, self.CODE).status is Status.UNMET

    def test_a_draft_from_what_is_recorded_is_complete_at_every_turn(self) -> None:
        """Also before anything is contained or counted, and whoever owns what."""
        story = outage()
        drafted: list[str] = []

        def check(at: str) -> str:
            events = [event_of(entry) for entry in story.entries]
            text = draft(story.incident, events, story.policy, story.at(at))
            assert lacks(text, story.incident) == (), text
            drafted.append(text)
            return text

        check("09-08 10:05")
        story.contain("09-08 10:10")
        counted(story, "09-08 10:30")
        story.repair("09-08 11:00")
        text = check("09-08 11:10")
        for words in (
            "2026-09-08T14:00Z opened as high",
            "containment verified by bo",
            "new checkouts succeed at stripe",
            "4 by 3 workspaces, 1 paid",
            "Replay completed with no unresolved subscription mismatches; owner:",
        ):
            assert words in text
        story.tell_everybody("09-08 12:30")
        assert "add a test; owner: cy; due" in check("09-09 10:00")
        assert len(set(drafted)) == 3
