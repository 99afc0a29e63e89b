"""What the engine asks for besides clocks and pages has words: ends of freezes, of exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.stories import BO, CY, EVERYTHING, Story, make
from tocsin.documents.messages import render
from tocsin.errors import MalformedPayload
from tocsin.incidents.commands import freeze as f
from tocsin.incidents.commands.closing import ApproveWaiver, AskWaiver
from tocsin.incidents.commands.people import AssignRole
from tocsin.incidents.vocabulary import MessageKind, Role, Severity

if TYPE_CHECKING:
    from tocsin.incidents.commands.base import Command
    from tocsin.ports.messages import Message


def texts(story: Story, matter: str) -> list[Message]:
    """The messages about a matter, every other one written too: none may fail."""
    written = [(item.facts.get("matter"), render(item, story.policy)) for item in story.outbox]
    return [message for about, message in written if about == matter]


def by[C: Command](who: Any, cls: type[C], **fields: Any) -> C:
    return make(cls, who, groups=EVERYTHING, **fields)


def test_the_end_of_a_freeze_is_told_with_its_time() -> None:
    story = Story().open("09-08 10:00", Severity.HIGH)
    story.contain("09-08 11:00")
    story.do("09-08 11:02", by(BO, f.ExtendFreeze, minutes=360, reason="unsure"))
    story.sweep_until("09-08 16:30")

    said = texts(story, "freeze")

    assert said
    assert all("FREEZE ENDS" in message.subject for message in said)
    assert all("17:02" in message.text for message in said)
    assert all(message.attributes["urgency"] == "mail" for message in said)


def test_what_leaves_late_names_no_moment_as_if_it_lay_ahead() -> None:
    """Each notice of something to come, written after it: a channel did not answer for hours."""
    story = Story().open("09-08 10:00", Severity.HIGH)
    story.acknowledge("09-08 10:05")
    story.do(
        "09-08 10:20", by(BO, AssignRole, role=Role.MITIGATION_OWNER, person="senior-engineer")
    )
    story.sweep_until("09-08 10:56")
    story.contain("09-08 11:00")
    story.do("09-08 11:02", by(BO, f.ExtendFreeze, minutes=360, reason="unsure"))
    story.sweep_until("09-08 16:30")
    late = story.at("09-12 10:00")

    said: dict[str, set[str]] = {}
    for item in story.outbox:
        subject = render(item, story.policy, at=late).subject
        said.setdefault(item.facts.get("matter", ""), set()).add(subject)

    assert all("- UPDATE" not in each and " by " not in each for each in said["update"])
    assert all("OVERDUE since" in each for each in said["update"] | said["role_taken"])
    assert all("FREEZE WAS TO END" in each for each in said["freeze"])
    assert not [each for subjects in said.values() for each in subjects if " by 1" in each]


def test_an_exception_that_is_over_names_its_criterion() -> None:
    story = Story().open("09-08 10:00", Severity.HIGH)
    story.contain("09-08 11:00")
    story.repair("09-08 12:00")
    story.do("09-08 12:01", by(CY, AskWaiver, criterion="postmortem_published", reason="r", days=3))
    story.do("09-08 12:02", by(BO, ApproveWaiver, criterion="postmortem_published"))
    story.tell_everybody("09-08 12:03", postmortem=False)
    story.close("09-10 12:00")
    story.sweep_until("09-11 13:00")

    said = texts(story, "waiver")

    assert said
    assert all("postmortem_published" in message.text for message in said)


def test_a_matter_without_words_is_refused_and_not_sent_empty() -> None:
    story = Story().open("09-08 10:00", Severity.HIGH)
    item = story.outbox[0]
    facts = {**item.facts, "matter": "moon", "due_at": item.facts["opened_at"]}
    odd = type(item)(
        incident=item.incident,
        seq=item.seq,
        kind=MessageKind.REMINDER,
        target=item.target,
        due_at=item.due_at,
        correlation_id=item.correlation_id,
        facts=facts,
    )
    with pytest.raises(MalformedPayload):
        render(odd, story.policy)
