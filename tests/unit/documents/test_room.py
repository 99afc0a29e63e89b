"""The words of the chat room, and facts they cannot be written from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.harness.fakes.time import START
from tocsin.documents.chat_room import render_room
from tocsin.documents.messages import render
from tocsin.errors import MalformedPayload
from tocsin.incidents.model.outbox import ROOM, OutboxItem
from tocsin.incidents.timeline.entry import format_time
from tocsin.incidents.vocabulary import MessageKind, RoomNews
from tocsin.policy.compiled.policies import default

POLICY = default()
DUE = format_time(START + timedelta(hours=4))
FACTS = {
    "title": "checkout\nis down",
    "severity": "critical",
    "kind": "real",
    "state": "open",
    "opened_at": format_time(START),
    "restricted": "false",
    "category": "operational",
    "environment": "production",
    "service": "checkout",
    "contain_due": DUE,
}
SAID = {
    RoomNews.OPENED: ({"by": "cloudwatch"}, "opened", "Opened by cloudwatch."),
    RoomNews.SEVERITY: (
        {"by": "kim", "old": "low", "new": "critical", "reason": "worse"},
        "raised to critical",
        "kim raised it from low to critical.\nReason: worse",
    ),
    RoomNews.ACKNOWLEDGED: ({"by": "kim"}, "acknowledged", "kim has it."),
    RoomNews.HANDOVER: (
        {"by": "kim", "to": "lee", "role": "incident_commander"},
        "handover",
        "lee is incident commander now, in the place of kim.",
    ),
    RoomNews.CONTAINED: ({"by": "lee"}, "containment verified", "lee verified containment."),
    RoomNews.CONTAINMENT_LOST: (
        {"reason": "errors again"},
        "CONTAINMENT LOST",
        "Reason: errors again\nContain by Tue 2026-09-08 14:00 EDT (18:00 UTC).",
    ),
    RoomNews.UPDATE: (
        {"by": "kim", "text": "We roll back.", "due_at": DUE},
        "update",
        "kim: We roll back.\nNext update by Tue 2026-09-08 14:00 EDT (18:00 UTC).",
    ),
    RoomNews.BREACH: (
        {"clock": "contain", "due_at": DUE},
        "MISSED: contain",
        "The promise to contain was due Tue 2026-09-08 14:00 EDT (18:00 UTC).",
    ),
    RoomNews.CLOSED: (
        {"by": "kim", "resolution": "false_positive", "reason": "a test"},
        "closed",
        "kim closed it as false positive.\nReason: a test",
    ),
    RoomNews.REOPENED: (
        {"by": "kim", "cycle": "2", "reason": "again"},
        "reopened",
        "kim reopened it, for cycle 2.\nReason: again",
    ),
}


def item(**facts: str) -> OutboxItem:
    return OutboxItem(
        incident="INC-1",
        seq=7,
        kind=MessageKind.CHAT,
        target=ROOM,
        due_at=START,
        correlation_id="c",
        facts=FACTS | facts,
    )


@pytest.mark.parametrize("news", RoomNews)
def test_each_piece_of_news_has_its_words(news: RoomNews) -> None:
    facts, headline, said = SAID[news]
    message = render_room(item(news=news, **facts), POLICY)
    assert message.subject == f"[CRITICAL] INC-1 {headline}: checkout is down"
    assert message.text.startswith(f"checkout is down\n{said}")
    assert message.text.endswith("Service checkout, production. Category operational.")
    assert message.attributes["message_id"] == "INC-1/7/chat/room"
    assert message.attributes["news"] == news
    assert message.next_steps
    assert all("INC-1" in step for step in message.next_steps)


@pytest.mark.parametrize("news", RoomNews)
def test_facts_that_are_not_enough_are_no_notice(news: RoomNews) -> None:
    facts, _, _ = SAID[news]
    whole = item(news=news, **facts).facts
    optional = {"by", "to", "reason", "state", "category", "environment", "service", "contain_due"}
    needed = set(whole) - optional - {"opened_at"}
    if news is RoomNews.UPDATE:
        needed -= {"due_at"}
    for name in needed:
        broken = replace(item(), facts={key: whole[key] for key in whole if key != name})
        with pytest.raises(MalformedPayload):
            render_room(broken, POLICY)


@pytest.mark.parametrize(
    "facts", [{"news": "weather"}, {"news": "severity", "old": "high", "new": "dire"}]
)
def test_a_word_nobody_knows_is_no_notice(facts: dict[str, str]) -> None:
    with pytest.raises(MalformedPayload):
        render_room(item(**facts), POLICY)


def test_a_lowering_is_called_one() -> None:
    message = render_room(item(news="severity", by="kim", old="critical", new="high"), POLICY)
    assert "lowered to high" in message.subject


def test_a_notice_is_never_written_as_a_message_to_people() -> None:
    with pytest.raises(MalformedPayload):
        render(item(news="opened"), POLICY)
