"""What ends an outage in writing: the final update and the postmortem hold what was counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.harness.worlds.outage_stories import (
    KEPT,
    counted,
    line,
    outage,
    ready,
    reconciled,
    replayed,
)
from tests.harness.worlds.stories import BO, Story, make
from tocsin.incidents.commands.updates import PublishPostmortem
from tocsin.incidents.events.fold import event_of, fold
from tocsin.incidents.model.billing import ReplayCounts, ReplayKind
from tocsin.incidents.model.parts import Preventive
from tocsin.incidents.queries.final_update import draft, lacks
from tocsin.incidents.queries.gate import Status

GOLDEN = """\
INC-0000000000000000000000TEST | high | checkout is down
Provider: stripe. Impact: not recorded.

Timeline
- 2026-09-08T14:00Z opened as high
- 2026-09-08T14:01Z acknowledged by bo
- 2026-09-08T15:02Z containment verified by bo
- 2026-09-08T16:00Z replay RPL-1 of stripe proven
- 2026-09-08T16:05Z replay RPL-2 of razorpay proven
- 2026-09-08T16:10Z reconciliation REC-1 signed off by bo
- 2026-09-08T16:20Z new checkouts succeed at stripe

Counts
- alarms and evidence joined: 1
- updates sent before this one: 2
- checkouts at stripe since recovery: 4 by 3 workspaces, 1 paid
- replay RPL-1: 1204 events missing, 1204 inserted, 796 duplicates
- replay RPL-2: 40 objects listed, 3 differed, 3 fetched
- reconciliation REC-1: 57 subscriptions compared, 3 mismatches found, 2 healed, 1 accepted

Corrections
- REC-1: 2 healed, 1 accepted as they are, signed off by bo

Residual actions
- Permanent fix deployed and monitored; owner: bo
- add a test; owner: cy; due 2026-09-08T16:30Z"""


def repaired() -> Story:
    """Replayed twice, compared, corrected and published; nobody has been told the end yet."""
    story = outage()
    story.contain("09-08 11:00")
    counts = ReplayCounts(listed=2_000, missing=1_204, duplicate=796, inserted=1_204, unreadable=0)
    replayed(story, "09-08 12:00", counts=counts)
    objects = ReplayCounts(listed=40, missing=3, duplicate=37, inserted=0, unreadable=0, fetched=3)
    replayed(
        story,
        "09-08 12:05",
        replay="RPL-2",
        kind=ReplayKind.OBJECTS,
        provider="razorpay",
        counts=objects,
    )
    reconciled(story, "09-08 12:10", compared=57, healed=2, accepted=1)
    counted(story, "09-08 12:20")
    story.tell_everybody("09-08 12:30")
    return story


def publish(story: Story, at: str) -> None:
    work = Preventive(text="add a test", owner="cy", due_at=story.at("09-20 10:00"))
    fields = {"url": "https://example.com/pm", "root_cause": "502", "actions": (work,)}
    story.do(at, make(PublishPostmortem, BO, **fields))


class TestFinalUpdate:
    CODE = "residual_update_sent"

    def test_the_draft_of_a_whole_outage_is_this_text(self) -> None:
        story = repaired()
        events = [event_of(entry) for entry in story.entries]
        text = draft(story.incident, events, story.policy, story.at("09-08 12:35"))
        assert text == GOLDEN
        assert lacks(text, story.incident) == ()

    @pytest.mark.parametrize(
        ("change", "missing"),
        [
            (("RPL-1: 1204 events missing", "RPL-1: 1,204 events were missing"), ()),
            (("- replay RPL-1:", "- Of Stripe's (RPL-1)"), ()),
            (("1204 events missing", "1203 events missing"), ("replay_counts",)),
            (("1204 inserted", "all inserted"), ("replay_counts",)),
            (("replay RPL-1:", "replay RPL-10:"), ("replay_counts",)),
            (
                ("- replay RPL-2: 40 objects listed, 3 differed, 3 fetched\n", ""),
                ("replay_counts",),
            ),
            (("40 objects listed", "objects"), ("replay_counts",)),
            (("REC-1: 57 subscriptions", "REC-1: 75 subscriptions"), ("reconciliation_counts",)),
            (("reconciliation REC-1:", "reconciliation:"), ("reconciliation_counts",)),
            (("3 mismatches found, ", ""), ("reconciliation_counts",)),
            (
                ("- REC-1: 2 healed, 1 accepted as they are, signed off by bo", "none"),
                ("corrections",),
            ),
        ],
    )
    def test_a_text_holds_what_was_counted_and_corrected(
        self, change: tuple[str, str], missing: tuple[str, ...]
    ) -> None:
        assert change[0] in GOLDEN
        assert lacks(GOLDEN.replace(*change), repaired().incident) == missing

    def test_what_is_counted_after_it_has_to_be_told_too(self) -> None:
        story = repaired()
        story.update("09-08 12:40", "u-final", final=True, text=GOLDEN, residual="tell finance")
        found = line(story, self.CODE, "09-08 12:41")
        assert found.status is Status.MET
        assert "RPL-1: 1204 events missing, 1204 inserted" in found.evidence
        reconciled(story, "09-08 12:50", compared=57, healed=2, accepted=1)
        assert line(story, self.CODE, "09-08 12:51").status is Status.MET, "the same figures"
        reconciled(story, "09-08 13:00", reconciliation="REC-2", compared=60)
        found = line(story, self.CODE, "09-08 13:01")
        assert found.status is Status.UNMET
        assert "REC-2: 60 subscriptions compared" in found.next_step
        assert fold(story.entries) == story.incident


class TestPostmortem:
    CODE = "postmortem_published"

    def test_it_refers_to_the_report_by_its_digest_and_the_gate_shows_it(self) -> None:
        story = repaired()
        (told,) = [one for one in story.entries if one.type == "postmortem_published"]
        assert told.content["reconciliation"] == "REC-1"
        report = told.content["report"]
        assert isinstance(report, dict)
        assert (report["key"], report["sha256"]) == ("a/b", "5" * 64)
        found = line(story, self.CODE)
        assert found.status is Status.MET
        assert f"the report of REC-1, sha256 {'5' * 64}" in found.evidence

    @pytest.mark.parametrize(
        "newer",
        [{"reconciliation": "REC-2"}, {"evidence": replace(KEPT, sha256="6" * 64)}],
        ids=["another reconciliation", "another report of the same"],
    )
    def test_one_without_the_newest_report_keeps_the_gate_shut_until_it_is_published_again(
        self, newer: dict[str, Any]
    ) -> None:
        story = repaired()
        reconciled(story, "09-08 13:00", **newer)
        found = line(story, self.CODE)
        assert found.status is Status.UNMET
        assert "publish the postmortem again" in found.next_step
        publish(story, "09-08 13:10")
        assert line(story, self.CODE).status is Status.MET
        assert fold(story.entries) == story.incident

    def test_without_a_reconciliation_it_refers_to_none(self) -> None:
        story = outage()
        ready(story)
        assert line(story, self.CODE).evidence == "https://example.com/pm with 1 preventive actions"
