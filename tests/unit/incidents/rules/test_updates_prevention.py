"""Preventive work: owned, dated, chased after closing, done when its check turned green."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.stories import ANA, BO, RESPONDER, VIEWER, Story, make
from tocsin.documents.messages import render
from tocsin.errors import BadInput, GroupRequired, IllegalTransition, PayloadTooLarge
from tocsin.incidents.commands.closing import Reopen
from tocsin.incidents.commands.updates import PublishPostmortem, VerifyPrevention
from tocsin.incidents.events.fold import fold
from tocsin.incidents.limits import PREVENTIVE
from tocsin.incidents.model.parts import Preventive
from tocsin.incidents.queries.agenda import next_due
from tocsin.incidents.queries.prevention import prevention_name
from tocsin.incidents.vocabulary import Resolution, Severity

if TYPE_CHECKING:
    from tocsin.errors import TocsinError

TEST = prevention_name("add a test")


def published(*texts: str, due: str = "09-18 12:00", owner: str = "cy") -> Story:
    story = Story().open("09-08 10:00", Severity.LOW)
    publish(story, "09-08 12:00", *(texts or ("add a test",)), due=due, owner=owner)
    return story


def publish(
    story: Story, at: str, *texts: str, due: str = "09-18 12:00", owner: str = "cy"
) -> None:
    work = tuple(Preventive(text=text, owner=owner, due_at=story.at(due)) for text in texts)
    story.do(
        at,
        make(
            PublishPostmortem,
            BO,
            url="https://example.com/pm",
            root_cause="a missing check",
            actions=work,
        ),
    )


def verify(story: Story, at: str = "09-10 12:00", **fields: Any) -> None:
    values: dict[str, Any] = {
        "action": TEST,
        "check": "tests/isolation::test_other_tenant",
        "failed_at": story.at("09-08 15:00"),
        "failed_evidence": "https://example.com/run/1",
        "passed_at": story.at("09-09 15:00"),
        "passed_evidence": "https://example.com/run/2",
        "groups": RESPONDER,
    }
    story.do(at, make(VerifyPrevention, ANA, **(values | fields)))


def test_what_a_postmortem_lists_is_tracked_with_owner_and_date() -> None:
    story = published()
    (work,) = story.incident.prevention.values()
    assert (work.text, work.owner, work.due_at) == ("add a test", "cy", story.at("09-18 12:00"))
    assert fold(story.entries) == story.incident


def test_it_is_done_when_a_check_that_failed_passes() -> None:
    story = published()
    verify(story)
    work = story.incident.prevention[TEST]
    assert (work.done_at, work.done_by) == (story.at("09-10 12:00"), "ana")
    assert work.check == "tests/isolation::test_other_tenant"
    with pytest.raises(IllegalTransition):
        verify(story, "09-10 13:00")


@pytest.mark.parametrize(
    ("failed", "passed"),
    [
        ("09-09 15:00", "09-09 15:00"),
        ("09-09 16:00", "09-09 15:00"),
        ("09-08 15:00", "09-11 15:00"),
    ],
)
def test_a_check_that_never_failed_or_has_not_passed_verifies_nothing(
    failed: str, passed: str
) -> None:
    story = published()
    with pytest.raises(BadInput):
        verify(story, failed_at=story.at(failed), passed_at=story.at(passed))
    assert story.incident.prevention[TEST].done_at is None


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (BadInput, {"action": "PA-0"}),
        (BadInput, {"check": " "}),
        (BadInput, {"failed_evidence": ""}),
        (GroupRequired, {"groups": VIEWER}),
    ],
)
def test_without_evidence_or_the_right_it_is_not_done(
    error: type[TocsinError], fields: dict[str, Any]
) -> None:
    with pytest.raises(error):
        verify(published(), **fields)


def test_a_revision_names_the_same_work_and_may_move_it() -> None:
    story = published()
    verify(story)
    publish(story, "09-11 12:00", "Add a test", "tighten the alarm", due="09-30 12:00", owner="bo")
    assert len(story.incident.prevention) == 2
    first = story.incident.prevention[TEST]
    assert (first.owner, first.due_at) == ("bo", story.at("09-30 12:00"))
    assert first.done_at == story.at("09-10 12:00"), "done stays done"


def test_there_is_a_bound() -> None:
    story = published(*(f"work {number}" for number in range(PREVENTIVE)))
    with pytest.raises(PayloadTooLarge):
        publish(story, "09-09 12:00", "one more")


def test_the_owner_hears_once_that_it_is_overdue_also_after_closing() -> None:
    story = Story().open("09-08 10:00", Severity.HIGH)
    story.acknowledge("09-08 10:02", BO)
    story.contain("09-08 11:00")
    story.repair("09-08 12:00")
    story.tell_everybody("09-08 12:00", postmortem=False)
    publish(story, "09-08 12:00", "add a test")
    story.close("09-10 12:00")
    assert not story.incident.open
    assert next_due(story.incident, story.policy) == story.at("09-18 12:00") + timedelta(
        milliseconds=1
    )
    before = len(story.outbox)

    story.sweep_until("09-30 12:00")

    assert story.types().count("prevention_overdue") == 1
    told = story.outbox[before:]
    assert {item.target for item in told} == {"person:cy", "person:bo"}
    assert all(TEST in render(item, story.policy).text for item in told)


def test_work_outlives_a_reopening_and_what_is_done_is_not_chased() -> None:
    story = published()
    story.close("09-08 13:00", Resolution.FALSE_POSITIVE, reason="a test alarm")
    story.do("09-08 14:00", make(Reopen, ANA, reason="it was real"))
    assert TEST in story.incident.prevention
    verify(story)
    story.sweep_until("09-30 12:00")
    assert "prevention_overdue" not in story.types()
