"""The signed webhook, read by the library its receivers use, and where it refuses to go."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.harness.fakes.scripted_http import Reply, Seen, scripted
from tests.harness.fakes.time import START
from tocsin.channels import guard
from tocsin.channels.webhook import WebhookChannel, webhook_id
from tocsin.channels.webhook_keys import master_key, secret_of, shown
from tocsin.errors import MessageRefused, SecretUnavailable, SendFailed
from tocsin.incidents.vocabulary import WayKind
from tocsin.people.ways import Way, WayState
from tocsin.ports.messages import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

MASTER = bytes(range(32))
MESSAGE = Message(
    subject="[CRITICAL] INC-1 checkout",
    text="It is é.\n",
    short="short",
    attributes={"person": "kim", "kind": "page", "message_id": "INC-1/2/page/person:kim"},
)


def way(address: str, name: str = "w1") -> Way:
    return Way(
        person="kim",
        id=name,
        kind=WayKind.WEBHOOK,
        address=address,
        state=WayState.CONFIRMED,
        added_at=START,
    )


def channel(*, inside: bool = True, resolve: guard.Resolve = guard.addresses_of) -> WebhookChannel:
    return WebhookChannel(
        lambda: MASTER, now=lambda: datetime.now(UTC), inside=inside, resolve=resolve
    )


def sent(*script: Reply) -> list[Seen]:
    with scripted(*script) as server:
        channel().send(way(f"{server.url}/hook?team=a"), MESSAGE)
        return server.seen


def test_a_receivers_own_library_verifies_it() -> None:
    (seen,) = sent(Reply(204))
    receiver = Webhook(shown(secret_of(MASTER, "w1")))
    document = receiver.verify(seen.body, dict(seen.headers))
    assert document["type"] == "incident.page"
    assert document["data"]["subject"] == MESSAGE.subject
    assert (seen.path, seen.headers["content-type"]) == ("/hook?team=a", "application/json")


def test_the_library_refuses_another_ways_secret_a_changed_body_and_an_old_time() -> None:
    (seen,) = sent(Reply(200))
    receiver = Webhook(shown(secret_of(MASTER, "w1")))
    old = str(int((datetime.now(UTC) - timedelta(minutes=6)).timestamp()))
    for judge, body, headers in (
        (Webhook(shown(secret_of(MASTER, "w2"))), seen.body, seen.headers),
        (receiver, seen.body.replace(b"INC-1", b"INC-2"), seen.headers),
        (receiver, seen.body, {**seen.headers, "webhook-id": "msg_other"}),
        (receiver, seen.body, {**seen.headers, "webhook-timestamp": old}),
    ):
        with pytest.raises(WebhookVerificationError):
            judge.verify(body, dict(headers))


def test_a_repeat_has_the_same_id_and_the_same_body() -> None:
    first, second = sent(Reply(200))[0], sent(Reply(200))[0]
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == webhook_id(MESSAGE)
    assert first.body == second.body
    assert "kim" not in webhook_id(MESSAGE)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_busy_receiver_is_tried_again_by_the_outbox(status: int) -> None:
    with pytest.raises(SendFailed):
        sent(Reply(status))


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 410])
def test_a_receiver_that_never_will_is_passed_over(status: int) -> None:
    with pytest.raises(MessageRefused):
        sent(Reply(status, headers={"location": "http://127.0.0.1:1/"}))


def test_a_receiver_that_hangs_up_is_tried_again() -> None:
    with pytest.raises(SendFailed):
        sent(Reply(then="reset"))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fd00:ec2::254",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "2002:a9fe:a9fe::1",
        "64:ff9b::169.254.169.254",
        "64:ff9b::a01:203",
        "64:ff9b:1::192.168.1.1",
        "::169.254.169.254",
        "::ffff:0:10.1.2.3",
        "2606:4700::5efe:10.1.2.3",
        "2606:4700::200:5efe:169.254.169.254",
        "2001:0:4136:e378:8000:63bf:f5fe:fdfc",
    ],
)
def test_in_production_nothing_inside_is_called(address: str) -> None:
    """Also when only one of a name's addresses is inside."""
    for found in ([address], ["93.184.216.34", address]):
        with pytest.raises(MessageRefused):
            guard.checked("https://pager.example/", inside=False, resolve=lambda *_, f=found: f)


@pytest.mark.parametrize("address", ["2606:4700::1111", "64:ff9b::93.184.216.34", "1.1.1.1"])
def test_what_is_public_by_every_form_of_its_address_is_called(address: str) -> None:
    target = guard.checked("https://pager.example/", inside=False, resolve=lambda *_: [address])
    assert target.address == address


@pytest.mark.parametrize(
    "url",
    [
        "http://pager.example/",
        "https://",
        "https://kim:x@pager.example/",
        "gopher://x/",
        "https://[",
    ],
)
def test_in_production_only_https_to_a_name_is_called(url: str) -> None:
    with pytest.raises(MessageRefused):
        guard.checked(url, inside=False, resolve=lambda *_: ["93.184.216.34"])


def test_the_connection_goes_to_the_address_that_was_looked_at() -> None:
    asked: list[tuple[str, int]] = []

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return ["93.184.216.34"]

    target = guard.checked("https://pager.example/a?b=c", inside=False, resolve=resolve)
    assert asked == [("pager.example", 443)]
    assert (target.address, target.host, target.port) == ("93.184.216.34", "pager.example", 443)
    assert target.path == "/a?b=c"


def test_a_name_that_cannot_be_resolved_now_is_tried_again() -> None:
    with pytest.raises(SendFailed):
        guard.addresses_of("no-such-host.invalid", 443)


def test_a_receiver_without_a_certificate_is_not_spoken_to() -> None:
    """Plain HTTP behind an https address: the handshake fails before a byte of the page leaves."""
    with scripted(Reply(200)) as server:
        secure = way(server.url.replace("http://127.0.0.1", "https://localhost"))
        with pytest.raises(SendFailed):
            channel(resolve=lambda *_: ["127.0.0.1"]).send(secure, MESSAGE)
    assert server.seen == []


@pytest.mark.parametrize("document", [{}, {"webhooks": "xyz"}, {"webhooks": "ab"}])
def test_without_a_sound_key_nothing_is_signed(document: dict[str, object]) -> None:
    with pytest.raises(SecretUnavailable):
        master_key(document)


def test_the_body_says_what_it_is_about() -> None:
    (seen,) = sent(Reply(200))
    assert json.loads(seen.body)["data"]["message_id"] == "INC-1/2/page/person:kim"
